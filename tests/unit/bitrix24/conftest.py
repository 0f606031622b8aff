"""Helpers of the Bitrix24 tests: PHP's own way of reading a query, written independently of the encoder."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

import pytest


def php_parse_str(query: str) -> dict[str, Any]:
    """What PHP's parse_str makes of a query; arrays with keys 0..n-1 come back as lists."""
    root: dict[Any, Any] = {}
    for part in filter(None, query.split("&")):
        name, _, text = part.partition("=")
        name, text = unquote_plus(name), unquote_plus(text)
        base, bracket, rest = name.partition("[")
        steps: list[Any] = [re.sub(r"[ .]", "_", base)]
        if bracket:
            steps += re.findall(r"([^\]]*)\](?:\[|$)", rest)
        _put(root, steps, text)
    return {key: _listify(value) for key, value in root.items()}


def _put(node: dict[Any, Any], steps: list[Any], text: str) -> None:
    for position, step in enumerate(steps):
        key = step
        if step == "" and position:
            numbers = [k for k in node if isinstance(k, int)]
            key = max(numbers) + 1 if numbers else 0
        elif re.fullmatch(r"0|-?[1-9]\d*", step):
            key = int(step)
        if position == len(steps) - 1:
            node[key] = text
        else:
            child = node.get(key)
            if not isinstance(child, dict):
                child = node[key] = {}
            node = child


def _listify(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _listify(item) for key, item in value.items()}
    return list(items.values()) if list(items) == list(range(len(items))) else items


def php_command(command: str) -> tuple[str, dict[str, Any]]:
    method, _, query = command.partition("?")
    return method, php_parse_str(query)


@pytest.fixture(name="php_command", scope="session")
def php_command_fixture() -> Any:
    return php_command
