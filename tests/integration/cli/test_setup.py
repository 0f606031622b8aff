"""``crmkit setup``: what a person is told to set up, on a sandbox whose names are known."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

from .conftest import Run

SECRET_FILE = "crmkit-main.secret"
URL = "https://crm.example.com/hooks/main"


def test_names_numbers_and_bodies_of_the_account(run: Run, box: PlanfixSandbox) -> None:
    told = run("setup", "stale_deals", "--url", URL, "--json")
    assert told.code == 0
    touched, decided = told.json["calls"]
    assert [touched["event"], decided["event"]] == ["deal_touched", "approval_decided"]
    assert touched["form"] == {"task": "{{Задача.Номер}}", "event": "deal_touched"}
    assert (touched["method"], touched["url"]) == ("POST", URL)
    assert json.loads(touched["json"])["release_hold"] == "{{Задача.Снять удержание}}"
    text = "\n".join(touched["steps"] + decided["steps"])
    for name in (
        "«Сделка» (no. 1)",
        "«Новый исполнитель» (104)",
        "«Согласование» (no. 2)",
        "«Подтверждено» (22)",
    ):
        assert name in text
    assert "«Робот crmkit», «Робот Планфикса»" in text
    assert told.json["missing"] == told.json["remarks"] == []
    assert all(entry.verb == "GET" or entry.path.endswith("/list") for entry in box.requests)


def test_the_names_are_those_of_now(run: Run, box: PlanfixSandbox) -> None:
    box.act.rename_status(22, "Одобрено")
    told = run("setup", "stale_deals", "--json")
    assert told.code == 2
    assert "«Одобрено» (22)" in "\n".join(told.json["calls"][1]["steps"])
    (missing,) = told.json["missing"]
    assert missing.startswith("crmkit.toml: portals.main.tasks.approval.stages.done: this is «Одобрено» now")


@pytest.mark.parametrize(
    ("language", "word"), [("ru", "Событие: добавлен комментарий."), ("en", "a comment")]
)
def test_a_person_reads_it_in_his_language(run: Run, language: str, word: str) -> None:
    told = run("setup", "stale_deals", "--lang", language)
    assert word in told.out
    assert "1. " in told.out
    assert "https://YOUR-SERVER/hooks/main" in told.out
    assert "planfix.scenario" not in told.out


def test_a_secret_is_made_once_and_shown_only_if_asked_for(run: Run, tmp_path: Path) -> None:
    first = run("setup", "stale_deals", "--url", URL)
    file = tmp_path / SECRET_FILE
    secret = file.read_text(encoding="utf-8").strip()
    assert len(secret) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in first.out + first.err
    assert f'crmkit.toml: portals.main.webhook.secret = "file:{SECRET_FILE}"' in first.out
    again = run("setup", "stale_deals", "--url", URL, "--json")
    assert secret not in again.out
    assert again.json["secret"] == {
        "reference": f"file:{SECRET_FILE}",
        "state": "kept",
        "configured": False,
    }
    asked = run("setup", "stale_deals", "--url", URL, "--json", "--show-secret").json
    assert asked["secret"]["value"] == secret
    assert asked["calls"][0]["headers"] == {"X-Crmkit-Secret": secret}
    assert secret in run("setup", "stale_deals", "--url", URL, "--show-secret").out


@pytest.mark.parametrize(
    ("proof", "url", "headers"),
    [
        ("path", f"{URL}/SECRET", []),
        ("header", URL, ["X-Crmkit-Secret"]),
        ("hmac", URL, ["X-Crmkit-Signature"]),
    ],
)
def test_the_settings_say_where_and_how(
    run: Run,
    config: dict[str, Any],
    write: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    proof: str,
    url: str,
    headers: list[str],
) -> None:
    config["portals"]["main"]["webhook"] = {"url": URL, "proof": proof, "secret": "env:HOOK_SECRET"}
    write()
    monkeypatch.setenv("HOOK_SECRET", "s3cret-s3cret-s3cret")
    told = run("setup", "stale_deals", "--json").json
    assert (told["calls"][0]["url"], list(told["calls"][0]["headers"])) == (url, headers)
    assert told["secret"] == {"reference": "env:HOOK_SECRET", "state": "kept", "configured": True}
    assert "s3cret-s3cret-s3cret" not in json.dumps(told)


def test_a_variable_that_is_not_set(run: Run, config: dict[str, Any], write: Callable[[], None]) -> None:
    config["portals"]["main"]["webhook"] = {"url": URL, "secret": "env:HOOK_SECRET_UNSET"}
    write()
    told = run("setup", "stale_deals", "--show-secret")
    assert "env:HOOK_SECRET_UNSET" in told.out
    assert "set this variable" in told.out
    assert len(told.out.split("The secret: ")[1].split()[0]) >= 32


def test_a_short_secret_is_refused_and_not_shown(
    run: Run, config: dict[str, Any], write: Callable[[], None], tmp_path: Path
) -> None:
    config["portals"]["main"]["webhook"] = {"url": URL, "secret": "file:short"}
    write()
    (tmp_path / "short").write_text("pa55word", encoding="utf-8")
    told = run("setup", "stale_deals")
    assert told.code == 2
    assert "too short" in told.error
    assert "pa55word" not in told.out + told.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda box, deals: box.act.detach_field(1, 108), "«Снять удержание» is not attached to object 1"),
        (lambda box, deals: deals["fields"].update(release_hold={"id": 999, "name": "x"}), "no field 999"),
        (lambda box, deals: deals.update(object=77), "the account shows no object 77"),
    ],
    ids=["detached", "gone", "no object"],
)
def test_what_the_account_lacks(
    run: Run,
    box: PlanfixSandbox,
    config: dict[str, Any],
    write: Callable[[], None],
    change: Callable[[PlanfixSandbox, dict[str, Any]], object],
    line: str,
) -> None:
    change(box, config["portals"]["main"]["deals"])
    write()
    told = run("setup", "stale_deals", "--json")
    assert told.code == 2
    assert any(line in one for one in told.json["missing"])
    text = "\n".join(step for call in told.json["calls"] for step in call["steps"])
    assert "«Снять удержание»" not in text


def test_what_the_settings_do_not_name_is_a_remark(
    run: Run, config: dict[str, Any], write: Callable[[], None]
) -> None:
    del config["portals"]["main"]["deals"]["fields"]["release_hold"]
    write()
    told = run("setup", "stale_deals", "--json")
    assert told.code == 0
    (remark,) = told.json["remarks"]
    assert "release_hold" in remark


def test_a_provider_without_an_adapter_is_refused(
    run: Run, config: dict[str, Any], write: Callable[[], None]
) -> None:
    config["portals"]["main"]["provider"] = "amocrm"
    write()
    told = run("setup", "stale_deals")
    assert (told.code, told.out) == (2, "")
    assert "no provider 'amocrm'" in told.error


def test_an_address_in_the_clear_is_refused(run: Run) -> None:
    told = run("setup", "stale_deals", "--url", "http://crm.example.com/hook")
    assert told.code == 2
    assert "no https address" in told.error
