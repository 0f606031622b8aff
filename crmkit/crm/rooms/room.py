"""What every room of the interface is: it knows its portal, and refuses by default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import WriteResult
from crmkit.exceptions import AuthenticationError, CrmkitError, RateLimited, TransportError

if TYPE_CHECKING:
    from crmkit.crm.base import Crm

__all__ = ["STOPPERS", "Outcomes", "Room", "one_by_one"]

T = TypeVar("T")
Outcomes = list[WriteResult | CrmkitError]
"""What became of many writes, one outcome each, in the order they were given."""
STOPPERS = (AuthenticationError, RateLimited, TransportError)
"""What would fail for every further write too."""


class Room:
    """One room of the interface; knows the :class:`crmkit.crm.Crm` it belongs to."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def _refuse(self, capability: Capability, what: str) -> Any:
        self._crm.capabilities.require(capability)
        raise NotImplementedError(
            f"{self._crm.provider} declares {capability.value} but {what} is not written"
        )


def one_by_one(write: Callable[[T], WriteResult], items: Iterable[T]) -> Outcomes:
    """Do many writes one after another: for providers without a bulk call.

    What stops the portal for everybody stops here too: it is the outcome of that item and of all after it,
    and these were not sent.
    """
    outcomes: Outcomes = []
    stopped: CrmkitError | None = None
    for item in items:
        if stopped is not None:
            outcomes.append(stopped)
            continue
        try:
            outcomes.append(write(item))
        except CrmkitError as error:
            outcomes.append(error)
            stopped = error if isinstance(error, STOPPERS) else None
    return outcomes
