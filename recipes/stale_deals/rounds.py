"""The deals with an open round: our own writes make them look active, so no search by idleness finds them.

A question per hundred deals instead of one or two per deal: the rows tell about stage, people and fields, the
portal's own filter tells who was touched since our warning, the tasks are read in bulk. What that does not
settle is read in full, and so is, once more, everything right before it is acted on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Deal, Ref, Task
from recipes.stale_deals.reading import RECIPE, Ctx, read_in_full, read_one
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.story import Story
from recipes.stale_deals.verdicts import Verdict

__all__ = ["Decide", "OpenRounds"]

Decide = Callable[[Snapshot, datetime, Memory], Decision]

AT_REST = (Verdict.WARNED, Verdict.AWAITING, Verdict.OVERDUE)
"""Verdicts that stand without the history, if nobody has touched the deal and there is nothing to do."""
REACTION = 2
"""Working days after a warning in which histories are read all the same: the portal's filter knows whole days
only, and the day of the warning is the day on which people react to it. What it hides is seen at the latest
when the return is due."""
CHUNK = 100
"""Deals or tasks asked for by id at once: a page of the vendor."""


@dataclass(frozen=True)
class OpenRounds:
    """Reads them.

    Args:
        ctx: The portal and the memory.
        portal: Its people and fields.
        calendar: Of its people.
        decide: The recipe's decision: whether there is anything to do.
    """

    ctx: Ctx
    portal: Portal
    calendar: WorkCalendar
    decide: Decide

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield every deal that was warned, returned or is held; some may be gone."""
        for since, refs in self._groups():
            for some in chunks(refs, CHUNK):
                memories = self._recall(some)
                yield from self._read({ref: memories[ref] for ref in some if ref in memories}, since)

    def _groups(self) -> Iterator[tuple[datetime | None, list[Ref]]]:
        """Yield the deals by the moment since which somebody's touch would show; ``None``: at no price.

        A day after the warning lies on the next day, in whichever zone the portal counts days.
        """
        groups: dict[date | None, list[Ref]] = defaultdict(list)
        earliest: dict[date | None, datetime] = {}
        for refs in chunks(self.ctx.memory.known(self.ctx.crm.portal, RECIPE), 5 * CHUNK):
            memories = self._recall(refs)
            for ref in refs:
                story = Story(memories.get(ref, Memory()))
                if not story.is_open and not story.is_held:
                    continue
                warned = self._settled_warning(story)
                day = self.calendar.local(warned).date() if warned else None
                groups[day].append(ref)
                if warned:
                    earliest[day] = min(warned, earliest.get(day, warned))
        for day, refs in groups.items():
            yield earliest[day] + timedelta(days=1) if day else None, refs

    def _settled_warning(self, story: Story) -> datetime | None:
        """Return when a deal was warned of which it is enough to know that nobody touched it since."""
        warning = story.effect("warn")
        if warning is None or story.returned or story.idle_since is None:
            return None
        early = self.ctx.now() < self.calendar.after(warning.at, REACTION, "working")
        return None if early else warning.at

    def _read(self, memories: Mapping[Ref, Memory], since: datetime | None) -> Iterator[Snapshot]:
        stories = {ref.id: Story(memory) for ref, memory in memories.items()}
        deals = {deal.id: deal for deal in self.ctx.crm.deals.find(Deal.with_ids(*stories))}
        tasks = self._tasks(stories.values())
        touched = set(deals)
        if since is not None:  # asked last, so that nothing that happens meanwhile is missed
            found = self.ctx.crm.deals.find(Deal.with_ids(*stories), Deal.touched_since(since))
            touched = {deal.id for deal in found}
        for ref, memory in memories.items():
            deal, story = deals.get(ref.id), stories[ref.id]
            if deal is None:  # a search by id did not bring it: it may be deleted
                yield read_one(self.ctx, ref, self.portal, story)
            elif story.is_held and not story.is_open:
                yield Snapshot(deal, self.portal)
            else:
                cheap = self._at_rest(deal, memory, tasks, is_touched=ref.id in touched)
                yield cheap or read_in_full(self.ctx, deal, self.portal, story)

    def _at_rest(
        self, deal: Deal, memory: Memory, tasks: Mapping[str, Task], *, is_touched: bool
    ) -> Snapshot | None:
        """Return a snapshot without a history, if it tells all that matters: there is nothing to do."""
        story = Story(memory)
        if story.returned is None and (is_touched or _is_edited(deal, story)):
            return None
        approval = tasks.get(story.approval.remote_id) if story.approval else None
        cheap = Snapshot(deal, self.portal, approval=approval, idle_since=story.idle_since)
        decision = self.decide(cheap, self.ctx.now(), memory)
        return cheap if decision.verdict in AT_REST and not decision.actions else None

    def _tasks(self, stories: Iterable[Story]) -> dict[str, Task]:
        ids = [story.approval.remote_id for story in stories if story.approval]
        return {task.id: task for task in self.ctx.crm.tasks.with_ids(*ids, kind="approval")} if ids else {}

    def _recall(self, refs: Iterable[Ref]) -> Mapping[Ref, Memory]:
        return self.ctx.memory.recall(self.ctx.crm.portal, RECIPE, refs)


def _is_edited(deal: Deal, story: Story) -> bool:
    """Tell whether the deal's own stamp is younger than the warning: an edit on that very day."""
    warning = story.effect("warn")
    return warning is None or (deal.updated_at is not None and deal.updated_at > warning.at)
