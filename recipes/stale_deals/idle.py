"""The clock of a deal: when a person or client last touched it, and what does not count as a touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message
from crmkit.crm.models import Activity, AuthorKind
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import Snapshot
from recipes.stale_deals.story import APPROVALS, Story

__all__ = ["ROUNDING", "Idle", "Touch", "is_ours", "look"]

OWN_WRITE = timedelta(minutes=5)
"""A write is confirmed after the portal stamped it: at most so much later, retries and read-back included."""
ROUNDING = timedelta(minutes=1)
"""Vendors show moments to the minute, and their clock is not quite ours."""


@dataclass(frozen=True)
class Touch:
    """Something a person or client did.

    Attributes:
        at: When.
        who: Their name; empty if the portal does not tell.
        what: The kind of activity, or ``unexplained`` for a change that is seen in the deal's stamp only.
        manual: Whether somebody of ours did it, not a client.
    """

    at: datetime
    who: str
    what: str
    manual: bool = True

    @property
    def who_message(self) -> str | Message:
        """The name, or that it is not known."""
        return self.who or Message(key="person.unknown")

    @property
    def what_message(self) -> Message:
        """What was done, in words."""
        return Message(key=f"activity.kind.{self.what}")


@dataclass(frozen=True)
class Idle:
    """Since when a deal stands still.

    Attributes:
        start: The moment from which days are counted; ``None`` if nothing is known of the deal.
        touch: The last act of a person or client, if its history was read and has one.
        ignored: How many entries of the history after that do not count.
    """

    start: datetime | None
    touch: Touch | None = None
    ignored: int = 0


def look(snapshot: Snapshot, story: Story, settings: StaleDealsSettings) -> Idle:
    """Find out since when nobody touched a deal.

    The clock starts at the latest of: the last act of a person or client, the creation of the deal, the end
    of the last round. Robots, we ourselves and effects in our memory never start it again.
    """
    deal, history = snapshot.deal, snapshot.history
    if history is None:
        vouched = snapshot.idle_since or deal.untouched_since
        return Idle(_latest(vouched, deal.created_at, story.ended_at))
    touches = [touch for entry in history if (touch := _touch(entry, snapshot, story, settings))]
    touches.extend(_unexplained(snapshot, story, settings))
    last = max(touches, key=lambda touch: touch.at, default=None)
    ignored = sum(last is None or entry.at > last.at for entry in history)
    return Idle(_latest(last.at if last else None, deal.created_at, story.ended_at), last, ignored)


def is_ours(entry: Activity, snapshot: Snapshot, story: Story) -> bool:
    """Tell whether we wrote an entry of the history, even with the token of a person."""
    if entry.author is not None and entry.author == snapshot.portal.me:
        return True
    comments = (e for e in story.memory.effects if e.step not in APPROVALS)
    return any(e.key == entry.key or e.remote_id == entry.id for e in comments)


def _touch(entry: Activity, snapshot: Snapshot, story: Story, settings: StaleDealsSettings) -> Touch | None:
    counts = {AuthorKind.HUMAN, AuthorKind.CLIENT}
    if settings.unexplained_change == "human":
        counts.add(AuthorKind.UNKNOWN)
    if entry.author_kind not in counts or is_ours(entry, snapshot, story):
        return None
    who = snapshot.portal.name(entry.author) if entry.author else ""
    return Touch(entry.at, who, entry.kind.value, manual=entry.author_kind is not AuthorKind.CLIENT)


def _unexplained(snapshot: Snapshot, story: Story, settings: StaleDealsSettings) -> Iterator[Touch]:
    """Yield a change that only the deal's stamp tells of, unless an entry or a write of ours explains it."""
    changed, created = snapshot.deal.updated_at, snapshot.deal.created_at
    if changed is None or settings.unexplained_change == "ignore":
        return
    seen = [entry.at for entry in snapshot.history or ()] + ([created] if created else [])
    by_history = any(abs(changed - at) <= ROUNDING for at in seen)
    if not by_history and not any(_explains(e, changed) for e in _writes(story)):
        yield Touch(changed, "", "unexplained")


def _explains(effect: Effect, changed: datetime) -> bool:
    return effect.at - OWN_WRITE <= changed <= effect.at + ROUNDING


def _writes(story: Story) -> Iterator[Effect]:
    yield from (e for e in story.memory.effects if e.step != "cancelled")
    yield from story.memory.undone


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
