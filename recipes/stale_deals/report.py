"""What came of it: counted from the decisions of a plan and from the effects that the memory confirms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Language, Message
from crmkit.automation.plan import PlanItem
from crmkit.crm.models import Ref
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import people
from recipes.stale_deals.story import Story
from recipes.stale_deals.texts import say
from recipes.stale_deals.verdicts import EXCLUDED, Verdict

__all__ = ["ManagerResults", "Results", "results"]

COUNTED = {"warn": "warned", "return": "returned", "approve": "approved", "reject": "rejected"}


class ManagerResults(BaseModel):
    """What happened to the deals of one manager; each deal counts as often as it happened."""

    warned: int = 0
    returned: int = 0
    approved: int = 0
    rejected: int = 0


class Results(BaseModel):
    """The figures of the recipe.

    Attributes:
        processed: Deals that stood still, and so would have had to be checked by hand.
        warned, returned, approved, rejected: How often that was done.
        waiting: Deals that wait for the supervisor's decision.
        excluded: Deals that were left alone, by the reason.
        decided_by_people: Deals about which a person had, or has, to decide.
        attention: Deals at which a person should look.
        by_manager: The same for the former executors, by name.
        deals: One line per deal: verdict, reason and evidence.
        minutes_per_check, minutes_per_decision: As in the settings.
    """

    model_config = ConfigDict(frozen=True)

    processed: int = 0
    warned: int = 0
    returned: int = 0
    approved: int = 0
    rejected: int = 0
    waiting: int = 0
    excluded: dict[str, int] = {}
    decided_by_people: int = 0
    attention: int = 0
    by_manager: dict[str, ManagerResults] = {}
    deals: tuple[Message, ...] = ()
    minutes_per_check: float
    minutes_per_decision: float

    @property
    def minutes_by_hand(self) -> float:
        """What checking these deals by hand would have taken."""
        return self.processed * self.minutes_per_check

    @property
    def minutes_left(self) -> float:
        """What is left to people."""
        return self.decided_by_people * self.minutes_per_decision

    @property
    def hours_saved(self) -> float:
        """The difference, in hours."""
        return (self.minutes_by_hand - self.minutes_left) / 60

    @property
    def share_saved(self) -> float:
        """The saved share of the work by hand; 0 if there was none."""
        return 1 - self.minutes_left / self.minutes_by_hand if self.processed else 0.0

    def summary(self) -> tuple[Message, ...]:
        """Return the figures in words, a line each."""
        return tuple(self._summary())

    def render(self, language: Language, *, deals: bool = True) -> str:
        """Return the whole report as text."""
        lines = (*self.summary(), *(self.deals if deals else ()))
        return "\n".join(line.render(language) for line in lines)

    def _summary(self) -> Iterator[Message]:
        yield say("report.processed", count=self.processed)
        for name in ("warned", "returned", "approved", "rejected", "waiting", "attention"):
            yield say(f"report.{name}", count=getattr(self, name))
        for verdict, count in self.excluded.items():
            yield say("report.excluded", verdict=say(f"verdict.{verdict}"), count=count)
        for manager, figures in self.by_manager.items():
            yield say("report.manager", manager=manager, **figures.model_dump())
        yield say(
            "report.saved",
            hours=round(self.hours_saved, 1),
            share=round(self.share_saved * 100),
            processed=self.processed,
            check=self.minutes_per_check,
            people=self.decided_by_people,
            decision=self.minutes_per_decision,
        )


def results(
    items: Iterable[PlanItem], memories: Mapping[Ref, Memory], settings: StaleDealsSettings
) -> Results:
    """Count what came of it.

    Args:
        items: The present decision about each deal: the items of a plan or of a run.
        memories: What the ledger remembers, of these deals and of all others.
        settings: For the minutes.
    """
    stale = [item for item in items if item.verdict != Verdict.ACTIVE]
    effects = [effect for memory in memories.values() for effect in memory.effects]
    steps = Counter(effect.step for effect in effects)
    waiting = {ref for ref, memory in memories.items() if Story(memory).returned}
    decided = {ref for ref, memory in memories.items() if memory.last("approve", "reject")}
    attention = {item.entity for item in stale if item.attention}
    return Results(
        processed=len({item.entity for item in stale} | memories.keys()),
        **{name: steps[step] for step, name in COUNTED.items()},
        waiting=len(waiting),
        excluded=_excluded(stale, memories),
        decided_by_people=len(waiting | decided | attention),
        attention=len(attention),
        by_manager=_by_manager(memories),
        deals=tuple(map(_line, stale)),
        minutes_per_check=settings.minutes_per_check,
        minutes_per_decision=settings.minutes_per_decision,
    )


def _excluded(items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> dict[str, int]:
    """Count why deals are left alone: by the present decision, else by how their last round ended."""
    reasons = {item.entity: item.verdict for item in items}
    for ref, memory in memories.items():
        last = memory.effects[-1] if memory.effects else None
        if ref not in reasons and last is not None and last.step == "cancelled":
            reasons[ref] = last.data["why"]
    counts = Counter(verdict for verdict in reasons.values() if verdict in EXCLUDED)
    return dict(counts.most_common())


def _by_manager(memories: Mapping[Ref, Memory]) -> dict[str, ManagerResults]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for memory in memories.values():
        for effect in memory.effects:
            if effect.step in COUNTED:
                for name in _managers(effect, memory):
                    counts[name][COUNTED[effect.step]] += 1
    return {name: ManagerResults(**counts[name]) for name in sorted(counts)}


def _managers(effect: Effect, memory: Memory) -> list[str]:
    """Return whose deal it was: as it was written down at the warning or return of that round."""
    noted = effect if "executors" in effect.data else memory.of_episode(effect.episode, "return")
    return [one.name or str(one) for one in people(noted.data.get("executors"))] if noted else []


def _line(item: PlanItem) -> Message:
    facts = {"verdict": say(f"verdict.{item.verdict}"), "reason": item.reason}
    deal = f"{item.title} ({item.entity.id})" if item.title else item.entity.id
    if not item.evidence:
        return say("report.deal", deal=deal, **facts)
    evidence = item.evidence[0]
    for further in item.evidence[1:]:
        evidence = say("report.and", first=evidence, second=further)
    return say("report.deal_evidence", deal=deal, evidence=evidence, **facts)
