"""The document says of every target of the issue whether it was met, and never hides a miss."""

from __future__ import annotations

import re
from typing import Any

import pytest

from . import report


def found(**worse: Any) -> dict[str, list[dict[str, Any]]]:
    """Figures that meet everything, except where told otherwise."""
    run = {"who": "crmkit", "wall": 26.0, "ideal": 25.0, "error": "", "runs": 3}
    job = {"who": "crmkit", "requests": 3, "connections": 1, "cpu": 5.0}
    line = {"who": "crmkit", "wanted": 2000, "deals": 2000, "titles": 2000, "done": 2000, "error": ""}
    walk = {"who": "crmkit", "what": "read_ids", "runs": 5, "fewest": 5000, "raised": 0, "end": ""}
    jobs = ("read_raw", "read_items", "read_typed", "update", "update_typed")
    seconds = {"requests, pydantic": 0.1, "crmkit": 0.01, "from crmkit import Bitrix24": worse.get("s", 0.2)}
    return {
        "limits": [
            {**run, "latency": 0.0, "done": 5000, "refused": 0, "ratio": worse.get("ratio", 1.04)},
        ],
        "cpu": [{**job, "what": what, "cpu": worse.get(what, 5.0)} for what in jobs],
        "creates": [{**line, "what": "create", "requests": 62}],
        "lists": [{**walk, "short": worse.get("short", 0), "lost": 0, "twice": 0}],
        "memory": [{"who": "crmkit", "rows": 1_000_000, "peak": 50.0, "requests": 401, "wall": 28.0}],
        "imports": [{"who": who, "seconds": value} for who, value in seconds.items()],
        "proofs": [{"what": "one refresh", "passed": 5, "good": worse.get("good", True), "seconds": 3.0}],
    }


@pytest.fixture(autouse=True)
def no_peers_are_installed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "version", lambda name: "1")


def missed(figures: Any) -> list[str]:
    lines = report.document(figures).splitlines()
    return [line for line in lines if re.search(r"\| at (most|least) .*\*\*no\*\* \|$", line)]


def test_nothing_is_missed() -> None:
    assert missed(found()) == []


@pytest.mark.parametrize(
    ("worse", "what"),
    [
        ({"ratio": 1.06}, "time / ideal"),
        ({"read_typed": 21.0}, "typed rows"),
        ({"update": 31.0}, "updates: processor time"),
        ({"update_typed": 31.0}, "crm.item.update"),
        ({"short": 1}, "one failed page"),
        ({"s": 0.26}, "import Bitrix24"),
        ({"good": False}, "one refresh"),
    ],
    ids=lambda one: one if isinstance(one, str) else next(iter(one)),
)
def test_a_miss_is_told(worse: Any, what: str) -> None:
    (row,) = missed(found(**worse))
    assert what in row
