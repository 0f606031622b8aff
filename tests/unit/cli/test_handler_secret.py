"""The secret of a portal's handler: found or made, never where it does not belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.handler_secret import secret_of
from crmkit.cli.output import Output
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError

PORTAL = """
[portals.main]
provider = "planfix"
url = "https://acme.planfix.ru/rest"
token = "env:PLANFIX_TOKEN"
"""


@pytest.fixture
def session_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PLANFIX_TOKEN", "t0ken-t0ken-t0ken")
    monkeypatch.chdir("/")

    def make(secret: str = "") -> Session:
        section = f'[portals.main.webhook]\nsecret = "{secret}"\n' if secret else ""
        file = tmp_path / "crmkit.toml"
        file.write_text(PORTAL + section, encoding="utf-8")
        return Session(Output("en"), config=file)

    return make


def test_a_file_is_beside_the_settings_whatever_the_folder(session_of: Any, tmp_path: Path) -> None:
    made = secret_of(session_of())
    assert (made.state, made.configured) == ("written", False)
    assert (tmp_path / "crmkit-main.secret").read_text(encoding="utf-8").strip() == made.value
    again = secret_of(session_of("file:crmkit-main.secret"))
    assert (again.state, again.configured, again.value) == ("kept", True, made.value)
    assert made.value not in repr(made)


def test_two_secrets_are_not_the_same(session_of: Any) -> None:
    values = {secret_of(session_of(f"file:{name}.secret")).value for name in "abc"}
    assert len(values) == 3


def test_a_folder_that_is_not_there(session_of: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        secret_of(session_of("file:nowhere/at/all"))


def test_an_empty_file_is_not_overwritten(session_of: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="it is empty"):
        secret_of(session_of("file:mine"))
    assert (tmp_path / "mine").read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    "secret",
    ["pa55", "with a space in it at all", "пароль-пароль-пароль"],
    ids=["short", "spaces", "letters"],
)
def test_what_is_no_secret(session_of: Any, tmp_path: Path, secret: str) -> None:
    (tmp_path / "mine").write_text(secret, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="too short or cannot stand") as caught:
        secret_of(session_of("file:mine"))
    assert secret not in str(caught.value)


def test_a_variable_cannot_be_set_from_here(session_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    proposed = secret_of(session_of("env:HOOK_SECRET"))
    assert (proposed.state, len(proposed.value) >= 32) == ("unset", True)
    monkeypatch.setenv("HOOK_SECRET", proposed.value)
    assert secret_of(session_of("env:HOOK_SECRET")).state == "kept"


def test_what_the_portal_makes_is_not_made_here(session_of: Any, tmp_path: Path) -> None:
    told = secret_of(session_of(), by_portal=True)
    assert (told.state, told.value) == ("portal", "")
    assert list(tmp_path.glob("*.secret")) == []
    assert "value" not in told.document(show=False)
