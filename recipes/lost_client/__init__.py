"""Lost clients: a deal that was lost for lack of money marks the contact, and nobody bothers them in vain.

``recipe`` reads like the document it was built from. Beside it: ``settings``, ``reading`` (what is read),
``losses`` (which lost deals matter), ``case`` (one client at one moment), ``report`` (who is left out, and
the proof of it).
"""

from recipes.lost_client.recipe import LostClient
from recipes.lost_client.settings import LossRule, LostClientSettings
from recipes.lost_client.snapshot import Portal, Snapshot
from recipes.lost_client.verdicts import Verdict

__all__ = ["LossRule", "LostClient", "LostClientSettings", "Portal", "Snapshot", "Verdict"]
