"""The vendor's description of Planfix, which lies beside the repository, and whether a request fits it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest

SPECS = Path(__file__).parents[3] / "shared" / "specs"
needs_description = pytest.mark.skipif(
    not (SPECS / "planfix-openapi.json").is_file(),
    reason="the vendor's description is not beside the repository",
)


@cache
def description() -> dict[str, Any]:
    return json.loads((SPECS / "planfix-openapi.json").read_text())  # type: ignore[no-any-return]


def operation(verb: str, path: str) -> tuple[str, dict[str, Any]]:
    """Find the documented path that a concrete one belongs to; its slashes must be the same."""
    for documented, operations in description()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "(?:[0-9]+|[A-Za-z0-9]{32})", re.escape(documented))
        if re.fullmatch(pattern, path) and verb.lower() in operations:
            return documented, operations[verb.lower()]
    raise AssertionError(f"{verb} {path} is not documented")


def properties(schema: dict[str, Any]) -> set[str]:
    """Return the names of all properties that a schema knows, those of its parts too."""
    known = description()["components"]["schemas"].get(schema.get("$ref", "/").rsplit("/", 1)[1], schema)
    own = set(known.get("properties", {}))
    return own.union(*(properties(part) for part in known.get("allOf", [])))


def check_request(verb: str, url: str, body: bytes | None) -> str:
    """Check a request and return the documented path that it fits."""
    parts = urlsplit(url)
    documented, described = operation(verb, parts.path.removeprefix("/rest"))
    names = {one.get("name") for one in described.get("parameters", []) if one.get("in") == "query"}
    assert set(parse_qs(parts.query)) <= names
    if body is None:
        assert "application/json" not in described.get("requestBody", {}).get("content", {})
        return documented
    place = (
        f"#/paths/{documented.replace('/', '~1')}/{verb.lower()}/requestBody/content/application~1json/schema"
    )
    if "requestBody" in described:
        jsonschema.Draft202012Validator({**description(), "$ref": place}).validate(json.loads(body))
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        assert set(json.loads(body)) <= properties(schema)
    else:
        raise AssertionError(f"{verb} {documented} takes no body")
    return documented
