"""What all Planfix models share: camelCase on the wire, unknown keys kept, open enums, aware moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel

from crmkit.planfix.ids import Person, Ref, read_number, read_person, read_ref
from crmkit.planfix.times import read_day, read_moment

__all__ = [
    "ContactRef",
    "Day",
    "Entity",
    "File",
    "Group",
    "Model",
    "Moment",
    "Named",
    "Number",
    "People",
    "Phone",
    "Reference",
    "References",
    "UserRef",
    "Users",
    "zone_of",
]

_Open = TypeVar("_Open", bound=StrEnum)


def zone_of(info: ValidationInfo) -> tzinfo:
    """Return the account's time zone that the client handed to the validation."""
    zone = (info.context or {}).get("timezone", UTC)
    return zone if isinstance(zone, tzinfo) else UTC


def _moment(data: Any, info: ValidationInfo) -> datetime | None:
    return read_moment(data, zone_of(info))


def _user(data: Any) -> Person | None:
    return read_person(data, "user")


def _contact(data: Any) -> Person | None:
    return read_person(data, "contact")


def _group(data: Any) -> Person | None:
    return read_person(data, "group")


def _all(one: Callable[[Any], Any]) -> BeforeValidator:
    """Return a validator of a list that leaves out what points at nothing known; the raw payload keeps it."""
    return BeforeValidator(lambda data: tuple(found for found in map(one, data or ()) if found is not None))


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""An aware datetime; see :mod:`crmkit.planfix.times` for the zone."""
Day = Annotated[date | None, BeforeValidator(read_day)]
"""A calendar day, without time and zone."""
Number = Annotated[int, BeforeValidator(read_number)]
"""An id, also where the vendor writes it as ``"contact:12"``."""
UserRef = Annotated[Person | None, BeforeValidator(_user)]
"""A person; a bare number is an employee here."""
ContactRef = Annotated[Person | None, BeforeValidator(_contact)]
"""A person; a bare number is a contact here."""
Reference = Annotated[Ref | None, BeforeValidator(read_ref)]
"""A thing with a number and perhaps a name."""
References = Annotated[tuple[Ref, ...], _all(read_ref)]
Users = Annotated[tuple[Person, ...], _all(_user)]
Groups = Annotated[tuple[Person, ...], _all(_group)]


class Model(BaseModel):
    """The base: attributes are the vendor's names in snake_case, unknown keys stay in ``model_extra``."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show what was told, not the defaults of everything that was not asked for."""
        told = self.model_fields_set
        return ((name, value) for name, value in super().__repr_args__() if name in told)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        # The vendor writes null, or leaves the key out, for the same "none".
        if isinstance(data, Mapping) and None in data.values():
            return {key: value for key, value in data.items() if value is not None}
        return data


class Entity(Model):
    """A model that is read by itself, has a number, and keeps the vendor's payload."""

    id: Number

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(cls, data: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        made = handler(data)
        if isinstance(data, dict):
            made._raw = data
        return made

    def __hash__(self) -> int:
        return hash((type(self), self.id))

    @property
    def raw(self) -> dict[str, Any]:
        """The payload as it came, every key of it."""
        return self._raw


class Group(Model):
    """A group of employees or of contacts."""

    id: Number
    name: str = ""

    @property
    def person(self) -> Person:
        """The group of employees as somebody who can be assigned or notified."""
        return Person("group", self.id, self.name)


class People(Model):
    """The vendor's list of people and groups.

    ``roles`` is filled for recipients of comments only: assignee, participant, auditor, assigner.
    """

    users: Users = ()
    groups: Groups = ()
    roles: Annotated[
        tuple[str, ...], BeforeValidator(lambda data: (data,) if isinstance(data, str) else data)
    ] = ()

    @property
    def everyone(self) -> tuple[Person, ...]:
        """Users and contacts, then groups."""
        return self.users + self.groups


class Phone(Model):
    """A telephone number; ``type``: 1 mobile, 2 work, 3 home, 4 other."""

    number: str = ""
    masked_number: str = ""
    type: int = 0


class Named(Entity):
    """Something of which the vendor tells a number and a name."""

    name: str = ""


class File(Entity):
    """A file; ``size`` is in kilobytes, rounded up (seen live; the description says bytes).

    ``link`` is that of an online document. ``download_url`` is signed and expires; :meth:`Files.download`
    needs neither.
    """

    name: str = ""
    size: float = 0
    link: str = Field(default="", repr=False)
    download_url: str = Field(default="", repr=False)


def open_enum(enum: type[_Open]) -> Any:
    """Return a validator that knows the members of an enum and lets every other value through as a string."""

    def read(data: Any) -> Any:
        try:
            return enum(data)
        except ValueError:
            return str(data)

    return BeforeValidator(read)
