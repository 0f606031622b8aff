"""Looks at all that is asked of a Planfix sandbox and at its answers, and compares it with the description.

Requests that look alike are compared once: what does not matter for a schema (texts, most numbers) is left
out of the key under which a result is remembered.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import jsonschema

from crmkit.sandbox.exchange import Exchange
from crmkit.sandbox.faults import Fault
from crmkit.sandbox.planfix.vendor import PlanfixVendor
from crmkit.sandbox.wire import Reply, Request

__all__ = ["Watch"]

JSON = "application/json"
_PLACES = {"requestId": "[^/]+"}
_ID = "(?:[a-z]+:)?[0-9]+"
UNDESCRIBED = {
    # The vendor's page on authorization has it for every GET.
    ("get", "access_token"),
    # In an example of the description and in the older one of version 1.3.3.
    ("/task/list", "onlyChanged"),
    # The vendor's introduction: ids with prefixes, for reading one as for lists.
    ("/contact/{id}", "prefixedId"),
    ("/user/{id}", "prefixedId"),
}
"""What the vendor documents elsewhere than in the schemas of the description: verb or path, name."""
SEEN = {("/file/{id}/download", 200)}
"""Answers of live accounts that the description lacks."""
_COUNTED = ("pageSize", "offset")
_FREE = ("name", "description", "fields", "value", "error", "midname", "lastname", "stringValue")
_DIGITS = re.compile("[0-9]+")
_WRITTEN = {"integer": "[0-9]+", "boolean": "true|false"}


class Watch:
    """Compares requests and answers with a description; collects what does not fit.

    Args:
        description: The vendor's OpenAPI description.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = description
        self._parameters = description["components"].get("parameters", {})
        self._operations = [
            (re.compile(re.sub(r"\{(\w+)\}", _place, path)), path, verbs)
            # Literal paths first: /user/groups is no /user/{id}.
            for path, verbs in sorted(description["paths"].items(), key=lambda item: "{" in item[0])
        ]
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}
        self._known: dict[Any, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self.wrong_requests: dict[str, None] = {}
        self.wrong_answers: dict[str, None] = {}
        self.compared = 0

    def install(self) -> Callable[[], None]:
        """Look at every Planfix sandbox of this process from now on; return what ends that."""
        serve, handle = Exchange.serve, PlanfixVendor.handle

        def serve_watched(exchange: Exchange, request: Request) -> Reply | None:
            if type(exchange.vendor) is PlanfixVendor:  # not its doors, which are no part of the API
                self.request(request)
            return serve(exchange, request)

        def handle_watched(vendor: PlanfixVendor, request: Request, fault: Fault | None = None) -> Reply:
            reply = handle(vendor, request, fault)
            if fault is None and type(vendor) is PlanfixVendor:
                self.answer(request, reply)
            return reply

        Exchange.serve = serve_watched  # type: ignore[method-assign]
        PlanfixVendor.handle = handle_watched  # type: ignore[method-assign]

        def end() -> None:
            Exchange.serve = serve  # type: ignore[method-assign]
            PlanfixVendor.handle = handle  # type: ignore[method-assign]

        return end

    def forget(self) -> None:
        """Begin a new collection."""
        with self._lock:
            self.wrong_requests, self.wrong_answers = {}, {}

    def request(self, request: Request) -> None:
        """Compare a request."""
        found = self._find(request.verb, request.path)
        if found is None:
            problems: tuple[str, ...] = ("is not documented",)
        else:
            body = _parsed(request.body)
            key = (found, _DIGITS.sub("9", request.raw_query), _kind(request), _shape("", body))
            problems = self._remembered(key, lambda: self._in_request(found, request, body))
        with self._lock:
            self.compared += 1
            self.wrong_requests |= dict.fromkeys(f"{request.verb} {request.path} {one}" for one in problems)

    def answer(self, request: Request, reply: Reply) -> None:
        """Compare the answer to a request that is documented."""
        found = self._find(request.verb, request.path)
        if found is None or b"prefixedId" in request.body + request.raw_query.encode():
            return  # ids are whole numbers in the schemas, whatever was asked for
        body = _parsed(reply.body) if reply.content_type.startswith(JSON) else None
        key = (found, reply.status, _shape("", body))
        problems = self._remembered(key, lambda: self._in_answer(found, reply, body))
        with self._lock:
            self.wrong_answers |= dict.fromkeys(f"{request.verb} {request.path} {one}" for one in problems)

    def _remembered(self, key: Any, compare: Callable[[], Iterator[str]]) -> tuple[str, ...]:
        if key not in self._known:
            self._known[key] = tuple(compare())
        return self._known[key]

    def _find(self, verb: str, path: str) -> tuple[str, str] | None:
        for pattern, documented, verbs in self._operations:
            if pattern.fullmatch(path) and verb.lower() in verbs:
                return verb.lower(), documented
        return None

    def _in_request(self, found: tuple[str, str], request: Request, body: Any) -> Iterator[str]:
        verb, path = found
        described = self._description["paths"][path][verb]
        yield from self._in_query(found, described.get("parameters", ()), request.raw_query)
        kinds = described.get("requestBody", {}).get("content", {})
        if not request.body:
            if described.get("requestBody", {}).get("required"):
                yield "lacks its body"
        elif _kind(request) not in kinds:
            yield f"has a body of {_kind(request)!r}, documented: {', '.join(kinds) or 'none'}"
        elif _kind(request) == JSON:
            place = ("paths", path, verb, "requestBody", "content", JSON, "schema")
            yield from self._in_json(place, body)
            names = self._properties(kinds[JSON]["schema"]) | {
                name for place, name in UNDESCRIBED if place == path
            }
            if isinstance(body, dict) and (unknown := body.keys() - names):
                yield f"has unknown {', '.join(sorted(unknown))}"

    def _in_query(self, found: tuple[str, str], parameters: Any, query: str) -> Iterator[str]:
        described = [self._parameters.get(one.get("$ref", "").rpartition("/")[2], one) for one in parameters]
        known = {one["name"]: one["schema"] for one in described if one["in"] == "query"}
        for name, (value, *_) in parse_qs(query, keep_blank_values=True).items():
            kind = known.get(name, {}).get("type", "")
            if name not in known:
                if not UNDESCRIBED & {(place, name) for place in found}:
                    yield f"has an unknown parameter {name}"
            elif not re.fullmatch(_WRITTEN.get(kind, ".*"), value):
                yield f"has {name}={value}, which is no {kind}"
            elif value not in known[name].get("enum", [value]):
                yield f"has {name}={value}, which is not documented"

    def _in_answer(self, found: tuple[str, str], reply: Reply, body: Any) -> Iterator[str]:
        verb, path = found
        described = self._description["paths"][path][verb]["responses"].get(str(reply.status))
        if reply.status >= 400:
            # Which status comes with which error is documented in part only; its envelope is.
            yield from self._in_json(("components", "schemas", "ApiResponseError"), body)
        elif described is None and (path, reply.status) not in SEEN:
            yield f"is answered with {reply.status}, which is not documented"
        elif described and body is not None and JSON in described.get("content", {}):
            place = ("paths", path, verb, "responses", str(reply.status), "content", JSON, "schema")
            yield from self._in_json(place, body)

    def _in_json(self, place: tuple[str, ...], body: Any) -> Iterator[str]:
        pointer = "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
        if pointer not in self._validators:
            schema = {**self._description, "$ref": pointer}
            self._validators[pointer] = jsonschema.Draft202012Validator(schema)
        for error in self._validators[pointer].iter_errors(body):
            yield f"{error.json_path}: {error.message[:200]}"

    def _properties(self, schema: Mapping[str, Any]) -> set[str]:
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        known = self._description["components"]["schemas"].get(name, schema)
        return set(known.get("properties", {})).union(
            *(self._properties(one) for one in known.get("allOf", ()))
        )


def _place(found: re.Match[str]) -> str:
    return f"(?:{_PLACES.get(found[1], _ID)})"


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.hex()


def _shape(key: str, value: Any) -> Any:
    """Return what matters for a schema: names, types, single words, the lengths of secrets."""
    if isinstance(value, dict):
        return tuple([(name, _shape(name, one)) for name, one in value.items()])
    if isinstance(value, list):
        return frozenset([_shape(key, one) for one in value])
    if isinstance(value, str):
        return str if key in _FREE else value if value.isalpha() else len(value)
    if isinstance(value, bool) or value is None or key in _COUNTED:
        return value
    return type(value), value > 0
