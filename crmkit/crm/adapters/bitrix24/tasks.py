"""Tasks for people: tasks of the portal that carry a key of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmkit.bitrix24 import Task as TaskRow
from crmkit.bitrix24.resources.tasks import crm_link
from crmkit.config import TaskMapping, did_you_mean
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24 import checklists
from crmkit.crm.adapters.bitrix24.hours import seconds_of
from crmkit.crm.adapters.bitrix24.room import COMPANY, DEAL, Tools, external_id, number_of
from crmkit.crm.adapters.bitrix24.search import parts
from crmkit.crm.adapters.bitrix24.states import States, tags_of
from crmkit.crm.adapters.bitrix24.texts import how_to_answer
from crmkit.crm.models import (
    EntityKind,
    NewTask,
    Person,
    Ref,
    Task,
    TaskChanges,
    TaskState,
    WriteResult,
    WriteStatus,
)
from crmkit.exceptions import ConfigurationError, CrmkitError, NotFound, ValidationError

__all__ = ["Tasks"]

DEFAULT_KIND = "task"
"""A kind that needs no settings: a task that is done when it is completed."""
MARK = "crmkit"
IDS_AT_ONCE = 50
SKEW = timedelta(minutes=2)
"""The portal's clock is not quite ours."""
SELECT = (
    *("ID", "TITLE", "DESCRIPTION", "STATUS", "DEADLINE", "CREATED_BY", "CREATED_DATE", "CHANGED_DATE"),
    *("RESPONSIBLE_ID", "ACCOMPLICES", "CLOSED_BY", "CLOSED_DATE", "STATUS_CHANGED_BY"),
    *("STATUS_CHANGED_DATE", "GROUP_ID", "XML_ID", "TAGS", "UF_CRM_TASK"),
)


class Tasks(base.Tasks):
    """Tasks for people.

    A task of ours carries its kind and key in ``XML_ID`` and belongs to a deal or company by
    ``UF_CRM_TASK``. The first of its people is responsible, the others take part.
    """

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        """Create a task: ``tasks.task.add``, its checklist by ``task.checklistitem.add``.

        A lost answer is settled by looking for the key. Where the settings name a tag for a state, a line
        under the text tells people how to say so.

        Returns:
            ``PARTIAL`` if the task is there but lines of its checklist are not.

        Raises:
            ConfigurationError: The settings do not know the kind of task; nothing was sent.
            OutcomeUnknown: The answer was lost, and looking failed too.
        """
        states = self._states(task.kind)
        people = self._users(task.assignees) or [self._tools.account.owner]
        values: dict[str, Any] = {"DESCRIPTION": self._text(task.text, states)}
        if links := self._links(task):
            values["UF_CRM_TASK"] = links
        if task.workspace:
            values["GROUP_ID"] = number_of(task.workspace, "workspace")
        if task.deadline:
            values["DEADLINE"] = task.deadline
        if people[1:]:
            values["ACCOMPLICES"] = people[1:]
        made = self._tools.client.tasks.create(
            task.title, people[0], key=self._mark(task.kind, key), **values
        )
        return (
            self._with_checklist(made.id, task.checklist) if task.checklist else WriteResult(id=str(made.id))
        )

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        """Return a task with who decided it: ``tasks.task.list`` by id.

        Raises:
            NotFound: There is no such task, or this token may not see it.
        """
        states = self._states(kind)
        number = number_of(task_id, "task")
        found = next(self._rows({"ID": [number]}), None)
        if found is None or found.id != number:
            raise NotFound(f"there is no task {number}", hint="it was deleted, or the token may not see it")
        task = self._task(found, kind, states)
        if task.state is TaskState.OPEN:
            return task
        who = found.closed_by or _link(found.raw.get("statusChangedBy"))
        authors = self._tools.account.authors()
        told = {
            "decided_by": authors.person(who),
            "decided_by_kind": authors.kind(who),
            "decided_at": found.closed_date or found.status_changed_date,
        }
        return task.model_copy(update=told)

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        """Yield these tasks without who decided them: ``tasks.task.list``, fifty per request.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks; nothing was asked for.
        """
        states = self._states(kind)
        numbers = sorted({number_of(one, "task") for one in task_ids})
        for part in parts(numbers, IDS_AT_ONCE):
            for found in self._rows({"ID": part}):
                if found.id in part:
                    yield self._task(found, kind, states)

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        """Return the states that a task of this kind can be in; nothing is sent.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks.
        """
        return self._states(kind).known

    def find_by_key(
        self, key: str, *, kind: str = "task", since: datetime, deal: Ref | None = None, title: str = ""
    ) -> Task | None:
        """Find the task that was created with this key: ``tasks.task.list`` by ``XML_ID``.

        That filter is not among the documented ones; should the portal drop it, the time and the deal keep
        the list short, and the key of every row is checked here.
        """
        states, mark = self._states(kind), self._mark(kind, key)
        asked: dict[str, Any] = {"XML_ID": mark, ">=CREATED_DATE": since - SKEW}
        if deal:
            asked["UF_CRM_TASK"] = crm_link(DEAL, number_of(deal, "deal"))
        for found in self._rows(asked):
            if found.xml_id == mark:
                return self._task(found, kind, states)
        return None

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        """Move a task to a state: ``tasks.task.update`` with the status, and the tag if one stands for it.

        Raises:
            ConfigurationError: The settings name nothing for this state; nothing was sent.
        """
        states, number = self._states(kind), number_of(task_id, "task")
        if state not in states.known:
            where = self._tools.portal.where(f"tasks.{kind}.stages")
            hint = f'add {state.value} = {{ id = "tag:..." }}'
            raise ConfigurationError(f"{where}: nothing means {state.value!r}", hint=hint)
        tags: Sequence[str] = ()
        if states.tags:
            found = next(self._rows({"ID": [number]}), None)
            tags = tags_of(found.raw) if found else ()
        self._tools.client.tasks.update(number, **states.values(state, tags))
        return WriteResult(id=str(number))

    def update(self, task_id: str, changes: TaskChanges, *, kind: str = "task") -> WriteResult:
        """Change a task: ``tasks.task.update``, its checklist line by line.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks; nothing was sent.
            ValidationError: Somebody is no user of the portal; nothing was sent.
        """
        states, number = self._states(kind), number_of(task_id, "task")
        values: dict[str, Any] = {}
        if changes.title is not None:
            values["TITLE"] = changes.title
        if changes.text is not None:
            values["DESCRIPTION"] = self._text(changes.text, states)
        if changes.assignees is not None:
            people = self._users(changes.assignees) or [self._tools.account.owner]
            values |= {"RESPONSIBLE_ID": people[0], "ACCOMPLICES": people[1:]}
        if "deadline" in changes.model_fields_set:
            values["DEADLINE"] = changes.deadline or ""
        if values:
            self._tools.client.tasks.update(number, **values)
        if changes.checklist is None:
            return WriteResult(id=str(number))
        return self._with_checklist(number, changes.checklist)

    def of_deals(self, *deals: Ref, kind: str = "task") -> Iterator[Task]:
        """Yield the tasks of a kind that belong to these deals: ``tasks.task.list`` by ``UF_CRM_TASK``."""
        states, mark = self._states(kind), self._mark(kind, "")
        links = {crm_link(DEAL, number_of(one, "deal")) for one in deals}
        seen: set[int] = set()
        for part in parts(sorted(links), IDS_AT_ONCE):
            for found in self._rows({"UF_CRM_TASK": part}):
                ours = (found.xml_id or "").startswith(mark) and not links.isdisjoint(_links(found))
                if ours and found.id not in seen:
                    seen.add(found.id)
                    yield self._task(found, kind, states)

    def minutes_spent(self, *deals: Ref) -> Mapping[Ref, float]:
        """Return the recorded minutes of all tasks of these deals: ``task.elapseditem.getlist``.

        A task that belongs to several of the deals counts for each.
        """
        wanted = {crm_link(DEAL, number_of(one, "deal")): one for one in deals}
        tasks: dict[int, list[str]] = {}
        for part in parts(sorted(wanted), IDS_AT_ONCE):
            for found in self._rows({"UF_CRM_TASK": part}):
                tasks[found.id] = [link for link in _links(found) if link in wanted]
        minutes: dict[Ref, float] = {}
        for task, seconds in seconds_of(self._tools.client, tasks).items():
            for link in tasks[task]:
                if seconds:
                    minutes[wanted[link]] = minutes.get(wanted[link], 0.0) + seconds / 60
        return minutes

    def _rows(self, asked: dict[str, Any]) -> Iterator[TaskRow]:
        return self._tools.client.tasks.list(asked, SELECT)

    def _states(self, kind: str) -> States:
        kinds = self._tools.portal.tasks
        if kind in kinds:
            return States.of(kinds[kind], self._tools.portal.where(f"tasks.{kind}.stages"))
        if kind == DEFAULT_KIND:
            return States.of(TaskMapping(), "")
        where = self._tools.portal.where(f"tasks.{kind}")
        hint = did_you_mean(kind, kinds) or "add this section; it may be empty"
        raise ConfigurationError(f"{where}: there is no such kind of tasks", hint=hint)

    @staticmethod
    def _mark(kind: str, key: str) -> str:
        return f"{MARK}:{kind}:{external_id(key) if key else ''}"

    def _text(self, text: str, states: States) -> str:
        return "\n\n".join(filter(None, (text, how_to_answer(states.tags, self._tools.portal.language))))

    def _links(self, task: NewTask) -> list[str]:
        given = ((DEAL, task.deal, "deal"), (COMPANY, task.company, "company"))
        return [crm_link(type_, number_of(ref, kind)) for type_, ref, kind in given if ref]

    def _users(self, people: Sequence[Person]) -> list[int]:
        users = self._tools.account.users()
        numbers = []
        for person in dict.fromkeys(people):
            number = person.id.rpartition(":")[2]
            if person.kind != "user" or not number.isdigit() or int(number) not in users:
                raise ValidationError(f"assignees: there is no {person}", hint="see crm.users.list()")
            numbers.append(int(number))
        return numbers

    def _with_checklist(self, number: int, lines: Sequence[str]) -> WriteResult:
        try:
            checklists.bring_to(self._tools.client, number, lines)
        except CrmkitError as error:
            failures = {"checklist": str(error)}
            return WriteResult(status=WriteStatus.PARTIAL, id=str(number), failures=failures)
        return WriteResult(id=str(number))

    def _task(self, found: TaskRow, kind: str, states: States) -> Task:
        links = _links(found)
        mark = self._mark(kind, "")
        xml_id = found.xml_id or ""
        people = self._tools.account.authors()
        numbers = dict.fromkeys(filter(None, (found.responsible_id, *found.accomplices)))
        group = f"workgroups/group/{found.group_id}" if found.group_id else "company/personal/user/0"
        return Task(
            id=str(found.id),
            title=found.title or "",
            state=states.state(found.status or 2, tags_of(found.raw)),
            kind=kind,
            assignees=tuple(one for one in map(people.person, numbers) if one),
            deal=_linked(links, "D_", "deal"),
            company=_linked(links, "CO_", "company"),
            deadline=found.deadline,
            text=found.description or "",
            key=xml_id.removeprefix(mark) if xml_id.startswith(mark) and "sha256-" not in xml_id else "",
            url=f"{self._tools.web}/{group}/tasks/task/view/{found.id}/",
            raw=dict(found.raw),
        )


def _links(found: TaskRow) -> list[str]:
    given = found.raw.get("ufCrmTask") or found.raw.get("UF_CRM_TASK")
    return [str(one) for one in given] if isinstance(given, list) else []


def _linked(links: Sequence[str], prefix: str, kind: EntityKind) -> Ref | None:
    number = next((one.removeprefix(prefix) for one in links if one.startswith(prefix)), "")
    return Ref(kind=kind, id=number) if number else None


def _link(value: Any) -> int | None:
    return int(value) if str(value or "").isdigit() and int(value) else None
