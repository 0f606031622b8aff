"""What somebody may do in a portal, found out with their own token and without changing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["DEEDS", "THINGS", "Operation", "Right"]

Thing = Literal["deals", "contacts", "companies", "quotes", "invoices"]
Deed = Literal["view", "change", "add", "import"]
THINGS: tuple[Thing, ...] = get_args(Thing)
DEEDS: tuple[Deed, ...] = get_args(Deed)


@dataclass(frozen=True)
class Operation:
    """Something that a role allows or forbids.

    Example:
        >>> str(Operation.of("deals.change"))
        'deals.change'
    """

    thing: Thing
    deed: Deed

    @classmethod
    def of(cls, text: str) -> Operation:
        """Return the operation that a setting such as ``"deals.change"`` names.

        Raises:
            ValueError: There is none.
        """
        name, _, deed_name = text.partition(".")
        thing = next((one for one in THINGS if one == name), None)
        deed = next((one for one in DEEDS if one == deed_name), None)
        if thing is None or deed is None:
            raise ValueError(
                f"{text!r} is no operation: write one of {', '.join(THINGS)}, "
                f"a point and one of {', '.join(DEEDS)}"
            )
        return cls(thing, deed)

    def __str__(self) -> str:
        return f"{self.thing}.{self.deed}"


@dataclass(frozen=True)
class Right:
    """What was found out about an operation.

    Args:
        operation: Which.
        allowed: Whether it may be done; ``None``: nobody could tell.
        how: What was asked and what the portal answered, for people.
    """

    operation: Operation
    allowed: bool | None
    how: str = ""
