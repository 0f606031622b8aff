"""Where settings come from, which source wins, and how secrets are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from crmkit import config
from crmkit.config import PortalConfig, Secret, is_loopback
from crmkit.exceptions import ConfigurationError

FILE = """
default_portal = "main"
[store]
url = "sqlite:///a.db"
[portals.main]
provider = "planfix"
url = "https://acme.planfix.ru/rest/"
token = "env:PLANFIX_TOKEN"
robots = ["user:90"]
[portals.main.deals]
object = 1
[portals.main.deals.stages]
new = { id = 1, name = "Новая" }
refused = 6
[portals.main.deals.fields]
return_state = { id = 101, name = "Состояние возврата" }
[portals.main.tasks.approval]
object = 2
[portals.main.tasks.approval.stages]
done = { id = 22, name = "Подтверждено" }
[portals.second]
provider = "planfix"
url = "http://127.0.0.1:8000/rest"
token = "a-literal-is-fine-here"
clock = "sandbox"
[recipes.stale_deals]
supervisor = "user:2"
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crmkit.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_file_is_typed(file: Path) -> None:
    settings = config.load(file)
    main = settings.portal()
    assert (main.name, main.url, main.key) == (
        "main",
        "https://acme.planfix.ru/rest",
        "planfix:acme.planfix.ru",
    )
    assert main.deals.stages["new"].id == "1"
    assert main.deals.stages["refused"].id == "6"
    assert main.deals.fields["return_state"].name == "Состояние возврата"
    assert main.tasks["approval"].stages["done"].id == "22"
    assert main.zone.key == "Europe/Moscow"
    assert settings.recipes == {"stale_deals": {"supervisor": "user:2"}}
    assert settings.portal("second").clock == "sandbox"


def test_arguments_win_over_environment_wins_over_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__RATE", "0.5")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__DAILY_LIMIT", "20000")
    monkeypatch.setenv("CRMKIT_RECIPES__STALE_DEALS__IDLE_DAYS", "20")
    settings = config.load(
        file, portals={"main": {"rate": 0.25}}, recipes={"stale_deals": {"supervisor": "user:3"}}
    )
    assert settings.portal("main").rate == 0.25
    assert settings.portal("main").daily_limit == 20000
    assert settings.portal("main").url == "https://acme.planfix.ru/rest"
    assert settings.recipes["stale_deals"] == {"supervisor": "user:3", "idle_days": "20"}


@pytest.mark.parametrize("text", ["user:90,91", '["user:90", 91]'])
def test_environment_gives_lists(file: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__ROBOTS", text)
    assert config.load(file).portal("main").robots == ("user:90", "user:91")


def test_a_portal_can_live_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__PROVIDER", "planfix")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__URL", "https://acme.planfix.ru/rest")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__TOKEN", "env:T")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__DEALS__OBJECT", "1")
    assert config.load().portal().deals.object == 1


def test_the_file_is_found_by_variable_and_in_the_current_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.load().source == Path("crmkit.toml")
    other = tmp_path / "other.toml"
    other.write_text('[store]\nurl = "sqlite://"\n', encoding="utf-8")
    monkeypatch.setenv("CRMKIT_CONFIG", str(other))
    assert config.load().store.url == "sqlite://"
    assert config.load(file).store.url == "sqlite:///a.db"


def test_without_any_file_the_defaults_hold() -> None:
    settings = config.load()
    assert (settings.source, settings.portals, settings.store.url) == (None, {}, "sqlite:///crmkit.db")


def test_secret_from_the_environment_is_read_late(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLANFIX_TOKEN", raising=False)
    portal = config.load(file).portal()
    with pytest.raises(ConfigurationError) as caught:
        portal.secret()
    assert str(caught.value) == (
        f"{file}: portals.main.token: "
        "environment variable PLANFIX_TOKEN is not set (export PLANFIX_TOKEN=...)"
    )
    monkeypatch.setenv("PLANFIX_TOKEN", "s3cret\n")
    assert portal.secret().get_secret_value() == "s3cret"


def test_secret_file_is_looked_up_beside_the_settings(file: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    portal = config.load(file, portals={"main": {"token": "file:token"}}).portal("main")
    assert portal.secret().get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"  \n", "it is empty"), (b"\xff", "not a text")]
)
def test_bad_secret_files_are_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigurationError, match=reason):
        Secret("file:token").read(tmp_path)


def test_a_wrapped_secret_may_come_from_python() -> None:
    portal = PortalConfig.model_validate(
        {
            "provider": "planfix",
            "url": "https://acme.planfix.ru/rest",
            "token": SecretStr("env:not-a-reference"),
        }
    )
    assert portal.secret().get_secret_value() == "env:not-a-reference"


def test_secrets_are_never_shown(file: Path) -> None:
    settings = config.load(file, portals={"third": {**_portal(), "token": SecretStr("s3cret")}})
    for text in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.portal("third"))):
        assert "s3cret" not in text
        assert "a-literal-is-fine-here" not in text
    assert str(settings.portal("main").token) == "env:PLANFIX_TOKEN"
    assert Secret("x") == Secret("x") != Secret("y")
    assert len({Secret("x"), Secret("x"), Secret("env:X")}) == 2


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/rest", True),
        ("http://[::1]:1/rest", True),
        ("http://127.9.9.9/rest", True),
        ("http://127.0.0.1.evil.example/rest", False),
        ("http://10.0.0.1/rest", False),
        ("acme", False),
    ],
)
def test_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def _portal() -> dict[str, object]:
    return {"provider": "planfix", "url": "https://third.planfix.ru/rest", "token": "env:T"}
