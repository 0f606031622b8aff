"""A deal comes to a certain stage: somebody else becomes responsible, and gets a task in the client's group.

Who that is says the rule of the stage: one person, several in turn, whoever has the fewest open deals, or the
head of the department. The task is created in the client's space, which ``bulk_bp_spaces`` has made and whose
number stands in the company. Where there is none yet, the task waits for it, and the deal is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from crmkit.automation.actions import CreateTask, Remember, UpdateDeal
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Company, Deal, DealChanges, NewTask, Person, Ref
from crmkit.crm.setup import Watch
from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp.copies import is_copy
from recipes.bulk_bp.satellites.common import Case, Office, UserRef, person, read_office, titled, wrong
from recipes.bulk_bp.satellites.texts import counted, say

__all__ = ["BulkBpHandover", "HandoverRule", "HandoverSettings", "HandoverSnapshot"]

HANDOVERS = "bulk_bp_handover"
AT_ONCE = 50
GIVEN, TASK, LEFT = "handover", "task", "left"
Ctx = Context["HandoverSettings"]


class HandoverRule(Settings):
    """Who takes over on a stage."""

    to: tuple[UserRef, ...] = Field((), description="Who may take over; not needed for the head.")
    pick: Literal["first", "turn", "load", "head"] = Field(
        "first",
        description="Whom of them: the first who works here, each in turn (by the deal's number), whoever "
        "has the fewest open deals, or the head of the department of whoever is responsible now.",
    )

    @field_validator("pick")
    @classmethod
    def _of_whom(cls, value: str, info: ValidationInfo) -> str:
        if value != "head" and not info.data.get("to"):
            raise wrong(f"{value!r} needs people in to")
        return value


class HandoverSettings(Settings):
    """The settings of the handover."""

    rules: dict[str, HandoverRule] = Field(
        min_length=1, description="By stage (logical name, id or title): who takes over."
    )
    group_field: str = Field(
        "group_id", min_length=1, description="The field of companies with the number of the client's space."
    )
    without_group: Literal["wait", "task"] = Field(
        "wait", description="The client has no space yet: the task waits for it, or is created outside."
    )
    task_kind: str = Field("client_group", min_length=1, description="Their kind, as in [portals.….tasks].")
    title: str = Field("", description="The title of the task; empty: a sentence with the company's name.")
    days: int = Field(1, ge=1, le=90, description="Days for the task.")


@dataclass(frozen=True)
class HandoverSnapshot:
    """A deal with its company.

    Attributes:
        deal: The deal.
        office: Where it lives.
        rule: Of the stage that it is on, if there is one.
        company: Its company.
        load: How many open deals the people of the rule have, if that matters.
    """

    deal: Deal
    office: Office
    rule: HandoverRule | None = None
    company: Company | None = None
    load: Mapping[str, int] = field(default_factory=dict)


class BulkBpHandover(Recipe[HandoverSettings, HandoverSnapshot]):
    """Hands deals over with a task in the client's group.

    Example:
        >>> rules = {"handover": HandoverRule(to=("user:4",))}
        >>> BulkBpHandover(HandoverSettings(rules=rules)).name
        'bulk_bp_handover'
    """

    name: ClassVar[str] = HANDOVERS
    title: ClassVar[dict[str, str]] = {"ru": "Передача сделки", "en": "Handover of deals"}
    settings_type: ClassVar[type[Settings]] = HandoverSettings
    requires = frozenset({Capability.DEALS, Capability.TASKS, Capability.USERS, Capability.COMPANIES})
    optional = frozenset({Capability.WORKSPACES, Capability.DEPARTMENT_HEADS})
    watches = (Watch("deal_moved", stages="any"),)

    def candidates(self, ctx: Ctx) -> Iterable[HandoverSnapshot]:
        """Yield the deals on the stages of the rules, then those that were handed over and have moved on."""
        frame = _Frame.read(ctx)
        seen: set[Ref] = set()
        for deals in chunks(ctx.crm.deals.find(Deal.in_stage(*frame.rules)), AT_ONCE):
            seen.update(deal.ref for deal in deals)
            yield from frame.snapshots(ctx, deals)
        for refs in chunks(_not_left(ctx, seen), AT_ONCE):
            for deal in ctx.crm.deals.find(Deal.with_ids(*(ref.id for ref in refs))):
                yield HandoverSnapshot(deal, frame.office)

    def observe(self, ctx: Ctx, entity: Ref) -> HandoverSnapshot:
        """Read one deal with its company."""
        return next(_Frame.read(ctx).snapshots(ctx, [ctx.crm.deals.get(entity.id)]))

    def entity(self, snapshot: HandoverSnapshot) -> Ref:
        """Return the deal."""
        return snapshot.deal.ref

    def decide(self, snapshot: HandoverSnapshot, now: datetime, memory: Memory) -> Decision:
        """Hand over once per stay on the stage; the task follows as soon as the group is there."""
        deal = snapshot.deal
        case = Case(HANDOVERS, deal.ref, snapshot.office, now, memory)
        if (wait := case.unsettled()) is not None:
            return wait
        if is_copy(deal):
            return case.decide("copy", say("reason.copy"))
        here = _stay(memory)
        if here is not None and here.data["stage"] != (deal.stage.id if deal.stage else ""):
            reason = say("reason.left")
            return case.decide("left", reason, Remember(**case.step(LEFT, reason, episode=here.episode)))
        if here in memory.undone:
            return case.decide("undone", say("reason.undone_handover"))
        if snapshot.rule is None:
            return case.decide("nothing", say("reason.no_rule"))
        return self._hand_over(snapshot, case, here)

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many deals were handed over, and how many tasks were created."""
        return counted(memories, GIVEN, TASK)

    def _hand_over(self, snapshot: HandoverSnapshot, case: Case, here: Effect | None) -> Decision:
        deal = snapshot.deal
        taker = _present(snapshot, here) if here else _taker(snapshot)
        if taker is None:
            return case.decide("nobody", say("reason.nobody_takes"), attention=True)
        episode = here.episode if here else case.rounds(GIVEN) + 1
        name = case.office.name(taker)
        reason = say("reason.handover", stage=deal.stage.name if deal.stage else "", name=name)
        facts = {"stage": deal.stage.id if deal.stage else "", "to": taker.id}
        step = case.step(GIVEN, reason, episode=episode, **facts)
        give = (
            Remember(**step)
            if taker in deal.assignees
            else UpdateDeal(**step, changes=DealChanges(assignees=(taker,)))
        )
        group = self._group(snapshot.company)
        if group is None and self.settings.without_group == "wait":
            missing = say("reason.no_group", name=name)
            return case.decide("waits", missing, give, attention=True, to=taker.id)
        task = CreateTask(
            **case.step(TASK, reason, episode=episode), task=self._task(snapshot, case, taker, group)
        )
        done = here is not None and case.memory.of_episode(episode, TASK) is not None
        return case.decide("given" if done else "handover", reason, give, task, to=taker.id)

    def _task(self, snapshot: HandoverSnapshot, case: Case, who: Person, group: Ref | None) -> NewTask:
        company, deal = snapshot.company, snapshot.deal
        client = company.name if company else deal.title
        return NewTask(
            title=self.settings.title or case.write("handover_title", client=client),
            text=case.write("handover", deal=titled(deal), client=client),
            kind=self.settings.task_kind,
            assignees=(who,),
            deal=deal.ref,
            company=company.ref if company else None,
            workspace=group,
            deadline=case.now + timedelta(days=self.settings.days),
        )

    def _group(self, company: Company | None) -> Ref | None:
        return space_of(company, self.settings.group_field) if company else None


def space_of(company: Company, key: str) -> Ref | None:
    """Return the space whose number stands in a company, whatever type the field has.

    Example:
        >>> space_of(Company(id="3", name="A", fields={"group_id": 12}), "group_id")
        Ref(kind='workspace', id='12')
    """
    value = company.fields.get(key)
    number = value.id if isinstance(value, Ref) else str(value or "").strip()
    number = number.removesuffix(".0")
    return Ref(kind="workspace", id=number) if number and number != "0" else None


def _present(snapshot: HandoverSnapshot, here: Effect) -> Person:
    """Return who is responsible since the handover: a person may have chosen somebody else."""
    taker = Person(id=here.data["to"])
    if taker in snapshot.deal.assignees:
        return taker
    return snapshot.office.worker(snapshot.deal.assignees, None) or taker


def _taker(snapshot: HandoverSnapshot) -> Person | None:
    """Return who takes over: always the same for the same deal, however often it is asked."""
    rule, office, deal = snapshot.rule, snapshot.office, snapshot.deal
    if rule is None:
        return None
    if rule.pick == "head":
        heads = [head for one in deal.assignees if (user := office.users.get(one.id)) for head in user.heads]
        return next((one for one in heads if office.is_active(one)), None)
    there = [one for one in map(person, rule.to) if office.is_active(one)]
    already = next((one for one in there if one in deal.assignees), None)
    if already is not None and rule.pick != "first":
        return already
    if rule.pick == "load":
        return min(there, key=lambda one: snapshot.load.get(one.id, 0), default=None)
    number = int("".join(sign for sign in deal.id if sign.isdigit()) or "0") if rule.pick == "turn" else 0
    return there[number % len(there)] if there else None


@dataclass
class _Frame:
    """What is the same for all deals; the load grows with every deal that is planned to be handed over."""

    office: Office
    rules: Mapping[str, HandoverRule]
    load: Counter[str]

    @classmethod
    def read(cls, ctx: Ctx) -> _Frame:
        """Read it.

        Raises:
            ConfigurationError: A stage, the field or the kind of tasks is not there.
            Unsupported: A rule wants heads, and the provider does not tell who they are.
        """
        office, settings = read_office(ctx), ctx.settings
        ctx.crm.tasks.states(settings.task_kind)
        if all(spec.key != settings.group_field for spec in ctx.crm.companies.fields()):
            raise ConfigurationError(
                f"{HANDOVERS}: the companies need the field {settings.group_field}",
                hint="bind it in [portals.….companies.fields]",
            )
        rules: dict[str, HandoverRule] = {}
        for name, rule in settings.rules.items():
            if rule.pick == "head":
                ctx.crm.capabilities.require(Capability.DEPARTMENT_HEADS)
            rules |= dict.fromkeys(office.stages_called((name,), f"{HANDOVERS}: rules"), rule)
        return cls(office, rules, _load(ctx, rules.values()))

    def snapshots(self, ctx: Ctx, deals: Sequence[Deal]) -> Iterator[HandoverSnapshot]:
        """Yield deals with their companies; these are read together."""
        known = ctx.memory.recall(ctx.crm.portal, HANDOVERS, [deal.ref for deal in deals])
        wanted = sorted({one.company.id for one in deals if one.company and self._rule(one)})
        read = ctx.crm.companies.find(Company.with_ids(*wanted)) if wanted else ()
        companies = {one.ref: one for one in read}
        for deal in deals:
            rule = self._rule(deal)
            company = companies.get(deal.company) if deal.company else None
            found = HandoverSnapshot(deal, self.office, rule, company, dict(self.load))
            new = known.get(deal.ref, Memory()).last(GIVEN) is None
            if rule and rule.pick == "load" and new and (who := _taker(found)):
                self.load[who.id] += 1
            yield found

    def _rule(self, deal: Deal) -> HandoverRule | None:
        return self.rules.get(deal.stage.id) if deal.stage else None


def _load(ctx: Ctx, rules: Iterable[HandoverRule]) -> Counter[str]:
    people = {person(one) for rule in rules if rule.pick == "load" for one in rule.to}
    if not people:
        return Counter()
    mine = ctx.crm.deals.find(Deal.is_open, Deal.assigned_to(*people))
    return Counter(one.id for deal in mine for one in deal.assignees)


def _stay(memory: Memory) -> Effect | None:
    """Return the handover of the present stay on the stage, also one that was taken back."""
    given = [one for one in (*memory.effects, *memory.undone) if one.step == GIVEN]
    last = max(given, key=lambda one: one.episode, default=None)
    return last if last and not memory.of_episode(last.episode, LEFT) else None


def _not_left(ctx: Ctx, seen: set[Ref]) -> Iterator[Ref]:
    for refs in chunks(ctx.memory.known(ctx.crm.portal, HANDOVERS), 1000):
        memories = ctx.memory.recall(ctx.crm.portal, HANDOVERS, refs)
        yield from (ref for ref, memory in memories.items() if ref not in seen and _stay(memory))
