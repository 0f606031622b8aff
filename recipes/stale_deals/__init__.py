"""Stale deals: found, warned about, returned to the new requests, given to whom the supervisor confirms.

``recipe`` reads like the document it was built from. Beside it: ``settings``, ``sweep`` (what is read),
``idle`` (what counts as activity), ``transfer``, ``approval`` and ``restore`` (what is written), ``report``
(what came of it).
"""

from recipes.stale_deals.recipe import StaleDeals
from recipes.stale_deals.settings import Limits, StaleDealsSettings, States
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.verdicts import Verdict

__all__ = ["Limits", "Portal", "Snapshot", "StaleDeals", "StaleDealsSettings", "States", "Verdict"]
