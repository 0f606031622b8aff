"""What goes on around the imported deals, each a recipe of its own, on its own settings.

``calls`` (first call, promised call), ``refusals`` (the copy on «Сделка провалена»), ``handover`` (a task in
the client's group), ``spaces`` (that group, and who is invited into it), ``roles`` (may people do what they
should, and no more).
"""

from recipes.bulk_bp.satellites.calls import BulkBpCalls, CallSettings
from recipes.bulk_bp.satellites.handover import BulkBpHandover, HandoverRule, HandoverSettings
from recipes.bulk_bp.satellites.refusals import BulkBpRefusals, RefusalSettings
from recipes.bulk_bp.satellites.roles import BulkBpRoles, RoleRule, RoleSettings
from recipes.bulk_bp.satellites.spaces import BulkBpSpaces
from recipes.bulk_bp.satellites.spaces_settings import SpaceSettings

__all__ = [
    "BulkBpCalls",
    "BulkBpHandover",
    "BulkBpRefusals",
    "BulkBpRoles",
    "BulkBpSpaces",
    "CallSettings",
    "HandoverRule",
    "HandoverSettings",
    "RefusalSettings",
    "RoleRule",
    "RoleSettings",
    "SpaceSettings",
]
