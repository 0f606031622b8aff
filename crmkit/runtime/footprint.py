"""What a run did to an entity and to what belongs to it, and how all that is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from crmkit.automation.messages import Message
from crmkit.crm.base import Crm
from crmkit.crm.models import Activity, Deal, Ref, Task, TaskState
from crmkit.exceptions import NotFound
from crmkit.runtime.images import Thing, different
from crmkit.runtime.records import ActionRecord, ActionStatus
from crmkit.runtime.touch import touched_since

__all__ = ["CANCELLED", "Footprint", "read", "spared", "stays", "target_of", "task_of", "unsendable"]

CANCELLED = "cancelled"
"""The logical name of the stage to which a deal goes that should not have been created."""
CHANGES = ("update_deal", "update_card")
TASKS = ("create_task", "set_task_state", "update_task")


@dataclass(frozen=True)
class Footprint:
    """What a run did to an entity, and how that is now.

    Attributes:
        entity: Which.
        records: The run's effects, in order: on the entity and on what belongs to it.
        marked: Whether it was written down already that they were taken back.
        things: The deals and cards that the run changed or created, as they are now; without those that are
            gone.
        tasks: The tasks that the run created or changed, by id, those that still exist.
        running: The ids of the processes that the run started and that still run.
        stages: The stage to which a created deal can be moved away, by deal.
        touched: The last thing that a person did to a deal of it since.
        later_run: A later run that changed it too.
        zone: The portal's time zone, for what is shown.
    """

    entity: Ref
    records: tuple[ActionRecord, ...]
    marked: bool = False
    things: dict[Ref, Thing] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    running: frozenset[str] = frozenset()
    stages: dict[Ref, str] = field(default_factory=dict)
    touched: Activity | None = None
    later_run: str = ""
    zone: tzinfo = UTC

    @property
    def live(self) -> tuple[ActionRecord, ...]:
        """The effects that are still there, wholly or in part."""
        return tuple(
            record for record in self.records if record.status is ActionStatus.DONE or record.is_partial
        )

    @property
    def had_effect(self) -> bool:
        """Whether the run had an effect on it at all, taken back since or not."""
        return bool(self.live) or any(record.undone_at for record in self.records)

    def of_kind(self, *kinds: str) -> tuple[ActionRecord, ...]:
        """Return the effects of these kinds that are still there."""
        return tuple(record for record in self.live if record.kind in kinds)


def read(crm: Crm, entity: Ref, records: Sequence[ActionRecord]) -> dict[str, Any]:
    """Return how what these effects left behind is now: the attributes of a :class:`Footprint`."""
    bare = Footprint(entity, tuple(records))
    tasks = bare.of_kind(*TASKS)
    things = _things(crm, bare.of_kind(*CHANGES, "create_deal"))
    looked_at = bare.of_kind(*CHANGES, *TASKS, "create_deal", "start_workflow")
    return {
        "things": things,
        "tasks": _tasks(crm, tasks),
        "running": _running(crm, bare.of_kind("start_workflow")),
        "stages": _ways_out(crm, bare, things),
        "touched": _touched(crm, looked_at),
        "zone": crm.timezone,
    }


def target_of(record: ActionRecord) -> Ref:
    """Return what an effect was done to; of a deal that it created, the deal."""
    if record.kind == "create_deal":
        return Ref(kind="deal", id=record.remote_id)
    return record.action().target


def task_of(record: ActionRecord) -> tuple[str, str]:
    """Return id and kind of the task that an effect created or changed, empty if it is about none."""
    if record.kind == "create_task":
        return record.remote_id, record.payload["task"]["kind"]
    if record.kind in TASKS:
        return record.payload["task_id"], record.payload["task_kind"]
    return "", ""


def spared(snapshot: Footprint) -> Message | None:
    """Return why a footprint is left alone: a person's work is never overwritten."""
    changed = snapshot.of_kind(*CHANGES)
    if any(target_of(record) not in snapshot.things for record in changed):
        return Message(key="undo.gone")
    if entry := snapshot.touched:
        who = entry.author.name if entry.author else Message(key="undo.somebody")
        return Message(key="undo.touched", params={"who": who, "moment": entry.at.astimezone(snapshot.zone)})
    if names := _different(snapshot, changed):
        if snapshot.later_run:
            return Message(key="undo.later_run", params={"run": snapshot.later_run})
        return Message(key="undo.differs", params={"names": ", ".join(names)})
    for record in snapshot.of_kind(*TASKS):
        task = snapshot.tasks.get(task_of(record)[0])
        if task is not None and _is_decided(record, task):
            return Message(key="undo.decided", params={"task": task.title})
    return None


def unsendable(snapshot: Footprint) -> tuple[Message, ...]:
    """Return what cannot be taken back, a line each."""
    lines = []
    for record in snapshot.live:
        key = _why_not(snapshot, record)
        if key:
            moment = record.tried_at.astimezone(snapshot.zone)
            lines.append(Message(key=key, params={"step": record.step, "moment": moment}))
    return tuple(lines)


def stays(snapshot: Footprint, record: ActionRecord) -> bool:
    """Tell whether an effect stays in the portal whatever is undone: it goes on counting as done."""
    return _why_not(snapshot, record) in ("undo.stays", "undo.ended")


def _why_not(snapshot: Footprint, record: ActionRecord) -> str:
    match record.kind:
        case "notify" | "add_comment" | "invite":
            return "undo.unsendable"
        case "create_workspace" | "create_company":
            return "undo.stays"
        case "create_deal":
            there = target_of(record) in snapshot.things and target_of(record) not in snapshot.stages
            return "undo.stays" if there else ""
        case "start_workflow":
            return "undo.ran" if record.remote_id in snapshot.running else "undo.ended"
        case _:
            return ""


def _things(crm: Crm, records: Iterable[ActionRecord]) -> dict[Ref, Thing]:
    found: dict[Ref, Thing] = {}
    for ref in dict.fromkeys(map(target_of, records)):
        with suppress(NotFound):
            thing = _thing(crm, ref)
            if not thing.deleted:
                found[ref] = thing
    return found


def _thing(crm: Crm, ref: Ref) -> Thing:
    if ref.kind == "company":
        return crm.companies.get(ref.id)
    return crm.contacts.get(ref.id) if ref.kind == "contact" else crm.deals.get(ref.id)


def _tasks(crm: Crm, records: Iterable[ActionRecord]) -> dict[str, Task]:
    found = {}
    for task_id, kind in map(task_of, records):
        with suppress(NotFound):
            found[task_id] = crm.tasks.get(task_id, kind=kind)
    return found


def _running(crm: Crm, records: Sequence[ActionRecord]) -> frozenset[str]:
    if not records:
        return frozenset()
    ids = {record.remote_id for record in records}
    return frozenset(one.id for one in crm.workflows.running(*map(target_of, records)) if one.id in ids)


def _ways_out(crm: Crm, snapshot: Footprint, things: dict[Ref, Thing]) -> dict[Ref, str]:
    """Return the stages for deals that the run created, where the settings name one in their pipeline."""
    created = [things.get(target_of(record)) for record in snapshot.of_kind("create_deal")]
    deals = [thing for thing in created if isinstance(thing, Deal)]
    if not deals:
        return {}
    out = {
        stage.pipeline: stage.id
        for line in crm.pipelines()
        for stage in line.stages
        if stage.key == CANCELLED
    }
    pipelines = {deal.ref: deal.stage.pipeline if deal.stage else "" for deal in deals}
    return {ref: out[pipeline] for ref, pipeline in pipelines.items() if pipeline in out}


def _touched(crm: Crm, records: Sequence[ActionRecord]) -> Activity | None:
    """Return the newest thing that a person did to a deal since the run first did something to it."""
    since: dict[Ref, Any] = {}
    for record in records:
        for ref in {record.entity, target_of(record)}:
            since.setdefault(ref, record.intent_at)
    entries = (touched_since(crm, ref, moment) for ref, moment in since.items())
    return max((one for one in entries if one is not None), key=lambda one: one.at, default=None)


def _different(snapshot: Footprint, changed: Sequence[ActionRecord]) -> list[str]:
    after: dict[Ref, dict[str, Any]] = {}
    for record in changed:
        after.setdefault(target_of(record), {}).update(record.after)
    names = [name for ref, image in after.items() for name in different(snapshot.things[ref], image)]
    return [*names, *_different_tasks(snapshot)]


def _different_tasks(snapshot: Footprint) -> list[str]:
    after: dict[str, dict[str, Any]] = {}
    for record in snapshot.of_kind("update_task"):
        after.setdefault(task_of(record)[0], {}).update(record.after)
    there = ((snapshot.tasks[number], image) for number, image in after.items() if number in snapshot.tasks)
    return [name for task, image in there for name in different(task, image)]


def _is_decided(record: ActionRecord, task: Task) -> bool:
    if record.kind == "set_task_state":
        return task.state is not TaskState(record.after["state"])
    return task.state in (TaskState.DONE, TaskState.REJECTED)
