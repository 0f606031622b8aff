"""REST 3.0: JSON only, its own errors, and keys that make a repeated write harmless."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.dispatch import Dispatch
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.wire import Reply, Request, json_reply

__all__ = ["Remembered", "answer", "refused", "unknown_property"]

KEY_LIFE = 24 * 3600
MAX_KEY = 255
PREFIX = "BITRIX_REST_V3_EXCEPTION_"


@dataclass(frozen=True)
class Remembered:
    """The answer to a request that carried a key."""

    request: str
    body: dict[str, Any]
    until: float


def refused(
    name: str, message: str, status: int = 400, *, validation: list[dict[str, str]] | None = None
) -> RestError:
    """Return a refusal in the shape of REST 3.0."""
    error: dict[str, Any] = {"code": f"{PREFIX}{name}", "message": message}
    if validation:
        error["validation"] = validation
    return RestError(error["code"], message, status, error=error)


def unknown_property(name: str) -> RestError:
    """A field that does not exist."""
    return refused("UNKNOWNDTOPROPERTYEXCEPTION", f"Unknown property `{name}` of the object `TaskDto`")


def answer(dispatch: Dispatch, name: str, request: Request, params: dict[str, Any]) -> Reply:
    """Carry out a call or a batch of REST 3.0."""
    try:
        if name.lower() == "batch":
            return json_reply(200, _batch(dispatch, request))
        return _single(dispatch, name, request, params)
    except RestError as trouble:
        error = trouble.extra.get("error") or {"code": trouble.code, "message": trouble.text}
        return json_reply(trouble.status, {"error": error})


def _single(dispatch: Dispatch, name: str, request: Request, params: dict[str, Any]) -> Reply:
    method = dispatch.method(name, 3)
    portal, now = dispatch.portal, dispatch.portal.clock.timestamp()
    key = request.headers.get("idempotency-key", "")
    if not key:
        call = Call(portal, dispatch.caller, params, method.name)
        return json_reply(200, dispatch.single(call, method))
    if len(key) > MAX_KEY or not key.isascii():
        raise refused("INVALIDIDEMPOTENCYKEYEXCEPTION", "Idempotency-Key has to be 1 to 255 ASCII characters")
    asked = f"{method.name} {json.dumps(params, sort_keys=True)}"
    known = portal.remembered.get((dispatch.caller.key, key))
    if known is not None and known.until > now:
        if known.request != asked:
            raise refused(
                "IDEMPOTENCYKEYREUSEDEXCEPTION", "Idempotency-Key was used with another request", 422
            )
        return json_reply(200, known.body, **{"Idempotent-Replayed": "true"})
    call = Call(portal, dispatch.caller, params, method.name)
    body = dispatch.single(call, method)
    portal.remembered[dispatch.caller.key, key] = Remembered(asked, body, now + KEY_LIFE)
    return json_reply(200, body)


def _batch(dispatch: Dispatch, request: Request) -> dict[str, Any]:
    """Carry out a list of commands; the first refusal ends it, as nothing is said of going on."""
    try:
        commands = json.loads(request.body or b"[]")
    except ValueError:
        commands = []
    if not isinstance(commands, list):
        raise refused("INVALIDJSONEXCEPTION", "The body of a batch has to be a list")
    results = []
    for command in commands:
        given = command if isinstance(command, dict) else {}
        method = dispatch.method(str(given.get("method", "")), 3)
        query = given.get("query")
        call = Call(dispatch.portal, dispatch.caller, query if isinstance(query, dict) else {}, method.name)
        results.append(dispatch.single(call, method)["result"])
    return {"result": results, "time": dispatch.time("batch", dispatch.begun, dispatch.spent)}
