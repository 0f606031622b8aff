"""Records of next steps, and comments that are edited in place."""

from __future__ import annotations

from typing import Any

from crmkit.automation.actions import CloseStep, EditComment, RecordStep, UpdateStep
from crmkit.crm.base import Crm
from crmkit.crm.models import Step, StepChanges, WriteResult
from crmkit.runtime.effects.kind import SKEW, Kind, Seen, Sight, Things, found
from crmkit.runtime.images import alike
from crmkit.runtime.records import ActionRecord

__all__ = ["CommentEdits", "StepEnds", "StepRecords", "StepUpdates"]


class StepRecords(Kind[RecordStep]):
    """New records."""

    creates = True

    def write(self, crm: Crm, action: RecordStep) -> WriteResult:
        """Record it with its key."""
        return crm.steps.create(action.record, key=action.key)

    def look(self, crm: Crm, record: ActionRecord, action: RecordStep) -> Seen:
        """Look for its key, or for a record that is alike."""
        since = record.intent_at - SKEW
        one = crm.steps.find_by_key(action.key, step=action.record, since=since)
        return found(one.id if one else "")


class StepUpdates(Kind[UpdateStep]):
    """Changes of records."""

    repeatable = True

    def before(self, crm: Crm, action: UpdateStep, things: Things) -> dict[str, Any]:
        """Return what the record has now."""
        return _image(crm.steps.get(action.step_id), action.changes)

    def write(self, crm: Crm, action: UpdateStep) -> WriteResult:
        """Change it."""
        return crm.steps.update(action.step_id, action.changes)

    def look(self, crm: Crm, record: ActionRecord, action: UpdateStep) -> Seen:
        """Compare the record with what it was and with what it should be."""
        present = _image(crm.steps.get(action.step_id), action.changes)
        wanted = {name: getattr(action.changes, name) for name in present}
        if all(alike(present[name], value) for name, value in wanted.items()):
            return Seen(Sight.TAKEN, present)
        ours = (wanted, record.before)
        if all(any(alike(present[name], one.get(name)) for one in ours) for name in present):
            return Seen(Sight.ABSENT, why="the record is not changed")
        return Seen(Sight.OVERTAKEN, why="somebody else changed the record")


class StepEnds(Kind[CloseStep]):
    """Records that are completed."""

    repeatable = True

    def before(self, crm: Crm, action: CloseStep, things: Things) -> dict[str, Any]:
        """Return whether it is open, and its result."""
        return _state(crm.steps.get(action.step_id))

    def write(self, crm: Crm, action: CloseStep) -> WriteResult:
        """Complete it."""
        return crm.steps.close(action.step_id, action.result)

    def look(self, crm: Crm, record: ActionRecord, action: CloseStep) -> Seen:
        """Look whether it is open."""
        step = crm.steps.get(action.step_id)
        return Seen(Sight.ABSENT, why="the step is open") if step.open else Seen(Sight.TAKEN, _state(step))


class CommentEdits(Kind[EditComment]):
    """Comments of ours whose text is replaced."""

    repeatable = True

    def before(self, crm: Crm, action: EditComment, things: Things) -> dict[str, Any]:
        """Return the present text."""
        return {"text": crm.comments.get(action.target, action.comment_id).text}

    def write(self, crm: Crm, action: EditComment) -> WriteResult:
        """Replace it."""
        return crm.comments.update(action.target, action.comment_id, action.text)

    def look(self, crm: Crm, record: ActionRecord, action: EditComment) -> Seen:
        """Compare the text with what it was and with what it should be."""
        text = crm.comments.get(action.target, action.comment_id).text
        if text.split() == action.text.split():
            return Seen(Sight.TAKEN, {"text": text})
        same = text.split() == str(record.before.get("text", "")).split()
        return Seen(Sight.ABSENT if same else Sight.OVERTAKEN, why="the comment has another text")


def _image(step: Step, changes: StepChanges) -> dict[str, Any]:
    given = (name for name in StepChanges.model_fields if getattr(changes, name) is not None)
    return {name: getattr(step, name) for name in given}


def _state(step: Step) -> dict[str, Any]:
    return {"open": step.open, "result": step.result}
