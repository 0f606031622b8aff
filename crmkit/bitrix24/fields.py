"""What fields a portal has, so that a wrong name is refused before the portal silently ignores it."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crmkit.bitrix24.envelope import as_map
from crmkit.exceptions import ValidationError

__all__ = ["FieldInfo", "FieldTable", "Schema"]


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of an object.

    Attributes:
        name: As filters, selects and values name it.
        type: The vendor's type: ``string``, ``datetime``, ``crm_status``, ``enumeration`` ...
        title: What people see.
        read_only: Values for it are ignored.
        multiple: It holds a list.
        required: An object cannot be made without it.
        items: Options of an enumeration, label by id.
        settings: The vendor's settings of a user field, for example the types that a link may lead to.
    """

    name: str
    type: str = ""
    title: str = ""
    read_only: bool = False
    multiple: bool = False
    required: bool = False
    items: Mapping[str, str] | None = None
    settings: Mapping[str, Any] | None = None


class Schema:
    """The fields of one kind of object.

    Args:
        what: What it is, for messages: ``crm.item 2``.
        fields: The answer of the ``*.fields`` method, field descriptions by name.
    """

    def __init__(self, what: str, fields: Mapping[str, Any]) -> None:
        self.what = what
        self.fields: dict[str, FieldInfo] = {}
        self._by_other_name: dict[str, str] = {}
        for name, facts in fields.items():
            info = _field(name, as_map(facts))
            self.fields[name] = info
            for other in (as_map(facts).get("upperName"), _snake(name)):
                if other:
                    self._by_other_name.setdefault(str(other).lower(), name)
            self._by_other_name[name.lower()] = name

    def resolve(self, name: str) -> FieldInfo:
        """Return the field of this name: as the portal writes it, in upper case, snake_case or camelCase.

        Tasks need the last: their rows come in camelCase, but filters and values are named in upper case.

        Raises:
            ValidationError: There is none; near names are suggested.

        Example:
            >>> schema = Schema("deal", {"stageId": {"type": "crm_status", "upperName": "STAGE_ID"}})
            >>> schema.resolve("stage_id").name, schema.resolve("STAGE_ID").name
            ('stageId', 'stageId')
        """
        known = self._by_other_name
        for spelling in (name, known.get(name.lower(), ""), known.get(_snake(name).lower(), "")):
            if spelling in self.fields:
                return self.fields[spelling]
        near = difflib.get_close_matches(name.lower(), self._by_other_name, 3)
        names = ", ".join(dict.fromkeys(self._by_other_name[one] for one in near))
        raise ValidationError(
            f"{self.what} has no field {name!r}", hint=f"did you mean {names}?" if names else "see fields()"
        )

    def writable(self, name: str) -> FieldInfo:
        """Return a field that takes values.

        Raises:
            ValidationError: There is no such field, or the portal would ignore values for it.
        """
        info = self.resolve(name)
        if info.read_only:
            raise ValidationError(f"{self.what}: {info.name} is read-only", hint="the portal would ignore it")
        return info


class FieldTable:
    """Keeps schemas for the life of a client; each is asked for once.

    Args:
        call: Calls a method and returns its result.
    """

    def __init__(self, call: Callable[[str, Mapping[str, Any]], Any]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._schemas: dict[tuple[str, tuple[Any, ...]], Schema] = {}

    def of(
        self, method: str, params: Mapping[str, Any], what: str, extra: Mapping[str, Any] | None = None
    ) -> Schema:
        """Return the schema that a ``*.fields`` method describes; ``extra`` are fields it may leave out."""
        with self._lock:
            found = self._schemas.get(_key(method, params))
            return found or self._keep(method, params, self._call(method, params), what, extra)

    def knows(self, method: str, params: Mapping[str, Any]) -> bool:
        """Tell whether :meth:`of` can answer without asking."""
        return _key(method, params) in self._schemas

    def keep(
        self,
        method: str,
        params: Mapping[str, Any],
        result: Any,
        what: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Schema:
        """Take an answer of a ``*.fields`` method that came another way, and return the schema."""
        with self._lock:
            return self._keep(method, params, result, what, extra)

    def forget(self) -> None:
        """Ask again next time; after fields were added."""
        with self._lock:
            self._schemas.clear()

    def _keep(
        self,
        method: str,
        params: Mapping[str, Any],
        result: Any,
        what: str,
        extra: Mapping[str, Any] | None,
    ) -> Schema:
        inside = as_map(result).get("fields")
        fields = as_map(inside) if inside else as_map(result)
        made = self._schemas[_key(method, params)] = Schema(what, {**(extra or {}), **fields})
        return made


def _key(method: str, params: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    return method, tuple(sorted(params.items()))


def _field(name: str, facts: Mapping[str, Any]) -> FieldInfo:
    items = {
        str(item.get("ID", item.get("id"))): str(item.get("VALUE", item.get("value")))
        for item in as_map(facts.get("items")).values()
        if isinstance(item, Mapping)
    }
    return FieldInfo(
        name=name,
        type=str(facts.get("type") or facts.get("userTypeId") or ""),
        title=str(facts.get("formLabel") or facts.get("title") or name),
        read_only=bool(facts.get("isReadOnly")),
        multiple=bool(facts.get("isMultiple")),
        required=bool(facts.get("isRequired")),
        items=items or None,
        settings=as_map(facts.get("settings")) or None,
    )


def _snake(name: str) -> str:
    if name.isupper() or "_" in name:
        return name
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
