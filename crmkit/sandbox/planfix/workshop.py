"""Sets up what an account does by itself, and lets people press buttons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.analytics import calendar
from crmkit.sandbox.planfix.matching import Condition
from crmkit.sandbox.planfix.models import Task
from crmkit.sandbox.planfix.scenarios import Button, HttpRequest, IncomingWebhook, Scenario, Steps

__all__ = ["Who", "Workshop"]

Who = str | int
"""``"user:4"``, ``"contact:7"`` or the number of a user."""


class Workshop:
    """What an administrator sets up in the account.

    Args:
        account: The account.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def add_scenario(
        self,
        name: str,
        *,
        events: Iterable[str],
        request: Mapping[str, Any] | None = None,
        set_status: int = 0,
        set_fields: Mapping[int | str, Any] | None = None,
        comment: str = "",
        **options: Any,
    ) -> int:
        """Switch a scenario on and return its number.

        Args:
            name: What people call it.
            events: Of :data:`crmkit.sandbox.planfix.scenarios.EVENTS`.
            request: The request it sends, as :class:`crmkit.sandbox.planfix.scenarios.HttpRequest`: at least
                ``url``, and ``form`` or ``body``.
            set_status: The status it sets.
            set_fields: The custom fields it sets, by number.
            comment: The comment it writes, with placeholders.
            options: Further attributes of :class:`crmkit.sandbox.planfix.scenarios.Scenario`; conditions as
                ``{"about": "active"}``, see :data:`crmkit.sandbox.planfix.matching.CONDITIONS`.

        Raises:
            ValueError, TypeError: It cannot be set up like this.
        """
        with self._account.lock:
            automation = self._account.automation
            number = max(automation.scenarios, default=0) + 1
            for one in ("fields", "but_by"):
                if one in options:
                    options[one] = tuple(options[one])
            options["conditions"] = tuple(Condition(**one) for one in options.get("conditions", ()))
            steps = _steps(request, set_status, set_fields, comment)
            automation.add(Scenario(number, name, tuple(events), steps, **options))
            return number

    def switch_scenario(self, scenario: int, *, active: bool) -> None:
        """Switch a scenario on or off."""
        self._account.automation.scenarios[scenario].active = active

    def add_button(
        self,
        name: str,
        *,
        request: Mapping[str, Any] | None = None,
        set_status: int = 0,
        set_fields: Mapping[int | str, Any] | None = None,
        comment: str = "",
        **options: Any,
    ) -> int:
        """Put a button into tasks and return its number; arguments as of :meth:`add_scenario`."""
        with self._account.lock:
            automation = self._account.automation
            number = max(automation.buttons, default=0) + 1
            steps = _steps(request, set_status, set_fields, comment)
            automation.add_button(Button(number, name, steps, **options))
            return number

    def add_webhook(self, kind: str, params: Mapping[str, str], **options: Any) -> str:
        """Open an incoming webhook and return its path: ``/webhook/json/<code>``.

        Args:
            kind: ``get``, ``post`` or ``json``.
            params: What the parameters mean, by name or path.
            options: Further attributes of :class:`crmkit.sandbox.planfix.scenarios.IncomingWebhook`.
        """
        with self._account.lock:
            webhooks = self._account.automation.webhooks
            code = hashlib.sha256(f"crmkit sandbox webhook {len(webhooks)}".encode()).hexdigest()[:24]
            webhooks[code] = IncomingWebhook(code, kind, dict(params), **options)
            return f"/webhook/{kind}/{code}"

    def press(self, user: Who, task: int, button: int) -> None:
        """Press a button in a task.

        Raises:
            LookupError: There is no such button there.
            ValueError: It was pressed there less than a minute ago.
        """
        with self._account.lock:
            self._account.automation.press(button, self._task(task), author=self._ref(user))

    def deliver(self, patience: float = 30.0) -> bool:
        """Wait until everything that scenarios have to send by now was sent; tell whether that came true."""
        return self._account.automation.outbox.drain(patience)

    def calendar(self, user: Who, first: str, last: str) -> list[dict[str, Any]]:
        """Return what somebody sees in the hourly calendar between two days (ISO), in this person's zone."""
        ref = self._ref(user)
        zone = self._account.zone_of(self._account.users[int(ref[5:])])
        days = (date.fromisoformat(day) for day in (first, last))
        with self._account.lock:
            rows = calendar(self._account, *days, zone=zone, person=ref)
        return [asdict(row) | {"start": row.start.isoformat(), "end": row.end.isoformat()} for row in rows]

    def _task(self, number: int) -> Task:
        try:
            return self._account.tasks[number]
        except KeyError:
            raise LookupError(f"there is no task {number}") from None

    def _ref(self, who: Who) -> str:
        ref = f"user:{who}" if isinstance(who, int) else who
        if not self._account.exists(ref):
            raise LookupError(f"there is nobody like {who!r}")
        return ref


def _steps(
    request: Mapping[str, Any] | None, status: int, fields: Mapping[int | str, Any] | None, comment: str
) -> Steps:
    return Steps(
        status,
        {int(number): value for number, value in (fields or {}).items()},
        comment,
        HttpRequest(**request) if request else None,
    )
