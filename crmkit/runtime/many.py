"""Makes many effects of one kind happen, each exactly once, with one request for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from crmkit.automation.actions import Action
from crmkit.crm.base import Crm
from crmkit.crm.models import WriteResult, WriteStatus
from crmkit.crm.rooms import Outcomes
from crmkit.exceptions import CrmkitError, NotFound, OutcomeUnknown, ServerError, Unsupported
from crmkit.runtime.effects import Bulk, Seen, Sight, kind_of
from crmkit.runtime.journal import Journal
from crmkit.runtime.performer import IN_FLIGHT, LOST_TWICE, STOPPERS, UNREAD, Performer
from crmkit.runtime.records import ActionRecord, ActionStatus, Outcome

__all__ = ["ManyPerformer"]


@dataclass
class _Try:
    """What came of one effect; ``None`` if the answer was lost and it certainly did not happen.

    ``held``: it is not the item's last word, because the run stops here.
    """

    outcome: Outcome | None = None
    held: bool = False


class ManyPerformer:
    """Performs and settles many effects of one kind together.

    Args:
        crm: The portal.
        journal: Where every step is written down before and after it is taken.
        performer: Performs one effect; what is decided for one is decided by it.
    """

    def __init__(self, crm: Crm, journal: Journal, performer: Performer) -> None:
        self._crm = crm
        self._journal = journal
        self._performer = performer
        self._stop: CrmkitError | None = None

    def perform(
        self, name: str, records: Sequence[ActionRecord], actions: Sequence[Action]
    ) -> tuple[list[Outcome | None], CrmkitError | None]:
        """Make effects happen whose intents are written, and write down what came of them.

        Returns:
            What came of each, ``None`` where the run stops before that is known for good; and what stops it.
        """
        self._stop = None
        if not records:
            return [], None
        tries = self._attempt(name, records, actions)
        lost = [place for place, one in enumerate(tries) if one.outcome is None]
        if lost and self._stop is None:
            now = self._crm.clock.now()
            self._journal.again([records[place] for place in lost], now)
            again = [replace(records[place], tried_at=now) for place in lost]
            second = self._attempt(name, again, [actions[place] for place in lost])
            for place, one in zip(lost, second, strict=True):
                tries[place] = _Try(one.outcome or LOST_TWICE, one.held)
        missed = Outcome(
            ActionStatus.FAILED, error="it was not taken"
        )  # and the run stops before a second try
        found = [(record, one.outcome or missed) for record, one in zip(records, tries, strict=True)]
        self._journal.record_many(found, self._crm.clock.now())
        return [None if one.held else one.outcome for one in tries], self._stop

    def settle(self, records: Sequence[ActionRecord]) -> None:
        """Find out what came of effects of one kind of a run that was broken off, and write it down.

        Raises:
            AuthenticationError: As all of ``STOPPERS``: they could not be looked for now.
        """
        try:
            sights = self._look_twice(records)
        except STOPPERS:
            raise
        except CrmkitError:  # one of them may be in the way
            for record in records:
                self._performer.settle(record)
            return
        found = [
            (record, self._performer.settled(record, seen))
            for record, seen in zip(records, sights, strict=True)
        ]
        news = [
            (record, outcome)
            for record, outcome in found
            if (outcome.status, outcome.error) != (record.status, record.error)
        ]
        self._journal.record_many(news, self._crm.clock.now())

    def _attempt(self, name: str, records: Sequence[ActionRecord], actions: Sequence[Action]) -> list[_Try]:
        answers = self._write(name, actions)
        tries = [_Try() for _ in records]
        accepted: dict[int, WriteResult] = {}
        lost: dict[int, str] = {}
        for place, answer in enumerate(answers):
            match answer:
                case WriteResult():
                    accepted[place] = answer
                case OutcomeUnknown() | ServerError():
                    lost[place] = str(answer)
                case _:
                    tries[place] = self._refused(answer)
        self._confirm(name, records, accepted, tries)
        self._find(records, lost, tries)
        return tries

    def _write(self, name: str, actions: Sequence[Action]) -> Outcomes:
        try:
            return _bulk(name).write_many(self._crm, actions)
        except CrmkitError as error:
            return [error] * len(actions)

    def _refused(self, error: CrmkitError) -> _Try:
        if isinstance(error, STOPPERS):
            self._stop = error
        return _Try(Outcome(ActionStatus.FAILED, error=str(error)), held=isinstance(error, STOPPERS))

    def _confirm(
        self,
        name: str,
        records: Sequence[ActionRecord],
        accepted: dict[int, WriteResult],
        tries: list[_Try],
    ) -> None:
        """Read back what was accepted; an id of what was created is proof enough."""
        unread = {}
        for place, result in accepted.items():
            if _bulk(name).creates and result.id and result.status is not WriteStatus.PENDING:
                failures = "; ".join(f"{part}: {why}" for part, why in result.failures.items())
                tries[place].outcome = Outcome(ActionStatus.DONE, remote_id=result.id, error=failures)
            else:
                unread[place] = result
        if not unread:
            return
        try:
            sights = self._look([records[place] for place in unread])
        except CrmkitError as error:
            self._hold(error, dict.fromkeys(unread, UNREAD), tries)
            return
        for (place, result), seen in zip(unread.items(), sights, strict=True):
            if seen.sight is Sight.TAKEN and not result.failures:
                tries[place].outcome = seen.done
            else:
                self._confirm_one(place, records[place], result, tries)

    def _confirm_one(self, place: int, record: ActionRecord, result: WriteResult, tries: list[_Try]) -> None:
        try:
            tries[place].outcome = self._performer.effects.confirm(record, result)
        except CrmkitError as error:
            self._hold(error, {place: UNREAD}, tries)

    def _find(self, records: Sequence[ActionRecord], lost: dict[int, str], tries: list[_Try]) -> None:
        """Look for what got no answer."""
        if not lost:
            return
        try:
            sights = self._look_twice([records[place] for place in lost])
        except CrmkitError as error:
            unknown = {place: Outcome(ActionStatus.UNKNOWN, error=why) for place, why in lost.items()}
            self._hold(error, unknown, tries)
            return
        for (place, why), seen in zip(lost.items(), sights, strict=True):
            if seen.sight is Sight.ABSENT:
                continue
            outcome = self._performer.settled(records[place], seen)
            text = f"{why}: {outcome.error}" if outcome.error else ""
            tries[place].outcome = replace(outcome, error=text)

    def _hold(self, error: CrmkitError, known: dict[int, Outcome], tries: list[_Try]) -> None:
        """Remember at least what is known, if the portal does not let us find out more."""
        stops = isinstance(error, STOPPERS)
        if stops:
            self._stop = error
        for place, outcome in known.items():
            tries[place] = _Try(replace(outcome, error=f"{outcome.error}: {error}"), held=stops)

    def _look_twice(self, records: Sequence[ActionRecord]) -> list[Seen]:
        """Look; believe that something is absent only when its request cannot be under way any more."""
        sights = self._look(records)
        doubtful = [place for place, seen in enumerate(sights) if seen.sight is Sight.ABSENT or seen.again]
        if not doubtful:
            return sights
        left = max(records[place].tried_at for place in doubtful) + IN_FLIGHT - self._crm.clock.now()
        if left > timedelta(0):
            self._crm.clock.sleep(min(left, IN_FLIGHT).total_seconds())
            for place, seen in zip(doubtful, self._look([records[p] for p in doubtful]), strict=True):
                sights[place] = seen
        return sights

    def _look(self, records: Sequence[ActionRecord]) -> list[Seen]:
        pairs: list[tuple[ActionRecord, Any]] = [(record, record.action()) for record in records]
        try:
            sights = _bulk(records[0].kind).look_many(self._crm, pairs)
        except NotFound:
            return [self._performer.effects.look(record) for record in records]
        except (OutcomeUnknown, Unsupported) as error:
            return [Seen(Sight.UNCLEAR, why=error.message) for _ in records]
        return self._unclaimed(records, sights)

    def _unclaimed(self, records: Sequence[ActionRecord], sights: list[Seen]) -> list[Seen]:
        """Take nothing for an effect that is another's, or that could be either of two."""
        counts = Counter(seen.remote_id for seen in sights if seen.remote_id)
        if not counts:
            return sights
        others = self._journal.claimed(records, list(counts))
        twice = {number for number, count in counts.items() if count > 1}
        return [
            Seen(Sight.UNCLEAR, why=f"what was found ({seen.remote_id}) is another effect's")
            if seen.remote_id in others | twice
            else seen
            for seen in sights
        ]


def _bulk(name: str) -> Bulk[Any]:
    kind = kind_of(name)
    if not isinstance(kind, Bulk):
        raise TypeError(f"{name} cannot be sent in bulk")
    return kind
