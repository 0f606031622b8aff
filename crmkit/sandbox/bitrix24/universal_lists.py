"""Universal lists: their fields, and how the values of those are read and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.kinds import FieldSpec
from crmkit.sandbox.bitrix24.listing import Specs, specs
from crmkit.sandbox.bitrix24.php import as_list
from crmkit.sandbox.bitrix24.table import Table
from crmkit.sandbox.bitrix24.values import IGNORED, parsed

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["ELEMENT", "TYPES", "ListField", "UniversalList", "decoded", "shown"]

ELEMENT = specs(
    "ID:integer IBLOCK_ID:integer NAME:string IBLOCK_SECTION_ID:integer CREATED_BY:integer "
    "BP_PUBLISHED:string CODE:string DATE_CREATE:datetime TIMESTAMP_X:datetime"
)
TYPES = {
    "S": "string",
    "N": "double",
    "L": "integer",
    "E": "integer",
    "S:Date": "date",
    "S:DateTime": "datetime",
    "S:HTML": "string",
    "S:Money": "string",
    "S:employee": "integer",
    "S:ECrm": "string",
}
"""The vendor's types of fields, and how their values are kept."""


@dataclass
class ListField:
    """A field of a list; ``options`` are those of type ``L`` by their numbers."""

    id: int
    name: str
    type: str
    code: str = ""
    sort: int = 10
    multiple: bool = False
    required: bool = False
    options: dict[int, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in elements and filters: ``PROPERTY_1``."""
        return f"PROPERTY_{self.id}"

    @property
    def spec(self) -> FieldSpec:
        """How its values are read and compared; there are many of them as far as the storage cares."""
        return FieldSpec(self.key, TYPES[self.type], self.name, multiple=True)


@dataclass
class UniversalList:
    """A list with its elements."""

    id: int
    type: str
    code: str
    name: str
    sort: int = 500
    description: str = ""
    created: int = 0
    group: int = 0
    fields: dict[str, ListField] = field(default_factory=dict)
    elements: Table = field(default_factory=lambda: Table("CODE"), repr=False)

    @property
    def specs(self) -> Specs:
        """What elements can be filtered and sorted by."""
        return ELEMENT | {key: one.spec for key, one in self.fields.items()}


def decoded(portal: Portal, list_: UniversalList, given: dict[str, Any]) -> Row:
    """Read the fields of an element: unknown ones are dropped, and those that are left out are empty."""
    values: Row = {}
    for key, one in list_.fields.items():
        read = [parsed(one.spec, [item], portal.zone, legacy=True) for item in as_list(given.get(key))]
        found = [item for [item] in (item for item in read if item is not IGNORED and item)]
        values[key] = found if one.multiple else found[:1]
    values["VALUE_IDS"] = {key: [portal.next_id("list value") for _ in values[key]] for key in list_.fields}
    return values


def shown(list_: UniversalList, row: Row, portal: Portal) -> dict[str, Any]:
    """Return the properties of an element: values by the numbers that the portal gave them, if there are any.

    Dates are in the format of the portal's language, not in ISO 8601.
    """
    told = {}
    for key, one in list_.fields.items():
        if row.get(key):
            numbers = row["VALUE_IDS"][key]
            told[key] = {
                str(number): _text(one, value, portal)
                for number, value in zip(numbers, row[key], strict=True)
            }
    return told


def _text(one: ListField, value: Any, portal: Portal) -> str:
    kept_as = TYPES[one.type]
    if kept_as == "datetime":
        return datetime.fromtimestamp(value, portal.zone).strftime("%d.%m.%Y %H:%M:%S")
    if kept_as == "date":
        return date.fromisoformat(value).strftime("%d.%m.%Y")
    return f"{value:.4f}".rstrip("0").rstrip(".") if kept_as == "double" else str(value)
