"""Which lost deals say something about the client. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from crmkit.crm.models import Deal, Ref, Stage
from recipes.lost_client.settings import LossRule, LostClientSettings
from recipes.lost_client.snapshot import closed_at

__all__ = ["Loss", "Meaning", "add_months", "clients_of", "is_won", "loss_of", "lost_stages"]


NO_RULE = LossRule()


class Meaning(Enum):
    """What a lost deal says about the client."""

    MARKS = "marks"
    HARMLESS = "harmless"
    UNTOLD = "untold"
    """Nobody wrote down the reason."""
    OTHER = "other"
    """The settings do not speak of this reason."""


@dataclass(frozen=True)
class Loss:
    """A lost deal.

    Attributes:
        deal: Which.
        meaning: What it says about the client.
        reason: The reason in words: the value of the field, else the stage.
        rule: What to do about it, if it marks.
    """

    deal: Deal
    meaning: Meaning
    reason: str
    rule: LossRule = NO_RULE

    @property
    def at(self) -> datetime | None:
        """When the deal was closed."""
        return closed_at(self.deal)

    @property
    def token(self) -> str:
        """Tells this loss from an earlier one of the same deal, where the portal tells when it was closed."""
        closed = self.deal.closed_at
        return f"{self.deal.id}:{closed:%Y%m%d%H%M}" if closed else self.deal.id

    def ends_at(self) -> datetime | None:
        """Return until when the rule holds; ``None``: for ever, or nobody knows since when."""
        return add_months(self.at, self.rule.months) if self.at and self.rule.months else None


def is_won(deal: Deal, settings: LostClientSettings) -> bool:
    """Tell whether a deal was won: the portal says so, or its stage is one of those that mean it."""
    if deal.won is not None or deal.open:
        return bool(deal.won)
    return deal.stage is not None and not _names(deal.stage).isdisjoint(settings.won_stages)


def loss_of(deal: Deal, settings: LostClientSettings, *, tells_reasons: bool) -> Loss | None:
    """Return what a deal says about the client, or ``None`` if it was not lost.

    The reason that somebody wrote down goes before the stage.
    """
    if deal.open or deal.deleted or is_won(deal, settings):
        return None
    written = deal.fields.get("loss_reason")
    told = [str(part) for part in (written if isinstance(written, tuple) else (written,)) if part]
    stage = deal.stage
    names = [name for name in (stage.key, stage.name, stage.id) if name] if stage else []
    words = ", ".join(told) or (stage.name or stage.id if stage else "")
    for group in (told, names):
        if any(name in settings.harmless for name in group):
            return Loss(deal, Meaning.HARMLESS, words)
        if known := next((name for name in group if name in settings.reasons), None):
            return Loss(deal, Meaning.MARKS, words, settings.reasons[known])
    return Loss(deal, Meaning.OTHER if told or not tells_reasons else Meaning.UNTOLD, words)


def lost_stages(
    stages: tuple[Stage, ...], settings: LostClientSettings, *, tells_reasons: bool
) -> tuple[str, ...]:
    """Return the ids of the stages whose deals have to be looked at.

    Where deals tell their reason it may stand in any lost deal; elsewhere only the stages of the map matter.
    """
    closed = [one for one in stages if not one.is_open and one.is_won is not True]
    lost = [one for one in closed if _names(one).isdisjoint(settings.won_stages)]
    if not tells_reasons:
        lost = [one for one in lost if not _names(one).isdisjoint(settings.reasons)]
    return tuple(one.id for one in lost)


def clients_of(deal: Deal, settings: LostClientSettings) -> tuple[Ref, ...]:
    """Return whom a deal marks."""
    if settings.mark == "company":
        return (deal.company,) if deal.company else ()
    return deal.contacts[:1] if settings.mark == "primary" else deal.contacts


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last day of a shorter month.

    Example:
        >>> add_months(datetime(2025, 1, 31, 12), 1)
        datetime.datetime(2025, 2, 28, 12, 0)
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _names(stage: Stage) -> frozenset[str]:
    return frozenset(name for name in (stage.key, stage.name, stage.id) if name)
