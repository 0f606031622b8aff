"""Small checks of values, shared by everything that refuses before it sends."""

from __future__ import annotations

from typing import Any, TypeGuard

from crmkit.exceptions import ValidationError

__all__ = ["is_number", "named", "positive", "shown", "unfit"]


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
        ValidationError: It is no text, or nothing but blanks.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValidationError(f"{what}: no name", hint="give a text that is not empty")
    return name


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
