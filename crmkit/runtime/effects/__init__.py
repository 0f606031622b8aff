"""How each kind of action is written, looked for and read back. Knows the portal, not the ledger."""

from crmkit.runtime.effects.facade import Effects, kind_of
from crmkit.runtime.effects.kind import SKEW, Bulk, Kind, Seen, Sight, Things

__all__ = ["SKEW", "Bulk", "Effects", "Kind", "Seen", "Sight", "Things", "kind_of"]
