"""Next steps: entries of an analytics (data tag), which the account's calendar shows if it has a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from crmkit.config import BoundField
from crmkit.crm import base
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.adapters.planfix.values import person_in, person_out
from crmkit.crm.models import NewStep, Ref, Step, StepChanges, WriteResult
from crmkit.exceptions import ConfigurationError, NotFound
from crmkit.planfix import Period, external_id
from crmkit.planfix.models import DatatagEntry

__all__ = ["NEEDED", "Steps"]

ONE_BY_ONE = 5
"""The entries of so many deals are asked for deal by deal; of more, the whole list is cheaper."""
DAY = timedelta(days=1)
NEEDED = ("kind", "goal", "date", "period", "result")


class Steps(base.Steps):
    """Records of next steps. The settings name the data tag and its fields: ``[portals.X.steps]``.

    An entry has no date of its own, no author and no key of ours unless a field of it holds one: bind a text
    field as ``key``. It is open as long as its field ``result`` is empty.
    """

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, step: NewStep, *, key: str) -> WriteResult:
        """Record a step: ``POST /task/{id}/datatags/``, or ``…/datatags/{commentId}`` into a comment of ours.

        Without a comment to go into, the portal makes one for the record, which counts as activity.

        Raises:
            ConfigurationError: The settings do not name the data tag or a field it needs; nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        tag, task = self._tag(), number_of(step.deal, "deal")
        values = self._values(
            {
                "kind": step.kind,
                "goal": step.goal,
                **self._span(step.start, step.end),
                "assignee": person_out(step.assignee) if step.assignee else None,
                "key": external_id(key),
            }
        )
        row = {number: value for number, value in values.items() if value is not None}
        entries = self._tools.client.datatags
        if step.comment is not None:
            with suppress(NotFound):  # somebody deleted the comment: the portal makes another one
                comment = number_of(step.comment, "comment")
                return WriteResult(id=str(entries.append(task, comment, tag, [row]).keys[0]))
        return WriteResult(id=str(entries.add(task, tag, [row]).keys[0]))

    def get(self, step_id: str) -> Step:
        """Return one step: ``GET /datatag/entry/{key}``.

        Raises:
            NotFound: It is not there any more.
        """
        found = self._tools.client.datatags.entry(number_of(step_id, "entry"), custom_fields=self._numbers())
        step = self._step(found)
        if step is None:
            raise NotFound(f"entry {step_id} belongs to no task", hint="look at it in the portal")
        return step

    def update(self, step_id: str, changes: StepChanges) -> WriteResult:
        """Change a step: ``POST /datatag/entry/{key}``. What is not given stays."""
        present = self.get(step_id)
        values: dict[str, Any] = {}
        if changes.goal is not None:
            values["goal"] = changes.goal
        if changes.start is not None or changes.end is not None:
            start, end = changes.start or present.start, changes.end or present.end
            if start is not None and end is not None:
                values |= self._span(start, max(start, end))
        if changes.assignee is not None:
            values["assignee"] = person_out(changes.assignee)
        return self._write(step_id, values)

    def close(self, step_id: str, result: str) -> WriteResult:
        """Write the result of a step: ``POST /datatag/entry/{key}``."""
        if not self.get(step_id).open:
            return WriteResult(id=step_id)
        return self._write(step_id, {"result": result})

    def of_deals(self, *deals: Ref) -> Iterator[Step]:
        """Yield the steps of these deals: ``POST /datatag/{id}/entry/list``.

        Of a few deals one by one; of many the list of the whole account, a hundred entries per request.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        wanted = {number_of(deal, "deal") for deal in deals}
        tag, numbers = self._tag(), self._numbers()
        holders = sorted(wanted) if len(wanted) <= ONE_BY_ONE else (None,)
        for holder in holders if wanted else ():
            for entry in self._tools.client.datatags.entries(tag, on=holder, custom_fields=numbers):
                step = self._step(entry)
                if step is not None and int(step.deal.id) in wanted:
                    yield step

    def find_by_key(self, key: str, *, step: NewStep, since: datetime) -> Step | None:
        """Find a step among those of its deal: by the field ``key``, else by what it says and when it is."""
        source, has_keys = external_id(key), "key" in self._fields
        alike = None
        for one in self.of_deals(step.deal):
            if has_keys and one.key == source:
                return one.model_copy(update={"key": key})
            same = (one.kind, one.goal.split(), one.start) == (step.kind, step.goal.split(), step.start)
            if not has_keys and one.open and same:
                alike = one
        return alike

    @property
    def _fields(self) -> Mapping[str, BoundField]:
        return {str(name): bound for name, bound in self._tools.portal.steps.fields.items()}

    def _tag(self) -> int:
        portal = self._tools.portal
        if portal.steps.datatag is None:
            raise ConfigurationError(
                f"{portal.where('steps.datatag')}: which analytics holds the steps is not set",
                hint="make one with a type, a goal, a date, a period and a result; give its number",
            )
        if missing := [name for name in NEEDED if name not in self._fields]:
            raise ConfigurationError(
                f"{portal.where(f'steps.fields.{missing[0]}')}: not set",
                hint="give the number of the field of that analytics",
            )
        return portal.steps.datatag

    def _numbers(self) -> tuple[int, ...]:
        self._tag()
        return tuple(int(bound.id) for bound in self._fields.values())

    def _values(self, values: Mapping[str, Any]) -> dict[int, Any]:
        return {int(self._fields[name].id): value for name, value in values.items() if name in self._fields}

    def _write(self, step_id: str, values: Mapping[str, Any]) -> WriteResult:
        if written := self._values(values):
            self._tools.client.datatags.update_entry(number_of(step_id, "entry"), self._tag(), written)
        return WriteResult(id=step_id)

    def _span(self, start: datetime, end: datetime) -> dict[str, Any]:
        """Return the day and the period within it: a step never crosses midnight."""
        zone = self._tools.portal.zone
        local, until = start.astimezone(zone), end.astimezone(zone)
        begin = timedelta(hours=local.hour, minutes=local.minute)
        finish = timedelta(hours=until.hour, minutes=until.minute)
        if until.date() > local.date():
            finish = DAY
        return {"date": local.date(), "period": Period(begin, max(finish, begin + timedelta(minutes=1)))}

    def _step(self, entry: DatatagEntry) -> Step | None:
        if entry.task is None:
            return None
        told = {name: entry.custom(int(bound.id)) for name, bound in self._fields.items()}
        start, end = self._moments(told.get("date"), told.get("period"))
        who, result = told.get("assignee"), str(told.get("result") or "")
        return Step(
            id=str(entry.id),
            deal=Ref(kind="deal", id=str(entry.task.id), name=entry.task.name),
            kind=str(told.get("kind") or ""),
            goal=str(told.get("goal") or ""),
            start=start,
            end=end,
            open=not result.strip(),
            result=result,
            assignee=person_in(who) if who else None,
            key=str(told.get("key") or ""),
            raw=dict(entry.raw),
        )

    def _moments(self, day: Any, period: Any) -> tuple[datetime | None, datetime | None]:
        if not isinstance(day, date):
            return None, None
        zone = self._tools.portal.zone
        if not isinstance(period, Period):
            midnight = datetime.combine(day, time(), zone)
            return midnight, datetime.combine(day + DAY, time(), zone)
        return _at(day, period.start, zone), _at(day, period.end, zone)


def _at(day: date, since_midnight: timedelta, zone: Any) -> datetime:
    days, rest = divmod(since_midnight, DAY)
    hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
    return datetime.combine(day + timedelta(days=days), time(hours, minutes), zone)
