"""Carries out calls, single and in batches, and wraps what comes of them."""

from __future__ import annotations

import random
from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.exceptions import (
    RestError,
    access_denied,
    method_not_found,
    not_emulated,
    operation_limit,
    scope_missing,
    wrong_auth_type,
)
from crmkit.sandbox.bitrix24.limits import cost_of
from crmkit.sandbox.bitrix24.models import Caller
from crmkit.sandbox.bitrix24.php import items, parse_query, parse_url, to_json, truthy
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.references import resolved
from crmkit.sandbox.bitrix24.urls import Method, documented, find
from crmkit.sandbox.bitrix24.values import iso

__all__ = ["MAX_COMMANDS", "Dispatch", "WallReached"]

MAX_COMMANDS = 50
NOT_IN_BATCH = ("batch", "download", "upload")
COMMAND_FAULT = "command_error"


class WallReached(Exception):
    """The request took longer than the portal lets requests take; what was done before stays done."""


class Dispatch:
    """One request's way through the portal.

    Args:
        portal: Its state.
        caller: Who sends the request.
    """

    def __init__(self, portal: Portal, caller: Caller) -> None:
        self.portal = portal
        self.caller = caller
        self.begun = portal.clock.timestamp()
        self.spent = 0.0
        self._dice = random.Random(0)  # noqa: S311 (not for secrets)

    def single(self, call: Call, method: Method) -> dict[str, Any]:
        """Carry out a call and return its whole answer.

        Raises:
            RestError: The portal refuses it.
            WallReached: It takes longer than requests may take.
        """
        result, took = self._run(call, method)
        if method.bare:
            return dict(result)
        answer: dict[str, Any] = {"result": result}
        if call.next is not None:
            answer["next"] = call.next
        if call.total is not None:
            answer["total"] = call.total
        answer["time"] = self.time(method.name, self.begun, took)
        return answer

    def batch(self, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a batch: one command after the other, each with its own outcome."""
        found: dict[str, dict[str, Any]] = {"result": {}, "error": {}, "total": {}, "next": {}, "time": {}}
        halt = truthy(params.get("halt"))
        taken = 0
        for key, command in items(params.get("cmd")):
            if not isinstance(command, str):
                continue
            taken += 1
            try:
                if taken > MAX_COMMANDS:
                    raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
                self._command(key, command, found)
            except RestError as refused:
                found["error"][key] = refused.body()
                if halt:
                    break
        inner = {
            "result": to_json(found["result"]),
            "result_error": to_json(found["error"]),
            "result_total": to_json(found["total"]),
            "result_next": to_json(found["next"]),
            "result_time": to_json(found["time"]),
        }
        if self.portal.settings.batch_billed:
            self.portal.budgets.spend(self.caller.key, "batch", self.spent)
        return {"result": inner, "time": self.time("batch", self.begun, self.spent)}

    def _command(self, key: str, command: str, found: dict[str, dict[str, Any]]) -> None:
        name, query = parse_url(command)
        if name.lower() in NOT_IN_BATCH:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
        params = parse_query(query)
        if "$" in query or "%24" in query:
            params = resolved(params, found)
        method = self.method(name)
        self._strike(method.name)
        call = Call(self.portal, self.caller, params, method.name)
        begun = self.portal.clock.timestamp() + self.spent
        found["result"][key], took = self._run(call, method)
        if call.total is not None:
            found["total"][key] = call.total
        if call.next is not None:
            found["next"][key] = call.next
        found["time"][key] = self.time(method.name, begun, took)

    def _strike(self, name: str) -> None:
        """Let the troubles that are meant for single commands strike."""
        for fault in self.portal.faults:
            if fault.kind == COMMAND_FAULT and fault.strikes((name,), self._dice):
                raise command_fault(fault.body, fault.status)

    def method(self, name: str, version: int = 2) -> Method:
        """Return a method.

        Raises:
            RestError: There is none of this name; the portal's notes say whether the vendor has it.
        """
        if name.lower().endswith(".xml"):
            raise not_emulated("answers in XML")
        method = find(name, version)
        if method is None or (method.scope == "bizproc" and not self.portal.settings.bizproc):
            if method is None:
                known = name.lower() in documented()
                what = "documented, but NOT EMULATED by this sandbox" if known else "unknown to the vendor"
                self.portal.notes.append(f"{name}: {what}")
            raise method_not_found()
        return method

    def _run(self, call: Call, method: Method) -> tuple[Any, float]:
        portal, settings, caller = self.portal, self.portal.settings, self.caller
        if method.scope and method.scope not in caller.scopes:
            raise scope_missing()
        if method.app and caller.app is None:
            raise wrong_auth_type()
        if method.admin and not portal.is_admin(caller.user):
            raise access_denied()
        if portal.budgets.exhausted(caller.key, method.name):
            raise operation_limit()
        cost = cost_of(settings, method.name) if settings.cost else 0.0
        if cost and settings.wall and self.spent + cost > settings.wall:
            self.spent = settings.wall
            raise WallReached
        self.spent += cost
        try:
            return method.handler(call), cost
        finally:
            if cost:
                portal.budgets.spend(caller.key, method.name, cost)

    def time(self, method: str, begun: float, took: float) -> dict[str, Any]:
        """Return what an answer tells about its time."""
        portal = self.portal
        finish = begun + took
        zone = portal.settings.timezone
        told: dict[str, Any] = {
            "start": begun,
            "finish": finish,
            "duration": took,
            "processing": took,
            "date_start": iso(int(begun), zone),
            "date_finish": iso(int(finish), zone),
        }
        if portal.settings.operating_fields:
            told["operating_reset_at"] = portal.budgets.reset_at(self.caller.key, method)
            told["operating"] = portal.budgets.operating(self.caller.key, method)
        return told


def command_fault(body: Any, status: int) -> RestError:
    """Return the refusal that a ``command_error`` stands for; its ``body`` is the vendor's error object."""
    given = body if isinstance(body, dict) else {}
    told = {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"} | given
    extra = {key: value for key, value in told.items() if key not in ("error", "error_description")}
    return RestError(told["error"], told["error_description"], status or 400, **extra)
