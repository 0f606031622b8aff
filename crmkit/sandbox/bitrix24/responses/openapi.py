"""REST 3.0 describes itself: the methods that this portal has."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.responses.tasks3 import FIELDS
from crmkit.sandbox.bitrix24.urls import method, methods

__all__: list[str] = []

JSON_TYPES = {"integer": "integer", "strings": "array", "flag": "boolean"}


@method("rest.documentation.openapi", "", version=3, bare=True)
@method("documentation", "", version=3, bare=True)
def openapi(call: Call) -> Any:
    """Return the description itself: no envelope around it, no time beside it."""
    found = sorted(
        (one for one in methods().values() if one.version == 3 and one.scope), key=lambda one: one.name
    )
    return {
        "openapi": "3.0.0",
        "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
        "servers": [{"url": f"{call.portal.origin}/rest/api"}],
        "tags": [
            {"name": name, "description": f"{name} module methods"}
            for name in sorted({one.scope for one in found})
        ],
        "paths": {f"/{one.name}": {"post": _described(one.name, one.scope)} for one in found},
        "components": {"schemas": {"TaskDto": _task()}},
    }


def _described(name: str, scope: str) -> dict[str, Any]:
    answer = {"description": "Successful response", "content": {"application/json": {}}}
    return {"tags": [scope], "operationId": name, "responses": {"200": answer}}


def _task() -> dict[str, Any]:
    properties = {name: {"type": JSON_TYPES.get(kind, "string")} for name, (_, kind) in FIELDS.items()}
    return {"type": "object", "properties": properties}
