"""Whatever goes wrong: an exit code, a line that says what, one that says what to do, and no secret."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmkit.sandbox import Fault
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

from .conftest import Answer, Run

WRONG_TOKEN = "0123456789abcdefWRONG"
Config = dict[str, Any]
Write = Callable[[], None]


@pytest.fixture
def refused_with(run: Run, box: PlanfixSandbox) -> Callable[..., Answer]:
    """Run a command that must fail, and check how it does so, with and without ``--json``."""

    def check(code: int, *argv: str) -> Answer:
        answer = run(*argv)
        assert answer.code == code, answer.err
        lines = answer.err.splitlines()
        assert [line.split(":")[0] for line in lines] == ["Error", "What to do"], answer.err
        as_json = run(*argv, "--json")
        assert as_json.code == code
        assert as_json.json["error"]["exit_code"] == code
        assert as_json.json["error"]["message"]
        everything = answer.out + answer.err + as_json.out + as_json.err
        assert "Traceback" not in everything
        for secret in (WRONG_TOKEN, *box.tokens.values()):
            assert secret not in everything
        return answer

    return check


def test_a_wrong_token(config: Config, write: Write, refused_with: Callable[..., Answer]) -> None:
    config["portals"]["main"]["token"] = WRONG_TOKEN
    write()
    for command in ("plan", "doctor"):
        assert "token" in refused_with(3, command, *(["stale_deals"] if command == "plan" else [])).error


def test_an_unknown_field_in_the_configuration(
    config: Config, write: Write, refused_with: Callable[..., Answer]
) -> None:
    config["portals"]["main"]["deals"]["fields"]["label"] = {"id": 999, "name": "Метка"}
    write()
    assert "999" in refused_with(2, "plan", "stale_deals").error


def test_an_unknown_stage_in_the_configuration(
    config: Config, write: Write, refused_with: Callable[..., Answer]
) -> None:
    config["portals"]["main"]["deals"]["stages"]["new"] = {"id": 999, "name": "Новая"}
    write()
    assert "999" in refused_with(2, "plan", "stale_deals").error


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, as long as the test lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_an_unreachable_host(
    config: Config, write: Write, closed_port: int, refused_with: Callable[..., Answer]
) -> None:
    config["portals"]["main"] |= {"url": f"http://127.0.0.1:{closed_port}/rest", "clock": "sandbox"}
    write()
    assert str(closed_port) in refused_with(3, "plan", "stale_deals").error


def test_html_instead_of_json(box: PlanfixSandbox, refused_with: Callable[..., Answer]) -> None:
    box.faults.add(Fault(match="*", kind="html", times=1000, status=200))
    assert "web page" in refused_with(3, "plan", "stale_deals").error


def test_an_exhausted_quota(box: PlanfixSandbox, refused_with: Callable[..., Answer]) -> None:
    box.faults.add(Fault(match="*", kind="quota", times=1000))
    refused_with(3, "plan", "stale_deals")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["plan", "no_such_recipe"], "no_such_recipe"),
        (["plan", "stale_deals", "--set", "warn_after=0"], "warn_after"),
        (["plan", "stale_deals", "--set", "nonsense"], "key=value"),
        (["plan", "stale_deals", "--portal", "other"], "other"),
        (["plan", "stale_deals", "--config", "absent.toml"], "absent.toml"),
        (["plan", "stale_deals", "--out", "no/such/folder/plan.json"], "cannot be written"),
        (["plan"], "recipe"),
        (["plan", "stale_deals", "--no-such-option"], "--no-such-option"),
        (["no-such-command"], "no-such-command"),
        (["apply", "absent.json"], "absent.json"),
        (["apply", "crmkit.toml"], "is not a plan"),
        (["apply", "stale_deals"], "nobody to confirm"),
        (["undo", "0000"], "0000"),
        (["undo", "last"], "no runs"),
        (["runs", "show", "0000"], "0000"),
        (["report", "stale_deals", "--format", "xlsx"], "XLSX"),
        (["report", "stale_deals", "--out", "report.pdf"], "report.pdf"),
        (["init"], "already there"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(argv: list[str], says: str, refused_with: Callable[..., Answer]) -> None:
    assert says in refused_with(2, *argv).error


def test_debug_shows_where_but_no_secret(config: Config, write: Write, run: Run) -> None:
    config["portals"]["main"]["token"] = WRONG_TOKEN
    write()
    answer = run("plan", "stale_deals", "--debug")
    assert answer.code == 3
    assert "Traceback" in answer.err
    assert WRONG_TOKEN not in answer.out + answer.err


def test_a_bug_is_one_line_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("something\nunforeseen with token=abcdef123456")

    monkeypatch.setattr("crmkit.cli.finder.found", broken)
    answer = run("recipes")
    assert answer.code == 1
    assert (
        answer.err.splitlines()[0]
        == "Error: internal error RuntimeError: something unforeseen with token=***"
    )
