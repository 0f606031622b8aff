"""A deal for every new company: complete, named like all others, or with the reason why there is none.

``recipe`` reads like the document it was built from. Beside it: ``settings``, ``card`` (what is wrong with a
company), ``money`` and ``naming``, ``twins``, ``asking`` (the task), ``making`` (the deal and what follows),
``keeping`` (what changes later), ``sweep`` (what is read), ``report`` (what came of it).
"""

from recipes.auto_deal.recipe import AutoDeal
from recipes.auto_deal.settings import USUAL_STEPS, AutoDealSettings, Step, Tariff
from recipes.auto_deal.snapshot import Portal, Snapshot, Twin
from recipes.auto_deal.verdicts import Verdict

__all__ = [
    "USUAL_STEPS",
    "AutoDeal",
    "AutoDealSettings",
    "Portal",
    "Snapshot",
    "Step",
    "Tariff",
    "Twin",
    "Verdict",
]
