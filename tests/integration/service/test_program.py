"""``crmkit runs letters``, ``crmkit runs retry --letter`` and what doctor says about ``[serve]``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml
from crmkit.crm.models import Ref
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Batch, Hint, Rule
from crmkit.sandbox import Sandbox

from .conftest import SECRET

DEAL = Ref(kind="deal", id="7")


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., list[str]]]:
    """Write settings and return the options that name them."""
    with Sandbox.planfix(seed="crm_cases", clock="frozen", companies=2, deals=3) as box:

        def made(serve: dict[str, Any], **webhook: Any) -> list[str]:
            portal = {
                **box.portal_config,
                "token": box.tokens["user:90"],
                "clock": "sandbox",
                "webhook": webhook,
            }
            settings = {
                "store": {"url": f"sqlite:///{tmp_path / 'crmkit.db'}"},
                "portals": {"main": portal},
                "recipes": {"lost_client": {"video_url": "https://video.example.com/why"}},
                "serve": {"recipes": serve},
            }
            file = tmp_path / "crmkit.toml"
            file.write_text(to_toml(settings))
            return ["--config", str(file), "--lang", "en"]

        yield made


def give_up(tmp_path: Path) -> None:
    """Let a job of the service fail for good."""

    def fail(batch: Batch) -> None:
        for job in batch.jobs:
            batch.failed(job, "deal:7: the field is gone", hint="bind another one", final=True)

    engine = open_engine(f"sqlite:///{tmp_path / 'crmkit.db'}", "inline")
    engine.add(Rule("lost_client", frozenset({"deal_closed"}), quiet=timedelta(0)), fail)
    engine.start()
    engine.accept(Hint("planfix:acme", DEAL, "deal_closed", payload={"task": "7"}))
    engine.tick()
    engine.stop()


def test_what_was_given_up_is_shown_with_event_error_and_hint_and_tried_again(
    write: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = write({})
    assert main(["runs", "letters", *options]) == 0
    assert "Nothing was given up" in capsys.readouterr().out
    give_up(tmp_path)
    assert main(["runs", "letters", *options]) == 0
    shown = capsys.readouterr().out
    for text in ("lost_client deal:7", "deal_closed deal:7", "the field is gone", "bind another one"):
        assert text in shown
    assert main(["runs", "letters", "--json", *options]) == 0
    (letter,) = json.loads(capsys.readouterr().out)
    assert letter["events"][0]["payload"] == {"task": "7"}
    assert main(["runs", "retry", "--letter", "99", *options]) == 2
    assert main(["runs", "retry", "--letter", str(letter["id"]), *options]) == 0
    assert "tries again: 1 job" in capsys.readouterr().out
    engine = open_engine(f"sqlite:///{tmp_path / 'crmkit.db'}", "inline")
    assert (engine.counters().due, list(engine.dead_letters())) == (1, [])
    engine.stop()


def test_all_letters_can_be_tried_again(
    write: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give_up(tmp_path)
    assert main(["runs", "retry", "--letters", "--json", *write({})]) == 0
    assert len(json.loads(capsys.readouterr().out)["retried"]) == 1


MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "cron": ({"lost_client": {"cron": "every day"}}, {"secret": SECRET}, "is no cron expression"),
    "recipe": ({"lost_clients": {"cron": "0 9 * * *"}}, {"secret": SECRET}, "there is no recipe"),
    "secret": (
        {"lost_client": {}},
        {},
        "webhook.secret is not set: no event is heard (run: crmkit setup lost_client, or set cron",
    ),
    "short": (
        {"lost_client": {"cron": "0 9 * * *"}},
        {"secret": "short"},
        "the secret of the webhook is too short",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_doctor_finds_what_the_service_could_not_work_with(
    write: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    serve, webhook, text = MISTAKES[what]
    assert main(["doctor", "--json", *write(serve, **webhook)]) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any(text in problem for problem in problems), problems


def test_doctor_is_content_with_a_service_that_hears_and_sweeps(
    write: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *write({"lost_client": {"cron": "0 9 * * 1-5"}}, secret=SECRET)]) == 0


def test_a_portal_that_does_not_exist_is_a_mistake_of_the_settings(
    write: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *write({"lost_client": {"portals": ["mian"]}})]) == 2
    error = capsys.readouterr().err
    assert "serve.recipes.lost_client.portals" in error
    assert "did you mean main?" in error


@pytest.mark.parametrize("program", ["serve", "worker"])
def test_a_service_without_recipes_says_what_to_do(
    write: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], program: str
) -> None:
    assert main([program, *write({})]) == 2
    assert "add [serve.recipes.NAME]" in capsys.readouterr().err
