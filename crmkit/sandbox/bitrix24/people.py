"""What people do in the portal meanwhile: in its own interface, not through the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crmkit.sandbox.bitrix24 import crm, timeline
from crmkit.sandbox.bitrix24.assignments import ANSWER_WORDS
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.delivery import Handler
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.kinds import CONTACT, DEAL, Kind
from crmkit.sandbox.bitrix24.merging import merge
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.rights import Role
from crmkit.sandbox.bitrix24.tasks import COMPLETED, CONTROL, PENDING, change_task, complete_task
from crmkit.sandbox.bitrix24.values import IGNORED, parsed

__all__ = ["Act", "act_by_name"]

Who = str | int
"""``"user:4"`` or the number of a user."""


class Act:
    """Doings of people, stamped with the sandbox's time. Nobody has to wait for a limit here.

    Items are deals unless ``entity_type`` says otherwise; values are given as the universal methods take
    them, by the old or the new names of the fields.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def create(self, user: Who, *, entity_type: int = DEAL, **values: Any) -> int:
        """Add an item and return its number."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            row = self._do(crm.add, kind, self._values(kind, values), self._author(user))
            return int(row["ID"])

    def set_fields(self, user: Who, item: int, values: Mapping[str, Any], *, entity_type: int = DEAL) -> None:
        """Change fields of an item."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            self._do(crm.change, kind, self._item(kind, item), self._values(kind, values), self._author(user))

    def set_stage(self, user: Who, item: int, stage: str, *, entity_type: int = DEAL) -> None:
        """Move an item to a stage."""
        self.set_fields(user, item, {self._kind(entity_type).stage_field: stage}, entity_type=entity_type)

    def assign(self, user: Who, item: int, responsible: Who, *, entity_type: int = DEAL) -> None:
        """Make somebody responsible for an item."""
        self.set_fields(user, item, {"ASSIGNED_BY_ID": _number(responsible)}, entity_type=entity_type)

    def delete(self, user: Who, item: int, *, entity_type: int = DEAL) -> None:
        """Delete an item."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            crm.delete(self._portal, kind, self._item(kind, item), self._author(user))
            self._portal.events.flush()

    def merge(self, user: Who, items: Iterable[int], *, entity_type: int = CONTACT) -> None:
        """Merge items into the first one; where they disagree, that one is right."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            rows = [self._item(kind, item) for item in items]
            merge(self._portal, kind, rows, self._author(user))
            self._portal.events.flush()

    def comment(self, user: Who, item: int, text: str, *, entity_type: int = DEAL) -> int:
        """Write a comment into the timeline of an item and return its number."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            row = self._item(kind, item)
            written = timeline.comment(self._portal, kind, row, self._author(user).user, text)
            self._portal.events.flush()
            return int(written["ID"])

    def call_in(self, item: int, *, subject: str = "Входящий звонок", entity_type: int = DEAL) -> int:
        """Let a client call: an incoming activity, which moves the item's last activity."""
        with self._portal.lock:
            kind = self._kind(entity_type)
            row = self._item(kind, item)
            made = timeline.activity(
                self._portal,
                kind,
                row,
                row["ASSIGNED_BY_ID"],
                TYPE_ID=2,
                PROVIDER_ID="VOXIMPLANT_CALL",
                PROVIDER_TYPE_ID="CALL",
                DIRECTION=timeline.INCOMING,
                COMPLETED="Y",
                SUBJECT=subject,
            )
            self._portal.events.flush()
            return int(made["ID"])

    def complete_task(self, user: Who, task: int) -> None:
        """Complete a task; with control it waits for its creator, unless it is they who do it."""
        self._with_task(user, task, lambda row, by: complete_task(self._portal, row, by))

    def approve_task(self, user: Who, task: int) -> None:
        """Accept the work on a task that waits for it."""
        self._judge(user, task, COMPLETED)

    def disapprove_task(self, user: Who, task: int) -> None:
        """Send the work on a task back."""
        self._judge(user, task, PENDING)

    def give_role(self, user: Who, name: str, rights: Mapping[str, Mapping[str, str]]) -> None:
        """Give somebody a role in the CRM, as an administrator does in its settings.

        ``rights`` are named by the type of items, or by type and pipeline: ``{"2:1": {"read": "X"}}``; see
        :class:`crmkit.sandbox.bitrix24.rights.Role`.
        """
        with self._portal.lock:
            by_key: dict[int | tuple[int, int], Mapping[str, str]] = {}
            for key, levels in rights.items():
                entity_type, _, category = key.partition(":")
                number = self._kind(int(entity_type)).id
                by_key[(number, int(category)) if category else number] = levels
            self._portal.roles[self._author(user).user] = Role(name, by_key)

    def accept_invitation(self, user: Who, group: int) -> None:
        """Accept an invitation into a group; a guest turns it into an extranet one."""
        with self._portal.lock:
            person, into = self._portal.users[self._author(user).user], self._portal.groups.get(group)
            if into is None or person.id not in into.members:
                raise LookupError(f"user {person.id} is not invited into group {group}")
            into.admit(person)

    def answer(self, user: Who, assignment: int, status: str, **fields: Any) -> None:
        """Answer an assignment of a business process: ``yes``, ``no``, ``ok`` or ``cancel``."""
        with self._portal.lock:
            asked = self._portal.processes.assignments.get(assignment)
            if asked is None or asked.user != self._author(user).user or asked.status:
                raise LookupError(f"{user!r} has no assignment {assignment} to answer")
            number = ANSWER_WORDS.get(status, 0)
            if number not in asked.answers:
                raise ValueError(f"{status!r} is no answer to it")
            self._portal.processes.answer(asked, number, fields)
            self._portal.events.flush()

    def outgoing_webhook(self, url: str, *events: str) -> str:
        """Make an outgoing webhook by hand, as an administrator does; return its ``application_token``."""
        with self._portal.lock:
            token = f"hook{self._portal.next_id('outgoing'):028x}"
            for event in events:
                number = self._portal.next_id("handler")
                self._portal.events.handlers[number] = Handler(number, event.upper(), url, token=token)
            return token

    def dismiss(self, user: Who) -> None:
        """Dismiss a colleague: webhooks of theirs stop working."""
        self._portal.users[self._author(user).user].active = False

    def _judge(self, user: Who, task: int, status: int) -> None:
        def judge(row: Row, by: int) -> None:
            if row["STATUS"] != CONTROL:
                raise ValueError(f"task {task} does not wait for anybody's word")
            change_task(self._portal, row, {"STATUS": status}, by)

        self._with_task(user, task, judge)

    def _with_task(self, user: Who, task: int, deed: Callable[[Row, int], object]) -> None:
        with self._portal.lock:
            row = self._portal.tasks.get(task)
            if row is None:
                raise LookupError(f"there is no task {task}")
            deed(row, self._author(user).user)
            self._portal.events.flush()

    def _do(self, work: Any, *arguments: Any) -> Row:
        trouble = ""
        try:
            done: Row = work(self._portal, *arguments)
            self._portal.events.flush()
            return done
        except RestError as refused:
            trouble = refused.text
        raise ValueError(trouble)

    def _kind(self, entity_type: int) -> Kind:
        if entity_type not in self._portal.kinds:
            raise LookupError(f"there is no type {entity_type}")
        return self._portal.kinds[entity_type]

    def _item(self, kind: Kind, item: int) -> Row:
        row = self._portal.items[kind.id].get(item)
        if row is None:
            raise LookupError(f"there is no {kind.name} {item}")
        return row

    def _author(self, user: Who) -> crm.Author:
        number = _number(user)
        if number not in self._portal.users:
            raise LookupError(f"there is no user {user!r}")
        return crm.Author(number)

    def _values(self, kind: Kind, given: Mapping[str, Any]) -> Row:
        values: Row = {}
        for key, raw in given.items():
            spec = kind.fields.get(key) or kind.by_key.get(key)
            if spec is None:
                raise LookupError(f"{kind.name} has no field {key!r}")
            value = parsed(spec, raw, self._portal.zone, legacy=False)
            if value is IGNORED:
                raise ValueError(f"{raw!r} is no value of {key}")
            values[spec.name] = value
        return values


def _number(user: Who) -> int:
    return user if isinstance(user, int) else int(user.rpartition(":")[2])


def names() -> Iterable[str]:
    """Return what people can do."""
    return (name for name in vars(Act) if not name.startswith("_"))


def act_by_name(portal: Portal, name: str, arguments: Mapping[str, Any]) -> Any:
    """Let somebody do something, by the name of the deed.

    Raises:
        LookupError: There is no such deed, person or thing.
        TypeError, ValueError: The arguments do not fit.
    """
    if name not in set(names()):
        raise LookupError(f"no action {name!r}; there are {', '.join(names())}")
    given = dict(arguments)
    return getattr(Act(portal), name)(*given.pop("args", ()), **given)
