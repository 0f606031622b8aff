"""Sends what scenarios send: one thread, one request at a time, in the account's own time.

After a failure, which is any status but 200 or no answer, a request is tried again 15 minutes later, then 30
minutes, an hour and an hour, and for three minutes no POST leaves the account. Each attempt has its moment on
the sandbox's clock: if the clock is moved by a day at once, a request that fails is tried five times, as it
would have been during that day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from crmkit.sandbox.planfix.models import Comment
from crmkit.sandbox.planfix.scenarios import Attempt, Delivery, HttpRequest
from crmkit.sandbox.planfix.templates import Context
from crmkit.sandbox.planfix.text import stored

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account

__all__ = ["BLOCK", "LADDER", "Outbox"]

LADDER = (900.0, 1800.0, 3600.0, 3600.0)
"""Seconds from a failure to the next attempt."""
BLOCK = 180.0
"""Seconds after a failure in which no POST leaves the account."""
OK = 200
RESERVED = "/?&=%:+,;@!$'()*~"
"""What an address may hold as it is; letters of other alphabets are percent-encoded."""
JOIN_SECONDS = 10.0


class Outbox:
    """The requests of an account that wait, in order of their moments.

    Args:
        account: The account.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._waiting: list[Delivery] = []
        self._blocked_until = float("-inf")
        self._busy = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, delivery: Delivery) -> None:
        """Take a request; its thread is started with the first one."""
        with self._changed:
            self._waiting.append(delivery)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="crmkit-sandbox-outbox", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wake(self) -> None:
        """Look whether something became due: the clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def drain(self, patience: float = 30.0) -> bool:
        """Wait until everything due by now was sent; tell whether that came true within so many seconds."""
        with self._changed:
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._busy and self._next() is None, patience)

    def close(self) -> None:
        """Send nothing more, and wait for the request that is under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def _moment(self, delivery: Delivery) -> float:
        """Return when a request may leave."""
        if delivery.request.method != "POST":
            return delivery.due
        return max(delivery.due, self._blocked_until)

    def _next(self) -> Delivery | None:
        first = min(self._waiting, key=lambda one: (self._moment(one), one.id), default=None)
        return first if first is not None and self._moment(first) <= self._account.now() else None

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and self._next() is None:
                    # A running clock makes things due without telling anybody.
                    self._changed.wait(None if self._account.clock.frozen else 0.2)
                delivery = self._next()
                if self._closed or delivery is None:
                    return
                self._busy, at = True, self._moment(delivery)
            status, answer = self._send(delivery, at)
            if status == OK and delivery.request.answer_as_comment and answer:
                self._comment(delivery, at, answer)
            with self._changed:
                self._note(delivery, at, status)
                self._busy = False
                self._changed.notify_all()

    def _note(self, delivery: Delivery, at: float, status: int) -> None:
        failures = len(delivery.attempts)
        delivery.attempts.append(Attempt(at, status))
        if status == OK:
            delivery.state = "delivered"
        else:
            self._blocked_until = at + BLOCK
            if delivery.request.retry and failures < len(LADDER):
                delivery.due = at + LADDER[failures]
                return
            delivery.state = "given up"
        self._waiting.remove(delivery)

    def _send(self, delivery: Delivery, at: float) -> tuple[int, str]:
        request, headers = delivery.request, dict[str, str]()
        with self._account.lock:  # values are read now: the last one wins
            context = self._context(delivery, at)
            delivery.url = context.fill_url(request.url)
            if request.form:
                filled = {name: context.fill(text) for name, text in request.form.items()}
                delivery.body = urlencode(filled)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            else:
                delivery.body = context.fill(request.body)
            headers |= {name: context.fill(text) for name, text in request.headers.items()}
        payload = delivery.body.encode()
        headers |= _credentials(request, payload)
        return self._exchange(delivery, payload, headers)

    def _context(self, delivery: Delivery, at: float) -> Context:
        account = self._account
        task, contact = account.tasks.get(delivery.task), account.contacts.get(delivery.contact)
        comment = account.comments.get(delivery.comment)
        return Context(account, task, comment, author=delivery.author, at=at, contact=contact)

    def _exchange(self, delivery: Delivery, payload: bytes, headers: dict[str, str]) -> tuple[int, str]:
        parts = urlsplit(delivery.url)
        target = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=RESERVED)
        patience = self._account.settings.webhook_patience
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=patience)
        try:
            connection.request(delivery.request.method, target, payload or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException, UnicodeError):
            return 0, ""
        finally:
            connection.close()

    def _comment(self, delivery: Delivery, at: float, answer: str) -> None:
        account = self._account
        with account.lock:
            number = account.new_id("comment")
            comment = Comment(number, delivery.task, delivery.author, at, text=stored(answer))
            if delivery.contact:
                account.add_contact_comment(account.contacts[delivery.contact], comment)
            else:
                account.add_comment(account.tasks[delivery.task], comment)


def _credentials(request: HttpRequest, payload: bytes) -> dict[str, str]:
    headers = {}
    if request.user:
        pair = base64.b64encode(f"{request.user}:{request.password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    if request.hmac_header:
        signed = hmac.new(request.hmac_secret.encode(), payload, hashlib.sha256)
        headers[request.hmac_header] = signed.hexdigest()
    return headers
