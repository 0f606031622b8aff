"""``crmkit doctor`` and a plan on a Bitrix24 portal, from the settings that its sandbox writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmkit.sandbox import Sandbox
from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox


@pytest.fixture
def portal() -> Iterator[Bitrix24Sandbox]:
    with Sandbox.bitrix24(deals=16, stalled=8, refused=1, snoozed=1) as box:
        yield box


@pytest.fixture
def config(portal: Bitrix24Sandbox) -> dict[str, Any]:
    return {
        "store": {"url": "sqlite:///ledger.db"},
        "portals": {"main": portal.portal_config},
        "recipes": {"stale_deals": {"supervisor": "user:2"}},
    }


def test_the_doctor_finds_nothing_to_say(run: Callable[..., Any]) -> None:
    answer = run("doctor", "--json")
    assert answer.code == 0
    assert answer.json["provider"] == "bitrix24"
    assert answer.json["me"]["id"] == "90"
    assert answer.json["requests_per_second"] == 2.0
    assert answer.json["problems"] == []


def test_the_doctor_tells_what_does_not_fit(
    run: Callable[..., Any], config: dict[str, Any], write: Callable[[], None], portal: Bitrix24Sandbox
) -> None:
    config["portals"]["main"]["deals"]["stages"]["new"] = {"id": "C9:NEW", "name": "Новая"}
    write()
    answer = run("doctor")
    assert answer.code == 2
    assert "deals.stages.new: the portal has no stage C9:NEW" in answer.out
    assert portal.tokens["robot"].partition("/")[2] not in answer.out + answer.err


def test_a_plan_is_made(run: Callable[..., Any]) -> None:
    answer = run("plan", "stale_deals", "--json")
    assert answer.code == 0
