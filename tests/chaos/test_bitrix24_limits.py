"""The bucket of fifty, two a second: never more than it holds, nor much less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from crmkit.bitrix24 import Bitrix24
from crmkit.sandbox import Sandbox

BURST, RATE = 50, 2.0


@contextmanager
def portal(*, workers: int = 8, **options: Any) -> Iterator[tuple[Any, Bitrix24]]:
    box: Any
    with (
        Sandbox.bitrix24(seed="deals", deals=5000, **options) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0, workers=workers) as client,
    ):
        yield box, client


def refused(box: Any) -> int:
    return sum(entry.status == 503 for entry in box.requests)


def moments(box: Any) -> list[float]:
    first = next(iter(box.requests)).at
    return sorted((entry.at - first).total_seconds() for entry in box.requests)


def updates(client: Bitrix24) -> None:
    client.deals.update_many((n, {"title": f"new {n}"}) for n in range(1, 5001)).results()


def single_calls(client: Bitrix24) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client.deals.get, range(1, 131)))


def reading(client: Bitrix24) -> None:
    for _ in range(30):
        assert sum(1 for _ in client.deals.rows()) == 5000


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("work", [updates, single_calls], ids=lambda one: one.__name__)
@pytest.mark.parametrize("count_refused", [False, True], ids=["", "refused-count"])
def test_the_bucket_never_overflows(
    work: Callable[[Bitrix24], None], workers: int, count_refused: bool
) -> None:
    with portal(workers=workers, count_refused=count_refused) as (box, client):
        work(client)
        assert refused(box) == 0
        at = moments(box)
        for first in range(len(at) - BURST):
            last = first + BURST
            assert at[last] - at[first] >= (last - first + 1 - BURST) / RATE - 0.001
        ideal = max(0.0, (len(at) - BURST) / RATE)
        assert at[-1] <= ideal * 1.05


@pytest.mark.parametrize("workers", [1, 8])
def test_a_bucket_that_others_filled_is_respected_at_once(workers: int) -> None:
    """Somebody else spent the burst, an earlier run of ours perhaps: one refusal per request under way."""
    with portal(workers=workers) as (box, client):
        spent_by_others(box)
        started = box.clock.monotonic()
        updates(client)
        assert refused(box) <= workers
        assert box.clock.monotonic() - started <= 101 / RATE * 1.05


@pytest.mark.parametrize("workers", [1, 8])
def test_a_front_end_that_refuses_with_a_page_loses_nothing(workers: int) -> None:
    """A page proves nothing, so what it was the answer to counts as lost; all the same everybody slows down,
    and the requests stay as large as they were."""
    with portal(workers=workers, bucket_answer="html", cost=0.01) as (box, client):
        client.deals.fields()
        spent_by_others(box)
        started = box.clock.monotonic()
        updates(client)
        assert {row["TITLE"][:3] for row in box.portal.items[2]} == {"new"}
        assert refused(box) <= workers
        assert len(box.requests) <= 101 + workers
        assert box.clock.monotonic() - started <= 101 / RATE * 1.05


def test_a_page_is_no_proof_creates_are_looked_for() -> None:
    with portal(bucket_answer="html") as (box, client):
        client.deals.fields()
        spent_by_others(box)
        sure = client.deals.create_many([{"title": "sure"}], key=lambda row: row["title"])
        assert len(sure.done) == 1
        spent_by_others(box)
        unsure = client.deals.create_many([{"title": "unsure"}])
        assert len(unsure.unknown) == 1
        titles = [row["TITLE"] for row in box.portal.items[2]]
        assert (titles.count("sure"), titles.count("unsure")) == (1, 0)


def spent_by_others(box: Any) -> None:
    while box.vendor.portal.bucket.take():
        pass
