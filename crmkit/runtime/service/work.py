"""What the service does with the jobs of a recipe: look at what was woken, decide, act, put off the rest."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from crmkit.automation.messages import Language
from crmkit.automation.plan import Plan
from crmkit.automation.planning import day_start
from crmkit.automation.recipe import Context, Recipe
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref
from crmkit.exceptions import AuthenticationError, ServerError, StoreError
from crmkit.runtime import executor
from crmkit.runtime.engine.port import Batch, Engine, Job
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ItemStatus, RunStatus
from crmkit.runtime.results import ItemResult, RunResult

__all__ = ["Lane", "Worker"]

AWAY = timedelta(minutes=1)
"""The pause when a portal has trouble, or a run was stopped."""
REFUSED = timedelta(minutes=10)
"""The pause when a portal refuses our credentials: a person has to do something."""
AGAIN = timedelta(minutes=1)
"""The pause when a person changed something while we were about to, or the portal has only queued it."""
SETTLE = "look into the portal, then: crmkit runs settle"
OVERDUE = timedelta(seconds=1)
log = logging.getLogger("crmkit.service")


@dataclass(frozen=True)
class Lane:
    """One recipe on one portal.

    Attributes:
        name: The portal's section in the settings, for the log.
        crm: The portal; other recipes may use it at the same time.
        recipe: The recipe; nobody else uses this object.
        language: Of the texts that are written into the portal.
    """

    name: str
    crm: Crm
    recipe: Recipe[Any, Any]
    language: Language = "ru"


class Worker:
    """The handler of a recipe: does the jobs of a batch.

    Args:
        lanes: The portals that the recipe is served on, by :attr:`Crm.portal`.
        ledger: The ledger.
        engine: Who wakes entities and keeps timers.
    """

    def __init__(self, lanes: Mapping[str, Lane], ledger: Ledger, engine: Engine) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._engine = engine
        self._hopeless: dict[str, frozenset[str]] = {}

    def __call__(self, batch: Batch) -> None:
        """Do the jobs. A portal that is out of reach or a run of a person puts them off: the engine does it.

        Raises:
            TransportError: The portal is away.
            RateLimited: It has no requests left.
            RunInProgress: Somebody runs the same recipe on the same portal.
        """
        lane = self._lanes[batch.portal]
        sent = lane.crm.requests_sent()
        problem, pause = "", AWAY
        try:
            if any(job.entity is None for job in batch.jobs):  # then it is the only one
                told = self._sweep(lane)
            else:
                told = self._look(lane, batch)
        except AuthenticationError as error:
            problem, pause = str(error), REFUSED
        except (ServerError, StoreError) as error:
            problem = str(error)
        if problem:
            log.warning("put off", extra={"facts": {**_where(batch, lane), "problem": problem}})
            for job in batch.jobs:
                batch.later(job, pause)
            return
        requests = lane.crm.requests_sent() - sent
        log.info("batch", extra={"facts": {**_where(batch, lane), **told, "requests": requests}})

    def _sweep(self, lane: Lane) -> dict[str, Any]:
        """Find out whom to look at, and wake those with something to do."""
        recipe, crm = lane.recipe, lane.crm
        executor.finish_leftovers(recipe, crm, self._ledger, language=lane.language)
        plan = recipe.plan(crm, memory=self._ledger, language=lane.language)
        self._engine.wake(crm.portal, recipe.name, [item.entity for item in plan.to_do])
        self._set_timers(lane, plan)
        return {"what": "sweep", "looked_at": len(plan.items), "woken": len(plan.to_do)}

    def _look(self, lane: Lane, batch: Batch) -> dict[str, Any]:
        """Look at entities, do what is to be done, report on every job."""
        recipe, crm = lane.recipe, lane.crm
        told: dict[str, Any] = {"what": "look", "jobs": len(batch.jobs)}
        self._settle(lane)
        behind = self._behind(lane, batch.jobs)
        plan = recipe.plan(crm, memory=self._ledger, language=lane.language, entities=list(behind))
        self._set_timers(lane, plan)
        if not plan.to_do:
            batch.done(*batch.jobs)
            return {**told, "to_do": 0}
        result = executor.apply(plan, recipe, crm, self._ledger, pause=lambda: batch.stopping)
        self._report(batch, behind, plan, result)
        return {**told, "to_do": len(plan.to_do), "run": result.run, **result.counts}

    def _settle(self, lane: Lane) -> None:
        """Finish what a process left that died; what did not let itself be settled waits for the sweep."""
        portal = lane.crm.portal
        if self._left(lane) - self._hopeless.get(portal, frozenset()):
            executor.finish_leftovers(lane.recipe, lane.crm, self._ledger, language=lane.language)
            self._hopeless[portal] = self._left(lane)

    def _left(self, lane: Lane) -> frozenset[str]:
        portal, name = lane.crm.portal, lane.recipe.name
        unclear = {one.key for one in self._ledger.journal.unsettled(portal, (name,))}
        begun = {f"{one.run} {one.item.entity}" for one in self._ledger.runs.begun(portal, name)}
        return frozenset(unclear | begun)

    def _behind(self, lane: Lane, jobs: Sequence[Job]) -> Mapping[Ref, list[Job]]:
        """Return the recipe's entities with the jobs because of which they are looked at."""
        ctx = Context(lane.crm, lane.recipe.settings, self._ledger, lane.language)
        by_entity = {job.entity: job for job in jobs if job.entity is not None}
        found: dict[Ref, list[Job]] = defaultdict(list)
        for entity, woken in lane.recipe.woken_many(ctx, list(by_entity)).items():
            for one in woken:
                found[one].append(by_entity[entity])
        return found

    def _set_timers(self, lane: Lane, plan: Plan) -> None:
        """Let what has to wait be looked at in its time; what the daily cap held back, tomorrow."""
        crm, name = lane.crm, lane.recipe.name
        tomorrow = day_start(day_start(crm.clock.now(), crm) + timedelta(hours=36), crm)
        for item in plan.items:
            if item.deferred:
                at = item.not_before or tomorrow
                self._engine.timer(at + OVERDUE, crm.portal, item.entity, name, "deferred")
            if item.look_again is not None:
                self._engine.timer(item.look_again + OVERDUE, crm.portal, item.entity, name, "look_again")

    def _report(
        self, batch: Batch, behind: Mapping[Ref, Sequence[Job]], plan: Plan, result: RunResult
    ) -> None:
        fates = {item.entity: item for item in result.items}
        unfinished = {item.entity for item in plan.to_do} - set(fates)
        waiting: dict[Job, timedelta] = {}
        failed: dict[Job, ItemResult] = {}
        for entity, jobs in behind.items():
            fate = fates.get(entity)
            for job in jobs:
                if entity in unfinished:  # the run was paused: the engine stops
                    waiting.setdefault(job, timedelta(0))
                elif fate is not None and fate.status in (ItemStatus.FAILED, ItemStatus.UNKNOWN):
                    failed[job] = fate
                elif fate is not None and fate.status in (ItemStatus.PLANNED, ItemStatus.BEGUN):
                    waiting[job] = AWAY
                elif fate is not None and fate.status in (ItemStatus.CHANGED, ItemStatus.PENDING):
                    waiting[job] = AGAIN
        for job, item in failed.items():
            self._fail(batch, job, item, stopped=result.status is RunStatus.STOPPED)
        for job in waiting.keys() - failed.keys():
            batch.later(job, waiting[job])
        batch.done(*(job for job in batch.jobs if job not in failed and job not in waiting))

    @staticmethod
    def _fail(batch: Batch, job: Job, item: ItemResult, *, stopped: bool) -> None:
        if stopped and item.status is ItemStatus.FAILED:  # the portal is to blame, not the job
            batch.later(job, AWAY)
            return
        error = next((one.error for one in reversed(item.actions) if one.error), "")
        error = error or (item.message.render("en") if item.message else "it failed")
        unknown = item.status is ItemStatus.UNKNOWN
        hint = SETTLE if unknown else f"crmkit runs show {item.run}"
        batch.failed(job, f"{item.entity}: {error}", hint=hint, final=unknown)


def _where(batch: Batch, lane: Lane) -> dict[str, Any]:
    return {"portal": lane.name, "recipe": batch.recipe}
