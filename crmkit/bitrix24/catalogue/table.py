"""The documented methods as data: read once, when the catalogue is first used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

__all__ = ["Method", "Parameter", "Table", "dump", "load"]

FILE = "methods.tsv"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method: its name, the vendor's word for its type, whether it must be there."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Method:
    """One documented method.

    Attributes:
        name: As documented; old modules do not mind the case, controllers do.
        version: 2 or 3, the REST version that has it.
        scope: Scopes of which the webhook or application needs one.
        deprecated: The vendor advises against it.
        replacement: What to use instead, if the vendor says so.
        parameters: In the documented order, which is what the old ``task.*`` methods go by.
    """

    name: str
    version: int
    scope: tuple[str, ...] = ()
    deprecated: bool = False
    replacement: str = ""
    parameters: tuple[Parameter, ...] = ()

    def line(self) -> str:
        """Write the method as a line of the data file."""
        parameters = ",".join(f"{p.name}{'!' if p.required else ''}:{p.type}" for p in self.parameters)
        flag = self.replacement or ("-" if self.deprecated else "")
        return "\t".join((self.name, str(self.version), ",".join(self.scope), flag, parameters))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of the data file."""
        name, version, scope, flag, parameters = line.split("\t")
        return cls(
            name,
            int(version),
            tuple(filter(None, scope.split(","))),
            bool(flag),
            "" if flag == "-" else flag,
            tuple(_parameter(part) for part in parameters.split(",") if part),
        )


class Table:
    """All methods by name and version."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._methods: dict[tuple[str, int], Method] = {}
        self._children: dict[str, set[str]] = {}
        for method in methods:
            self._methods[method.name.lower(), method.version] = method
            path = ""
            for part in method.name.split("."):
                self._children.setdefault(path.lower(), set()).add(part)
                path = f"{path}.{part}" if path else part

    def find(self, name: str, version: int | None = None) -> Method | None:
        """Return a method by name, in any case; without a version REST 2 goes first."""
        versions = (2, 3) if version is None else (version,)
        found = (self._methods.get((name.lower(), number)) for number in versions)
        return next(filter(None, found), None)

    def children(self, path: str) -> frozenset[str]:
        """Return the names that may follow a path; the empty path is the root."""
        return frozenset(self._children.get(path.lower(), ()))

    def __iter__(self) -> Iterator[Method]:
        return iter(self._methods.values())

    def __len__(self) -> int:
        return len(self._methods)


def dump(methods: Iterable[Method]) -> str:
    """Return the content of the data file."""
    return "".join(f"{method.line()}\n" for method in methods)


@cache
def load() -> Table:
    """Return the table of the data file; parsed on the first call."""
    text = (files(__package__) / FILE).read_text(encoding="utf-8")
    return Table(map(Method.from_line, text.splitlines()))


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(":")
    return Parameter(name.rstrip("!"), kind, name.endswith("!"))
