"""What Planfix can and cannot do, with the reasons that ``doctor`` and the documents show."""

from __future__ import annotations

from crmkit.crm.capabilities import Capabilities, Capability

__all__ = ["CAPABILITIES"]

CAPABILITIES = Capabilities(
    provider="planfix",
    can=frozenset(
        {
            Capability.DEALS,
            Capability.CREATE_DEALS,
            Capability.WORKSPACES,
            Capability.DEAL_HISTORY,
            Capability.COMMENTS,
            Capability.HIDDEN_COMMENTS,
            Capability.NOTIFICATIONS,
            Capability.TASKS,
            Capability.USERS,
            Capability.COMPANIES,
            Capability.CONTACTS,
            Capability.CUSTOM_FIELDS,
            Capability.STEP_RECORDS,
            Capability.SERVER_SIDE_IDLE_FILTER,
            Capability.ROBOT_NOISE_FILTER,
            Capability.UNASSIGNED_DEALS,
        }
    ),
    reasons={
        Capability.DEAL_HISTORY: (
            "comments, changes of the status and of the planned dates, with their authors; "
            "a change of a field only shows in the date of the last change"
        ),
        Capability.SERVER_SIDE_IDLE_FILTER: "in whole days of the token owner's time zone (task filter 79)",
        Capability.ROBOT_NOISE_FILTER: (
            "through the list of all comments, which is slow: 6 to 12 s for a week were seen live"
        ),
        Capability.HIDDEN_COMMENTS: "administrators always see them",
        Capability.FIELD_HISTORY: (
            "the API does not tell who changed a field; "
            "only a scenario with the author of the change could report it"
        ),
        Capability.CREATE_DEALS: (
            "one by one; a deal has one client, the company or a contact; "
            "the API cannot search by our key, so the list of the last days is read"
        ),
        Capability.STAGE_HISTORY: "only deal by deal, through the comments of each",
        Capability.CHECKLISTS: "checklists of a task can be read, not written; the lines go into the text",
        Capability.WORKSPACES: "projects with the client as their counterparty; for employees only",
        Capability.DEPARTMENT_HEADS: "the API does not tell who leads a group; name them in the settings",
        Capability.COMPANY_TYPES: "there is no mark for clients; use a custom field or a template",
        Capability.PRODUCT_ROWS: "deals are tasks; what is sold is in custom fields or analytics",
        Capability.TIME_RECORDS: "time is kept in analytics (data tags) that every account makes for itself",
        Capability.BATCH: "every object takes a request of its own, one per second and account",
        Capability.WORKFLOWS: (
            "the API can neither start nor read scenarios and buttons; "
            "let a scenario watch a field or status and write that"
        ),
        Capability.STEP_RECORDS: (
            "entries of an analytics (data tag), which a person makes once; "
            "an entry lives in a comment, within one day; its colour is that of the analytics"
        ),
        Capability.FIELD_SETUP: "the API reads custom fields, a person makes them in the interface",
        Capability.ROLE_PROBE: (
            "what a role may do is set for every object and field; the API neither tells it nor refuses a "
            "change before it has looked at the whole request"
        ),
        Capability.EXTRANET_GROUPS: (
            "clients cannot be let into a project; contacts are given access to single tasks"
        ),
    },
)
