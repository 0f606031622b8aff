"""Next steps: to-dos in the timeline of a deal, ``crm.activity.todo.*``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from crmkit.bitrix24 import Command
from crmkit.bitrix24.envelope import rows_of
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24.room import DEAL, Tools, number_of, whole
from crmkit.crm.models import NewStep, Ref, Step, StepChanges, WriteResult

__all__ = ["Steps"]

PROVIDER = "CRM_TODO"
PERIOD = re.compile(r"(\d{1,2}):(\d\d)–(\d{1,2}):(\d\d)")
RESULT = "→ "
"""Begins the line of the description that holds the result."""
SELECT = (
    "ID",
    "OWNER_ID",
    "PROVIDER_ID",
    "SUBJECT",
    "DESCRIPTION",
    "DEADLINE",
    "COMPLETED",
    "RESPONSIBLE_ID",
    "AUTHOR_ID",
    "CREATED",
)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
AT_ONCE = 50


class Steps(base.Steps):
    """Records of next steps.

    A to-do has one moment and a title: ``звонок: уточнить бюджет``. Its period and its result are lines of
    the description. Of a step for a whole day the moment is the end of that day, so that it is not overdue
    in the morning.
    """

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, step: NewStep, *, key: str) -> WriteResult:
        """Record a step: ``crm.activity.todo.add``, without reminders. It carries no key.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        params: dict[str, Any] = {
            "ownerTypeId": DEAL,
            "ownerId": number_of(step.deal, "deal"),
            "deadline": self._deadline(step.start, step.end),
            "title": _title(step.kind, step.goal),
            "description": self._period(step.start, step.end),
        }
        if step.assignee is not None:
            params["responsibleId"] = number_of(step.assignee, "user")
        if step.color:
            params["colorId"] = step.color
        made = self._tools.client.call("crm.activity.todo.add", params)
        return WriteResult(id=str(made["id"]))

    def get(self, step_id: str) -> Step:
        """Return one step: ``crm.activity.get``.

        Raises:
            NotFound: It is not there any more.
        """
        return self._step(self._row(step_id))

    def update(self, step_id: str, changes: StepChanges) -> WriteResult:
        """Change an open step: ``crm.activity.todo.update``, everything in one write."""
        row = self._row(step_id)
        present = self._step(row)
        start, end = changes.start or present.start, changes.end or present.end
        params: dict[str, Any] = {
            "ownerTypeId": DEAL,
            "ownerId": int(present.deal.id),
            "id": int(step_id),
            "deadline": row["DEADLINE"],
            "title": _title(present.kind, changes.goal if changes.goal is not None else present.goal),
            "description": str(row.get("DESCRIPTION") or ""),
        }
        if start is not None and end is not None and (changes.start or changes.end):
            end = max(start, end)
            params |= {"deadline": self._deadline(start, end), "description": self._period(start, end)}
        if changes.assignee is not None:
            params["responsibleId"] = number_of(changes.assignee, "user")
        self._tools.client.call("crm.activity.todo.update", params)
        return WriteResult(id=step_id)

    def close(self, step_id: str, result: str) -> WriteResult:
        """Complete a step with its result in the description: ``crm.activity.update``."""
        row = self._row(step_id)
        present = self._step(row)
        if not present.open and (present.result or not result):
            return WriteResult(id=step_id)
        line = RESULT + " ".join(result.split())
        lines = [str(row.get("DESCRIPTION") or ""), *([line] if result.strip() else [])]
        fields = {"COMPLETED": "Y", "DESCRIPTION": "\n".join(filter(None, lines))}
        self._tools.client.call("crm.activity.update", {"id": int(step_id), "fields": fields})
        return WriteResult(id=step_id)

    def of_deals(self, *deals: Ref) -> Iterator[Step]:
        """Yield the to-dos of these deals: ``crm.activity.list``, fifty deals per request.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        numbers = sorted({number_of(deal, "deal") for deal in deals})
        for place in range(0, len(numbers), AT_ONCE):
            commands = [_todos_of(number) for number in numbers[place : place + AT_ONCE]]
            for outcome in self._tools.client.batch(commands):
                params = dict(outcome.command.params)
                rows = rows_of(outcome.command.method, outcome.value())
                if outcome.next and outcome.next > 0:
                    rows = [*self._tools.client.list(outcome.command.method, params)]
                yield from (self._step(row) for row in rows if row.get("PROVIDER_ID") == PROVIDER)

    def find_by_key(self, key: str, *, step: NewStep, since: datetime) -> Step | None:
        """Find a to-do of ours that was made since then for the same moment and with the same title."""
        deadline = datetime.fromisoformat(self._deadline(step.start, step.end))
        for one in self.of_deals(step.deal):
            made = one.raw.get("CREATED")
            if (
                str(one.raw.get("AUTHOR_ID")) == str(self._tools.account.owner)
                and str(one.raw.get("SUBJECT", "")).split() == _title(step.kind, step.goal).split()
                and datetime.fromisoformat(one.raw["DEADLINE"]) == deadline
                and (not made or datetime.fromisoformat(made) >= whole(since))
            ):
                return one
        return None

    def _row(self, step_id: str) -> Mapping[str, Any]:
        row: Mapping[str, Any] = self._tools.client.call("crm.activity.get", {"id": int(step_id)})
        return row

    def _deadline(self, start: datetime, end: datetime) -> str:
        """Return the moment of a to-do; the portal keeps whole seconds."""
        at = end - MINUTE if end - start >= DAY else start
        return whole(at).astimezone(self._tools.portal.zone).isoformat()

    def _period(self, start: datetime, end: datetime) -> str:
        if end - start >= DAY:
            return ""
        zone = self._tools.portal.zone
        return f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}"

    def _step(self, row: Mapping[str, Any]) -> Step:
        kind, _, goal = str(row.get("SUBJECT") or "").partition(": ")
        lines = str(row.get("DESCRIPTION") or "").splitlines()
        results = [line.removeprefix(RESULT) for line in lines if line.startswith(RESULT)]
        start, end = self._span(row.get("DEADLINE"), lines)
        who = int(row.get("RESPONSIBLE_ID") or 0)
        return Step(
            id=str(row["ID"]),
            deal=Ref(kind="deal", id=str(row.get("OWNER_ID"))),
            kind=kind,
            goal=goal,
            start=start,
            end=end,
            open=row.get("COMPLETED") != "Y",
            result=results[-1] if results else "",
            assignee=self._tools.account.authors().person(who),
            raw=dict(row),
        )

    def _span(self, deadline: Any, lines: list[str]) -> tuple[datetime | None, datetime | None]:
        """Return from when to when; somebody who moves the to-do in the portal moves its deadline only."""
        if not deadline:
            return None, None
        at = datetime.fromisoformat(str(deadline)).astimezone(self._tools.portal.zone)
        match = next((found for line in lines if (found := PERIOD.fullmatch(line.strip()))), None)
        if match is None:
            if (at.hour, at.minute) == (23, 59):
                midnight = datetime.combine(at.date(), time(), at.tzinfo)
                return midnight, midnight + DAY
            return at, at
        hours = [int(part) for part in match.groups()]
        length = timedelta(hours=hours[2] - hours[0], minutes=hours[3] - hours[1])
        return at, at + max(length, timedelta(0))


def _title(kind: str, goal: str) -> str:
    return f"{kind}: {goal}"


def _todos_of(deal: int) -> Command:
    return Command(
        "crm.activity.list",
        {
            "filter": {"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal, "PROVIDER_ID": PROVIDER},
            "order": {"ID": "ASC"},
            "select": [*SELECT],
        },
    )
