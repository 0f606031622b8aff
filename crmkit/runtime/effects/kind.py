"""What is known of every kind of action, and what can be seen of its effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from crmkit.automation.actions import Action
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref, WriteResult
from crmkit.crm.rooms import Outcomes
from crmkit.runtime.images import Changes, Standing, Thing, different, image, not_taken, standing
from crmkit.runtime.records import ActionRecord, ActionStatus, Outcome

__all__ = ["SKEW", "Bulk", "Kind", "Seen", "Sight", "Things", "compare", "found"]

A = TypeVar("A", bound=Action)
SKEW = timedelta(minutes=5)
"""The portal's clock and ours may differ by this much."""
Things = Mapping[Ref, Thing]
"""What has been read a moment ago, by reference."""


class Sight(Enum):
    """What was seen when an effect was looked for."""

    TAKEN = "taken"
    ABSENT = "absent"
    OVERTAKEN = "overtaken"
    """The present state is neither what was there before nor what was written: a person was faster."""
    UNCLEAR = "unclear"
    """There is no way to tell."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An effect as it was seen in the portal; ``after`` holds what took effect, all or a part.

    ``again``: another look may tell more once its request cannot be under way any more.
    """

    sight: Sight
    after: dict[str, Any] = field(default_factory=dict)
    remote_id: str = ""
    version: str = ""
    why: str = ""
    again: bool = False

    @property
    def done(self) -> Outcome:
        """The outcome if it was seen to be there."""
        return Outcome(ActionStatus.DONE, self.after, self.remote_id, version=self.version)


class Kind(Generic[A]):
    """One kind of action.

    Attributes:
        creates: Whether the portal answers with the id of what it made: then that is proof enough.
        repeatable: Whether doing it again does no harm, even if the first one should still arrive.
    """

    creates: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    def before(self, crm: Crm, action: A, things: Things) -> dict[str, Any]:
        """Return what is there now of what the action changes; nothing for what it creates."""
        return {}

    def write(self, crm: Crm, action: A) -> WriteResult:
        """Write it. Raises what the portal's client raises."""
        raise NotImplementedError

    def look(self, crm: Crm, record: ActionRecord, action: A) -> Seen:
        """Look whether it is there. Raises what the portal's client raises."""
        raise NotImplementedError

    def is_visible(self, action: A) -> bool:
        """Tell whether :meth:`look` can see it at all once the portal said that it is done."""
        return True


class Bulk(Kind[A]):
    """A kind of action of which many fit into one request."""

    def before_many(self, crm: Crm, actions: Sequence[A], things: Things) -> Sequence[dict[str, Any] | None]:
        """Return what is there now, for each; ``None`` if it is gone."""
        return [{} for _ in actions]

    def write_many(self, crm: Crm, actions: Sequence[A]) -> Outcomes:
        """Write them in one request; one outcome each."""
        raise NotImplementedError

    def look_many(self, crm: Crm, records: Sequence[tuple[ActionRecord, A]]) -> list[Seen]:
        """Look for them with as few requests as possible."""
        raise NotImplementedError

    def look(self, crm: Crm, record: ActionRecord, action: A) -> Seen:
        """Look for one."""
        (seen,) = self.look_many(crm, [(record, action)])
        return seen


def found(remote_id: str) -> Seen:
    """Return what was seen of something that is created: its id, or nothing."""
    return Seen(Sight.TAKEN, remote_id=remote_id) if remote_id else Seen(Sight.ABSENT)


def compare(thing: Thing, before: Mapping[str, Any], changes: Changes) -> Seen:
    """Tell from the present state of a thing what came of a change of it."""
    after = image(thing, changes)
    changed_at = getattr(thing, "updated_at", None)
    version = changed_at.isoformat() if changed_at else ""
    stands = standing(thing, before, changes)
    if stands is Standing.AFTER:
        return Seen(Sight.TAKEN, after, version=version)
    missing = not_taken(thing, changes)
    if stands is Standing.OTHER:
        changed = different(thing, {name: before.get(name) for name in missing})
        return Seen(Sight.OVERTAKEN, version=version, why=f"a person changed {', '.join(changed)}")
    taken = _but(different(thing, before), missing)
    part = {name: after[name] for name in taken}
    return Seen(Sight.ABSENT, part, version=version, why=f"not changed: {', '.join(missing)}")


def _but(names: Iterable[str], others: Sequence[str]) -> set[str]:
    return {name for name in names if name not in others}
