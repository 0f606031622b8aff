"""The state of an account and its rules: what a change brings with it, who is told, what is noted."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.log import RequestLog
from crmkit.sandbox.planfix.automation import Automation
from crmkit.sandbox.planfix.library import release
from crmkit.sandbox.planfix.models import (
    Change,
    Comment,
    Contact,
    LogEntry,
    Notification,
    ObjectKind,
    Task,
    User,
)
from crmkit.sandbox.planfix.movement import Movement
from crmkit.sandbox.planfix.settings import Settings
from crmkit.sandbox.planfix.shelves import Shelves
from crmkit.sandbox.planfix.sync import Sync
from crmkit.sandbox.planfix.text import plain

__all__ = ["Account"]

ROLES = {"assignee": "assignees", "participant": "participants", "auditor": "auditors"}


@dataclass(order=True)
class Queued:
    """A change that waits until its task or contact is free; ``apply`` is called with the moment it is."""

    due: float
    order: int
    what: str = field(compare=False)
    apply: Callable[[float], object] = field(compare=False, repr=False)


class Account(Shelves):
    """A Planfix account in memory.

    Args:
        clock: The sandbox's time.
        settings: How the account behaves where the documents are open.
        requests: The log of what was asked of the API.
    """

    def __init__(self, clock: SandboxClock, settings: Settings, requests: RequestLog) -> None:
        super().__init__()
        self.clock = clock
        self.settings = settings
        self.requests = requests
        self.lock = threading.RLock()
        self.queue: list[Queued] = []
        self.busy: dict[int, float] = {}
        self.lost: list[Queued] = []
        self.automation = Automation(self)
        self.sync = Sync()
        self.movement = Movement(self, settings.movement_seed)
        self._order = count()

    def now(self) -> float:
        """Return the present moment in seconds since 1970."""
        return self.clock.timestamp()

    def zone_of(self, user: User) -> ZoneInfo:
        """Return the zone a person lives in."""
        return ZoneInfo(user.timezone or self.settings.timezone)

    def members(self, refs: Iterable[str]) -> list[str]:
        """Return the people behind references, groups resolved, each once, in order."""
        people: dict[str, None] = {}
        for ref in refs:
            if ref.startswith("group:"):
                number = int(ref[6:])
                people |= {user.ref: None for user in self.users.values() if number in user.groups}
            else:
                people[ref] = None
        return list(people)

    def kind_of(self, task: Task) -> ObjectKind | None:
        """Return what decides about the fields of a task: its object, else its template."""
        return self.objects.get(task.object) or self.templates.get(task.template)

    def sees(self, user: User, task: Task) -> bool:
        """Tell whether a person may see a task: administrators and robots all, others their own."""
        return user.sees_all or self.takes_part(user.ref, task)

    def takes_part(self, ref: str, task: Task) -> bool:
        """Tell whether an employee or contact takes part in a task; the counterparty does."""
        mine = {ref, *self.groups_of(ref)}
        if task.assigner in mine or ref == f"contact:{task.counterparty}":
            return True
        return not mine.isdisjoint((*task.assignees, *task.participants, *task.auditors))

    def sees_comment(self, user: User, comment: Comment) -> bool:
        """Tell whether a person may see a comment: a hidden one only author, recipients, administrators."""
        if not comment.hidden or user.sees_all or comment.owner == user.ref:
            return True
        return user.ref in self.members(comment.recipients)

    def add_task(self, task: Task, *, author: str) -> Task:
        """Put a new task in; its assignees are told, the author is not."""
        self.tasks[task.id] = task
        self.sync.touch(f"task:{task.id}")
        self._tell(task.assignees, task, task.name, but=(author,))
        self.automation.happened(frozenset({"created"}), task, author=author, at=task.created)
        return task

    def change_task(
        self,
        task: Task,
        changes: dict[str, Any],
        *,
        author: str,
        silent: bool = False,
        at: float | None = None,
    ) -> tuple[str, ...]:
        """Change a task and do what comes with it; return the names of what really changed.

        ``changes`` are attributes of :class:`Task`; custom fields stand under ``fields`` by number.
        A change of status or dates leaves an entry in the history, other changes do not. Writing what is
        there already changes nothing, not even the date of the last change.
        """
        at = self.now() if at is None else at
        before = {name: getattr(task, name) for name in changes if name != "fields"}
        changed = [name for name, old in before.items() if old != changes[name]]
        changed += [f"field {number}" for number in _set_fields(task.fields, changes.get("fields", {}))]
        if not changed:
            return ()
        for name in before:
            setattr(task, name, changes[name])
        release(self, before.get("files", ()))
        self.sync.touch(f"task:{task.id}")
        if not silent or self.settings.silent_moves_dates:
            task.updated = at
        if "status" in changed:
            task.completed = None if self.statuses[task.status].is_active else at
        if not silent:
            self.log.append(LogEntry(at, author, task.id, tuple(changed)))
            self._trace(task, before, changed, author, at)
            new = [ref for ref in task.assignees if ref not in before.get("assignees", task.assignees)]
            self._tell(new, task, task.name, but=(author,), at=at)
        if not silent or self.settings.silent_fires_scenarios:
            kinds = {"changed", *(["status"] if "status" in changed else [])}
            kinds |= {"deleted"} if "is_deleted" in changed and task.is_deleted else set()
            self.automation.happened(frozenset(kinds), task, author=author, at=at, changed=tuple(changed))
        return tuple(changed)

    def _trace(self, task: Task, before: dict[str, Any], changed: list[str], author: str, at: float) -> None:
        """Leave an entry in the history for a change of status or dates."""
        start, end = ("start" in changed, "end" in changed)
        if "status" not in changed and not start and not end:
            return
        entry = Comment(self.new_id("comment"), task.id, author, at, type="None")
        if "status" in changed:
            entry.status_change = (before["status"], task.status)
            if self.settings.stage_change_is_comment:
                task.commented = at
        if start:
            entry.start_change = Change(
                before["start"], task.start, before.get("start_time", True), task.start_time
            )
        if end:
            entry.end_change = Change(before["end"], task.end, before.get("end_time", True), task.end_time)
        self._keep(entry, task)

    def add_comment(self, task: Task, comment: Comment, *, silent: bool = False, author: str = "") -> Comment:
        """Put a comment in: filters 21 and 79 move, recipients are told.

        ``dateOfLastUpdate`` stays (setting ``comment_moves_update``). A backdated comment moves no date back.
        """
        self._keep(comment, task)
        task.commented = max(task.commented or 0.0, comment.at)
        if self.settings.comment_moves_update:
            task.updated = max(task.updated, comment.at)
        if not silent:
            text, but = plain(comment.text), (comment.owner, author)
            told = self._tell(comment.recipients, task, text, but=but, comment=comment.id)
            comment.unread = frozenset(told)
        if not silent or self.settings.silent_fires_scenarios:
            self.automation.happened(
                frozenset({"comment"}), task, author=comment.owner, at=comment.at, comment=comment.id
            )
        return comment

    def add_contact_comment(
        self, contact: Contact, comment: Comment, *, silent: bool = False, author: str = ""
    ) -> None:
        """Put a comment into a contact; recipients are told."""
        comment.contact = contact.id
        self._keep(comment, contact)
        if not silent or self.settings.silent_fires_scenarios:
            self.automation.card_happened(
                frozenset({"comment"}), contact, author=comment.owner, at=comment.at, comment=comment.id
            )
        if not silent:
            but = (comment.owner, author)
            told = self._tell(comment.recipients, None, plain(comment.text), but=but, comment=comment.id)
            comment.unread = frozenset(told)

    def add_contact(self, contact: Contact, *, author: str) -> Contact:
        """Put a new contact or company in."""
        self.contacts[contact.id] = contact
        self.automation.card_happened(frozenset({"created"}), contact, author=author, at=contact.created)
        return contact

    def contact_changed(
        self, contact: Contact, before: Contact, *, author: str, at: float, silent: bool = False
    ) -> None:
        """Start what waits for a change of a contact, if it really changed.

        Args:
            contact: As it is.
            before: A copy of what it was.
            author: Who did it.
            at: When.
            silent: Whether it was done silently.
        """
        names = [one.name for one in fields(Contact) if one.name not in ("fields", "updated", "comments")]
        changed = [name for name in names if getattr(contact, name) != getattr(before, name)]
        numbers = sorted(contact.fields.keys() | before.fields.keys())
        changed += [f"field {one}" for one in numbers if contact.fields.get(one) != before.fields.get(one)]
        if changed and (not silent or self.settings.silent_fires_scenarios):
            kinds = frozenset({"changed"})
            self.automation.card_happened(kinds, contact, author=author, at=at, changed=tuple(changed))

    def _keep(self, comment: Comment, holder: Task | Contact) -> None:
        self.comments[comment.id] = comment
        holder.comments.append(comment.id)

    def _tell(
        self,
        people: Iterable[str],
        task: Task | None,
        text: str,
        *,
        but: tuple[str, ...],
        comment: int = 0,
        at: float | None = None,
    ) -> list[str]:
        """Record a notification per person, but not for who did it, robots and the inactive."""
        told = []
        for ref in self.members(people):
            user = self.users.get(int(ref[5:])) if ref.startswith("user:") else None
            if ref in but or (user and (user.status == "Inactive" or user.role == "Robot")):
                continue
            told.append(ref)
            self.notifications.append(
                Notification(self.now() if at is None else at, ref, task.id if task else 0, comment, text)
            )
        return told

    def people_in_role(self, task: Task, role: str) -> tuple[str, ...]:
        """Return the people of a task in a role that comments can be addressed to."""
        if role == "assigner":
            return (task.assigner,) if task.assigner else ()
        people: tuple[str, ...] = getattr(task, ROLES[role])
        return people

    def enqueue(self, what: str, apply: Callable[[float], object], *, due: float) -> None:
        """Keep a change for later; with an infinite ``due`` it is lost, as it may be at the vendor."""
        queued = Queued(due, next(self._order), what, apply)
        if due == math.inf:
            self.lost.append(queued)
        else:
            heapq.heappush(self.queue, queued)

    def busy_until(self, task: Task) -> float:
        """Return until when a task is busy; 0 if it is free."""
        until = self.busy.get(task.id, 0.0)
        if until <= self.now():
            self.busy.pop(task.id, None)
            return 0.0
        return until

    def keep_busy(self, task: Task, since: float, seconds: float) -> None:
        """Keep a task busy for so many seconds from a moment on."""
        if seconds > 0 and since < math.inf:
            self.busy[task.id] = max(self.busy.get(task.id, 0.0), since + seconds)

    def settle(self) -> None:
        """Apply the queued changes that are due."""
        with self.lock:
            now = self.now()
            while self.queue and self.queue[0].due <= now:
                queued = heapq.heappop(self.queue)
                queued.apply(queued.due)


def _set_fields(fields: dict[int, Any], values: dict[int, Any]) -> list[int]:
    """Set custom fields, ``None`` clears; return the numbers of those that really changed."""
    changed = [number for number, value in values.items() if fields.get(number) != value]
    for number in changed:
        if values[number] is None:
            fields.pop(number, None)
        else:
            fields[number] = values[number]
    return changed
