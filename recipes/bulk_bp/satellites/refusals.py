"""A refusal leaves the deal where it is, and a copy of it on the stage «Сделка провалена».

The field «Отказ» becomes «Да»: the deal is copied with its fields, contacts and product rows, without its
history. The copy names its original in a field, both tell of each other in their histories. The original
stays on the stage where the refusal was written down. The copy starts nothing, and no report counts it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from crmkit.automation.actions import AddComment, CreateDeal, Remember, created
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Deal, NewDeal, Ref
from crmkit.crm.setup import Watch
from recipes.bulk_bp.copies import COPY_FIELD, REFUSALS, is_copy
from recipes.bulk_bp.satellites.common import Case, Office, need_field, read_office, titled
from recipes.bulk_bp.satellites.texts import columns, counted, say

__all__ = ["BulkBpRefusals", "RefusalSettings", "RefusalSnapshot"]

COPY, TOLD_COPY, TOLD, WITHDRAWN = "copy", "told_copy", "told", "withdrawn"
Ctx = Context["RefusalSettings"]


class RefusalSettings(Settings):
    """The settings of the refusals."""

    field: str = Field("refusal", min_length=1, description="The field «Отказ», by its logical name.")
    yes: tuple[str, ...] = Field(
        ("Да", "да", "ДА"), description="What it says on a refusal, if it is no box to tick."
    )
    stage: str = Field(
        "failed", min_length=1, description="The stage «Сделка провалена», by logical name, id or title."
    )
    stages: dict[str, str] = Field(
        {}, description="Where copies from certain pipelines (logical name, id or title) go instead."
    )
    repeat: Literal["once", "each"] = Field(
        "once",
        description="The field became «Да» once more: no second copy, or one for each time it was seen.",
    )


@dataclass(frozen=True)
class RefusalSnapshot:
    """A deal.

    Attributes:
        deal: The deal.
        office: Where it lives.
        copies: Ids of deals that this recipe has made.
    """

    deal: Deal
    office: Office
    copies: frozenset[str] = frozenset()


class BulkBpRefusals(Recipe[RefusalSettings, RefusalSnapshot]):
    """Copies refused deals.

    Example:
        >>> BulkBpRefusals(RefusalSettings()).name
        'bulk_bp_refusals'
    """

    name: ClassVar[str] = REFUSALS
    title: ClassVar[dict[str, str]] = {"ru": "Отказы: копии сделок", "en": "Refusals: copies of deals"}
    settings_type: ClassVar[type[Settings]] = RefusalSettings
    requires = frozenset(
        {Capability.DEALS, Capability.CREATE_DEALS, Capability.COMMENTS, Capability.CUSTOM_FIELDS}
    )
    optional = frozenset({Capability.PRODUCT_ROWS})
    watches = (Watch("deal_refused", fields=("refusal",)),)

    def candidates(self, ctx: Ctx) -> Iterable[RefusalSnapshot]:
        """Yield the refused deals, then those that were copied and are not refused any more."""
        frame = _frame(ctx)
        seen: set[Ref] = set()
        for deal in _said_yes(ctx):
            if deal.ref not in seen:
                seen.add(deal.ref)
                yield RefusalSnapshot(deal, *frame)
        for refs in chunks(_not_withdrawn(ctx, seen), 50):
            for deal in ctx.crm.deals.find(Deal.with_ids(*(ref.id for ref in refs))):
                yield RefusalSnapshot(deal, *frame)

    def observe(self, ctx: Ctx, entity: Ref) -> RefusalSnapshot:
        """Read one deal."""
        return RefusalSnapshot(ctx.crm.deals.get(entity.id), *_frame(ctx))

    def entity(self, snapshot: RefusalSnapshot) -> Ref:
        """Return the deal."""
        return snapshot.deal.ref

    def decide(self, snapshot: RefusalSnapshot, now: datetime, memory: Memory) -> Decision:
        """Copy what is refused, once; remember when a refusal is withdrawn."""
        deal, settings = snapshot.deal, self.settings
        case = Case(REFUSALS, deal.ref, snapshot.office, now, memory)
        if (wait := case.unsettled()) is not None:
            return wait
        if is_copy(deal) or deal.id in snapshot.copies:
            return case.decide("copy", say("reason.copy"))
        last, done = memory.last(COPY), case.rounds(COPY)
        withdrawn = last is not None and memory.of_episode(last.episode, WITHDRAWN) is not None
        if not refused(deal, settings):
            return _withdraw(case, last) if last and not withdrawn else _nothing(case)
        if last is not None and (not withdrawn or settings.repeat == "once"):
            return _linked(case, deal, last, say("reason.copied", id=last.remote_id))
        if done and settings.repeat == "once":  # a person has undone it
            return case.decide("undone", say("reason.undone"))
        return _copy(case, deal, settings, done + 1)

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many copies were made, and how many refusals were withdrawn."""
        return counted(memories, COPY, WITHDRAWN)

    def tables(
        self, ctx: Ctx, items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return the originals with their copies."""
        rows = [
            (ref.id, one.data.get("title", ""), one.remote_id, one.at.astimezone(ctx.crm.timezone).date())
            for ref, memory in memories.items()
            for one in memory.effects
            if one.step == COPY
        ]
        head = columns(("deal", "text"), ("title", "text"), ("copy", "text"), ("day", "day"))
        return (Table("copies", say("report.copies"), head, rows),)


def refused(deal: Deal, settings: RefusalSettings) -> bool:
    """Tell whether the field says «Да»."""
    value = deal.fields.get(settings.field)
    return value is True or value in settings.yes


def _copy(case: Case, deal: Deal, settings: RefusalSettings, episode: int) -> Decision:
    reason = say("reason.refused")
    copy = CreateDeal(
        **case.step(COPY, reason, episode=episode, title=deal.title),
        deal=NewDeal(
            title=deal.title,
            stage=_target(case.office, deal, settings),
            assignees=deal.assignees,
            copy_of=deal.ref,
            fields={COPY_FIELD: deal.ref},
        ),
    )
    told = _notes(case, deal, created(copy.key), episode, reason)
    return case.decide("refused", reason, copy, *told)


def _linked(case: Case, deal: Deal, last: Effect, reason: Message) -> Decision:
    """The copy is there; the histories tell of it, if not all was written the first time."""
    notes = _notes(case, deal, Ref(kind="deal", id=last.remote_id), last.episode, reason)
    return case.decide("copied", reason, *notes, copy=last.remote_id)


def _notes(case: Case, deal: Deal, copy: Ref, episode: int, reason: Message) -> tuple[AddComment, AddComment]:
    stage = deal.stage.name or deal.stage.id if deal.stage else ""
    number = f"@{{{copy.id[1:]}}}" if copy.id.startswith("@") else copy.id  # known when it is there
    return (
        AddComment(
            **case.step(TOLD_COPY, reason, episode=episode),
            on=copy.model_copy(update={"name": case.write("copy_name")}),
            text=case.write("copy", deal=titled(deal), stage=stage),
        ),
        AddComment(
            **case.step(TOLD, reason, episode=episode),
            text=case.write("original", copy=number, stage=stage),
        ),
    )


def _withdraw(case: Case, last: Effect) -> Decision:
    reason = say("reason.withdrawn", id=last.remote_id)
    remember = Remember(**case.step(WITHDRAWN, reason, episode=last.episode))
    return case.decide("withdrawn", reason, remember, attention=True, copy=last.remote_id)


def _nothing(case: Case) -> Decision:
    return case.decide("nothing", say("reason.not_refused"))


def _target(office: Office, deal: Deal, settings: RefusalSettings) -> str:
    """Return the id of the stage of the copy; of several with the name, that of the deal's own pipeline."""
    own = deal.stage.pipeline if deal.stage else ""
    names = next(((one.id, one.key, one.name) for one in office.pipelines if one.id == own), ())
    name = next((settings.stages[one] for one in names if one in settings.stages), settings.stage)
    ids = office.stages_called((name,), REFUSALS)
    return min(ids, key=lambda one: (office.pipeline_of(one) != own, one))


def _frame(ctx: Ctx) -> tuple[Office, frozenset[str]]:
    """Read what is the same for all deals.

    Raises:
        ConfigurationError: A field or stage is not there; nothing was written.
    """
    office = read_office(ctx)
    for key in (ctx.settings.field, COPY_FIELD):
        need_field(ctx.crm, key, REFUSALS)
    office.stages_called((ctx.settings.stage, *ctx.settings.stages.values()), f"{REFUSALS}: stage")
    return office, frozenset(one.remote_id for _, one in _copied(ctx))


def _copied(ctx: Ctx) -> Iterator[tuple[Ref, Effect]]:
    """Yield the deals that were copied, each with its last copy."""
    for refs in chunks(ctx.memory.known(ctx.crm.portal, REFUSALS), 1000):
        for ref, memory in ctx.memory.recall(ctx.crm.portal, REFUSALS, refs).items():
            if (last := memory.last(COPY)) is not None:
                yield ref, last


def _not_withdrawn(ctx: Ctx, seen: set[Ref]) -> Iterator[Ref]:
    for refs in chunks(ctx.memory.known(ctx.crm.portal, REFUSALS), 1000):
        for ref, memory in ctx.memory.recall(ctx.crm.portal, REFUSALS, refs).items():
            last = memory.last(COPY)
            if ref not in seen and last and not memory.of_episode(last.episode, WITHDRAWN):
                yield ref


def _said_yes(ctx: Ctx) -> Iterator[Deal]:
    """Yield the deals whose field says «Да», asked as the type of the field wants it."""
    spec = next(one for one in ctx.crm.deal_fields() if one.key == ctx.settings.field)
    values = [True] if spec.type == "bool" else [one for one in ctx.settings.yes if one in spec.options]
    for value in values or ctx.settings.yes:
        yield from ctx.crm.deals.find(Deal.field(ctx.settings.field, value))
