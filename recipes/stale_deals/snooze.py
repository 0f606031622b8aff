"""A pause that a person asked for: until when, why, and whether it is honoured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from crmkit.automation.messages import Message
from recipes.stale_deals.case import Case
from recipes.stale_deals.texts import say

__all__ = ["Pause", "pause_of"]


@dataclass(frozen=True)
class Pause:
    """What the fields ``snooze_until`` and ``snooze_reason`` ask for.

    Attributes:
        wanted: Until when a person wanted the deal to rest.
        until: Until when it may: ``snooze_max_days`` after the last activity at the latest.
        why: The reason; a pause without one does not count.
    """

    wanted: datetime
    until: datetime
    why: str

    def is_over(self, now: datetime) -> bool:
        """Tell whether the deal is judged again; on the day itself it is."""
        return now >= self.until

    def remarks(self, case: Case) -> tuple[Message, ...]:
        """Return what a person should know: the pause does not count, or not as long as it was meant."""
        if not self.why and case.now < self.wanted:
            return (say("evidence.snooze_without_reason", date=case.date(self.wanted)),)
        if self.until < self.wanted and case.now < self.wanted:
            days = case.settings.snooze_max_days
            return (say("evidence.snooze_too_long", date=case.date(self.until), days=days),)
        return ()


def pause_of(case: Case) -> Pause | None:
    """Return the pause of a deal, if its fields ask for one."""
    until, why = case.deal.fields.get("snooze_until"), case.deal.fields.get("snooze_reason")
    if until is None:
        return None
    wanted = until if isinstance(until, datetime) else datetime.combine(until, time(), case.portal.timezone)
    longest = (case.idle.start or case.now) + timedelta(days=case.settings.snooze_max_days)
    return Pause(wanted, min(wanted, longest), str(why or "").strip())
