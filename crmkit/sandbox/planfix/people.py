"""What people and other robots do in the account meanwhile: through its own interface, not the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.automation import shaped
from crmkit.sandbox.planfix.fields import decode
from crmkit.sandbox.planfix.models import Comment, Task
from crmkit.sandbox.planfix.text import stored
from crmkit.sandbox.planfix.workshop import Who, Workshop

__all__ = ["Act", "act_by_name"]

NOISE = "Автоматическая проверка: без замечаний."


class Act(Workshop):
    """Doings of people, stamped with the sandbox's time. Nobody has to wait for a limit here."""

    def comment(
        self,
        user: Who,
        task: int,
        text: str,
        *,
        recipients: Iterable[str] = (),
        hidden: bool = False,
        channel: str = "",
    ) -> int:
        """Write a comment and return its number. Clients write through a ``channel``, Email by default."""
        with self._account.lock:
            owner = self._ref(user)
            comment = Comment(
                self._account.new_id("comment"),
                task,
                owner,
                self._account.now(),
                text=stored(text),
                from_type=channel or ("Email" if owner.startswith("contact:") else "Planfix"),
                hidden=hidden,
                recipients=tuple(recipients),
            )
            self._account.add_comment(self._task(task), comment)
            return comment.id

    def set_status(self, user: Who, task: int, status: int) -> None:
        """Move a task to a status; its history gets an entry."""
        if status not in self._account.statuses:
            raise LookupError(f"there is no status {status}")
        self._change(user, task, {"status": status})

    def set_fields(self, user: Who, task: int, values: Mapping[int | str, Any]) -> None:
        """Set custom fields by number, in the API's shapes; people may be ``"user:4"``; ``None`` clears."""
        specs, zone = self._account.fields.task, ZoneInfo(self._account.settings.timezone)
        decoded = {}
        for number, value in values.items():
            spec = specs.get(int(number))
            if spec is None:
                raise LookupError(f"there is no custom field {number}")
            decoded[spec.id] = decode(spec, shaped(spec, value), zone)
        self._change(user, task, {"fields": decoded})

    def assign(self, user: Who, task: int, *people: str) -> None:
        """Make these people responsible for a task; nobody leaves it unassigned."""
        self._change(user, task, {"assignees": tuple(map(self._ref, people))})

    def rename(self, user: Who, task: int, name: str) -> None:
        """Give a task another name."""
        self._change(user, task, {"name": name})

    def set_dates(
        self, user: Who, task: int, *, start: float | None = None, end: float | None = None
    ) -> None:
        """Plan start or end or both, in seconds since 1970; the history gets an entry."""
        changes: dict[str, Any] = {}
        for name, moment in (("start", start), ("end", end)):
            if moment is not None:
                changes |= {name: moment, f"{name}_time": True}
        self._change(user, task, changes)

    def create_task(self, user: Who, name: str, *, object_: int = 1, assignees: Iterable[str] = ()) -> int:
        """Create a task of an object and return its number."""
        account = self._account
        with account.lock:
            kind, now = account.objects[object_], account.now()
            task = Task(
                account.new_id("task"),
                name,
                created=now,
                updated=now,
                status=account.processes[kind.process].statuses[0],
                process=kind.process,
                object=kind.id,
                assigner=self._ref(user),
                assignees=tuple(map(self._ref, assignees)),
            )
            return account.add_task(task, author=self._ref(user)).id

    def delete_task(self, user: Who, task: int) -> None:
        """Delete a task: lists do not show it any more."""
        self._change(user, task, {"is_deleted": True})

    def merge(self, user: Who, task: int, into: int) -> None:
        """Merge a task into another one, which takes over its comments; the first is deleted."""
        with self._account.lock:
            source, target = self._task(task), self._task(into)
            for number in source.comments:
                self._account.comments[number].task = into
            target.comments = sorted((*target.comments, *source.comments))
            source.comments = []
            if source.commented:
                target.commented = max(target.commented or 0.0, source.commented)
            self._change(user, task, {"is_deleted": True, "merged_into": into})
            target.updated = self._account.now()
            self._happened(user, target, "merged")

    def accept(self, user: Who, task: int) -> None:
        """Accept a task that was given to this person; nothing of it changes."""
        with self._account.lock:
            self._happened(user, self._task(task), "accepted")

    def _happened(self, user: Who, task: Task, kind: str) -> None:
        account = self._account
        account.automation.happened(
            frozenset({kind}), task, author=self._ref(user), at=account.now(), changed=()
        )

    def robot_noise(self, tasks: Iterable[int], *, robot: Who = 91, text: str = NOISE) -> list[int]:
        """Let a robot comment on tasks; return the numbers of the comments."""
        return [self.comment(robot, task, text) for task in tasks]

    def make_recurring(self, user: Who, task: int, rule: dict[str, Any]) -> None:
        """Let a task recur by a rule in the vendor's shape, for example ``{"daily": {"type": "Every"}}``."""
        self._change(user, task, {"recurring": bool(rule), "recurrence": rule or None})

    def stir(self, times: int = 1, only: Iterable[str] = ()) -> list[int]:
        """Let people do so many things at random; return the numbers of the tasks they did them to.

        See :meth:`crmkit.sandbox.planfix.movement.Movement.stir`.
        """
        return self._account.movement.stir(times, tuple(only))

    def make_busy(self, task: int, seconds: float) -> None:
        """Keep a task busy for so long: changes by the API are answered with 202 and wait."""
        with self._account.lock:
            self._account.busy[self._task(task).id] = self._account.now() + seconds

    def rename_status(self, status: int, name: str) -> None:
        """Give a status another name; its number stays."""
        self._account.statuses[status].name = name

    def rename_field(self, field: int, name: str) -> None:
        """Give a custom field of tasks another name; its number stays."""
        self._account.fields.task[field].name = name

    def remove_option(self, field: int, option: str) -> None:
        """Take an option from a list; tasks that have it keep the text."""
        self._account.fields.task[field].options.remove(option)

    def detach_field(self, object_: int, field: int) -> None:
        """Take a custom field off an object: values written to it are swallowed from now on."""
        self._account.objects[object_].fields.discard(field)

    def set_card(self, user: Who, contact: int, **values: Any) -> None:
        """Change a contact or company: attributes by their names, custom fields as ``field_201``."""
        account = self._account
        with account.lock:
            card = account.contacts[contact]
            before, card.fields = replace(card), dict(card.fields)
            for name, value in values.items():
                if name.startswith("field_"):
                    card.fields[account.fields.contact[int(name[6:])].id] = value
                else:
                    setattr(card, name, value)
            card.updated = account.now()
            account.contact_changed(card, before, author=self._ref(user), at=card.updated)

    def set_contact(self, contact: int, **values: Any) -> None:
        """Set what the API does not let anybody write: attributes of a contact or company by their names.

        ``visible_for``, ``editable_for`` (references), ``barred_as`` (``participant``, ``counterparty``),
        ``emails``, ``has_access``.
        """
        for name, value in values.items():
            if name not in ("visible_for", "editable_for", "barred_as", "emails", "has_access"):
                raise LookupError(f"a contact has no {name!r} to set")
            kept = value if name == "has_access" else tuple(value)
            setattr(self._account.contacts[contact], name, kept)

    def set_employee(self, user: Who, *, extension: str = "", telegram_id: str = "") -> None:
        """Set what the API shows of an employee and does not let anybody write."""
        employee = self._account.users[int(self._ref(user)[5:])]
        employee.extension, employee.telegram_id = extension, telegram_id

    def set_user_status(self, user: Who, status: str) -> None:
        """Make a user ``Active`` or ``Inactive``."""
        if status not in ("Active", "ActiveWithoutAccess", "Inactive"):
            raise ValueError(f"no status of users: {status!r}")
        self._account.users[int(self._ref(user)[5:])].status = status

    def revoke_token(self, user: Who) -> None:
        """Switch the tokens of a user off."""
        number = int(self._ref(user)[5:])
        for token in self._account.tokens.values():
            token.active = token.active and token.user != number

    def narrow_token(self, user: Who, scopes: Iterable[str]) -> None:
        """Leave the tokens of a user these scopes only."""
        number = int(self._ref(user)[5:])
        for token in self._account.tokens.values():
            if token.user == number:
                token.scopes = frozenset(scopes)

    def _change(self, user: Who, task: int, changes: dict[str, Any]) -> None:
        with self._account.lock:
            self._account.change_task(self._task(task), changes, author=self._ref(user))


def act_by_name(account: Account, name: str, arguments: Mapping[str, Any]) -> Any:
    """Call a method of :class:`Act` by its name, for the control API.

    Raises:
        LookupError: There is no such action.
    """
    method = getattr(Act(account), name, None) if not name.startswith("_") else None
    if method is None:
        raise LookupError(f"there is no action {name!r}")
    arguments = dict(arguments)
    people = arguments.pop("people", None) if name == "assign" else None
    if people is not None:
        return method(arguments.pop("user"), arguments.pop("task"), *people, **arguments)
    return method(**arguments)
