"""What companies and contacts have in common: lists by conditions, fields by logical names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from crmkit.bitrix24.fields import FieldInfo
from crmkit.crm.adapters.bitrix24.mapping import CLIENT_TYPE
from crmkit.crm.adapters.bitrix24.query import numbers_in
from crmkit.crm.adapters.bitrix24.room import Tools, number_of, whole
from crmkit.crm.adapters.bitrix24.values import empty, for_filter, neutral_type, read, write
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import EntityKind, FieldSpec, WriteResult
from crmkit.exceptions import ValidationError

__all__ = ["Cards", "specs_of"]


class Neutral(Protocol):
    """What the conditions look at."""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields by logical name."""
        ...


T = TypeVar("T", bound=Neutral)
STAMPS = {"created_since": ("createdTime", "created_at"), "changed_since": ("updatedTime", "updated_at")}


@dataclass(frozen=True)
class Cards:
    """Companies, or contacts.

    Args:
        tools: What the rooms work with.
        section: Of the settings: ``companies`` or ``contacts``.
        kind: What one of them is called.
    """

    tools: Tools
    section: str
    kind: EntityKind

    def find(self, conditions: Iterable[Expression], items: Any, neutral: Callable[[Any], T]) -> Iterator[T]:
        """Yield the cards that satisfy every condition, by id.

        Raises:
            ValidationError: A condition is not known here.
            ConfigurationError: A field name is not in the settings.
        """
        ids: frozenset[int] | None = None
        asked: list[Mapping[str, Any]] = []
        checks: list[Callable[[T], bool]] = []
        for term in terms_of(conditions):
            if term.name == "with_ids":
                given = numbers_in(term.args)
                ids = given if ids is None else ids & given
            else:
                server, check = self._condition(term)
                asked += [server] if server else []
                checks.append(check)
        return self._found(items, neutral, ids, _merged(asked), checks)

    def update(self, card_id: str, fields: Mapping[str, Any], items: Any) -> WriteResult:
        """Set fields by logical names in one write."""
        number = number_of(card_id, self.kind)
        values = {}
        for key, value in fields.items():
            info = self.tools.account.field(key, self.section)
            values[info.name] = write(info, value)
        if values:
            items.update(number, **values)
        return WriteResult(id=str(number))

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields, and the vendor's own that the settings name."""
        return specs_of(self.tools, self.section)

    def _found(
        self,
        items: Any,
        neutral: Callable[[Any], T],
        ids: frozenset[int] | None,
        asked: Mapping[str, Any],
        checks: Sequence[Callable[[T], bool]],
    ) -> Iterator[T]:
        for item in items.list(asked) if ids is None else items.having("id", sorted(ids), asked):
            card = neutral(item)
            if all(check(card) for check in checks):
                yield card

    def _condition(self, term: Term) -> tuple[Mapping[str, Any] | None, Callable[[Any], bool]]:
        if term.name == "of_type_client" and self.kind == "company":
            return {"=typeId": CLIENT_TYPE}, lambda card: bool(card.is_client)
        if term.name in STAMPS and (self.kind == "company" or term.name == "changed_since"):
            name, attribute = STAMPS[term.name]
            moment = whole(term.args[0])
            return {f">={name}": moment}, lambda card: (getattr(card, attribute) or moment) >= moment
        if term.name == "field":
            return self._field(*term.args)
        raise ValidationError(f"the filter {term} is not known for {self.section}")

    def _field(self, key: str, value: Any) -> tuple[Mapping[str, Any] | None, Callable[[Any], bool]]:
        info = self.tools.account.field(key, self.section)
        if empty(value):
            return None, lambda card: key not in card.fields
        wanted = for_filter(info, value)
        neutral = read(info, [wanted] if info.multiple else wanted)

        def same(card: Any) -> bool:
            found = card.fields.get(key)
            if isinstance(found, tuple):
                return set(found) == set(value if isinstance(value, tuple | list) else neutral)
            return bool(found == value)

        return {f"={info.name}": wanted}, same


def specs_of(tools: Tools, section: str) -> Sequence[FieldSpec]:
    """Return what the custom fields of a section are, and the vendor's own that the settings name."""
    names = {info.name: key for key, info in tools.account.named(section).items()}
    fields = tools.account.schema(section).fields.values()
    return [
        _spec(one, names.get(one.name, ""))
        for one in fields
        if one.name in names or one.name.startswith("UF_")
    ]


def _spec(field: FieldInfo, key: str) -> FieldSpec:
    kind = neutral_type(field)
    return FieldSpec(
        id=field.name,
        name=field.title,
        key=key,
        type=kind,
        options=tuple((field.items or {}).values()),
        writable=not field.read_only and kind != "other",
        raw={"type": field.type, "multiple": field.multiple, "items": dict(field.items or {})},
    )


def _merged(asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    groups: list[Mapping[str, Any]] = []
    for one in asked:
        if merged.keys().isdisjoint(one):
            merged |= one
        else:
            groups.append(one)
    return merged | {str(number): dict(one) for number, one in enumerate(groups)}
