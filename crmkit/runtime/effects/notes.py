"""Notes and notices."""

from __future__ import annotations

from crmkit.automation.actions import AddComment, Notify
from crmkit.crm.base import Crm
from crmkit.crm.models import WriteResult
from crmkit.runtime.effects.kind import SKEW, Kind, Seen, found
from crmkit.runtime.records import ActionRecord

__all__ = ["Notes"]


class Notes(Kind[AddComment | Notify]):
    """Texts in the history of an object, with or without people who are told."""

    creates = True

    def write(self, crm: Crm, action: AddComment | Notify) -> WriteResult:
        """Write it."""
        people = action.people if isinstance(action, Notify) else ()
        return crm.comments.add(
            action.target, action.text, notify=people, hidden=action.hidden, key=action.key
        )

    def look(self, crm: Crm, record: ActionRecord, action: AddComment | Notify) -> Seen:
        """Look for a note of ours with its key, or with its text."""
        since = record.intent_at - SKEW
        note = crm.comments.find_own(action.target, text=action.text, key=action.key, since=since)
        return found(note.id if note else "")
