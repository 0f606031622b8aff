"""What an account answers beside its API: signed downloads and incoming webhooks. No token is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crmkit.sandbox.faults import Fault
from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.incoming import carry_out, values_of
from crmkit.sandbox.planfix.library import DOWNLOADS, signature
from crmkit.sandbox.planfix.vendor import PlanfixVendor
from crmkit.sandbox.wire import Reply, Request, json_reply

__all__ = ["Doors"]

TEXT = "text/plain; charset=utf-8"
WEBHOOKS = "/webhook/"
VERBS = {"get": "GET", "post": "POST", "json": "POST"}


class Doors(PlanfixVendor):
    """The doors of an account; paths are whole."""

    prefix = ""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._doors: dict[str, Callable[[Request], Reply]] = {
            DOWNLOADS: self._download,
            WEBHOOKS: self._webhook,
        }

    def opens(self, path: str) -> bool:
        """Tell whether there is a door at this path."""
        return path.startswith(tuple(self._doors))

    def operation(self, verb: str, path: str) -> str:
        """Return the name of a door: ``GET /download/``."""
        return next((f"{verb} {door}" for door in self._doors if path.startswith(door)), "")

    def caller(self, request: Request) -> str:
        """Return nobody: who knows the link or the code may use it."""
        return ""

    def public(self, request: Request) -> Request:
        """Return a request without what makes it valid: signature and code."""
        query = {name: value for name, value in request.query.items() if name != "signature"}
        path = request.path
        if path.startswith(WEBHOOKS):
            path = f"{path.rpartition('/')[0]}/***"
        return replace(request, path=path, query=query)

    def handle(self, request: Request, fault: Fault | None = None) -> Reply:
        """Answer a request."""
        with self.account.lock:
            self.account.settle()
            door = next(door for prefix, door in self._doors.items() if request.path.startswith(prefix))
            return door(request)

    def meter(self, request: Request) -> Reply | None:
        """Count nothing: these are no requests of the API."""
        return None

    def failure(self, status: int, body: Any = None) -> Reply:
        """Return a plain error."""
        return Reply(status, str(body or "error").encode(), TEXT)

    def _webhook(self, request: Request) -> Reply:
        """Do what the webhook of a code does: 200, with a number if it is set up to tell it."""
        kind, _, code = request.path.removeprefix(WEBHOOKS).partition("/")
        webhook = self.account.automation.webhooks.get(code)
        if webhook is None or webhook.kind != kind or request.verb != VERBS[kind]:
            return self.failure(404, "There is no such webhook")
        values = values_of(webhook, request)
        if values is None:
            return self.failure(400, "The body is no JSON")
        told = carry_out(self.account, webhook, values)
        self.account.automation.outbox.wake()
        return json_reply(200, told) if webhook.answers else Reply(200)

    def _download(self, request: Request) -> Reply:
        """Send a file to who has a valid link. A storage refuses two credentials at once: a token is one."""
        if "authorization" in request.headers:
            return self.failure(400, "Only one auth mechanism allowed: the link is signed, send no token")
        number = request.path.removeprefix(DOWNLOADS)
        expires = request.query.get("expires", "")
        file = self.account.files.get(int(number)) if number.isdigit() else None
        if file is None or not expires.isdigit():
            return self.failure(404, "There is no such file")
        signed = request.query.get("signature") == signature(file.id, int(expires))
        if not signed or int(expires) < self.account.now():
            return self.failure(403, "The link is wrong or has expired")
        return Reply(200, file.content, content_type="application/octet-stream")
