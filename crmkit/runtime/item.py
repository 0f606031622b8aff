"""One item of a plan: judged afresh, compared with what was planned, and carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.automation.actions import Action
from crmkit.automation.messages import Language, Message
from crmkit.automation.recipe import Recipe
from crmkit.crm.base import Crm
from crmkit.exceptions import CrmkitError, NotFound, RunInProgress, StoreError
from crmkit.runtime.effects import Things
from crmkit.runtime.judging import Judge, Records, Verdict, not_done, unfinished
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.performer import STOPPERS, Performer
from crmkit.runtime.placeholders import require_none, resolved
from crmkit.runtime.records import ItemRecord, ItemStatus
from crmkit.runtime.results import ActionResult, ItemResult

__all__ = ["ItemRunner"]


class ItemRunner:
    """Carries out items of one recipe.

    Args:
        recipe: The recipe.
        crm: The portal.
        ledger: The ledger.
        lease: The right to write.
        language: Of the texts that are written into the portal, as in the plan.
    """

    def __init__(
        self,
        recipe: Recipe[Any, Any],
        crm: Crm,
        ledger: Ledger,
        lease: Lease,
        language: Language = "ru",
    ) -> None:
        self._crm = crm
        self._ledger = ledger
        self._lease = lease
        self.judge = Judge(recipe, crm, ledger, lease, language)
        self.performer = Performer(crm, ledger.journal)

    def run(self, item: ItemRecord) -> ItemResult:
        """Carry out an item and write down what became of it.

        Raises:
            AuthenticationError: As all of ``STOPPERS``: the run has to stop; the item is not finished.
            StoreError: The ledger failed.
            RunInProgress: Another run took the lease.
        """
        done: list[ActionResult] = []
        try:
            status, message = self._carry_out(item, done)
        except NotFound:
            status, message = ItemStatus.CHANGED, Message(key="run.gone")
        except (*STOPPERS, StoreError, RunInProgress):
            raise
        except CrmkitError as error:
            status, message = ItemStatus.FAILED, Message(key="run.failed", params={"error": str(error)})
        now = self._crm.clock.now()
        self._ledger.runs.finish_item(self._lease, item, status, message, now)
        return ItemResult(item.item.entity, item.item.title, status, message, tuple(done), item.run)

    def _carry_out(self, item: ItemRecord, done: list[ActionResult]) -> Verdict:
        planned = self.judge.due(item)
        records = self.judge.records(planned)
        if verdict := self.judge.hindrance(item, records):
            return verdict
        if self.judge.is_half_written(item, records):
            return self._perform(item, not_done(planned, records), records, {}, done)
        judged = self.judge.look(item.item.entity)
        unknown = [action for action in judged.decision.actions if action.key not in records]
        records |= self.judge.records(unknown)
        chosen = self.judge.choose(item, judged, records)
        if isinstance(chosen, tuple):
            return chosen
        if self.judge.without_place((item,)):
            return self.judge.deferred(None)
        return self._perform(item, chosen, records, judged.things, done)

    def _perform(
        self,
        item: ItemRecord,
        actions: Sequence[Action],
        records: Records,
        things: Things,
        done: list[ActionResult],
    ) -> Verdict:
        ids = self.judge.ids(actions, records)
        for planned in actions:
            action = resolved(planned, ids)
            require_none(action)
            place, earlier = self.judge.place(item, action), records.get(action.key)
            outcome = self.performer.perform(place, action, things=things, earlier=earlier)
            done.append(ActionResult(action, outcome.status, outcome.error))
            if verdict := unfinished(outcome):
                return verdict
            if outcome.remote_id:
                ids[action.key] = outcome.remote_id
            things = {ref: thing for ref, thing in things.items() if ref != action.target}  # not as it was
        return ItemStatus.DONE, None
