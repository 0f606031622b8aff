"""The types of CRM items and their fields, under both of the names that the vendor gives them.

The old methods (``crm.deal.*``) say ``ASSIGNED_BY_ID``, the universal ones (``crm.item.*``) ``assignedById``;
rows are kept under the old names, as the vendor's database does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "COMPANY",
    "CONTACT",
    "DEAL",
    "FIRST_DYNAMIC",
    "INVOICE",
    "LEAD",
    "MULTIFIELDS",
    "QUOTE",
    "FieldSpec",
    "Kind",
    "camel",
]

LEAD, DEAL, CONTACT, COMPANY, QUOTE, INVOICE = 1, 2, 3, 4, 7, 31
FIRST_DYNAMIC = 128
OWN_STAGES = {LEAD: "STATUS", QUOTE: "QUOTE_STATUS"}
"""Where the stages of types without pipelines are listed."""
MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM")
NUMBERED = re.compile(r"UF_CRM_(\d+)_(.+)")
RENAMED = {
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "MOVED_BY_ID": "movedBy",
    "DATE_CLOSED": "dateClosed",
    "STATUS_ID": "stageId",
    "STATUS_SEMANTIC_ID": "stageSemanticId",
    "COMPANY_TYPE": "typeId",
}
"""Names of the universal methods that are no plain translation of the old ones."""


def camel(name: str) -> str:
    """Translate a field name for the universal methods.

    Example:
        >>> camel("ASSIGNED_BY_ID"), camel("UF_CRM_2_123"), camel("UF_CRM_123"), camel("PARENT_ID_153")
        ('assignedById', 'ufCrm2_123', 'ufCrm_123', 'parentId153')
        >>> camel("UF_CRM_LOSS_REASON"), camel("UF_CRM_7_LOSS_REASON")
        ('ufCrmLossReason', 'ufCrm7LossReason')
    """
    if name.startswith("PARENT_ID_"):
        return f"parentId{name.removeprefix('PARENT_ID_')}"
    if match := NUMBERED.fullmatch(name):
        return f"ufCrm{match[1]}{_capitals(match[2].split('_'))}"
    first, *rest = name.lower().split("_")
    return first + _capitals(rest)


def _capitals(parts: list[str]) -> str:
    return "".join(f"_{part}" if part[:1].isdigit() else part.capitalize() for part in parts)


@dataclass(slots=True)
class FieldSpec:
    """A field of a type.

    Attributes:
        name, key: Its name in the old and in the universal methods.
        type: The vendor's type.
        id: Of a custom field; 0 for the vendor's own.
        legacy, universal: Which methods know it.
        enum: The items of a list: ``{"ID", "VALUE", "SORT", "XML_ID", "DEF"}``.
        default: What a new item has.
    """

    name: str
    type: str
    title: str = ""
    key: str = ""
    id: int = 0
    read_only: bool = False
    immutable: bool = False
    required: bool = False
    multiple: bool = False
    status_type: str = ""
    legacy: bool = True
    universal: bool = True
    default: Any = None
    enum: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = self.key or RENAMED.get(self.name) or camel(self.name)

    @property
    def custom(self) -> bool:
        """Whether people made the field."""
        return self.id > 0

    def described(self, *, legacy: bool) -> dict[str, Any]:
        """Return what the ``fields`` methods tell of it."""
        told: dict[str, Any] = {
            "type": self.type,
            "isRequired": self.required,
            "isReadOnly": self.read_only,
            "isImmutable": self.immutable,
            "isMultiple": self.multiple,
            "isDynamic": self.custom,
        }
        if self.status_type:
            told["statusType"] = self.status_type
        if self.enum:
            told["items"] = [{"ID": str(one["ID"]), "VALUE": one["VALUE"]} for one in self.enum]
        if self.type == "boolean" and not legacy and not self.custom:
            told["type"] = "boolean"
        elif self.type == "boolean" and legacy and not self.custom:
            told["type"] = "char"
        told["title"] = self.name if self.custom and legacy else self.title or self.name
        if self.custom:
            told |= (
                {"listLabel": self.title, "formLabel": self.title, "filterLabel": self.title}
                if legacy
                else {}
            )
            told["settings"] = self.settings or []
        if not legacy:
            told["upperName"] = self.name
        return told


@dataclass(slots=True)
class Kind:
    """A type of CRM items.

    Attributes:
        id: ``entityTypeId``.
        type_id: The number of a smart process, which its custom fields are named after; 0 for the rest.
        name: Of its methods: ``deal``; also the timeline's name of the type.
        letter: In links: ``D_10``.
        document: The document class of business processes.
        stage_field: ``STAGE_ID``, or ``STATUS_ID`` for leads; empty where there are none.
        event: The middle of event names: ``DEAL`` in ``ONCRMDEALADD``.
        uf_entity: Where its custom fields belong: ``CRM_DEAL``.
    """

    id: int
    name: str
    title: str
    letter: str
    document: str
    event: str
    uf_entity: str
    stage_field: str = ""
    type_id: int = 0
    has_categories: bool = False
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    by_key: dict[str, FieldSpec] = field(default_factory=dict)
    prepared: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What was prepared to write items of this type; void as soon as a field changes."""

    @property
    def file_fields(self) -> list[FieldSpec]:
        """The fields that hold files."""
        found: list[FieldSpec] | None = self.prepared.get("files")
        if found is None:
            found = self.prepared["files"] = [one for one in self.fields.values() if one.type == "file"]
        return found

    def add(self, *specs: FieldSpec) -> None:
        """Take up fields."""
        for spec in specs:
            self.fields[spec.name] = spec
            if spec.universal:
                self.by_key[spec.key] = spec
        self.prepared.clear()

    def drop(self, name: str) -> None:
        """Remove a field."""
        spec = self.fields.pop(name)
        self.by_key.pop(spec.key, None)
        self.prepared.clear()

    @property
    def dynamic(self) -> bool:
        """Whether it is a smart process or an invoice: no old methods."""
        return self.id >= FIRST_DYNAMIC or self.id == INVOICE

    @property
    def multifields(self) -> bool:
        """Whether its items have phones and e-mails."""
        return self.id in (LEAD, CONTACT, COMPANY)

    def document_id(self, item: int) -> str:
        """Return an item's name in business processes: ``DEAL_10``."""
        if self.id >= FIRST_DYNAMIC:
            return f"DYNAMIC_{self.id}_{item}"
        return f"{'SMART_INVOICE' if self.id == INVOICE else self.event}_{item}"

    def stage_entity(self, category: int) -> str:
        """Return where the stages of a pipeline are listed: ``DEAL_STAGE_1``."""
        if self.id == DEAL:
            return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
        if self.id in OWN_STAGES:
            return OWN_STAGES[self.id]
        if self.id == INVOICE:
            return f"SMART_INVOICE_STAGE_{category}"
        return f"DYNAMIC_{self.id}_STAGE_{category}"

    def stage_prefix(self, category: int) -> str:
        """Return what the stages of a pipeline begin with: ``C1:``."""
        if self.id == DEAL:
            return f"C{category}:" if category else ""
        return "" if self.id in OWN_STAGES else f"DT{self.id}_{category}:"

    def legacy_fields(self) -> Iterator[FieldSpec]:
        """Yield the fields that the old methods know."""
        return (spec for spec in self.fields.values() if spec.legacy)

    def universal_fields(self) -> Iterator[FieldSpec]:
        """Yield the fields that the universal methods know."""
        return (spec for spec in self.fields.values() if spec.universal)
