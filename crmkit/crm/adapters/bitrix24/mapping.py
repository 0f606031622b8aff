"""Items, users and cards of Bitrix24 as neutral things. Pure: what it needs to know is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.fields import FieldInfo
from crmkit.crm.adapters.bitrix24.account import Authors, Stages, full_name
from crmkit.crm.adapters.bitrix24.values import custom_values
from crmkit.crm.models import Company, Contact, Deal, Person, Ref, User

__all__ = ["CLIENT_TYPE", "Card", "company", "contact", "deal", "stamps", "user"]

CLIENT_TYPE = "CUSTOMER"
"""The entry of the portal's list of company types that stands for clients."""


@dataclass(frozen=True)
class Card:
    """What is needed to read an object.

    Args:
        authors: Who is who.
        fields: The fields that the settings name, by logical name.
        web: The address of the portal's web interface, for links.
    """

    authors: Authors
    fields: Mapping[str, FieldInfo]
    web: str

    def custom(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that the settings name."""
        found = custom_values(self.fields, row)
        return {key: self._named(value) for key, value in found.items()}

    def people(self, *numbers: int | None) -> tuple[Person, ...]:
        """Return users as people."""
        return tuple(one for one in map(self.authors.person, numbers) if one)

    def _named(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self._named, value))
        if isinstance(value, Person) and value.id.isdigit():
            return self.authors.person(int(value.id)) or value
        return value


def deal(item: bitrix24.Deal, stages: Stages, card: Card, untouched_since: datetime | None = None) -> Deal:
    """Return an item of type 2 as a deal.

    Args:
        item: Read with all fields.
        stages: The stages of all pipelines.
        card: What else is needed.
        untouched_since: What is known of its last activity.
    """
    semantic = item.stage_semantic_id or ""
    stage = stages.stage(item.stage_id or "", semantic)
    is_open = semantic == "P" if semantic else stage.is_open
    return Deal(
        id=str(item.id),
        title=item.title or "",
        open=is_open,
        stage=stage,
        assignees=card.people(item.assigned_by_id),
        company=Ref(kind="company", id=str(item.company_id)) if item.company_id else None,
        contacts=_contacts(item),
        amount=item.opportunity,
        currency=item.currency_id or "",
        won=None if is_open else {"S": True, "F": False}.get(semantic, stage.is_won),
        closed_at=None if is_open else item.moved_time,
        key=item.origin_id or "" if item.originator_id == "crmkit" else "",
        created_at=item.created_time,
        updated_at=item.updated_time,
        untouched_since=untouched_since,
        url=f"{card.web}/crm/deal/details/{item.id}/",
        fields=card.custom(item.raw),
        raw=dict(item.raw),
    )


def stamps(item: bitrix24.Deal) -> datetime | None:
    """Return the latest of the moments that the portal itself keeps of a deal."""
    known = (item.updated_time, item.last_activity_time, item.moved_time, item.created_time)
    return max((one for one in known if one), default=None)


def user(one: bitrix24.User, robots: frozenset[int], departments: Mapping[int, bitrix24.Department]) -> User:
    """Return a user with the heads of the departments that he or she is in."""
    own = [departments[number] for number in one.uf_department if number in departments]
    heads = dict.fromkeys(head for part in own if (head := _head(part, one.id, departments)))
    return User(
        id=str(one.id),
        name=full_name(one),
        email=one.email or "",
        is_active=one.active is not False,
        is_robot=one.id in robots,
        is_external=one.is_extranet,
        groups=tuple(Ref(kind="group", id=str(part.id), name=part.name or "") for part in own),
        heads=tuple(Person(id=str(head)) for head in heads),
        raw=dict(one.raw),
    )


def company(item: bitrix24.Company, card: Card) -> Company:
    """Return an item of type 4."""
    return Company(
        id=str(item.id),
        name=item.title or "",
        is_client=item.type_id == CLIENT_TYPE,
        email=_reach(item.fm, "EMAIL"),
        phone=_reach(item.fm, "PHONE"),
        contacts=tuple(Ref(kind="contact", id=str(number)) for number in item.contact_ids if number),
        assignees=card.people(item.assigned_by_id),
        created_at=item.created_time,
        updated_at=item.updated_time,
        url=f"{card.web}/crm/company/details/{item.id}/",
        fields=card.custom(item.raw),
        raw=dict(item.raw),
    )


def contact(item: bitrix24.Contact, card: Card) -> Contact:
    """Return an item of type 3."""
    companies = dict.fromkeys(filter(None, (item.company_id, *item.company_ids)))
    return Contact(
        id=str(item.id),
        name=" ".join(filter(None, (item.name, item.last_name))),
        email=_reach(item.fm, "EMAIL"),
        phone=_reach(item.fm, "PHONE"),
        companies=tuple(Ref(kind="company", id=str(number)) for number in companies),
        assignees=card.people(item.assigned_by_id),
        updated_at=item.updated_time,
        url=f"{card.web}/crm/contact/details/{item.id}/",
        fields=card.custom(item.raw),
        raw=dict(item.raw),
    )


def _contacts(item: bitrix24.Deal) -> tuple[Ref, ...]:
    numbers = dict.fromkeys(filter(None, (item.contact_id, *item.contact_ids)))
    return tuple(Ref(kind="contact", id=str(number)) for number in numbers)


def _head(part: bitrix24.Department, who: int, departments: Mapping[int, bitrix24.Department]) -> int | None:
    """Return who leads a department, or the one above it if nobody does or the user does."""
    seen: set[int] = set()
    current: bitrix24.Department | None = part
    while current and current.id not in seen:
        if current.uf_head and current.uf_head != who:
            return current.uf_head
        seen.add(current.id)
        current = departments.get(current.parent or 0)
    return None


def _reach(found: Iterable[Mapping[str, Any]] | None, kind: str) -> str:
    for one in found or ():
        if one.get("typeId", one.get("TYPE_ID")) == kind:
            return str(one.get("value", one.get("VALUE")) or "")
    return ""
