"""``crmkit doctor`` and a plan on a Bitrix24 portal, from the settings that its sandbox writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.config import load
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


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("rest", ["", "/rest", "/rest/90/s3cr3t/"], ids=["portal", "rest", "webhook"])
def test_init_writes_settings_that_load(run: Callable[..., Any], language: str, rest: str) -> None:
    """Whatever part of a webhook's address is given, its key does not get into the file."""
    url = f"https://acme.bitrix24.ru{rest}"
    assert run("init", "--config", "new.toml", "--url", url, "--lang", language).code == 0
    found = load("new.toml").portal()
    assert (found.provider, found.url, found.rate) == ("bitrix24", "https://acme.bitrix24.ru/rest", 2.0)
    assert found.deals.stages["new"].id == "NEW"
    assert "s3cr3t" not in Path("new.toml").read_text(encoding="utf-8")


def test_what_init_writes_fits_the_sandbox(
    run: Callable[..., Any], portal: Bitrix24Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the names in it are those that the tutorial and the recipe speak of."""
    run("init", "--config", "new.toml", "--url", "https://acme.bitrix24.ru")
    text = Path("new.toml").read_text(encoding="utf-8")
    url = portal.portal_config["url"]
    Path("new.toml").write_text(text.replace("https://acme.bitrix24.ru/rest", url), encoding="utf-8")
    monkeypatch.setenv("BITRIX24_WEBHOOK", portal.tokens["robot"])
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__CLOCK", "sandbox")
    assert run("doctor", "--config", "new.toml", "--json").json["problems"] == []
