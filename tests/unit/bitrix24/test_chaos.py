"""Bad lines by the dozen, each from its own seed: nothing lost, nothing twice, nothing guessed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.outcomes import Command, ExternalKey, Status


def bad_line(portal: Any, seed: int, share: float) -> None:
    """Lose, refuse or garble a share of all requests, before or after the portal has carried them out."""
    dice = random.Random(seed)

    def fault(method: str, body: Any) -> Any:
        if dice.random() > share:
            return None
        kind = dice.choice(["after", "before", "502", "503", "reset", "limit", "html"])
        if kind == "after":
            portal._answer(method, body)
        return {
            "after": requests.ReadTimeout("lost"),
            "before": requests.ReadTimeout("lost"),
            "reset": requests.ConnectionError("reset by peer"),
            "502": (502, b"<html><title>Bad gateway</title>"),
            "503": (503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}),
            "limit": (429, {"error": "OPERATION_TIME_LIMIT", "error_description": "x"}),
            "html": (200, b"<html><title>Maintenance</title>"),
        }[kind]

    portal.faults.append(fault)


def sore_portal(portal: Any, seed: int, share: float) -> None:
    """Refuse a share of all commands, without having carried them out."""
    dice = random.Random(seed)
    errors = ["OPERATION_TIME_LIMIT", "QUERY_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR"]
    portal.rules.append(lambda *_: {"error": dice.choice(errors)} if dice.random() < share else None)


def create(number: int) -> Command:
    find = ExternalKey("crm.item.list", "originId", f"k{number}", params={"entityTypeId": 2}, wrap="item")
    return Command("crm.item.add", {"entityTypeId": 2, "fields": {"originId": f"k{number}"}}, find=find)


@pytest.mark.parametrize("seed", range(12))
def test_creates_with_keys_happen_exactly_once(
    make_client: Callable[..., Bitrix24], portal: Any, seed: int
) -> None:
    bad_line(portal, seed, 0.2)
    sore_portal(portal, seed, 0.02)
    result = make_client(workers=1 + seed % 4).batch(create(n) for n in range(230))
    counts = Counter(row["originId"] for row in portal.items.values())
    assert set(counts.values()) == {1}
    for number, outcome in enumerate(result):
        made = f"k{number}" in counts
        assert outcome.status is not Status.DONE or made, "reported as done, but not there"
        assert outcome.status is not Status.FAILED or not made, "reported as failed, but there"
    assert len(result.done) >= 225


@pytest.mark.parametrize("seed", range(12))
def test_outcomes_of_mixed_commands_are_true(
    make_client: Callable[..., Bitrix24], portal: Any, seed: int
) -> None:
    portal.add(120)
    bad_line(portal, seed, 0.15)
    commands: list[Any] = []
    for number in range(1, 121):
        fields = {"title": f"new {number}"}
        commands.append(Command("crm.item.update", {"entityTypeId": 2, "id": number, "fields": fields}))
        commands.append(Command("crm.item.get", {"entityTypeId": 2, "id": number}))
        if number % 10 == 0:
            commands.append(
                Command("crm.item.add", {"entityTypeId": 2, "fields": {"title": f"plain {number}"}})
            )
    result = make_client(workers=4).batch(commands)
    assert [outcome.command for outcome in result] == commands
    titles = Counter(row["title"] for row in portal.items.values())
    for outcome in result:
        method, params = outcome.command.method, dict(outcome.command.params)
        if method == "crm.item.get":
            assert outcome.status is Status.DONE
            assert outcome.result["item"]["title"] == f"new {params['id']}", "read before it was written"
        elif method == "crm.item.update":
            assert outcome.status is Status.DONE
        else:
            there = titles[params["fields"]["title"]]
            assert there <= 1, "made twice"
            assert outcome.status is not Status.DONE or there == 1
            assert outcome.status is not Status.FAILED or there == 0


@pytest.mark.parametrize("seed", range(12))
def test_lists_are_complete(b24: Bitrix24, portal: Any, seed: int) -> None:
    portal.add(1234)
    bad_line(portal, seed, 0.2)
    sore_portal(portal, seed, 0.02)
    dice = random.Random(seed)
    gone: set[int] = set()
    read: list[int] = []
    for row in b24.list("crm.item.list", {"entityTypeId": 2}):
        read.append(row["id"])
        if dice.random() < 0.02:
            number = dice.choice(list(portal.items))
            portal.items.pop(number, None)
            gone.add(number)
    assert read == sorted(set(read))
    assert set(range(1, 1235)) - gone <= set(read)
