"""What the receiver has counted, and all numbers of the service as Prometheus reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from crmkit.runtime.engine.port import Counters

__all__ = ["CONTENT_TYPE", "Counts", "Outcome", "prometheus"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
GAUGES = {
    "waiting": "Entities with a reason to look, due or not.",
    "due": "Entities that are due.",
    "lag": "Seconds for which the longest overdue entity is overdue.",
    "running": "Batches being run, by any process.",
    "timers": "Timers that are set.",
    "dead_letters": "Jobs that failed for good.",
}


class Outcome(StrEnum):
    """What became of a request to the receiver."""

    ACCEPTED = "accepted"
    """It is on the disk."""
    IGNORED = "ignored"
    """No recipe wants this kind of event, or it is about nothing that recipes look at."""
    UNREADABLE = "unreadable"
    """The portal sent it, but it names nothing to look at; acknowledged."""
    REFUSED = "refused"
    """It does not prove that the portal sent it, or there is no such portal."""
    TOO_LARGE = "too_large"
    NOT_STORED = "not_stored"
    """It could not be written down; the sender is to try again."""


class Counts:
    """Counts requests and how long their answers took. For one thread: that of the receiver."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, Outcome]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def add(self, portal: str, outcome: Outcome, seconds: float) -> None:
        """Count one request; a portal that does not exist has no name."""
        self.requests[portal, outcome] += 1
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def of(self, outcome: Outcome) -> int:
        """Return how many requests came to this."""
        return sum(count for (_, one), count in self.requests.items() if one is outcome)

    def lines(self) -> Iterator[str]:
        """Yield them as Prometheus reads them."""
        yield from _head("crmkit_requests_total", "counter", "Requests by what became of them.")
        for (portal, outcome), count in sorted(self.requests.items()):
            yield _line("crmkit_requests_total", count, portal=portal, outcome=outcome)
        name = "crmkit_answer_seconds"
        yield from _head(name, "histogram", "How long the answers of the receiver took.")
        total = 0
        for limit, count in zip((*BUCKETS, "+Inf"), self._buckets, strict=True):
            total += count
            yield _line(f"{name}_bucket", total, le=str(limit))
        yield _line(f"{name}_sum", round(self._seconds, 6))
        yield _line(f"{name}_count", total)


def prometheus(counts: Counts, engine: Counters) -> str:
    """Return all numbers in the text format of Prometheus."""
    return "".join(f"{line}\n" for line in (*counts.lines(), *_of_engine(engine)))


def _of_engine(engine: Counters) -> Iterable[str]:
    name = "crmkit_engine_total"
    yield from _head(name, "counter", "What the engine of this process has done: events, batches, jobs.")
    for what, count in sorted(_at_least(engine.totals).items()):
        yield _line(name, count, what=what)
    for gauge, text in GAUGES.items():
        yield from _head(f"crmkit_{gauge}", "gauge", text)
        yield _line(f"crmkit_{gauge}", getattr(engine, gauge))


def _at_least(totals: Mapping[str, int]) -> dict[str, int]:
    """Name the totals that alerts are made of even while they are 0."""
    return {**dict.fromkeys(("new", "duplicate", "done", "failed", "dead", "errors"), 0), **totals}


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _line(name: str, value: float, **labels: str) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
