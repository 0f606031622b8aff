"""How many commands go into a request: fewer at once when it gets slow, more again by and by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.outcomes import Command
from crmkit.bitrix24.sizer import PAGE, Sizer


def test_it_grows_by_small_steps_after_good_full_requests_and_never_beyond_fifty() -> None:
    sizer = Sizer()
    sizer.lost(50)
    sizes = []
    for _ in range(16):
        sizer.learn(sizer.size, 0.5)
        sizes.append(sizer.size)
    assert sizes == [25, 30, 30, 35, 35, 40, 40, 45, 45, *[50] * 7]


def test_a_portal_that_does_not_say_how_long_it_took_is_trusted_again_too() -> None:
    sizer = Sizer()
    sizer.lost(2)
    assert sizer.size == 1
    for _ in range(20):
        sizer.learn(sizer.size, 0.0)
    assert sizer.size == PAGE


def test_requests_that_were_not_full_prove_nothing() -> None:
    sizer = Sizer()
    sizer.lost(50)
    for _ in range(10):
        sizer.learn(24, 0.5)
    assert sizer.size == 25


def test_it_never_grows_beyond_what_fits() -> None:
    """0.8 seconds a command: 37 of them take thirty seconds."""
    sizer = Sizer()
    for _ in range(20):
        sizer.learn(sizer.size, sizer.size * 0.8)
    assert sizer.size == 37


def test_a_loss_starts_the_count_of_good_ones_again() -> None:
    sizer = Sizer()
    sizer.lost(50)
    sizer.learn(25, 0.5)
    sizer.lost(25)
    sizer.learn(12, 0.5)
    assert sizer.size == 12


@pytest.mark.parametrize("workers", [1, 4])
def test_after_bad_minutes_batches_are_full_again(
    make_client: Callable[..., Bitrix24], portal: Any, workers: int
) -> None:
    portal.add(3000)
    portal.lose(12, after=False)
    commands = (Command("crm.item.update", {"id": n, "fields": {"title": "new"}}) for n in range(1, 3001))
    assert len(make_client(workers=workers).batch(commands).done) == 3000
    sizes = [len(body["cmd"]) for _, body in portal.requests]
    assert min(sizes) <= 12
    assert sizes[-10:].count(50) >= 7
    assert len(sizes) < 140


def test_what_was_lost_together_travels_in_company_again(b24: Bitrix24, portal: Any) -> None:
    """Fifty commands were cut down to one each; once that goes well they are not sent one by one."""
    portal.add(50)
    portal.lose(70, after=False)
    commands = [Command("crm.item.update", {"id": n, "fields": {"title": "new"}}) for n in range(1, 51)]
    result = b24.batch(commands)
    assert len(result.done) == 50
    good = [len(body["cmd"]) for _, body in portal.requests[70:]]
    assert good[0] == 1
    assert max(good) > 10
    assert len(good) < 25


def test_one_poisonous_command_is_still_found(b24: Bitrix24, portal: Any) -> None:
    """A command that never answers takes nobody else down with it, though its company grows between."""
    portal.add(200)

    def poison(method: str, body: Any) -> Any:
        return (504, b"<html>504") if any("id=77&" in text for text in body["cmd"].values()) else None

    portal.faults.append(poison)
    commands = [Command("crm.item.update", {"id": n, "fields": {"title": "new"}}) for n in range(1, 201)]
    result = b24.batch(commands)
    assert [outcome.command.params["id"] for outcome in result.unknown] == [77]  # type: ignore[call-overload]
    assert len(result.done) == 199
