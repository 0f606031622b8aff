"""Tasks for people: Planfix tasks of the objects that the settings name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from crmkit.config import TaskMapping, did_you_mean
from crmkit.crm import base
from crmkit.crm.adapters.planfix.moments import horizon
from crmkit.crm.adapters.planfix.query import scope_of
from crmkit.crm.adapters.planfix.room import Tools, number_of, outcome
from crmkit.crm.adapters.planfix.search import IDS_AT_ONCE, by_number
from crmkit.crm.adapters.planfix.values import person_in, person_out
from crmkit.crm.models import NewTask, Ref, Task, TaskChanges, TaskState, WriteResult
from crmkit.exceptions import ConfigurationError, OutcomeUnknown
from crmkit.planfix import contact, external_id, filters
from crmkit.planfix import models as planfix
from crmkit.planfix.models import CommentKind
from crmkit.planfix.text import without_emoji

__all__ = ["Tasks"]

TASK_FIELDS = (
    "name",
    "description",
    "status",
    "assignees",
    "assigner",
    "parent",
    "counterparty",
    "dateTime",
    "endDateTime",
    "isDeleted",
    "sourceObjectId",
)
BULLET = "• "
"""Begins a line to tick off at the end of a text: checklists can be read through the API, not written."""
DECISION_FIELDS = ("dateTime", "owner", "changeStatus")


class Tasks(base.Tasks):
    """Tasks for people.

    A task belongs to a deal as its subtask. ``parent`` is the only link between two tasks that Planfix has of
    itself: people see it in the deal, and the list of subtasks (filter 73) finds it again.
    """

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        """Create a task: ``POST /task/``. The key is stored as ``sourceObjectId``, as a fingerprint.

        Raises:
            ConfigurationError: The settings do not know the kind of task; nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        # A title is made of names that people gave: an emoji in one must not stop the task.
        values: dict[str, Any] = {"name": without_emoji(task.title)}
        values |= self._kind_values(self._mapping(task.kind))
        if text := _with_lines(task.text, task.checklist):
            values["description"] = text
        if task.company:
            values["counterparty"] = contact(number_of(task.company, "company"))
        if task.workspace:
            values["project"] = number_of(task.workspace, "workspace")
        if task.assignees:
            values["assignees"] = tuple(map(person_out, task.assignees))
        if task.deal:
            values["parent"] = number_of(task.deal, "deal")
        if task.deadline:
            values["end_date_time"] = task.deadline
        created = self._tools.client.tasks.create(key=key, **values)
        return WriteResult(id=str(created.id))

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        """Return a task: ``GET /task/{id}``, and if it is not open its history, to tell who decided it.

        Raises:
            NotFound: There is no such task, or this token may not see it.
            ConfigurationError: Its status is not among those that the settings name.
        """
        mapping = self._mapping(kind)
        found = self._tools.client.tasks.get(number_of(task_id, "task"), fields=TASK_FIELDS)
        task = self._task(found, kind, mapping)
        if task.state is TaskState.OPEN or found.status is None:
            return task
        entries = self._tools.client.comments.list(
            found.id, kind=CommentKind.ALL, newest_first=True, fields=DECISION_FIELDS
        )
        status = found.status.id
        decision = next(
            (one for one in entries if one.change_status and one.change_status.new_status_id == status), None
        )
        if decision is None:
            return task
        author = person_in(decision.owner) if decision.owner else None
        told = {
            "decided_by": author,
            "decided_by_kind": self._tools.account.authors().kind(author),
            "decided_at": decision.created_at,
        }
        return task.model_copy(update=told)

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        """Yield these tasks without who decided them: ``POST /task/list`` by number, 100 per request.

        Deleted ones and those in a status that the settings do not name are left out: :meth:`get` tells.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks; nothing was asked for.
            IncompleteList: The portal has ignored the filter by number.
        """
        mapping = self._mapping(kind)
        numbers = sorted({number_of(one, "task") for one in task_ids})
        for start in range(0, len(numbers), IDS_AT_ONCE):
            for found in by_number(self._tools, numbers[start : start + IDS_AT_ONCE], fields=TASK_FIELDS):
                if not found.is_deleted and (found.status is None or _known_state(found.status, mapping)):
                    yield self._task(found, kind, mapping)

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        """Return the states for which the settings name a status; nothing is sent.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks, or not which tasks are of it.
        """
        mapping = self._mapping(kind)
        if not mapping.kind:
            where = self._tools.portal.where(f"tasks.{kind}")
            raise ConfigurationError(f"{where}: which tasks these are is not set", hint="set object = N")
        return frozenset(map(TaskState, mapping.stages))

    def find_by_key(
        self, key: str, *, kind: str = "task", since: datetime, deal: Ref | None = None, title: str = ""
    ) -> Task | None:
        """Find the task that was created with this key, or ``None``: ``POST /task/list``.

        Where the portal gives keys back, the key decides. A task that came back without one is taken for
        ours if it fits in all that is known: kind, deal, title, time (as in :meth:`Comments.find_own`), and
        that the owner of the token created it.

        Raises:
            OutcomeUnknown: Keys do not come back, and several tasks fit, or there is nothing to tell them by.
        """
        mapping = self._mapping(kind)
        source, fitting = external_id(key), []
        for one in self._created(mapping, since, deal):
            if one.source_object_id == source:
                return self._task(one, kind, mapping).model_copy(update={"key": key})
            if not one.source_object_id and self._fits(one, title, since):
                fitting.append(one)
        if not fitting:
            return None
        if len(fitting) > 1 or not (deal and title):
            numbers = ", ".join(str(one.id) for one in fitting)
            raise OutcomeUnknown(
                f"which task was created with the key {key!r} cannot be told: {numbers} could be it",
                operation="POST /task/",
                checked="by kind, deal, title, time and creator",
                hint="look at them in the portal",
            )
        return self._task(fitting[0], kind, mapping)

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        """Move a task to a state: ``POST /task/{id}`` with the status that the settings name for it.

        Raises:
            ConfigurationError: The settings name no status for this state; nothing was sent.
        """
        mapping = self._mapping(kind)
        bound = mapping.stages.get(state.value)
        if bound is None:
            where = self._tools.portal.where(f"tasks.{kind}.stages")
            raise ConfigurationError(
                f"{where}: no status means {state.value!r}",
                hint=f'add {state.value} = {{ id = N, name = "..." }}',
            )
        number = number_of(task_id, "task")
        updated = self._tools.client.tasks.update(number, status=int(bound.id))
        return outcome(updated, str(number))

    def update(self, task_id: str, changes: TaskChanges, *, kind: str = "task") -> WriteResult:
        """Change a task in one write: ``POST /task/{id}``. Changes of nothing send nothing.

        Lines to tick off stand at the end of the text, a line each; to change only them, the text is read.

        Raises:
            OutcomeUnknown: The answer was lost, repeats included; read the task to see.
        """
        number, given = number_of(task_id, "task"), changes.model_fields_set
        values: dict[str, Any] = {}
        if changes.title is not None:
            values["name"] = without_emoji(changes.title)
        if changes.assignees is not None:
            values["assignees"] = tuple(map(person_out, changes.assignees))
        if "deadline" in given:
            values["end_date_time"] = changes.deadline
        if changes.text is not None or changes.checklist is not None:
            values["description"] = self._text(number, changes)
        if not values:
            return WriteResult(id=str(number))
        return outcome(self._tools.client.tasks.update(number, **values), str(number))

    def of_deals(self, *deals: Ref, kind: str = "task") -> Iterator[Task]:
        """Yield the tasks of a kind that belong to these deals: ``POST /task/list``, one request per deal.

        Deleted ones and those in a status that the settings do not name are left out: :meth:`get` tells.
        """
        mapping = self._mapping(kind)
        asked, _ = scope_of(mapping)
        for number in dict.fromkeys(number_of(deal, "deal") for deal in deals):
            rows = self._tools.client.tasks.list(
                filters=(*asked, filters.parent.is_(number)), fields=TASK_FIELDS
            )
            for found in rows:
                known = found.status is None or _known_state(found.status, mapping)
                if known and not found.is_deleted and found.parent and found.parent.id == number:
                    yield self._task(found, kind, mapping)

    def _text(self, number: int, changes: TaskChanges) -> str:
        """Return the text of a task with its lines, of which perhaps only one half is given."""
        text, lines = changes.text, changes.checklist
        if text is None or lines is None:
            present, ticked = _without_lines(
                self._tools.client.tasks.get(number, fields=("description",)).text
            )
            text = present if text is None else text
            lines = ticked if lines is None else lines
        return _with_lines(text, lines)

    def _mapping(self, kind: str) -> TaskMapping:
        kinds = self._tools.portal.tasks
        if kind in kinds:
            return kinds[kind]
        where = self._tools.portal.where(f"tasks.{kind}")
        hint = did_you_mean(kind, kinds) or "add this section with object = N and its stages"
        raise ConfigurationError(f"{where}: there is no such kind of tasks", hint=hint)

    @staticmethod
    def _kind_values(mapping: TaskMapping) -> dict[str, int]:
        names = {"object": "object", "template": "template", "process": "process_id"}
        values = {names[name]: number for name, number in mapping.kind.items()}
        if is_open := mapping.stages.get(TaskState.OPEN.value):
            values["status"] = int(is_open.id)
        return values

    def _task(self, found: planfix.Task, kind: str, mapping: TaskMapping) -> Task:
        client = found.counterparty
        return Task(
            id=str(found.id),
            title=found.name,
            state=self._state(found, kind, mapping),
            kind=kind,
            assignees=tuple(map(person_in, found.assignees.everyone)),
            deal=Ref(kind="deal", id=str(found.parent.id), name=found.parent.name) if found.parent else None,
            company=Ref(kind="company", id=str(client.id), name=client.name) if client else None,
            deadline=found.end_date_time,
            text=found.text,
            deleted=found.is_deleted,
            url=f"{self._tools.web}/task/{found.id}",
            raw=found.raw,
        )

    def _state(self, found: planfix.Task, kind: str, mapping: TaskMapping) -> TaskState:
        status = found.status
        if status is None:
            return TaskState.OPEN
        if known := _known_state(status, mapping):
            return known
        # What an unknown end means (done? rejected?) must not be guessed.
        where = self._tools.portal.where(f"tasks.{kind}.stages")
        raise ConfigurationError(
            f"{where}: what status {status.id} «{status.name}» of task {found.id} means is not set",
            hint="add it as done, rejected or cancelled",
        )

    def _created(self, mapping: TaskMapping, since: datetime, deal: Ref | None) -> Iterator[planfix.Task]:
        day = horizon({}, since).astimezone(self._tools.filter_zone()).date()
        asked, _ = scope_of(mapping)
        parent = (filters.parent.is_(number_of(deal, "deal")),) if deal else ()
        return self._tools.client.tasks.list(
            filters=(*asked, *parent, filters.created.since(day)), fields=TASK_FIELDS
        )

    def _fits(self, one: planfix.Task, title: str, since: datetime) -> bool:
        me = self._tools.portal.user
        return (
            (not title or one.name.split() == without_emoji(title).split())
            and (me is None or one.assigner is None or str(one.assigner) == me)
            and (one.created_at is None or one.created_at >= horizon(one.raw, since))
        )


def _with_lines(text: str, lines: Iterable[str]) -> str:
    """Return a text with lines to tick off below it.

    Example:
        >>> _without_lines(_with_lines("Fill in:", ("price", "term")))
        ('Fill in:', ('price', 'term'))
    """
    block = "\n".join(f"{BULLET}{line}" for line in lines)
    return "\n\n".join(filter(None, (text, block)))


def _without_lines(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text and the lines at its end that begin with a bullet, apart."""
    lines = text.rstrip().splitlines()
    ticked: list[str] = []
    while lines and lines[-1].startswith(BULLET):
        ticked.insert(0, lines.pop().removeprefix(BULLET))
    return "\n".join(lines).rstrip(), tuple(ticked)


def _known_state(status: planfix.Status, mapping: TaskMapping) -> TaskState | None:
    for state, bound in mapping.stages.items():
        if bound.id == str(status.id):
            return TaskState(state)
    return TaskState.OPEN if status.is_active else None
