"""Small checks of values, shared by everything that refuses before it sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from crmkit.exceptions import ValidationError
from crmkit.planfix.ids import Person
from crmkit.planfix.text import astral

__all__ = ["is_number", "items", "named", "plain", "positive", "shown", "switch", "unfit"]


def is_number(value: Any) -> TypeGuard[int]:
    """Whether it is a positive whole number, as all ids are; ``True`` is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def positive(what: str, number: Any) -> int:
    """Return an id that is fit for a path.

    Raises:
        ValidationError: It is not a positive whole number.
    """
    if not is_number(number):
        raise ValidationError(
            f"{what}: {shown(number)} is no id", hint="give the number that the web interface shows"
        )
    return number


def named(what: str, name: Any) -> str:
    """Return a name that is fit to be sent.

    Raises:
        ValidationError: It is no text, nothing but blanks, or holds emoji.
    """
    if name is None or (isinstance(name, str) and not name.strip()):
        raise ValidationError(f"{what}: no name", hint="give a text that is not empty")
    return plain(what, name)


def plain(what: str, value: Any) -> str:
    """Return a text that is fit to be sent where there is no markup.

    Raises:
        ValidationError: It is no text, or it holds emoji: a deployed client saw whole requests refused for
            them. Descriptions and comments are markup, in which they can be written in another way.
    """
    if not isinstance(value, str):
        raise unfit(what, value, "text")
    if found := astral(value):
        raise ValidationError(
            f"{what}: {found!r} is an emoji or a rare sign, which Planfix may refuse",
            hint="leave it out; descriptions and comments take it",
        )
    return value


def items(what: str, value: Any) -> Iterable[Any]:
    """Return what is to be gone through, if it is a list and not one thing.

    Raises:
        ValidationError: It is a text, a person, a mapping, or nothing to go through.
    """
    if isinstance(value, str | bytes | Mapping | Person) or not isinstance(value, Iterable):
        raise unfit(what, value, "a list")
    return value


def switch(what: str, value: Any) -> bool:
    """Return a flag; a text such as "no" would mean yes.

    Raises:
        ValidationError: It is neither ``True`` nor ``False``.
    """
    if not isinstance(value, bool):
        raise unfit(what, value, "True or False")
    return value


def shown(value: Any) -> str:
    """Return how a refused value is named in a message: short things as they are, others by their type."""
    return (
        repr(value)
        if isinstance(value, str | int | float) and len(repr(value)) < 80
        else type(value).__name__
    )


def unfit(name: str, value: Any, allowed: str) -> ValidationError:
    """Return the error that says what a value should have been."""
    return ValidationError(f"{name}: {shown(value)} does not fit", hint=f"allowed: {allowed}")
