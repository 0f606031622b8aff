"""Splits a neutral filter into what ``POST /task/list`` evaluates and a rest that is evaluated here. Pure.

The portal ignores a filter value that it does not understand and returns an unfiltered page without a word
(seen live), so whatever a row itself tells is checked here once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import product
from typing import Any

from crmkit.config import DealMapping, TaskKind, did_you_mean
from crmkit.crm.adapters.planfix.mapping import Stages
from crmkit.crm.adapters.planfix.values import from_planfix, person_in, person_out, to_planfix
from crmkit.crm.filters import Explanation, Term
from crmkit.crm.models import Deal, Ref
from crmkit.exceptions import ConfigurationError, ValidationError
from crmkit.planfix import FieldType, filters
from crmkit.planfix.filters import Filter
from crmkit.planfix.models import CustomField, Task

__all__ = ["Facts", "Query", "Variant", "scope_of", "split", "stage_id"]

Check = Callable[[Deal], bool]


@dataclass(frozen=True)
class Facts:
    """What has to be known to split a filter.

    Args:
        mapping: Which tasks are deals, and the logical names.
        stages: The process of the deals.
        field: Returns the definition of a custom field by its logical name.
        filter_zone: Returns the time zone in which the portal reads the days of a filter.
        now: The present moment.
        where: Returns how an error message points at a key of the settings.
    """

    mapping: DealMapping
    stages: Stages
    field: Callable[[str], CustomField]
    filter_zone: Callable[[], tzinfo]
    now: datetime
    where: Callable[[str], str] = str

    @property
    def zone(self) -> tzinfo:
        """Where the days of filters begin; finding out may take a request."""
        return self.filter_zone()


@dataclass(frozen=True)
class Variant:
    """One of several queries whose results together are the answer: the portal knows no "or".

    Args:
        filters: Conditions besides the common ones.
        untouched_since: What these conditions prove about each row, see :attr:`Deal.untouched_since`.
    """

    filters: tuple[Filter, ...] = ()
    untouched_since: datetime | None = None


@dataclass(frozen=True)
class Query:
    """A filter, split.

    Args:
        common: Conditions of every variant.
        statuses: The statuses to ask for; ``None`` for all, empty if nothing can match.
        ids: The only tasks to ask for; ``None`` for all.
        robots_since: Only tasks that a robot commented since then; has to be turned into ids first.
        variants: See :class:`Variant`.
        checks: What is evaluated here.
        explanation: The same for people.
    """

    common: tuple[Filter, ...] = ()
    statuses: frozenset[int] | None = None
    ids: frozenset[int] | None = None
    robots_since: datetime | None = None
    variants: tuple[Variant, ...] = (Variant(),)
    checks: tuple[Check, ...] = ()
    explanation: Explanation = field(default_factory=Explanation)

    @property
    def impossible(self) -> bool:
        """Whether nothing can match, so that nothing has to be asked."""
        return self.statuses == frozenset() or self.ids == frozenset() or not self.variants

    def asked(self, variant: Variant) -> tuple[Filter, ...]:
        """Return the filters of one variant, without the ids."""
        statuses = (filters.status.any_of(*sorted(self.statuses)),) if self.statuses is not None else ()
        return (*self.common, *statuses, *variant.filters)

    def accepts(self, deal: Deal) -> bool:
        """Evaluate the local part."""
        return all(check(deal) for check in self.checks)


def split(terms: Iterable[Term], facts: Facts) -> Query:
    """Split the terms that must all hold.

    Raises:
        ConfigurationError: A stage or field is not in the settings.
        ValidationError: A value does not fit its field.
    """
    asked, _ = scope_of(facts.mapping)
    kinds = tuple(f"{name} = {number}" for name, number in facts.mapping.kind.items())
    query = Query(common=asked, checks=(lambda deal: not deal.deleted,), explanation=Explanation(kinds))
    for term in terms:
        if term.name not in _SPLITTERS:
            raise ValidationError(f"the filter {term} is not known", hint=f"known: {', '.join(_SPLITTERS)}")
        query = _SPLITTERS[term.name](query, term, facts)
    return query


def scope_of(mapping: TaskKind) -> tuple[tuple[Filter, ...], Callable[[Task], bool]]:
    """Return what makes a task one of a kind: as filters, and as a check of a task that was read.

    A task that does not tell its object or template passes the check. Filter 325 is the object and 51 the
    template in the vendor's present description; the older help pages call 51 "template or object".
    """
    asked = {"object": filters.task_object, "template": filters.template, "process": filters.process}

    def is_deal(task: Task) -> bool:
        told = {"object": task.object and task.object.id, "template": task.template and task.template.id}
        return all(told.get(name) in (None, number) for name, number in mapping.kind.items())

    return tuple(asked[name].is_(number) for name, number in mapping.kind.items()), is_deal


def stage_id(name: str, facts: Facts) -> int:
    """Return the number of a status by its logical name or vendor id.

    Raises:
        ConfigurationError: Neither the settings nor the process know it.
    """
    bound = facts.mapping.stages.get(name)
    number = bound.id if bound else name
    if number.isdigit() and (bound or int(number) in facts.stages.statuses):
        return int(number)
    known = ", ".join(facts.mapping.stages) or "none"
    hint = did_you_mean(name, facts.mapping.stages) or f"stages there: {known}"
    raise ConfigurationError(f"{facts.where('deals.stages')}: there is no stage {name!r}", hint=hint)


def _is_open(query: Query, term: Term, facts: Facts) -> Query:
    if any(status.is_active is None for status in facts.stages.statuses.values()):
        return _local(
            query, term, lambda deal: deal.open, "the portal does not tell which statuses are active"
        )
    active = frozenset(facts.stages.active)
    server = f"{term}: status {_list(active)} (filter 10)"
    return _server(_narrow(query, active), server, lambda deal: deal.open)


def _in_stage(query: Query, term: Term, facts: Facts) -> Query:
    wanted = frozenset(stage_id(name, facts) for name in term.args)
    ids = {str(number) for number in wanted}
    server = f"{term}: status {_list(wanted)} (filter 10)"
    return _server(
        _narrow(query, wanted), server, lambda deal: deal.stage is not None and deal.stage.id in ids
    )


def _idle_for(query: Query, term: Term, facts: Facts) -> Query:
    (span,) = term.args
    day = (facts.now - span).astimezone(facts.zone).date()
    before = Variant((filters.last_activity.before(day),), _midnight(day, facts.zone))
    boundary = Variant((filters.last_activity.on(day),), _midnight(day + timedelta(days=1), facts.zone))
    note = f"idle_for: days of {facts.zone}; the deals last touched on {day:%d.%m.%Y} are among the results"
    return _server(_times(query, (before, boundary)), f"{term}: untouched since {day} (filter 79)", note=note)


def _touched_since(query: Query, term: Term, facts: Facts) -> Query:
    day = _day(term.args[0], facts)
    note = (
        f"touched_since: whole days of {facts.zone}; what was touched earlier on {day:%d.%m.%Y} is included"
    )
    return _server(
        _times(query, (Variant((filters.last_activity.since(day),)),)), f"{term} (filter 79)", note=note
    )


def _created_since(query: Query, term: Term, facts: Facts) -> Query:
    (moment,) = term.args
    asked = _times(query, (Variant((filters.created.since(_day(moment, facts)),)),))
    checked = _server(
        asked, f"{term}: by the day (filter 12)", lambda deal: _at_or_after(deal.created_at, moment)
    )
    return _explained(checked, local=f"{term}: to the second")


def _robots_since(query: Query, term: Term, facts: Facts) -> Query:
    (moment,) = term.args
    since = max(query.robots_since, moment) if query.robots_since else moment
    return _server(
        replace(query, robots_since=since), f"{term}: by the list of all comments, then by number (filter 57)"
    )


def _assigned_to(query: Query, term: Term, facts: Facts) -> Query:
    people = {person_in(person_out(person)) for person in term.args}
    variants = tuple(Variant((filters.assignee.is_(person_out(one)),)) for one in sorted(people, key=str))
    return _server(
        _times(query, variants), f"{term} (filter 2)", lambda deal: not people.isdisjoint(deal.assignees)
    )


def _of_company(query: Query, term: Term, facts: Facts) -> Query:
    clients = [person_out(one) for one in dict.fromkeys(term.args)]
    companies = {Ref(kind="company", id=str(client.id)) for client in clients}
    asked = _times(query, tuple(Variant((filters.counterparty.is_(client),)) for client in clients))
    return _server(asked, f"{term} (filter 7)", lambda deal: deal.company in companies)


def _of_contact(query: Query, term: Term, facts: Facts) -> Query:
    clients = [person_out(one) for one in dict.fromkeys(term.args)]
    numbers = {str(client.id) for client in clients}
    asked = _times(query, tuple(Variant((filters.counterparty.is_(client),)) for client in clients))
    note = "of_contact: a deal has one client; the deals of a contact's company are not among the results"
    return _server(
        asked,
        f"{term} (filter 7)",
        lambda deal: any(ref.id in numbers for ref in (*deal.contacts, deal.company) if ref is not None),
        note=note,
    )


def _in_pipeline(query: Query, term: Term, facts: Facts) -> Query:
    own = facts.stages.process
    for name in term.args:
        if name and name != own:
            raise ConfigurationError(
                f"{facts.where('deals.pipelines')}: there is no pipeline {name!r}",
                hint="a Planfix account has one, the process of the deals",
            )
    return _explained(query, server=f"{term}: all deals are in the one process")


def _closed_since(query: Query, term: Term, facts: Facts) -> Query:
    (moment,) = term.args
    closed = _times(query, (Variant((filters.actual_completion.since(_day(moment, facts)),)),))
    checked = _server(
        closed,
        f"{term}: by the day of completion (filter 19)",
        lambda deal: not deal.open and _at_or_after(deal.closed_at, moment),
    )
    return _explained(checked, local=f"{term}: to the second")


def _with_ids(query: Query, term: Term, facts: Facts) -> Query:
    ids = frozenset(int(one) for one in term.args if one.isdigit())
    ids = ids if query.ids is None else ids & query.ids
    return _server(replace(query, ids=ids), f"with_ids({len(term.args)} of them): by a hundred (filter 57)")


def _field(query: Query, term: Term, facts: Facts) -> Query:
    key, value = term.args
    definition = facts.field(key)
    if value is None or value is False or value == ():
        return _empty_field(query, term, definition)
    wanted = to_planfix(definition, value)
    definition.encode(wanted, UTC)  # refuses what the field cannot hold
    neutral = _as_read(definition, wanted)
    asked = _field_filter(definition, wanted, facts)
    return _server(
        _times(query, (Variant((asked,)),)),
        f"{term} (filter {asked.type})",
        lambda deal: _same(deal.fields.get(key), neutral),
    )


def _empty_field(query: Query, term: Term, definition: CustomField) -> Query:
    key = term.args[0]

    def check(deal: Deal) -> bool:
        return key not in deal.fields

    if definition.type == FieldType.CHECKBOX:
        return _local(query, term, check, "an unticked box may or may not be stored")
    asked = _times(query, (Variant((filters.custom(definition).is_empty(),)),))
    return _server(asked, f"{term} (filter 153)", check)


_SPLITTERS: Mapping[str, Callable[[Query, Term, Facts], Query]] = {
    "is_open": _is_open,
    "in_stage": _in_stage,
    "idle_for": _idle_for,
    "touched_since": _touched_since,
    "created_since": _created_since,
    "commented_by_robot_since": _robots_since,
    "assigned_to": _assigned_to,
    "of_company": _of_company,
    "of_contact": _of_contact,
    "in_pipeline": _in_pipeline,
    "closed_since": _closed_since,
    "with_ids": _with_ids,
    "field": _field,
}


def _field_filter(definition: CustomField, wanted: Any, facts: Facts) -> Filter:
    if isinstance(wanted, datetime):
        wanted = wanted.astimezone(facts.zone).date()  # the form with time was never seen working
    if definition.type == FieldType.PEOPLE:
        wanted = wanted[0]  # the vendor compares with one person; the rest is checked here
    return filters.custom(definition).equals(wanted)


def _as_read(definition: CustomField, wanted: Any) -> Any:
    return from_planfix(definition.type, tuple(wanted) if isinstance(wanted, list) else wanted)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, tuple) and isinstance(wanted, tuple):
        return set(found) == set(wanted)
    return bool(found == wanted)


def _narrow(query: Query, statuses: frozenset[int]) -> Query:
    return replace(query, statuses=statuses if query.statuses is None else query.statuses & statuses)


def _times(query: Query, variants: tuple[Variant, ...]) -> Query:
    pairs = product(query.variants, variants)
    return replace(query, variants=tuple(_both(one, other) for one, other in pairs))


def _both(one: Variant, other: Variant) -> Variant:
    known = [moment for moment in (one.untouched_since, other.untouched_since) if moment]
    return Variant((*one.filters, *other.filters), min(known, default=None))


def _server(query: Query, text: str, check: Check | None = None, note: str = "") -> Query:
    checked = replace(query, checks=(*query.checks, check)) if check else query
    return _explained(checked, server=text, note=note)


def _local(query: Query, term: Term, check: Check, why: str) -> Query:
    checked = replace(query, checks=(*query.checks, check))
    return _explained(checked, local=str(term), note=f"{term.name}: evaluated here: {why}")


def _explained(query: Query, *, server: str = "", local: str = "", note: str = "") -> Query:
    old = query.explanation
    parts = zip((old.server, old.local, old.notes), (server, local, note), strict=True)
    return replace(query, explanation=Explanation(*((*texts, new) if new else texts for texts, new in parts)))


def _day(moment: datetime, facts: Facts) -> date:
    return moment.astimezone(facts.zone).date()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _at_or_after(found: datetime | None, moment: datetime) -> bool:
    return found is not None and found >= moment


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "(none)"
