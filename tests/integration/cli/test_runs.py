"""``crmkit runs settle``, and runs that are paused after so many deals."""

from __future__ import annotations

import pytest

from crmkit.clock import SystemClock
from crmkit.config import load
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus, Outcome

from .conftest import Run


def unclear(count: int = 2) -> list[str]:
    """Let effects of the last run be unclear, as a lost answer leaves them."""
    with Ledger(load().store.url) as ledger:
        run = next(ledger.runs.list())
        records = list(ledger.journal.of_run(run.id))[:count]
        lost = Outcome(ActionStatus.UNKNOWN, error="the answer was lost")
        ledger.journal.record_many([(one, lost) for one in records], SystemClock().now())
        return [one.key for one in records]


@pytest.fixture
def keys(run: Run) -> list[str]:
    run("apply", "stale_deals", "--yes")
    return unclear()


def test_what_is_unclear_is_listed(run: Run, keys: list[str]) -> None:
    assert [row["key"] for row in run("runs", "settle", "--json").json] == keys
    shown = run("runs", "settle").out
    assert "the answer was lost" in shown
    assert "--did-not-happen" in shown


def test_what_a_person_found_is_written_down(run: Run, keys: list[str]) -> None:
    answer = run("runs", "settle", "last", "--key", keys[0], "--happened", "--json")
    assert (answer.code, answer.json["settled"]) == (0, keys[:1])
    assert run("runs", "settle", "--all", "--did-not-happen").code == 0
    assert "Nothing is unclear." in run("runs", "settle").out


@pytest.mark.parametrize(
    "argv",
    [("--key", "x"), ("--happened",), ("--all",), ("--all", "--key", "x", "--happened")],
    ids=["no-verdict", "no-key", "all-no-verdict", "both"],
)
def test_half_a_verdict_is_refused(run: Run, keys: list[str], argv: tuple[str, ...]) -> None:
    answer = run("runs", "settle", "last", *argv)
    assert answer.code == 2
    assert "which effects" in answer.err


def test_a_key_of_nothing_is_refused(run: Run, keys: list[str]) -> None:
    assert run("runs", "settle", "last", "--key", "x", "--happened").code == 2


def test_only_the_first_deals(run: Run) -> None:
    first = run("apply", "stale_deals", "--yes", "--first", "2")
    assert first.code == 0
    assert "is paused" in first.err
    assert run("runs", "--json").json[0]["status"] == "paused"
    assert "paused" in run("runs").out
    rest = run("runs", "retry", "last", "--json").json
    assert rest["exit_code"] == 0
    assert run("runs", "--json").json[0]["status"] == "done"


def test_leftovers_are_finished_before_planning(run: Run, keys: list[str]) -> None:
    again = run("apply", "stale_deals", "--yes")
    assert again.code == 0
    assert "what earlier runs had left was finished" in again.err
    assert "Nothing is unclear." in run("runs", "settle", "last").out
