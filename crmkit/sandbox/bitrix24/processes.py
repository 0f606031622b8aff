"""Business processes: small templates that really run, pause and can be seen while they do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.assignments import APPROVE, NO, Assignment, Assignments
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.kinds import Kind
from crmkit.sandbox.bitrix24.table import Table
from crmkit.sandbox.bitrix24.timeline import comment

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["Instance", "Processes", "Step", "Template"]

ON_CREATE, ON_CHANGE = 1, 2
NEVER = float("inf")
DEEDS = frozenset({"set", "comment", "notify", "pause", "assign"})


@dataclass(frozen=True)
class Step:
    """One step of a template.

    ``do``: ``set`` (fields of the item, in ``values``), ``comment`` (``text``), ``notify`` (``text`` to the
    responsible person), ``pause`` (``seconds``) or ``assign``: the process waits for an answer to ``text``.
    ``{=Template:Name}`` in a text stands for a parameter, ``{=Variable:Name}`` for what an answer told.

    Attributes:
        user: Whom an assignment is for; 0 for the responsible person.
        activity: The vendor's kind of the assignment.
        parameters: Of the assignment: ``CommentRequired``, ``Fields``...
        otherwise: What is done instead of the rest if the answer is no.
    """

    do: str
    text: str = ""
    seconds: float = 0.0
    values: dict[str, Any] = field(default_factory=dict)
    user: int = 0
    activity: str = APPROVE
    parameters: dict[str, Any] = field(default_factory=dict)
    otherwise: tuple[Step, ...] = ()


@dataclass
class Template:
    """A template; ``auto_execute`` is 0 none, 1 create, 2 edit, 3 both, 8 and more for robots."""

    id: int
    name: str
    entity_type: int
    steps: tuple[Step, ...]
    auto_execute: int = 0
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    user: int = 1
    modified: int = 0


@dataclass
class Instance:
    """A running process; it keeps the steps that its template had when it was started.

    ``place`` is its number in :attr:`Processes.table`.
    """

    id: str
    place: int
    template: Template
    entity_type: int
    item: int
    document: str
    started: int
    started_by: int
    parameters: dict[str, Any]
    steps: tuple[Step, ...] = ()
    position: int = 0
    variables: dict[str, Any] = field(default_factory=dict)
    due: float = 0.0
    modified: int = 0


class Processes:
    """Starts processes, lets them run until they pause, and wakes them up when their time has come."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.templates: dict[int, Template] = {}
        self.running: dict[str, Instance] = {}
        self.table = Table("DOCUMENT_ID")
        """The running processes as rows, numbered in the order of their start."""
        self.assignments = Assignments()
        self.ended: list[tuple[str, str]] = []
        """Ids of processes that are over, and how: ``completed``, ``terminated``, ``killed``."""
        self._on: dict[str, list[str]] = {}
        self._alarms: list[tuple[float, int, str]] = []
        self._busy = False

    def add(
        self, name: str, entity_type: int, steps: Iterable[Step], *, auto_execute: int = 0, **parameters: Any
    ) -> Template:
        """Add a template; further arguments are its parameters and their defaults.

        Raises:
            ValueError: It has steps that nobody knows how to take.
        """
        steps = tuple(steps)
        if wrong := sorted({step.do for step in steps} - DEEDS):
            raise ValueError(f"a template cannot {', '.join(wrong)}; it can {', '.join(sorted(DEEDS))}")
        described = {
            key: {"Name": key, "Type": "string", "Required": "0", "Multiple": "0", "Default": value}
            for key, value in parameters.items()
        }
        number = self._portal.next_id("template")
        template = Template(number, name, entity_type, steps, auto_execute, described)
        template.modified = self._portal.now()
        self.templates[number] = template
        return template

    def start(self, template: Template, kind: Kind, item: int, by: int, parameters: dict[str, Any]) -> str:
        """Start a process: it runs at once, until the first pause. Nothing keeps two of a kind apart.

        Raises:
            RestError: As many run on the item as may.
        """
        portal = self._portal
        document = kind.document_id(item)
        limit = portal.settings.simultaneous_processes
        if limit and len(self._on.get(document, ())) >= limit:
            raise RestError("", "Maximum number of simultaneous workflows for the document is exceeded.")
        number = portal.next_id("workflow")
        given = {name: one["Default"] for name, one in template.parameters.items()}
        given |= {name: value for name, value in parameters.items() if name in given}
        now = portal.now()
        instance = Instance(
            id=f"{now:x}{number:06x}.{10_000_000 + number}",
            place=number,
            template=template,
            entity_type=kind.id,
            item=item,
            document=document,
            started=now,
            started_by=by,
            parameters=given,
            steps=template.steps,
            modified=now,
        )
        self.running[instance.id] = instance
        self._on.setdefault(document, []).append(instance.id)
        self.table.put(_line(instance, kind))
        self._run(instance)
        return instance.id

    def end(self, number: str, how: str) -> None:
        """End a running process; what it still asks of people is asked no more."""
        instance = self.running.pop(number)
        self.table.forget(instance.place)
        on_item = self._on[instance.document]
        on_item.remove(number)
        if not on_item:
            del self._on[instance.document]
        self.assignments.close(number, self._portal.now())
        self.ended.append((number, how))

    def drop(self, document: str) -> None:
        """End what runs on an item that is deleted."""
        for number in list(self._on.get(document, ())):
            self.end(number, "killed")

    def answer(self, assignment: Assignment, status: int, given: dict[str, Any]) -> None:
        """Take somebody's answer to an assignment, and let the process go on.

        Args:
            assignment: What was asked.
            status: The vendor's number of the answer.
            given: The fields that were asked for.
        """
        instance = self.running[assignment.workflow]
        assignment.answer(status, self._portal.now())
        instance.variables |= given
        step = instance.steps[instance.position - 1]
        if status == NO:
            instance.steps = (*instance.steps[: instance.position], *step.otherwise)
        self._run(instance)

    def settle(self) -> None:
        """Wake up the processes whose pause is over."""
        now = self._portal.clock.timestamp()
        while self._alarms and self._alarms[0][0] <= now:
            instance = self.running.get(heappop(self._alarms)[2])
            if instance is not None and instance.due <= now:
                self._run(instance)

    def autostart(self, kind: Kind, row: Row, *, created: bool) -> None:
        """Start what starts by itself when an item is added or changed; not by the processes' own changes."""
        if self._busy:
            return
        wanted = ON_CREATE if created else ON_CHANGE
        for template in list(self.templates.values()):
            if template.entity_type == kind.id and template.auto_execute & wanted:
                try:
                    self.start(template, kind, row["ID"], 0, {})
                except RestError:
                    continue  # as many run already as may: this one does not start

    def _run(self, instance: Instance) -> None:
        busy, self._busy = self._busy, True
        try:
            while instance.position < len(instance.steps):
                step = instance.steps[instance.position]
                instance.position += 1
                self._stamp(instance)
                if step.do == "pause":
                    instance.due = self._portal.clock.timestamp() + step.seconds
                    heappush(self._alarms, (instance.due, instance.place, instance.id))
                    return
                if step.do == "assign":
                    instance.due = NEVER
                    self._ask(instance, step)
                    return
                self._do(instance, step)
                if instance.id not in self.running:
                    return
        finally:
            self._busy = busy
        self.end(instance.id, "completed")

    def _stamp(self, instance: Instance) -> None:
        now = self._portal.now()
        if now != instance.modified:
            instance.modified = now
            row = self.table.get(instance.place) or {}
            self.table.put(row | {"MODIFIED": now})

    def _ask(self, instance: Instance, step: Step) -> None:
        portal = self._portal
        row = portal.items[instance.entity_type].get(instance.item) or {}
        user = step.user or row.get("ASSIGNED_BY_ID") or 1
        made = Assignment(
            id=portal.next_id("assignment"),
            workflow=instance.id,
            template=instance.template.id,
            user=user,
            name=_filled(step.text, instance),
            activity=step.activity,
            parameters=step.parameters,
            document=instance.document,
            entity=portal.kinds[instance.entity_type].document,
            document_name=str(row.get("TITLE") or instance.document),
            template_name=instance.template.name,
            started=instance.started,
            started_by=instance.started_by,
            modified=portal.now(),
        )
        self.assignments.add(made)
        portal.notify(user, made.name, kind="bizproc")

    def _do(self, instance: Instance, step: Step) -> None:
        portal = self._portal
        kind = portal.kinds[instance.entity_type]
        row = portal.items[kind.id].get(instance.item)
        if row is None:
            return
        text = _filled(step.text, instance)
        by = instance.started_by or row.get("ASSIGNED_BY_ID") or 1
        if step.do == "set":
            crm.change(portal, kind, row, dict(step.values), crm.Author(by))
        elif step.do == "comment":
            comment(portal, kind, row, by, text)
        else:
            portal.notify(row["ASSIGNED_BY_ID"], text, kind="system")


def _filled(text: str, instance: Instance) -> str:
    for word, values in (("Template", instance.parameters), ("Variable", instance.variables)):
        for name, value in values.items():
            text = text.replace(f"{{={word}:{name}}}", str(value))
    return text


def _line(one: Instance, kind: Kind) -> Row:
    """Return a process as the API tells of it; its id is a text, the table's a number."""
    return {
        "ID": one.place,
        "KEY": one.id,
        "MODIFIED": one.modified,
        "OWNED_UNTIL": None,
        "STARTED": one.started,
        "STARTED_BY": one.started_by,
        "MODULE_ID": "crm",
        "ENTITY": kind.document,
        "DOCUMENT_ID": one.document,
        "TEMPLATE_ID": one.template.id,
    }
