"""Writes the catalogue from a description of the vendor's methods.

Usage::

    python -m crmkit.bitrix24.catalogue.generate METHODS.jsonl [--examples EXAMPLES.jsonl] [--check]

A line of ``METHODS.jsonl`` is one method: ``method``, ``rest_version``, ``scope``, ``deprecated``,
``replacement`` and ``params`` (``name``, ``type``, ``required``). Only facts are taken over: names, types,
scopes, deprecations. With the examples a parameter that an example leaves out is not called required.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crmkit.bitrix24.catalogue.table import FILE, Method, Parameter, dump

__all__ = ["main", "methods_of", "stub"]

_HERE = Path(__file__).parent
_STUB = "api.pyi"
_TYPES = {
    "integer": "_Int",
    "int": "_Int",
    "user": "_Int",
    "double": "_Number",
    "float": "_Number",
    "string": "_Text",
    "text": "_Text",
    "char": "_Text",
    "boolean": "_Flag",
    "bool": "_Flag",
    "datetime": "_Moment",
    "date": "_Day",
    "object": "_Map",
    "array": "_List",
    "file": "_File",
}
_HEAD = """\
# fmt: off
# ruff: noqa
# Written by crmkit.bitrix24.catalogue.generate; do not edit.
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from typing_extensions import deprecated

from crmkit.bitrix24.catalogue.node import Send
from crmkit.bitrix24.encoding import File, Ref

_Any: TypeAlias = Any
_Int: TypeAlias = int | str | Ref
_Number: TypeAlias = float | Decimal | str
_Text: TypeAlias = str | int | Ref
_Flag: TypeAlias = bool | int | str
_Moment: TypeAlias = datetime | str
_Day: TypeAlias = date | str
_Map: TypeAlias = Mapping[str, Any] | Sequence[Any] | Ref
_List: TypeAlias = Sequence[Any] | Mapping[str, Any] | Ref
_File: TypeAlias = File | Sequence[str] | str | int
"""


def methods_of(rows: Iterable[dict[str, Any]], examples: Iterable[dict[str, Any]] = ()) -> list[Method]:
    """Turn the description into methods, sorted by name and version."""
    given = _always_given(examples)
    methods = {}
    for row in rows:
        name, version = row["method"], int(row["rest_version"])
        parameters: dict[str, Parameter] = {}
        for param in row["params"]:
            label = str(param["name"])
            if re.fullmatch(r"[A-Za-z_]\w*", label) and label not in parameters:
                needed = bool(param["required"]) and label in given.get((name, version), {label})
                parameters[label] = Parameter(label, _type_word(param["type"]), needed)
        methods[name, version] = Method(
            name,
            version,
            tuple(row["scope"]),
            bool(row["deprecated"]),
            row["replacement"] if re.fullmatch(r"[\w.*]+", row["replacement"] or "") else "",
            tuple(parameters.values()),
        )
    return [methods[key] for key in sorted(methods, key=lambda key: (key[0].lower(), key[1]))]


def stub(methods: Iterable[Method]) -> str:
    """Return the content of the stub."""
    methods = list(methods)
    newest_wins = {m.name: m for m in sorted(methods, key=lambda m: -m.version)}  # REST 2 where both exist
    third = {m.name: m for m in methods if m.version == 3}
    lines = [_HEAD]
    lines += _classes("", newest_wins, "_")
    lines += _classes("", third, "_V3_")
    lines += [
        "class Api:",
        "    def __init__(self, send: Send, path: str = ..., version: int | None = ...) -> None: ...",
        *(f"    {line}" for line in _members("", newest_wins, "_")),
    ]
    if third:
        lines += ["    v3: _V3_", "class _V3_:", *(f"    {line}" for line in _members("", third, "_V3_"))]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with ``--check`` tell whether they are current (exit code 0 or 1)."""
    parser = argparse.ArgumentParser(description="Write the catalogue of Bitrix24 methods.")
    parser.add_argument("methods", type=Path)
    parser.add_argument("--examples", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    methods = methods_of(_read(options.methods), _read(options.examples) if options.examples else ())
    wanted = {FILE: dump(methods), _STUB: stub(methods)}
    stale = [name for name, text in wanted.items() if _current(_HERE / name) != text]
    if not options.check:
        for name in stale:
            (_HERE / name).write_text(wanted[name], encoding="utf-8")
        return 0
    for name in stale:
        sys.stderr.write(f"{name} is not current: run python -m crmkit.bitrix24.catalogue.generate\n")
    return 1 if stale else 0


def _classes(path: str, methods: dict[str, Method], prefix: str) -> Iterator[str]:
    """Yield the classes below a path, the inner ones first."""
    for part in _children(path, methods):
        inner = f"{path}.{part}".lstrip(".")
        if not _children(inner, methods):
            continue
        yield from _classes(inner, methods, prefix)
        yield f"class {_class_name(inner, prefix)}:"
        if inner in methods:
            yield from (f"    {line}" for line in _definition("__call__", methods[inner]))
        yield from (f"    {line}" for line in _members(inner, methods, prefix))


def _members(path: str, methods: dict[str, Method], prefix: str) -> Iterator[str]:
    for part in _children(path, methods):
        inner = f"{path}.{part}".lstrip(".")
        label = f"{part}_" if keyword.iskeyword(part) else part
        if _children(inner, methods):
            yield f"{label}: {_class_name(inner, prefix)}"
        else:
            yield from _definition(label, methods[inner])


def _definition(label: str, method: Method) -> Iterator[str]:
    if method.deprecated:
        advice = f"use {method.replacement}" if method.replacement else "the vendor advises against it"
        yield f"@deprecated({json.dumps(advice)})"
    parameters = sorted(method.parameters, key=lambda p: not p.required)
    named = [_argument(parameter) for parameter in parameters]
    rest = f"*, {', '.join(named)}" if named else "**params: _Any"
    yield f"def {label}(self, {rest}) -> _Any: ..."


def _argument(parameter: Parameter) -> str:
    name = f"{parameter.name}_" if keyword.iskeyword(parameter.name) else parameter.name
    words = dict.fromkeys(_hint(word) for word in parameter.type.split("|"))
    hint = "_Any" if "_Any" in words else " | ".join(words)
    return f"{name}: {hint}" + ("" if parameter.required else " = ...")


def _hint(word: str) -> str:
    if word.endswith("[]"):
        return "_List"
    if word.lower().endswith((".id", ".currency")):
        return "_Int"
    return _TYPES.get(word.lower(), "_Any")


def _children(path: str, methods: dict[str, Method]) -> list[str]:
    start = f"{path}." if path else ""
    return sorted({name[len(start) :].split(".")[0] for name in methods if name.startswith(start)})


def _class_name(path: str, prefix: str) -> str:
    return prefix + path.replace(".", "_")


def _type_word(text: str | None) -> str:
    words = re.split(r"[|\s,]+", text or "")
    return "|".join(dict.fromkeys(word for word in words if re.fullmatch(r"[A-Za-z][\w.]*(\[\])?", word)))


def _always_given(examples: Iterable[dict[str, Any]]) -> dict[tuple[str, int], set[str]]:
    """Return, per method with examples, the names that every example gives."""
    given: dict[tuple[str, int], set[str]] = {}
    for row in examples:
        key = row["method"], int(row["rest_version"])
        for call in row["requests"]:
            if call["body"] and isinstance(call["body"], dict):
                names = set(call["body"])
                given[key] = given[key] & names if key in given else names
    return given


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main())
