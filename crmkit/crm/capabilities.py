"""What a provider can do, as data: recipes declare what they need, the documents show who has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crmkit.exceptions import Unsupported

__all__ = ["Capabilities", "Capability"]


class Capability(StrEnum):
    """The closed vocabulary of abilities."""

    DEALS = "deals"
    CREATE_DEALS = "create_deals"
    DEAL_HISTORY = "deal_history"
    STAGE_HISTORY = "stage_history"
    COMMENTS = "comments"
    HIDDEN_COMMENTS = "hidden_comments"
    NOTIFICATIONS = "notifications"
    TASKS = "tasks"
    CHECKLISTS = "checklists"
    TIME_RECORDS = "time_records"
    USERS = "users"
    COMPANIES = "companies"
    CONTACTS = "contacts"
    CUSTOM_FIELDS = "custom_fields"
    SERVER_SIDE_IDLE_FILTER = "server_side_idle_filter"
    ROBOT_NOISE_FILTER = "robot_noise_filter"
    UNASSIGNED_DEALS = "unassigned_deals"
    FIELD_HISTORY = "field_history"
    BATCH = "batch"
    WORKFLOWS = "workflows"
    STEP_RECORDS = "step_records"
    WORKSPACES = "workspaces"
    EXTRANET_GROUPS = "extranet_groups"
    DEPARTMENT_HEADS = "department_heads"
    COMPANY_TYPES = "company_types"
    PRODUCT_ROWS = "product_rows"
    ROLE_PROBE = "role_probe"
    FIELD_SETUP = "field_setup"


@dataclass(frozen=True)
class Capabilities:
    """The abilities of one provider.

    Args:
        provider: Its name.
        can: What it can do.
        reasons: Why something cannot be, or with which limits something can; by capability.

    Example:
        >>> caps = Capabilities("planfix", frozenset({Capability.DEALS}), {Capability.BATCH: "no bulk call"})
        >>> Capability.BATCH in caps
        False
    """

    provider: str
    can: frozenset[Capability]
    reasons: dict[Capability, str] = field(default_factory=dict)

    def __contains__(self, capability: Capability) -> bool:
        return capability in self.can

    def require(self, capability: Capability) -> None:
        """Do nothing if the provider has the capability.

        Raises:
            Unsupported: It has not; the hint tells why.
        """
        if capability not in self.can:
            raise Unsupported(self.provider, capability.value, hint=self.reasons.get(capability, ""))
