"""The control API, beside the vendor's: ``/__control/...`` on the same port. It mirrors what Python can do.

=========================  ================================================================================
``GET  /``                 what this sandbox is: URLs, tokens, people, operations
``GET  /clock``            ``{"now", "monotonic", "frozen"}``
``POST /clock``            ``{"advance": {"days": 7}}`` or ``{"set": "2025-03-10T09:00:00+03:00"}``
``POST /reset``            back to the start, with the same seed
``POST /seed``             start again with ``{"seed": name, ...options}``
``GET  /faults``           also POST (a :class:`crmkit.sandbox.faults.Fault`) and DELETE
``GET  /requests``         the log (``?limit=`` newest); DELETE forgets it
``GET  /notifications``    who was told what
``GET  /state/<name>``     a collection of the portal's state; ``/state/<name>/<number>`` one of its members
``POST /act``              ``{"action": "comment", "user": "user:4", "task": 70001, "text": "..."}``
=========================  ================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.faults import Fault
from crmkit.sandbox.wire import Reply, Request, json_reply

if TYPE_CHECKING:
    from crmkit.sandbox.box import Sandbox

__all__ = ["PREFIX", "Control"]

PREFIX = "/__control"
LOCAL_NAMES = ("127.0.0.1", "localhost")
Action = Callable[[Request, list[str]], Any]


class Control:
    """Answers what is asked under ``/__control``."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", ""): self._about,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._move,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._seed,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget,
            ("GET", "notifications"): self._notifications,
            ("GET", "state"): self._state,
            ("POST", "act"): self._act,
        }

    def handle(self, request: Request) -> Reply:
        """Answer a request; what went wrong is told in ``error``."""
        if request.headers.get("host", "").split(":")[0] not in LOCAL_NAMES:
            return json_reply(403, {"error": "the control API answers to this machine's own names only"})
        name, *rest = request.path.removeprefix(PREFIX).strip("/").split("/")
        action = self._actions.get((request.verb, name))
        if action is None:
            known = sorted(f"{verb} {PREFIX}/{path}" for verb, path in self._actions)
            return json_reply(404, {"error": f"no {request.verb} {request.path}", "known": known})
        try:
            return json_reply(200, action(request, rest))
        except LookupError as error:
            return json_reply(404, {"error": str(error.args[0] if error.args else error)})
        except (ValueError, TypeError) as error:
            return json_reply(400, {"error": str(error)})

    def _about(self, request: Request, rest: list[str]) -> Any:
        return {"url": self._box.url, "control": self._box.control_url, **self._box.vendor.about()}

    def _clock(self, request: Request, rest: list[str]) -> Any:
        clock = self._box.clock
        return {"now": clock.now().isoformat(), "monotonic": clock.monotonic(), "frozen": clock.frozen}

    def _move(self, request: Request, rest: list[str]) -> Any:
        body = _body(request)
        if "advance" in body:
            self._box.clock.advance(**body["advance"])
        elif "set" in body:
            self._box.clock.set(datetime.fromisoformat(body["set"]))
        else:
            raise ValueError('say {"advance": {"days": 7}} or {"set": "2025-03-10T09:00:00+03:00"}')
        return self._clock(request, rest)

    def _reset(self, request: Request, rest: list[str]) -> Any:
        self._box.reset()
        return self._clock(request, rest)

    def _seed(self, request: Request, rest: list[str]) -> Any:
        body = _body(request)
        self._box.reset(seed=body.pop("seed"), **body)
        return self._clock(request, rest)

    def _faults(self, request: Request, rest: list[str]) -> Any:
        return [asdict(fault) for fault in self._box.faults]

    def _add_fault(self, request: Request, rest: list[str]) -> Any:
        return asdict(self._box.faults.add(Fault(**_body(request))))

    def _clear_faults(self, request: Request, rest: list[str]) -> Any:
        self._box.faults.clear()
        return []

    def _requests(self, request: Request, rest: list[str]) -> Any:
        limit = int(request.query.get("limit", "0"))
        return [entry.plain() for entry in list(self._box.requests)[-limit:]]

    def _forget(self, request: Request, rest: list[str]) -> Any:
        self._box.requests.clear()
        return []

    def _notifications(self, request: Request, rest: list[str]) -> Any:
        return self._box.vendor.state("notifications")

    def _state(self, request: Request, rest: list[str]) -> Any:
        if not rest:
            raise LookupError(f"say which: {PREFIX}/state/<collection>")
        return self._box.vendor.state(*rest[:2])

    def _act(self, request: Request, rest: list[str]) -> Any:
        body = _body(request)
        return {"result": self._box.vendor.act(str(body.pop("action", "")), body)}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise ValueError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise TypeError("the body has to be a JSON object")
    return body
