"""The account behind its API: lets requests in, has them carried out, wraps what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from crmkit.sandbox.faults import Fault
from crmkit.sandbox.planfix import people, state
from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import (
    Refused,
    inactive_token,
    inactive_user,
    not_emulated,
    scope_denied,
    unknown_token,
)
from crmkit.sandbox.planfix.limits import Limits
from crmkit.sandbox.planfix.models import Token, User
from crmkit.sandbox.planfix.urls import Route, find, routes
from crmkit.sandbox.wire import Reply, Request, json_reply

__all__ = ["FAULT_KINDS", "PlanfixVendor"]

FAULT_KINDS = ("accept_202", "quota", "failures")
PLAYED_AT = {
    "accept_202": ("POST /task/{id}", "POST /contact/{id}"),
    "failures": ("POST /task/{id}",),
}
"""The vendor documents these answers for these operations only."""
EVERYONE = ""
"""Operations that need no scope: ping."""
UNAUTHORIZED = 401


class PlanfixVendor:
    """A Planfix account as :class:`crmkit.sandbox.wire.Vendor`."""

    prefix = "/rest"

    def __init__(self, account: Account) -> None:
        self.account = account
        self.limits = Limits(account.clock, account.settings)

    def operation(self, verb: str, path: str) -> str:
        """Return the vendor's name of an operation."""
        found = self._find(verb, path)
        return found[0].name if found else ""

    def caller(self, request: Request) -> str:
        """Return whose token a request carries."""
        token = self.account.tokens.get(_token_of(request))
        return f"user:{token.user}" if token else ""

    def public(self, request: Request) -> Request:
        """Return a request without the token that its address may carry, and without what is uploaded."""
        query = {name: value for name, value in request.query.items() if name != "access_token"}
        form = request.headers.get("content-type", "").startswith("multipart/")
        return replace(request, query=query, body=b"" if form else request.body)

    def handle(self, request: Request, fault: Fault | None = None) -> Reply:
        """Carry out a request, one at a time."""
        with self.account.lock:
            self.account.settle()
            found = self._find(request.verb, request.path)
            try:
                reply = self._answer(request, found, fault)
            except Refused as refused:
                status = refused.status or (found[0].error_status if found else 400)
                reply = json_reply(status, refused.body())
            if reply.status != UNAUTHORIZED:
                reply.headers |= self.limits.headers()
        self.account.automation.outbox.wake()
        self._take_time(found)
        return reply

    def meter(self, request: Request) -> Reply | None:
        """Count a request of somebody known; return the refusal if it is over the limits."""
        with self.account.lock:
            if not self.caller(request):
                return None
            try:
                self.limits.take()
            except Refused as refused:
                return json_reply(refused.status, refused.body())
            return None

    def failure(self, status: int, body: Any = None) -> Reply:
        """Return the vendor's usual "Rest API error"."""
        if isinstance(body, str):
            return Reply(status, body.encode())
        return json_reply(
            status, {"result": "fail", "code": 0, "error": "Rest API error"} if body is None else body
        )

    def settle(self) -> None:
        """Apply the queued changes that are due, and send what became due."""
        self.account.settle()
        self.account.automation.outbox.wake()

    def close(self) -> None:
        """Send nothing more."""
        self.account.automation.close()

    def state(self, collection: str, key: str = "") -> Any:
        """Return a part of the account as plain values; see :mod:`crmkit.sandbox.planfix.state`."""
        with self.account.lock:
            self.account.settle()
            return state.read(self.account, collection, key)

    def act(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Let somebody do something; see :class:`crmkit.sandbox.planfix.people.Act`."""
        return people.act_by_name(self.account, name, arguments)

    def about(self) -> dict[str, Any]:
        """Return the tokens by name, the people and the operations."""
        return {
            "vendor": "planfix",
            "tokens": {f"user:{token.user}": token.value for token in self.account.tokens.values()},
            "users": {
                user.ref: f"{user.full_name} ({user.role}, {user.status})"
                for user in self.account.users.values()
            },
            "operations": sorted(one.name for one in routes()),
        }

    def _find(self, verb: str, path: str) -> tuple[Route, dict[str, str]] | None:
        found = find(verb, path)
        if found is None and self.account.settings.slashless == "accept":
            return find(verb, f"{path}/")
        return found

    def _answer(
        self, request: Request, found: tuple[Route, dict[str, str]] | None, fault: Fault | None
    ) -> Reply:
        user, token = self._admit(request)
        if found is None:
            raise not_emulated(f"{request.verb} {request.path}")
        route, params = found
        if fault is not None and fault.kind == "quota":
            raise self.limits.exhausted()
        if fault is not None and route.name not in PLAYED_AT[fault.kind]:
            raise not_emulated(f"the fault {fault.kind} at {route.name}")
        self.limits.take()
        if route.scope != EVERYONE and token.scopes is not None and route.scope not in token.scopes:
            raise scope_denied()
        call = Call(self.account, user, request, params, fault)
        payload = route.handler(call)
        if isinstance(payload, Reply):
            return payload
        status = call.status or route.status
        if payload is None:
            return Reply(status)
        return json_reply(status, payload if route.bare else {"result": "success", **payload})

    def _admit(self, request: Request) -> tuple[User, Token]:
        token = self.account.tokens.get(_token_of(request))
        if token is None:
            raise unknown_token()
        if not token.active:
            raise inactive_token()
        user = self.account.users[token.user]
        if user.status == "Inactive":
            raise inactive_user()
        return user, token

    def _take_time(self, found: tuple[Route, dict[str, str]] | None) -> None:
        latency, name = self.account.settings.latency, found[0].name if found else ""
        if isinstance(latency, dict):
            latency = next(
                (seconds for pattern, seconds in latency.items() if fnmatchcase(name, pattern)), 0.0
            )
        if latency > 0:
            self.account.clock.advance(seconds=latency)


def _token_of(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return request.query.get("access_token", "") if request.verb == "GET" else ""
