"""Applies a plan: looks at each item again, does what is still right, once, and writes down every step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any
from uuid import uuid4

from crmkit.automation.memory import MemoryStore
from crmkit.automation.messages import Language
from crmkit.automation.plan import Plan
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Recipe
from crmkit.crm.base import Crm
from crmkit.exceptions import ConfigurationError, CrmkitError, PlanStale
from crmkit.runtime import undo
from crmkit.runtime.bulk import BulkRunner
from crmkit.runtime.item import ItemRunner
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.performer import STOPPERS
from crmkit.runtime.records import ItemRecord, ItemStatus, RunStatus, base_of, undo_of
from crmkit.runtime.results import ItemResult, RunResult

__all__ = ["ItemResult", "RunResult", "apply", "finish_leftovers", "resume"]

OPEN = (ItemStatus.PLANNED, ItemStatus.BEGUN, ItemStatus.FAILED, ItemStatus.PENDING, ItemStatus.UNKNOWN)
OnItem = Callable[[ItemResult], None]


def apply(
    plan: Plan,
    recipe: Recipe[Any, Any],
    crm: Crm,
    ledger: MemoryStore,
    *,
    on_item: OnItem | None = None,
    resume: str | None = None,
    confirm: Callable[[Plan], bool] | None = None,
    limit: int | None = None,
    pause: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Do what a plan says, as far as it is still right.

    Before anything else, what earlier runs of the recipe left unclear is settled, what they left half done is
    finished. Then, item by item: the entity is read again and judged again; if the decision is still the
    planned one, each action is written into the ledger, done, read back, and its outcome is written down too.
    A process that dies at any point loses nothing and does nothing twice: apply again, or resume.

    Args:
        plan: The plan; applying it twice does nothing the second time.
        recipe: The recipe that made it, with the same settings.
        crm: The portal it was made for.
        ledger: The ledger.
        on_item: Called with every result as it comes, for progress.
        resume: Continue this run instead of beginning one; see :func:`resume`.
        confirm: Asked before anything is written; ``False`` calls the run off.
        limit: Do only so many items and leave the rest as it is planned; the run is then paused and goes on
            with :func:`resume`.
        pause: Asked before every item or request of many items; ``True`` pauses the run.

    Returns:
        What it came to. A portal out of reach, refused credentials or an exhausted quota stop the run; its
        status says so, the rest is listed as planned, and it can be resumed.

    Raises:
        PlanStale: The plan was made by another recipe, with other settings or for another portal.
        ConfigurationError: There is no ledger; without one no effect could be kept from happening twice.
        RunInProgress: Another run of this recipe on this portal is under way.
        StoreError: The ledger's database failed; what was written before it did stays true.
        KeyboardInterrupt: As it came; the state is kept, and the run can be resumed.
    """
    if not isinstance(ledger, Ledger):
        raise ConfigurationError(
            "a plan can only be applied with a ledger",
            hint="plan with memory=crmkit.runtime.ledger.Ledger(...)",
        )
    _check(plan.recipe, plan.portal, plan.settings, recipe, crm)
    if confirm is not None and not confirm(plan):
        return RunResult(run="", status=RunStatus.DONE)
    if resume is not None:
        return _resume(resume, recipe, crm, ledger, _Options(on_item, limit, pause))
    lease = ledger.runs.begin(plan, crm.clock.now(), recipe=base_of(plan.recipe))
    return _Run(recipe, crm, ledger, lease, _Options(on_item, limit, pause)).go(ledger.runs.items(lease.run))


def resume(
    run_id: str,
    recipe: Recipe[Any, Any] | None,
    crm: Crm,
    ledger: Ledger,
    *,
    on_item: OnItem | None = None,
    limit: int | None = None,
    pause: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Go on with a run that was stopped or interrupted, or try again what failed in it.

    Args:
        run_id: The run; the beginning of its id is enough.
        recipe: The recipe, with the settings of the run; not needed for the run of an undo.
        crm: The portal.
        ledger: The ledger.
        on_item: As for :func:`apply`.
        limit: As for :func:`apply`.
        pause: As for :func:`apply`.

    Returns:
        What became of the items that were left.

    Raises:
        PlanStale: As for :func:`apply`.
        RunInProgress: As for :func:`apply`.
    """
    return _resume(run_id, recipe, crm, ledger, _Options(on_item, limit, pause))


def finish_leftovers(
    recipe: Recipe[Any, Any], crm: Crm, ledger: Ledger, *, language: Language = "ru"
) -> RunResult | None:
    """Settle what earlier runs of a recipe left unclear and finish what they left half done.

    A plan that is made afterwards knows what came of it. :func:`apply` does the same, but after planning.

    Returns:
        The run in which it was done, ``None`` if nothing was left.

    Raises:
        RunInProgress: As for :func:`apply`.
    """
    if not ledger.has_leftovers(crm.portal, recipe.name):
        return None
    empty = Plan(
        id=uuid4().hex[:12],
        recipe=recipe.name,
        settings=recipe.settings.model_dump(mode="json"),
        provider=crm.provider,
        portal=crm.portal,
        created_at=crm.clock.now(),
        language=language,
    )
    return apply(empty, recipe, crm, ledger)


def _resume(
    run_id: str, recipe: Recipe[Any, Any] | None, crm: Crm, ledger: Ledger, options: _Options
) -> RunResult:
    run = ledger.runs.get(run_id)
    recipe = undo.reopened(run, ledger) or recipe
    if recipe is None:
        raise ConfigurationError(f"run {run.id} needs its recipe", hint=f"give the recipe {run.recipe}")
    _check(run.recipe, run.portal, run.settings, recipe, crm)
    lease = ledger.runs.reopen(run.id, crm.clock.now(), recipe=base_of(run.recipe))
    return _Run(recipe, crm, ledger, lease, options).go(ledger.runs.items(run.id, only=OPEN))


def _check(name: str, portal: str, settings: dict[str, Any], recipe: Recipe[Any, Any], crm: Crm) -> None:
    if name != recipe.name:
        raise PlanStale(f"the plan is of {name}, not of {recipe.name}", hint="make a new plan")
    if portal != crm.portal:
        raise PlanStale(f"the plan is for {portal}, not for {crm.portal}", hint="make a new plan")
    if settings != recipe.settings.model_dump(mode="json"):
        raise PlanStale(f"the settings of {name} are others than in the plan", hint="make a new plan")


@dataclass(frozen=True)
class _Options:
    on_item: OnItem | None = None
    limit: int | None = None
    pause: Callable[[], bool] = lambda: False


class _Run:
    """One run from its first look to its last row."""

    def __init__(
        self, recipe: Recipe[Any, Any], crm: Crm, ledger: Ledger, lease: Lease, options: _Options
    ) -> None:
        self._recipe = recipe
        self._crm = crm
        self._ledger = ledger
        self._lease = lease
        self._options = options
        self._items: list[ItemResult] = []
        self._earlier: list[ItemResult] = []
        self._sent = crm.requests_sent()
        self._began = crm.clock.monotonic()

    def go(self, items: Iterable[ItemRecord]) -> RunResult:
        try:
            error = self._work(items)
            left = 0 if error else self._ledger.runs.number_of(self._lease.run, ItemStatus.PLANNED)
            status = RunStatus.STOPPED if error else RunStatus.PAUSED if left else RunStatus.DONE
            self._finish(status, error)
        except BaseException as broken:
            with contextlib.suppress(CrmkitError):
                self._finish(RunStatus.INTERRUPTED, type(broken).__name__)
            broken.add_note(f"run {self._lease.run}: its state is kept; go on with: crmkit runs retry")
            raise
        if error:
            self._items += map(_not_started, self._left())
        return RunResult(
            run=self._lease.run,
            status=status,
            items=tuple(self._items),
            earlier=tuple(self._earlier),
            requests=self._crm.requests_sent() - self._sent,
            seconds=self._crm.clock.monotonic() - self._began,
            error=error,
            left=left,
        )

    def _work(self, items: Iterable[ItemRecord]) -> str:
        """Do all there is to do; return what stopped it, or an empty text."""
        runner = self._runner(self._recipe, self._lease.run)
        try:
            self._settle(runner)
            for run, begun in groupby(self._begun(), lambda item: item.run):
                self._finish_earlier(run, list(begun))
            bulk = self._bulk(runner)
            reasons: list[str] = []

            def pause() -> bool:
                reasons[:] = filter(None, [runner.judge.stop_reason()])
                return bool(reasons) or self._options.pause()

            for result in bulk.run(islice(items, self._options.limit), pause=pause):
                self._items.append(result)
                if self._options.on_item is not None:
                    self._options.on_item(result)
        except STOPPERS as error:
            return str(error)
        return "".join(reasons)

    def _finish_earlier(self, run: str, items: Sequence[ItemRecord]) -> None:
        """Finish what another run left half done."""
        if recipe := self._recipe_of(run):
            self._earlier += self._bulk(self._runner(recipe, run)).run(items)
            self._ledger.runs.count(run)

    def _bulk(self, runner: ItemRunner) -> BulkRunner:
        return BulkRunner(runner, self._crm, self._ledger, self._lease)

    def _runner(self, recipe: Recipe[Any, Any], run: str) -> ItemRunner:
        """Return who carries out the items of a run, in the language in which its texts were planned."""
        language = self._ledger.runs.get(run).plan["language"]
        return ItemRunner(recipe, self._crm, self._ledger, self._lease, language)

    def _settle(self, runner: ItemRunner) -> None:
        """Find out what came of the effects of which that is not known."""
        bulk = self._bulk(runner)
        unsettled = self._ledger.journal.unsettled(self._crm.portal, self._names())
        for chunk in chunks(unsettled, self._crm.batch_size):
            for record in bulk.settle(chunk):
                if record.run != self._lease.run:  # its own items are looked at anyway
                    self._ledger.runs.settle_items(record, self._crm.clock.now())
            self._ledger.runs.beat(self._lease, self._crm.clock.now())

    def _begun(self) -> Iterable[ItemRecord]:
        for name in self._names():
            yield from self._ledger.runs.begun(self._crm.portal, name, but=self._lease.run)

    def _recipe_of(self, run_id: str) -> Recipe[Any, Any] | None:
        run = self._ledger.runs.get(run_id)
        own = self._recipe if run.recipe == self._recipe.name else None
        return undo.reopened(run, self._ledger) or own

    def _names(self) -> tuple[str, str]:
        """Return whose leftovers are looked after: the recipe's, and those of undoing it."""
        return self._lease.recipe, undo_of(self._lease.recipe)

    def _left(self) -> Iterable[ItemRecord]:
        return self._ledger.runs.items(self._lease.run, only=(ItemStatus.PLANNED, ItemStatus.BEGUN))

    def _finish(self, status: RunStatus, error: str) -> None:
        requests = self._crm.requests_sent() - self._sent
        now = self._crm.clock.now()
        self._ledger.runs.finish(self._lease, status, now, requests=requests, error=error)


def _not_started(item: ItemRecord) -> ItemResult:
    return ItemResult(item.item.entity, item.item.title, item.status, item.message, run=item.run)
