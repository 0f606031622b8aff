"""Splits a neutral filter into what ``crm.item.list`` evaluates and a rest that is evaluated here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crmkit.bitrix24.fields import FieldInfo
from crmkit.config import PortalConfig, did_you_mean
from crmkit.crm.adapters.bitrix24.account import Stages
from crmkit.crm.adapters.bitrix24.room import number_of, whole
from crmkit.crm.adapters.bitrix24.values import empty, for_filter, read
from crmkit.crm.filters import Explanation, Term
from crmkit.crm.models import Deal, Person
from crmkit.exceptions import ConfigurationError, ValidationError

__all__ = ["Facts", "Query", "numbers_in", "pipeline_id", "split", "stage_id"]

Check = Callable[[Deal], bool]
LOOK_UP = "and a look at its comments and activities, 25 deals per request"


@dataclass(frozen=True)
class Facts:
    """What has to be known to split a filter.

    Args:
        portal: The settings.
        stages: Returns the stages of all pipelines.
        field: Returns the definition of a field by its logical name.
        now: The present moment.
    """

    portal: PortalConfig
    stages: Callable[[], Stages]
    field: Callable[[str], FieldInfo]
    now: datetime


@dataclass(frozen=True)
class Query:
    """A filter, split.

    Args:
        asked: Conditions for ``crm.item.list``; all of them hold.
        ids: The only deals to ask for; ``None`` for all.
        impossible: Nothing can match, so nothing has to be asked.
        idle_until: Only deals untouched since then; the last touch has to be looked up.
        touched_from: Only deals touched at or after this moment; likewise.
        checks: What is evaluated here.
        explanation: The same for people.
    """

    asked: tuple[Mapping[str, Any], ...] = ()
    ids: frozenset[int] | None = None
    impossible: bool = False
    idle_until: datetime | None = None
    touched_from: datetime | None = None
    checks: tuple[Check, ...] = ()
    explanation: Explanation = field(default_factory=Explanation)

    @property
    def filter(self) -> dict[str, Any]:
        """The conditions as one filter; those that would hide another with the same key go into a group."""
        merged: dict[str, Any] = {}
        groups: list[Mapping[str, Any]] = []
        for one in self.asked:
            if "logic" in one or not merged.keys().isdisjoint(one):
                groups.append(one)
            else:
                merged |= one
        return merged | {str(number): dict(one) for number, one in enumerate(groups)}

    def accepts(self, deal: Deal) -> bool:
        """Evaluate the local part."""
        return all(check(deal) for check in self.checks)


def split(terms: Iterable[Term], facts: Facts) -> Query:
    """Split the terms that must all hold.

    Raises:
        ConfigurationError: A stage, pipeline or field is not in the settings.
        ValidationError: A value does not fit its field, or a term is not known.
    """
    query = Query()
    for term in terms:
        if term.name not in _SPLITTERS:
            raise ValidationError(f"the filter {term} is not known", hint=f"known: {', '.join(_SPLITTERS)}")
        query = _SPLITTERS[term.name](query, term, facts)
    return query


def stage_id(name: str, portal: PortalConfig, stages: Stages) -> str:
    """Return the id of a stage by its logical name or vendor id.

    Raises:
        ConfigurationError: Neither the settings nor the portal know it.
    """
    bound = portal.deals.stages.get(name)
    if bound or name in stages.stages:
        return bound.id if bound else name
    hint = did_you_mean(name, portal.deals.stages) or f"there are {', '.join(portal.deals.stages) or 'none'}"
    raise ConfigurationError(f"{portal.where('deals.stages')}: there is no stage {name!r}", hint=hint)


def pipeline_id(name: str, portal: PortalConfig, stages: Stages) -> int:
    """Return the number of a pipeline by its logical name or vendor id.

    Raises:
        ConfigurationError: Neither the settings nor the portal know it.
    """
    bound = portal.deals.pipelines.get(name)
    number = bound.id if bound else name
    if number.isdigit() and (bound or any(one.id == number for one in stages.pipelines)):
        return int(number)
    known = ", ".join(portal.deals.pipelines) or "none"
    hint = did_you_mean(name, portal.deals.pipelines) or f"there are {known}"
    raise ConfigurationError(f"{portal.where('deals.pipelines')}: there is no pipeline {name!r}", hint=hint)


def numbers_in(ids: Iterable[str]) -> frozenset[int]:
    """Return the ids that can be numbers of anything; the others match nothing."""
    return frozenset(int(one) for one in ids if one.isascii() and one.isdigit())


def _is_open(query: Query, term: Term, facts: Facts) -> Query:
    return _server(query, term, {"=stageSemanticId": "P"}, lambda deal: deal.open)


def _in_stage(query: Query, term: Term, facts: Facts) -> Query:
    stages = facts.stages()
    wanted = sorted({stage_id(name, facts.portal, stages) for name in term.args})
    return _one_of(
        query, term, "stageId", wanted, lambda deal: deal.stage is not None and deal.stage.id in wanted
    )


def _in_pipeline(query: Query, term: Term, facts: Facts) -> Query:
    stages = facts.stages()
    wanted = sorted({pipeline_id(name, facts.portal, stages) for name in term.args})
    return _one_of(query, term, "categoryId", wanted, lambda deal: deal.raw.get("categoryId") in wanted)


def _idle_for(query: Query, term: Term, facts: Facts) -> Query:
    (span,) = term.args
    until = facts.now - span
    known = query.idle_until
    names = ("updatedTime", "lastActivityTime")
    asked = {f"<={name}": until for name in names}
    server = f"{term}: {', '.join(names)} at or before {until:%Y-%m-%d %H:%M:%S %Z}"
    narrowed = replace(query, idle_until=until if known is None else min(known, until))
    return _server(narrowed, term, asked, text=server, local=f"{term}: {LOOK_UP}")


def _touched_since(query: Query, term: Term, facts: Facts) -> Query:
    moment = whole(term.args[0])
    known = query.touched_from
    note = (
        "touched_since: the portal's stamps do not tell of comments by the responsible person and of "
        f"outgoing calls and mails, so of all other deals the last touch is looked up: {LOOK_UP}"
    )
    narrowed = replace(query, touched_from=moment if known is None else max(known, moment))
    return _explained(narrowed, local=str(term), note=note)


def _robots_since(query: Query, term: Term, facts: Facts) -> Query:
    moment = whole(term.args[0])
    robots = sorted(int(one.partition(":")[2]) for one in facts.portal.robots)
    if not robots:
        return replace(query, impossible=True)
    asked = {
        "logic": "OR",
        "0": {"@lastActivityBy": robots, ">=lastActivityTime": moment},
        "1": {"@updatedBy": robots, ">=updatedTime": moment},
    }
    return _server(query, term, asked, text=f"{term}: last activity or last change by a robot since then")


def _created_since(query: Query, term: Term, facts: Facts) -> Query:
    moment = whole(term.args[0])
    return _server(query, term, {">=createdTime": moment}, lambda deal: _at_or_after(deal.created_at, moment))


def _closed_since(query: Query, term: Term, facts: Facts) -> Query:
    moment = whole(term.args[0])
    asked = {"@stageSemanticId": ["S", "F"], ">=movedTime": moment}
    return _server(query, term, asked, lambda deal: _at_or_after(deal.closed_at, moment))


def _assigned_to(query: Query, term: Term, facts: Facts) -> Query:
    people = {Person(id=one.id) for one in term.args if one.kind == "user"}
    wanted = sorted(numbers_in(one.id for one in people))
    return _one_of(query, term, "assignedById", wanted, lambda deal: not people.isdisjoint(deal.assignees))


def _of_company(query: Query, term: Term, facts: Facts) -> Query:
    wanted = {number_of(one, "company") for one in term.args}
    ids = {str(one) for one in wanted}
    return _one_of(
        query,
        term,
        "companyId",
        sorted(wanted),
        lambda deal: deal.company is not None and deal.company.id in ids,
    )


def _of_contact(query: Query, term: Term, facts: Facts) -> Query:
    wanted = {number_of(one, "contact") for one in term.args}
    ids = {str(one) for one in wanted}
    return _one_of(
        query,
        term,
        "contactIds",
        sorted(wanted),
        lambda deal: not ids.isdisjoint(one.id for one in deal.contacts),
    )


def _with_ids(query: Query, term: Term, facts: Facts) -> Query:
    ids = numbers_in(term.args)
    ids = ids if query.ids is None else ids & query.ids
    text = f"with_ids({len(term.args)} of them): by fifty"
    return _explained(replace(query, ids=ids, impossible=query.impossible or not ids), server=text)


def _field(query: Query, term: Term, facts: Facts) -> Query:
    key, value = term.args
    info = facts.field(key)
    if empty(value):

        def absent(deal: Deal) -> bool:
            return key not in deal.fields

        why = "what the portal takes for an empty field depends on its type"
        return _explained(_checked(query, absent), local=str(term), note=f"field: evaluated here: {why}")
    wanted = for_filter(info, value)
    neutral = read(info, wanted if not info.multiple else [wanted])
    if isinstance(value, tuple | list | set | frozenset) and info.multiple:
        neutral = tuple(value)

    def same(deal: Deal) -> bool:
        found = deal.fields.get(key)
        if isinstance(found, tuple) and isinstance(neutral, tuple):
            return set(found) == set(neutral)
        return bool(found == value)

    return _server(query, term, {f"={info.name}": wanted}, same)


_SPLITTERS: Mapping[str, Callable[[Query, Term, Facts], Query]] = {
    "is_open": _is_open,
    "in_stage": _in_stage,
    "in_pipeline": _in_pipeline,
    "idle_for": _idle_for,
    "touched_since": _touched_since,
    "created_since": _created_since,
    "closed_since": _closed_since,
    "commented_by_robot_since": _robots_since,
    "assigned_to": _assigned_to,
    "of_company": _of_company,
    "of_contact": _of_contact,
    "with_ids": _with_ids,
    "field": _field,
}


def _one_of(query: Query, term: Term, name: str, wanted: list[Any], check: Check) -> Query:
    if not wanted:  # the portal would take an empty list for no condition
        return _explained(replace(query, impossible=True), server=f"{term}: nothing")
    return _server(query, term, {f"@{name}": wanted}, check)


def _server(
    query: Query,
    term: Term,
    asked: Mapping[str, Any],
    check: Check | None = None,
    *,
    text: str = "",
    local: str = "",
) -> Query:
    told = text or f"{term}: {', '.join(name.lstrip('=<>@') for name in asked)}"
    found = replace(query, asked=(*query.asked, asked))
    return _explained(_checked(found, check) if check else found, server=told, local=local)


def _checked(query: Query, check: Check) -> Query:
    return replace(query, checks=(*query.checks, check))


def _explained(query: Query, *, server: str = "", local: str = "", note: str = "") -> Query:
    old = query.explanation
    parts = zip((old.server, old.local, old.notes), (server, local, note), strict=True)
    return replace(query, explanation=Explanation(*((*texts, new) if new else texts for texts, new in parts)))


def _at_or_after(found: datetime | None, moment: datetime) -> bool:
    return found is not None and found >= moment
