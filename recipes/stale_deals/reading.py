"""Reading the portal: its people and fields, and one deal in full. Everything is read afresh."""

from __future__ import annotations

from crmkit.automation.recipe import Context
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Activity, AuthorKind, Deal, Ref, Task
from crmkit.exceptions import ConfigurationError, NotFound
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.story import Story
from recipes.stale_deals.texts import PREFIX

__all__ = ["RECIPE", "Ctx", "read_in_full", "read_one", "read_portal"]

RECIPE = PREFIX.rstrip(".")

Ctx = Context[StaleDealsSettings]


def read_portal(ctx: Ctx) -> Portal:
    """Read the people, fields and stages of the portal."""
    crm = ctx.crm
    return Portal(
        language=ctx.language,
        timezone=crm.timezone,
        me=crm.me(),
        users={user.id: user for user in crm.users.list()},
        fields={spec.key: spec for spec in crm.deal_fields() if spec.key},
        stages=tuple(stage for pipeline in crm.pipelines() for stage in pipeline.stages),
        deals_need_executor=Capability.UNASSIGNED_DEALS not in crm.capabilities,
    )


def read_one(ctx: Ctx, ref: Ref, portal: Portal, story: Story) -> Snapshot:
    """Read one deal, which may be gone."""
    try:
        deal = ctx.crm.deals.get(ref.id)
    except NotFound:
        deal = None
    if deal is not None:
        return read_in_full(ctx, deal, portal, story)
    approval, problem = _approval(ctx, story)
    gone = Deal(id=ref.id, title=ref.name, open=False, deleted=True)
    return Snapshot(gone, portal, (), approval, problem)


def read_in_full(ctx: Ctx, deal: Deal, portal: Portal, story: Story) -> Snapshot:
    """Read what a deal row does not tell: its history and its approval task."""
    return Snapshot(deal, portal, _history(ctx, deal.id, portal), *_approval(ctx, story))


def _history(ctx: Ctx, deal_id: str, portal: Portal) -> tuple[Activity, ...]:
    """Return the history down to the last act of a person or client.

    If the only person there is we ourselves (the token of a person), we have to read on to the end.
    """
    history = ctx.crm.deals.history(deal_id, until_human=True)
    people = [e for e in history if e.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT)]
    if people and all(entry.author == portal.me for entry in people):
        return ctx.crm.deals.history(deal_id)
    return history


def _approval(ctx: Ctx, story: Story) -> tuple[Task | None, str]:
    """Return the approval task that counts, and what keeps us from knowing where it stands."""
    asked = story.approval
    if asked is None:
        return None, ""
    try:
        return ctx.crm.tasks.get(asked.remote_id, kind="approval"), ""
    except NotFound:
        return None, ""
    except ConfigurationError as error:  # moved to a status of which nobody said what it means
        return None, str(error)
