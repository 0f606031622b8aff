"""What Bitrix24 can and cannot do, with the reasons that ``doctor`` and the documents show."""

from __future__ import annotations

from crmkit.crm.capabilities import Capabilities, Capability

__all__ = ["CAPABILITIES"]

CAPABILITIES = Capabilities(
    provider="bitrix24",
    can=frozenset(
        {
            Capability.DEALS,
            Capability.CREATE_DEALS,
            Capability.DEAL_HISTORY,
            Capability.FIELD_SETUP,
            Capability.STAGE_HISTORY,
            Capability.COMMENTS,
            Capability.NOTIFICATIONS,
            Capability.TASKS,
            Capability.CHECKLISTS,
            Capability.TIME_RECORDS,
            Capability.USERS,
            Capability.COMPANIES,
            Capability.CONTACTS,
            Capability.CUSTOM_FIELDS,
            Capability.STEP_RECORDS,
            Capability.SERVER_SIDE_IDLE_FILTER,
            Capability.ROBOT_NOISE_FILTER,
            Capability.BATCH,
            Capability.WORKFLOWS,
            Capability.WORKSPACES,
            Capability.EXTRANET_GROUPS,
            Capability.DEPARTMENT_HEADS,
            Capability.COMPANY_TYPES,
            Capability.PRODUCT_ROWS,
            Capability.ROLE_PROBE,
        }
    ),
    reasons={
        Capability.DEAL_HISTORY: (
            "comments, calls, mails and to-dos with their authors, changes of the stage; of the other "
            "changes only the last one, and of the stage changes only the last one's author"
        ),
        Capability.STAGE_HISTORY: "it does not tell who moved a deal",
        Capability.SERVER_SIDE_IDLE_FILTER: (
            "to the second; the portal judges by its stamps, and what these leave out (comments of the "
            "responsible person, outgoing calls and mails) is looked up, 25 deals per request"
        ),
        Capability.ROBOT_NOISE_FILTER: "deals whose last activity or last change is a robot's",
        Capability.HIDDEN_COMMENTS: "whoever sees the deal sees its comments; notify people instead",
        Capability.UNASSIGNED_DEALS: "a deal always has exactly one responsible person",
        Capability.FIELD_HISTORY: "there is no method for it; only the last change and its author are told",
        Capability.STEP_RECORDS: (
            "to-dos; one has a moment, its period stands in the description; it carries no key"
        ),
        Capability.WORKFLOWS: (
            "an administrator's token and a tariff with business processes; a start carries no key, "
            "and the portal may limit how many run on one object"
        ),
        Capability.ROLE_PROBE: (
            "with a token of the role, without changing anything; adding and importing only if asked for"
        ),
        Capability.EXTRANET_GROUPS: (
            "new extranet groups may be switched off by the vendor in favour of collabs, which have no API"
        ),
    },
)
