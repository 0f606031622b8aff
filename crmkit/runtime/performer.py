"""Makes an effect happen exactly once: intent before, outcome after; a lost answer is settled by looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from crmkit.automation.actions import Action, Remember
from crmkit.crm.base import Crm
from crmkit.exceptions import (
    AuthenticationError,
    CrmkitError,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    TransportError,
)
from crmkit.runtime.effects import Effects, Seen, Sight, Things, kind_of
from crmkit.runtime.journal import Journal, Place
from crmkit.runtime.records import ActionRecord, ActionStatus, Outcome

__all__ = ["IN_FLIGHT", "LOST_TWICE", "STOPPERS", "UNREAD", "Performer", "still_ours"]

Found = TypeVar("Found", bound=Outcome | None)
STOPPERS = (AuthenticationError, RateLimited, TransportError)
"""What would fail for every further item too: the run stops and can be resumed."""
IN_FLIGHT = timedelta(seconds=65)
"""Both vendors let a request run for 60 seconds: only after that does "not there" mean "never happened"."""
QUEUED = timedelta(hours=1)
"""What a portal queued and did not create within this time is a person's business."""

LOST_TWICE = Outcome(ActionStatus.UNKNOWN, error="the answer was lost twice, and it is not there")
UNREAD = Outcome(ActionStatus.PENDING, error="the portal accepted it, but it could not be read back")


class _Stop(Exception):
    """Carries what is known of an effect out of the run that has to stop now."""

    def __init__(self, outcome: Outcome, error: CrmkitError) -> None:
        self.outcome = outcome
        self.error = error


class Performer:
    """Performs and settles effects.

    Args:
        crm: The portal.
        journal: Where every step is written down before and after it is taken.
    """

    def __init__(self, crm: Crm, journal: Journal) -> None:
        self._crm = crm
        self._journal = journal
        self.effects = Effects(crm)

    def perform(
        self, place: Place, action: Action, *, things: Things, earlier: ActionRecord | None
    ) -> Outcome:
        """Make an effect happen, or find out that it did not.

        Args:
            place: Where it belongs in the ledger.
            action: What to do.
            things: What was read a moment ago.
            earlier: The same effect as it failed before, if it did.

        Raises:
            AuthenticationError: As all of :data:`STOPPERS`: the run has to stop; what is known is written.
        """
        if isinstance(action, Remember):
            self._journal.remember(place, action, self._crm.clock.now())
            return Outcome(ActionStatus.DONE)
        before = self.effects.before(action, things)
        if earlier is not None:
            before |= still_ours(earlier)
        now = self._crm.clock.now()
        record = self._journal.intend(place, action, now, before=before, earlier=earlier)
        stop: CrmkitError | None = None
        try:
            outcome = self._carry_out(record, action)
        except _Stop as signal:
            outcome, stop = signal.outcome, signal.error
        self._journal.record(record, outcome, self._crm.clock.now())
        if stop is not None:
            raise stop
        return outcome

    def settle(self, record: ActionRecord) -> Outcome:
        """Find out what came of an effect of a run that was broken off, and write it down.

        Raises:
            AuthenticationError: As all of :data:`STOPPERS`: it could not be looked for now.
        """
        try:
            outcome = self.settled(record, self._look_twice(record))
        except STOPPERS:
            raise
        except CrmkitError as error:
            outcome = Outcome(ActionStatus.UNKNOWN, error=f"it could not be looked for: {error}")
        if (outcome.status, outcome.error) != (record.status, record.error):
            self._journal.record(record, outcome, self._crm.clock.now())
        return outcome

    def _carry_out(self, record: ActionRecord, action: Action) -> Outcome:
        outcome = self._attempt(record, action)
        if outcome is None:
            now = self._crm.clock.now()
            self._journal.again((record,), now)
            outcome = self._attempt(replace(record, tried_at=now), action)
        return outcome or LOST_TWICE

    def _attempt(self, record: ActionRecord, action: Action) -> Outcome | None:
        """Write once; ``None`` if the answer was lost and it certainly did not happen."""
        try:
            result = self.effects.write(action)
        except (OutcomeUnknown, ServerError) as error:
            lost = str(error)
        except STOPPERS as error:
            raise _Stop(Outcome(ActionStatus.FAILED, error=str(error)), error) from None
        except CrmkitError as error:
            return Outcome(ActionStatus.FAILED, error=str(error))
        else:
            return self._carefully(
                lambda: self.effects.confirm(record, result),
                UNREAD,
            )
        return self._carefully(
            lambda: self._after_loss(record, lost), Outcome(ActionStatus.UNKNOWN, error=lost)
        )

    def _carefully(self, find_out: Callable[[], Found], otherwise: Outcome) -> Found | Outcome:
        """Find out what came of a write; if the portal does not let us, remember at least what is known."""
        try:
            return find_out()
        except STOPPERS as error:
            raise _Stop(replace(otherwise, error=f"{otherwise.error}: {error}"), error) from None
        except CrmkitError as error:
            return replace(otherwise, error=f"{otherwise.error}: {error}")

    def _after_loss(self, record: ActionRecord, lost: str) -> Outcome | None:
        seen = self._look_twice(record)
        if seen.sight is Sight.ABSENT:
            return None
        outcome = self.settled(record, seen)
        return replace(outcome, error=f"{lost}: {outcome.error}") if outcome.error else outcome

    def _look_twice(self, record: ActionRecord) -> Seen:
        """Look; believe that something is absent only when its request cannot be under way any more."""
        seen = self._look(record)
        left = record.tried_at + IN_FLIGHT - self._crm.clock.now()
        if (seen.sight is Sight.ABSENT or seen.again) and left > timedelta(0):
            self._crm.clock.sleep(min(left, IN_FLIGHT).total_seconds())  # the clock may have been set back
            seen = self._look(record)
        return seen

    def _look(self, record: ActionRecord) -> Seen:
        seen = self.effects.look(record)
        if seen.remote_id and self._journal.claimed((record,), (seen.remote_id,)):
            return Seen(Sight.UNCLEAR, why=f"what was found ({seen.remote_id}) is another effect's")
        return seen

    def settled(self, record: ActionRecord, seen: Seen) -> Outcome:
        """Return what an effect came to, from what was seen of it."""
        match seen.sight:
            case Sight.TAKEN:
                return seen.done
            case Sight.OVERTAKEN:
                return Outcome(ActionStatus.FAILED, error=seen.why, overtaken=True)
            case Sight.UNCLEAR:
                return Outcome(ActionStatus.UNKNOWN, error=seen.why)
            case Sight.ABSENT:
                return self._absent(record, seen)

    def _absent(self, record: ActionRecord, seen: Seen) -> Outcome:
        if kind_of(record.kind).repeatable or record.status is not ActionStatus.PENDING:
            # To do it again does no harm even if the portal's queue should still do it.
            return Outcome(ActionStatus.FAILED, seen.after, error="it was not taken", version=seen.version)
        if self._crm.clock.now() - record.tried_at < QUEUED:
            return Outcome(ActionStatus.PENDING, error=record.error)
        return Outcome(ActionStatus.UNKNOWN, error="the portal queued it, and it never appeared")


def still_ours(earlier: ActionRecord) -> dict[str, Any]:
    """Return what was there before an earlier try changed a part of it: an undo must go back to that."""
    return {name: earlier.before[name] for name in earlier.after}
