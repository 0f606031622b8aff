"""A deal that was lost for lack of money marks the client, and nobody bothers them in vain.

The deal comes to the stage «Завершена по причине отсутствия денег»: the field «целевой клиент» of its
contacts becomes «НЕТ». The history of the deal and of the contact tells what was changed and why, with a link
to the training video. A contact with another open or won deal is not marked, a person decides; if the deal is
opened again, or the client buys after all, the former value comes back; what a person has set stays.

``RULES`` below is this text as code: the first rule that has an opinion of a client decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from crmkit.automation.actions import Remember
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref, TaskState
from crmkit.crm.setup import Watch
from recipes.lost_client import reading, report
from recipes.lost_client.case import NAME, Case
from recipes.lost_client.losses import Meaning, add_months
from recipes.lost_client.settings import LostClientSettings
from recipes.lost_client.snapshot import Snapshot
from recipes.lost_client.texts import say
from recipes.lost_client.verdicts import Verdict
from recipes.lost_client.writing import ask_about, ask_reasons, ask_review, mark, restore, take_back

__all__ = ["RULES", "LostClient"]


class LostClient(Recipe[LostClientSettings, Snapshot]):
    """Marks the clients of lost deals, takes marks back, and tells who is to be left alone.

    Example:
        >>> LostClient(LostClientSettings(video_url="https://example.com/why")).name
        'lost_client'
    """

    name: ClassVar[str] = NAME
    title: ClassVar[dict[str, str]] = {"ru": "Нецелевые клиенты", "en": "Lost clients"}
    settings_type: ClassVar[type[Settings]] = LostClientSettings
    requires = frozenset(
        {
            Capability.DEALS,
            Capability.COMMENTS,
            Capability.TASKS,
            Capability.USERS,
            Capability.COMPANIES,
            Capability.CONTACTS,
            Capability.CUSTOM_FIELDS,
        }
    )
    watches = (
        Watch("deal_closed", stages="any", fields=("loss_reason",)),
        Watch("client_changed", of="contact", fields=("target_client",)),
    )

    def candidates(self, ctx: Context[LostClientSettings]) -> Iterable[Snapshot]:
        """Yield the clients of deals that were lost lately, and those that we have marked or asked about."""
        return reading.sweep(ctx)

    def observe(self, ctx: Context[LostClientSettings], entity: Ref) -> Snapshot:
        """Read one client with all their deals."""
        return reading.observe(ctx, (entity,))[entity]

    def woken(self, ctx: Context[LostClientSettings], entity: Ref) -> Iterable[Ref]:
        """Return the clients of a deal; an event about a client concerns that one."""
        return reading.clients_behind(ctx, entity)

    def observe_many(
        self, ctx: Context[LostClientSettings], entities: Sequence[Ref]
    ) -> Mapping[Ref, Snapshot]:
        """Read many clients with all their deals."""
        return reading.observe(ctx, entities)

    def entity(self, snapshot: Snapshot) -> Ref:
        """Return the client."""
        return snapshot.ref

    def decide(self, snapshot: Snapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = Case(self.settings, snapshot, now, memory)
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many clients were marked, restored and left to people."""
        return report.results(items, memories)

    def tables(
        self,
        ctx: Context[LostClientSettings],
        items: Sequence[PlanItem],
        memories: Mapping[Ref, Memory],
    ) -> tuple[Table, ...]:
        """Return the exclusion list, what of it is still in mailings, and who bought after all."""
        return report.tables(ctx, items, memories)


def unsettled(case: Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    if not case.memory.unsettled:
        return None
    keys = ", ".join(case.memory.unsettled)
    return case.decide(Verdict.UNSETTLED, say("reason.unsettled", keys=keys), attention=True)


def gone(case: Case) -> Decision | None:
    """The client was deleted, or merged into another."""
    if case.snapshot.client is not None and not case.snapshot.client.deleted:
        return None
    reason = say("reason.gone")
    forget = (Remember(**case.step("released", reason)),) if case.story.mark else ()
    return case.decide(Verdict.GONE, reason, *forget)


# A mark of ours


def being_taken_back(case: Case) -> Decision | None:
    """The former value was put back, but the history does not tell it yet."""
    put_back, mine = case.story.effect("restore"), case.story.mark
    if put_back is None or mine is None:
        return None
    why = put_back.data["why"]
    reason = say("reason.restore", why=why)
    return case.decide(Verdict.RESTORE, reason, *restore(case, reason, why, mine))


def human_decided(case: Case) -> Decision | None:
    """Since we marked the client somebody has set another value: that stands."""
    marked = case.story.mark
    if marked is None or case.value == marked.after.get(case.settings.field):
        return None
    reason = say("reason.human", value=case.shown(case.value))
    let_go = Remember(**case.step("released", reason, deal=marked.data["deal"]))
    return case.decide(Verdict.HUMAN, reason, *case.close_tasks(reason), let_go)


def came_back(case: Case) -> Decision | None:
    """The deal is open again, the client has a new deal, or bought, or the reason was a mistake."""
    marked = case.story.mark
    if marked is None:
        return None
    why = take_back(case, marked)
    if why is None:
        return None
    reason = say("reason.restore", why=why)
    return case.decide(Verdict.RESTORE, reason, *restore(case, reason, why, marked))


def marked(case: Case) -> Decision | None:
    """The mark stands, until the months of its rule have passed."""
    mine = case.story.mark
    if mine is None:
        return None
    months = mine.data.get("months")
    since = case.date(mine.at)
    if not months or add_months(mine.at, months) > case.now or case.settings.on_expiry == "keep":
        reason = say("reason.marked", date=since, deal=mine.data["title"])
        unfinished = mark(case, reason, mine.data, before=mine.before.get(case.settings.field))
        facts = {"since": since, "deal": mine.data["deal"], "loss": mine.data["reason"]}
        return case.decide(Verdict.MARKED, reason, *unfinished, **facts)
    reason = say("reason.expired", date=since, months=months)
    if case.settings.on_expiry == "clear":
        why = say("why.expired", months=months)
        return case.decide(Verdict.RESTORE, reason, *restore(case, reason, why, mine))
    asked = ask_review(case, reason, mine)
    return case.decide(Verdict.REVIEW, reason, *asked, attention=not asked)


# A new loss


def not_lost(case: Case) -> Decision | None:
    """No lost deal speaks against the client."""
    if case.marking:
        return None
    untold = [one for one in case.losses if one.meaning is Meaning.UNTOLD]
    if untold:
        reason = say("reason.no_reason", deal=untold[0].deal.title)
        asked = ask_reasons(case, reason, untold)
        return case.decide(Verdict.NO_REASON, reason, *asked, attention=True, deal=untold[0].deal.id)
    settled = say("reason.settled")
    closing = case.close_tasks(settled, but="expired")
    if any(case.is_over(one) for one in case.losses):
        return case.decide(Verdict.TOO_OLD, say("reason.too_old"), *closing)
    if any(case.story.decided_by_people(one.deal) for one in case.losses):
        return case.decide(Verdict.DECLINED, say("reason.declined"), *closing)
    return case.decide(Verdict.NOT_CONCERNED, say("reason.not_concerned"), *closing)


def already(case: Case) -> Decision | None:
    """Somebody has set the value already: nothing to write, nothing to ask."""
    loss = case.marking[0]
    if case.value not in case.settings.marks:
        return None
    reason = say("reason.already", value=case.value)
    return case.decide(Verdict.ALREADY, reason, *case.close_tasks(reason), deal=loss.deal.id)


def others_alive(case: Case) -> Decision | None:
    """The client has another open or won deal: a person decides, once for every lost deal."""
    loss = case.marking[0]
    keeps_yes = case.value == case.settings.yes and not case.settings.overwrite_yes
    if keeps_yes:
        reason = say("reason.kept", value=case.value)
        return case.decide(Verdict.KEPT, reason, attention=True, deal=loss.deal.id)
    if not case.alive:
        return None
    reason = say("reason.alive", deal=loss.deal.title, other=case.alive[0].title)
    asked = case.story.memory.last("ask")
    if asked is None or asked.data["loss"] != loss.token:
        question = ask_about(case, reason, loss)
        return case.decide(Verdict.ASK, reason, *question, attention=not question, deal=loss.deal.id)
    task = case.snapshot.tasks.get(asked.remote_id)
    if task is not None and task.state is TaskState.OPEN and not task.deleted:
        return case.decide(Verdict.ASKED, say("reason.asked", date=case.date(asked.at)), deal=loss.deal.id)
    reason = say("reason.declined")
    step = case.step("declined", reason, suffix=loss.token, deal=loss.deal.id, task=asked.remote_id)
    return case.decide(Verdict.DECLINED, reason, Remember(**step), deal=loss.deal.id)


def lost(case: Case) -> Decision:
    """The client becomes «НЕТ», and the histories tell why."""
    loss = case.marking[0]
    facts = {
        "deal": loss.deal.id,
        "title": loss.deal.title,
        "reason": loss.reason,
        "value": loss.rule.value,
        "months": loss.rule.months,
    }
    reason = say("reason.mark", deal=loss.deal.title, reason=loss.reason)
    steps = mark(case, reason, facts, before=case.value or None)
    return case.decide(
        Verdict.MARK, reason, *steps, *case.close_tasks(reason), deal=loss.deal.id, loss=loss.reason
    )


RULES: tuple[Callable[[Case], Decision | None], ...] = (
    unsettled,
    gone,
    being_taken_back,
    human_decided,
    came_back,
    marked,
    not_lost,
    already,
    others_alive,
    lost,
)
