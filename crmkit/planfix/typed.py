"""Classes with the custom fields of an account: how they are read, and the text that declares them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.models import Contact, Project, Task, User
from crmkit.planfix.models.custom_field import CustomField, WithCustomFields, custom
from crmkit.planfix.resources.base import Resource

__all__ = ["Typed", "custom", "source"]

BASES: dict[str, type[WithCustomFields]] = {
    "task": Task,
    "contact": Contact,
    "project": Project,
    "user": User,
}
"""What can be declared: the owner of the fields -> the model that the class extends."""

T = TypeVar("T", bound=WithCustomFields)


class Typed(Generic[T]):
    """The rows of a resource as a class of one's own, its custom fields asked for without being named.

    Args:
        resource: ``planfix.tasks``, ``.contacts``, ``.projects`` or ``.users``.
        model: A subclass of its model with :func:`custom` fields.

    Example:
        ``deals = Typed(planfix.tasks, Deal)``, ``for deal in deals.list(filters=[…]): print(deal.state)``
    """

    def __init__(self, resource: Resource, model: type[T]) -> None:
        self._resource: Any = resource
        self._connection = resource._connection
        self._model = model
        self._numbers = tuple(model.custom_numbers().values())

    def list(self, **options: Any) -> Iterator[T]:
        """Yield all rows; options as for the resource's own ``list``."""
        rows = self._resource.list(custom_fields=self._numbers, **options)
        return (self._parsed(row) for row in rows)

    def get(self, number: int, **options: Any) -> T:
        """Read one by its number; options as for the resource's own ``get``."""
        return self._parsed(self._resource.get(number, custom_fields=self._numbers, **options))

    def _parsed(self, row: WithCustomFields) -> T:
        return self._connection.parse(self._model, row.raw)


_TYPES: dict[int, str] = {
    FieldType.LINE: "str | None",
    FieldType.NUMBER: "int | float | None",
    FieldType.TEXT: "str | None",
    FieldType.DATE: "date | None",
    FieldType.TIME: "time | None",
    FieldType.DATETIME: "datetime | None",
    FieldType.PERIOD: "Period | None",
    FieldType.CHECKBOX: "bool | None",
    FieldType.LIST: "str | None",
    FieldType.DIRECTORY: "Entry | None",
    FieldType.CONTACT: "Person | None",
    FieldType.EMPLOYEE: "Person | None",
    FieldType.COUNTERPARTY: "Person | None",
    FieldType.PERSON: "Person | None",
    FieldType.PEOPLE: "tuple[Person, ...]",
    FieldType.DIRECTORY_SET: "tuple[Entry, ...]",
    FieldType.TASK: "Ref | None",
    FieldType.TASK_SET: "tuple[Ref, ...]",
    FieldType.SET: "tuple[str, ...]",
    FieldType.FILES: "tuple[int, ...]",
    FieldType.PROJECT: "Ref | None",
    FieldType.LOCATION: "Location | None",
    FieldType.DATE_RANGE: "DateRange | None",
}
"""The annotation of a type; what is missing is computed by the portal and read as it comes."""
_HEAD = '''"""The custom fields of the account as classes; made by crmkit, made anew when they change."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any

from crmkit.planfix import DateRange, Entry, Location, Period, Person, Ref
from crmkit.planfix.models import Contact, Project, Task, User
from crmkit.planfix.models.base import open_enum
from crmkit.planfix.typed import custom

__all__ = [{names}]
'''


def source(**fields: Iterable[CustomField]) -> str:
    """Return the text of a module that declares a class per owner of fields, and the options of its lists.

    Options are open: a text that is added later is read as it is. Numbers bind the fields, so renaming one
    breaks nothing.

    Args:
        **fields: The definitions by owner: ``task=planfix.custom_fields.tasks()``, likewise ``contact``,
            ``project``, ``user``.

    Raises:
        KeyError: There is no such owner.
    """
    classes: dict[str, str] = {}
    for owner, definitions in fields.items():
        base = BASES[owner].__name__
        lines: list[str] = []
        names = _Names("field_{}", taken=[*dir(BASES[owner]), *BASES[owner].model_fields])
        for one in sorted(definitions, key=lambda field: field.id):
            name = names.of(one.name, one.id)
            kind = _TYPES.get(one.type, "Any")
            if one.type == FieldType.LIST and one.options:
                enum = f"{base}{_camel(name)}"
                classes[enum] = _enum(enum, one)
                kind = f"Annotated[{enum} | str | None, open_enum({enum})]"
            default = ", ()" if kind.startswith("tuple") else ""
            lines.append(f"    {name}: {kind} = custom({one.id}{default})\n    {_quoted(one.name)}")
        text = f'''class My{base}({base}):\n    """A {owner} with the custom fields of the account."""\n'''
        classes[f"My{base}"] = text + "".join(f"\n{line}" for line in lines)
    listed = ", ".join(f'"{name}"' for name in sorted(classes))
    return _HEAD.format(names=listed) + "".join(f"\n\n{text}\n" for text in classes.values())


def _enum(name: str, field: CustomField) -> str:
    names = _Names("OPTION_{}", taken=dir(str))
    members = [
        f"    {names.of(option, place).upper()} = {option!r}" for place, option in enumerate(field.options, 1)
    ]
    return "\n".join([f"class {name}(StrEnum):", f"    {_quoted(field.name)}", "", *members])


class _Names:
    """Gives things names that Python takes, each once."""

    def __init__(self, fallback: str, *, taken: Iterable[str]) -> None:
        self._fallback = fallback
        self._taken = {name.lower() for name in taken}

    def of(self, text: str, number: int) -> str:
        name = re.sub("[^a-z0-9]+", "_", _latin(text)).strip("_")
        if not name or not name[0].isalpha():
            name = self._fallback.format(number)
        if name.lower() in self._taken or keyword.iskeyword(name):
            name = f"{name}_{number}"
        while name.lower() in self._taken:
            name += "_"
        self._taken.add(name.lower())
        return name


_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SPELLED = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"
_LATIN = {letter: spelled.strip("-") for letter, spelled in zip(_CYRILLIC, _SPELLED.split(), strict=True)}


def _latin(text: str) -> str:
    return "".join(_LATIN.get(letter, letter) for letter in text.lower())


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _quoted(text: str) -> str:
    """Return a docstring that says a name of the account, whatever is in it."""
    shown = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
    return f'"""{shown or "Without a name"}."""'
