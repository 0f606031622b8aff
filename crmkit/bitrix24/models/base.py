"""What all models share: the vendor's many ways to say "nothing", its dates, and custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PrivateAttr, WrapValidator
from pydantic import Field as PydanticField
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

__all__ = [
    "Amount",
    "CamelModel",
    "Day",
    "Flag",
    "Ids",
    "Link",
    "Model",
    "Moment",
    "Number",
    "Text",
    "UpperModel",
    "custom",
]


def _text(value: Any) -> Any:
    """Turn the vendor's nothings into None; ``[]`` stands for an empty map or date."""
    if type(value) is str:
        return value or None
    return None if value is False or value in ([], {}) else value


def _flag(value: Any) -> Any:
    return None if value in ("", []) else value


def _number(value: Any) -> Any:
    return None if value == "" or value is False or value == [] else value


def _link(value: Any) -> Any:
    return None if value in ("", "0", 0, None, False) or value == [] else value


def _list(value: Any) -> Any:
    if value is None or value is False or value == "":
        return ()
    return list(value.values()) if isinstance(value, dict) else value


def _moment(value: Any) -> Any:
    """Read the vendor's moments; ``24.08.2023 13:19:39`` and the like have no zone and stay None."""
    if isinstance(value, str) and len(value) > 18 and value[4] == "-" and value[10] == "T":
        return value
    return None if isinstance(value, str | list | dict | bool) else value


def _day(value: Any) -> Any:
    """Read a date without time: the portal sends midnight in UTC, shifted into its own zone."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) == 10:
        return value
    moment = _moment(value)
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    return None


Text = Annotated[str | None, BeforeValidator(_text)]
"""Text; ``""`` is None, a number becomes text."""
Number = Annotated[int | None, BeforeValidator(_number)]
"""A whole number, also from text."""
Amount = Annotated[Decimal | None, BeforeValidator(_number)]
"""An amount of money or a quantity."""
Link = Annotated[int | None, BeforeValidator(_link)]
"""The id of another object; ``0`` is none."""
Flag = Annotated[bool | None, BeforeValidator(_flag)]
"""``Y`` or ``N``, or a true boolean."""
Moment = Annotated[AwareDatetime | None, BeforeValidator(_moment)]
"""A moment with its offset, in the zone of the portal's server."""
Day = Annotated[date | None, BeforeValidator(_day)]
"""A day."""
Ids = Annotated[tuple[int, ...], BeforeValidator(_list)]
"""Ids of other objects."""


class Model(BaseModel):
    """A row of the portal. Unknown keys are no error and stay; :attr:`raw` is the row as it came."""

    # Dozens of models, few of them used in one run: each is built when it is first needed.
    model_config = ConfigDict(
        extra="allow", populate_by_name=True, coerce_numbers_to_str=True, defer_build=True
    )

    _raw: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Make the model of a row of an answer."""
        made = cls.model_validate(row)
        made._raw = row
        return made

    @property
    def raw(self) -> Mapping[str, Any]:
        """The row as it came, every key of it."""
        return self._raw

    @classmethod
    def wire_names(cls) -> dict[str, str]:
        """Return the vendor's name of every field of this model."""
        return {name: info.alias or name for name, info in cls.model_fields.items()}


class CamelModel(Model):
    """A row whose keys are in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class UpperModel(Model):
    """A row whose keys are in UPPER_CASE."""

    model_config = ConfigDict(alias_generator=str.upper)


def custom(name: str, default: Any = None) -> Any:
    """Declare a user field of a model.

    ``""``, ``[]`` and ``false`` become None where the annotation allows it, an empty list otherwise;
    numbers, dates and ``Y``/``N`` are read by the annotation.

    Args:
        name: The field's name, ``UF_CRM_...``.
        default: The value of a row that lacks it.

    Example:
        >>> from crmkit.bitrix24.models import Deal
        >>> class MyDeal(Deal):
        ...     tariff: str | None = custom("UF_CRM_TARIFF")
        >>> MyDeal.from_row({"id": 7, "UF_CRM_TARIFF": ""}).tariff is None
        True
    """
    info = PydanticField(default=default, alias=name)
    info.metadata.append(WrapValidator(_custom_value))
    return info


def _custom_value(value: Any, handler: Any) -> Any:
    if isinstance(value, str | int | float) and value not in ("", False):
        return handler(value)
    candidates: tuple[Any, ...] = (None, [], "") if value == "" else (value, None, [])
    for candidate in candidates:
        try:
            return handler(candidate)
        except ValueError:
            continue
    raise PydanticCustomError("custom_field", "the field holds something else than its type says")
