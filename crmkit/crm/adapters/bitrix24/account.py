"""What changes rarely in a portal: people, pipelines, fields. Read once and believed for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from crmkit.bitrix24 import Bitrix24, Command, User
from crmkit.bitrix24.fields import FieldInfo, Schema
from crmkit.bitrix24.models import Category, Department
from crmkit.bitrix24.models import Stage as StatusRow
from crmkit.clock import Clock
from crmkit.config import Bound, BoundField, PortalConfig, did_you_mean
from crmkit.crm.models import AuthorKind, Person, Pipeline, Stage
from crmkit.exceptions import ConfigurationError, ValidationError

__all__ = ["BELIEVED_FOR", "Account", "Authors", "Stages", "field_name"]

BELIEVED_FOR = 900.0
"""Seconds. Somebody dismissed or a stage renamed is noticed after a quarter of an hour at the latest, while
a run over hundreds of deals does not ask again for each of them."""

T = TypeVar("T")


@dataclass(frozen=True)
class Authors:
    """Who is known to the portal, to tell people and robots apart.

    Args:
        users: All users by number.
        robots: Numbers of those whose doings are not human: those whom the settings name in ``robots``.
    """

    users: Mapping[int, User]
    robots: frozenset[int]

    def person(self, number: int | None) -> Person | None:
        """Return a user as an author."""
        if not number:
            return None
        known = self.users.get(number)
        return Person(id=str(number), name=full_name(known) if known else "")

    def kind(self, number: int | None) -> AuthorKind:
        """Tell what somebody is; whom the portal does not list (bots, system users, ...) is unknown."""
        if number in self.robots:
            return AuthorKind.ROBOT
        if not number or number not in self.users:
            return AuthorKind.UNKNOWN
        return AuthorKind.CLIENT if self.users[number].is_extranet else AuthorKind.HUMAN


@dataclass(frozen=True)
class Stages:
    """The stages of all pipelines by id, and what the settings call them."""

    stages: Mapping[str, Stage]
    pipelines: tuple[Pipeline, ...]

    def stage(self, stage_id: str, semantic: str = "") -> Stage:
        """Return a stage; of one that is not listed (any more) only what the deal tells of it is known."""
        if stage_id in self.stages:
            return self.stages[stage_id]
        return Stage(id=stage_id, is_open=semantic not in ("S", "F"), is_won=_won(semantic))


class Account:
    """The rarely changing things of one portal.

    Args:
        client: The vendor's client.
        portal: The settings.
        clock: How old something is.
        owner: The number of the user whose webhook it is.
    """

    def __init__(self, client: Bitrix24, portal: PortalConfig, clock: Clock, owner: int) -> None:
        self.portal = portal
        self.owner = owner
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}

    def users(self) -> Mapping[int, User]:
        """Return all users by number, inactive ones and guests too."""
        return self._cached("users", lambda: {one.id: one for one in self._client.users.list()})

    def departments(self) -> Mapping[int, Department]:
        """Return all departments by number."""
        return self._cached("departments", lambda: {one.id: one for one in self._client.departments.list()})

    def robots(self) -> frozenset[int]:
        """Return the numbers of the users whose doings are not human."""
        return frozenset(int(one.partition(":")[2]) for one in self.portal.robots)

    def authors(self) -> Authors:
        """Return who is who."""
        return Authors(self.users(), self.robots())

    def stages(self) -> Stages:
        """Return the stages of all pipelines of deals, and what the settings call them."""
        return self._cached("stages", self._stages)

    def _stages(self) -> Stages:
        categories = self._client.categories.list(2)
        books = [_book(one) for one in categories]
        rows = self._client.batch(
            Command("crm.status.list", {"filter": {"ENTITY_ID": book}}) for book in books
        )
        pipelines = tuple(
            self._pipeline(category, [StatusRow.from_row(row) for row in found])
            for category, found in zip(categories, [one.value() for one in rows], strict=True)
        )
        return Stages({stage.id: stage for one in pipelines for stage in one.stages}, pipelines)

    def _pipeline(self, category: Category, rows: Sequence[StatusRow]) -> Pipeline:
        names = self.portal.deals
        number = str(category.id)
        stages = tuple(
            Stage(
                id=row.status_id or "",
                name=row.name or "",
                key=_key_of(row.status_id or "", names.stages),
                is_open=not (row.is_success or row.is_failure),
                is_won=_won(row.semantics or ""),
                pipeline=number,
            )
            for row in sorted(rows, key=lambda row: (row.sort or 0, row.id))
        )
        return Pipeline(
            id=number, name=category.name or "", key=_key_of(number, names.pipelines), stages=stages
        )

    def schema(self, section: str) -> Schema:
        """Return the fields of ``deals``, ``companies`` or ``contacts``."""
        name = f"fields of {section}"
        if name in self._known and not self._is_fresh(name):
            self._client.field_table.forget()  # the client itself would believe them for ever
        return self._cached(name, lambda: self._schema(section))

    def _schema(self, section: str) -> Schema:
        if section == "deals":
            return self._client.deals.fields()
        return (self._client.companies if section == "companies" else self._client.contacts).fields()

    def bound(self, section: str) -> Mapping[str, BoundField]:
        """Return the fields that the settings name in a section."""
        found: Mapping[str, BoundField] = getattr(self.portal, section).fields
        return found

    def field(self, key: str, section: str = "deals") -> FieldInfo:
        """Return the definition of a field by its logical name.

        Raises:
            ConfigurationError: The settings do not name it, or the portal has no such field any more.
        """
        names, where = self.bound(section), self.portal.where(f"{section}.fields")
        if key not in names:
            hint = did_you_mean(key, names) or f'add {key} = {{ id = "UF_CRM_...", name = "..." }}'
            raise ConfigurationError(f"{where}: there is no field {key!r}", hint=hint)
        found = self.find_field(names[key].id, section)
        if found is None:
            hint = "it was removed, or the token may not see it; run: crmkit doctor"
            raise ConfigurationError(f"{where}.{key}: the portal has no field {names[key].id}", hint=hint)
        return found

    def find_field(self, name: str, section: str) -> FieldInfo | None:
        """Return a field by the vendor's name in any of its spellings, ``None`` if there is none."""
        try:
            return self.schema(section).resolve(field_name(name))
        except ValidationError:
            return None

    def named(self, section: str) -> dict[str, FieldInfo]:
        """Return the fields that the settings name and the portal has, by logical name."""
        found = {key: self.find_field(one.id, section) for key, one in self.bound(section).items()}
        return {key: info for key, info in found.items() if info is not None}

    def forget(self) -> None:
        """Ask again next time."""
        self._known.clear()
        self._client.field_table.forget()

    def _cached(self, name: str, read: Callable[[], T]) -> T:
        if self._is_fresh(name):
            found: T = self._known[name][1]
            return found
        value = read()
        self._known[name] = (self._clock.monotonic(), value)
        return value

    def _is_fresh(self, name: str) -> bool:
        return name in self._known and self._clock.monotonic() - self._known[name][0] < BELIEVED_FOR


def full_name(user: User) -> str:
    """Return first and last name, or what else there is to call somebody by."""
    return " ".join(filter(None, (user.name, user.last_name))) or user.email or str(user.id)


def field_name(name: str) -> str:
    """Return a custom field's original name for its camelCase one; other names stay.

    Example:
        >>> field_name("ufCrm_1700000000"), field_name("ufCrm7LossReason"), field_name("OPPORTUNITY")
        ('UF_CRM_1700000000', 'UF_CRM_7_LOSS_REASON', 'OPPORTUNITY')
    """
    if not name.startswith("ufCrm"):
        return name
    rest, parts, word = name.removeprefix("ufCrm"), [], ""
    for sign in rest:
        if sign == "_" or sign.isupper():
            parts.append(word)
            word = "" if sign == "_" else sign
        else:
            word += sign
    return "_".join(["UF_CRM", *filter(None, (*parts, word))]).upper()


def _book(category: Category) -> str:
    return f"DEAL_STAGE_{category.id}" if category.id else "DEAL_STAGE"


def _key_of(number: str, names: Mapping[str, Bound]) -> str:
    return next((key for key, bound in names.items() if bound.id == number), "")


def _won(semantic: str) -> bool | None:
    return {"S": True, "F": False}.get(semantic)
