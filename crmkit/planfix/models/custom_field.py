"""Definitions of custom fields and their values on an object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from crmkit.exceptions import ValidationError
from crmkit.planfix.field_types import READ_ONLY, FieldType
from crmkit.planfix.fields import decode, encode
from crmkit.planfix.models.base import Entity, Model, zone_of

__all__ = ["CustomField", "FieldValue", "WithCustomFields", "custom"]


def _field_type(data: Any) -> int:
    try:
        return FieldType(int(data))
    except ValueError:
        return int(data)


class CustomField(Entity):
    """What a custom field is (``GET /customfield/task`` and its likes).

    ``object_type`` is 0 task, 1 contact, 2 directory, 3 project, 4 datatag, 5 main, 6 employee; the vendor's
    own examples contradict it, so nothing here relies on it.

    Example:
        >>> CustomField(id=101, name="State", type=8, enum_values=("new", "old")).type
        <FieldType.LIST: 8>
    """

    name: str = ""
    names: dict[str, Any] = Field(default_factory=dict)
    type: Annotated[FieldType | int, BeforeValidator(_field_type)] = -1
    type_name: str = ""
    object_type: int | None = None
    group_id: int | None = None
    directory_id: int | None = None
    enum_values: tuple[Any, ...] = ()
    main_value: Any = None

    @property
    def options(self) -> tuple[str, ...]:
        """The legal texts of a list or set; empty if they are not known."""
        return tuple(
            str(one.get("value", "")) if isinstance(one, dict) else str(one) for one in self.enum_values
        )

    @property
    def writable(self) -> bool:
        """Whether a value can be set at all."""
        return self.type not in READ_ONLY

    def encode(self, value: Any, zone: tzinfo) -> dict[str, Any]:
        """Return the element of ``customFieldData`` that sets it; see :mod:`crmkit.planfix.fields`."""
        label = f"{self.id} «{self.name}»" if self.name else str(self.id)
        written = encode(self.type, value, zone=zone, name=label, options=self.options)
        return {"field": {"id": self.id}, "value": written}


class FieldValue(Model):
    """The value of a custom field on one object."""

    field: CustomField
    raw_value: Any = Field(default=None, alias="value")
    string_value: str = ""
    _zone: tzinfo = PrivateAttr(default=UTC)

    @model_validator(mode="after")
    def _remember_zone(self, info: ValidationInfo) -> FieldValue:
        self._zone = zone_of(info)
        return self

    @property
    def value(self) -> Any:
        """The value as Python, ``None`` if empty.

        Raises:
            ValidationError: It does not have the documented shape of its type; look at ``raw_value``.
        """
        return decode(
            self.field.type, self.raw_value, zone=self._zone, name=self.field.name or str(self.field.id)
        )


_PREFIX = "custom:"


def _alias(number: int) -> str:
    return f"{_PREFIX}{number}"


def _decoded(value: Mapping[str, Any], zone: tzinfo) -> Any:
    field = value["field"]
    return decode(field.get("type", -1), value.get("value"), zone=zone, name=str(field.get("name", "")))


def custom(number: int, default: Any = None) -> Any:
    """Declare a custom field as an attribute of a model.

    The annotation says what is expected, of what :func:`crmkit.planfix.fields.decode` makes: ``str | None``,
    ``date | None``, ``Person | None``, ``tuple[Person, ...]`` with the default ``()``.

    Args:
        number: The number of the field.
        default: The value of an empty field, or of one that was not asked for.

    Example:
        >>> from crmkit.planfix.models import Task
        >>> class Deal(Task):
        ...     state: str | None = custom(101)
        >>> value = {"field": {"id": 101, "type": 8}, "value": "new"}
        >>> Deal.model_validate({"id": 7, "customFieldData": [value]}).state
        'new'
    """
    return Field(default=default, alias=_alias(number))


class WithCustomFields(Entity):
    """An object that may carry custom fields. They come only if they were asked for by their numbers."""

    custom_field_data: tuple[FieldValue, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _fill_typed(cls, data: Any, info: ValidationInfo) -> Any:
        """Give the attributes that a subclass declares with :func:`custom` their values."""
        numbers = set(cls.custom_numbers().values())
        if not numbers or not isinstance(data, Mapping):
            return data
        values = {one["field"]["id"]: one for one in data.get("customFieldData") or ()}
        typed = {number: _decoded(values[number], zone_of(info)) for number in numbers & values.keys()}
        return {**data, **{_alias(number): value for number, value in typed.items() if value is not None}}

    @classmethod
    def custom_numbers(cls) -> dict[str, int]:
        """Return the numbers of the custom fields that are declared with :func:`custom`, by attribute."""
        aliases = {name: info.alias or "" for name, info in cls.model_fields.items()}
        return {
            name: int(alias.removeprefix(_PREFIX))
            for name, alias in aliases.items()
            if alias.startswith(_PREFIX)
        }

    @classmethod
    def custom_values(cls, **values: Any) -> dict[int, Any]:
        """Return values by number, as ``custom_fields=`` of a write takes them, from values by attribute.

        Raises:
            ValidationError: There is no such attribute.
        """
        numbers = cls.custom_numbers()
        for name in values:
            if name not in numbers:
                raise ValidationError(
                    f"{cls.__name__} has no custom field {name!r}", hint="allowed: " + ", ".join(numbers)
                )
        return {numbers[name]: value for name, value in values.items()}

    @property
    def custom_fields(self) -> dict[int, FieldValue]:
        """The values by the number of their field."""
        return {one.field.id: one for one in self.custom_field_data}

    def custom(self, field: int | str | CustomField, default: Any = None) -> Any:
        """Return the value of a custom field as Python, or the default if it is empty or was not asked for.

        Args:
            field: Its number, its exact name, or its definition. Numbers outlive renaming.
            default: What to return for "none".

        Raises:
            ValidationError: The value does not have the documented shape of its type.
        """
        wanted = field.id if isinstance(field, CustomField) else field
        for one in self._matching(wanted):
            value = one.value
            return default if value is None else value
        return default

    def _matching(self, wanted: int | str) -> Iterator[FieldValue]:
        for one in self.custom_field_data:
            if (one.field.name if isinstance(wanted, str) else one.field.id) == wanted:
                yield one
