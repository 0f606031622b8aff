"""The settings of one portal: from the file, from keyword arguments, from both."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.config import load_portal
from crmkit.exceptions import ConfigurationError

HALF = """
[portals.main]
provider = "planfix"
url = "https://acme.planfix.ru/rest"
"""


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_arguments_complete_what_the_file_leaves_open() -> None:
    Path("crmkit.toml").write_text(HALF, encoding="utf-8")
    portal = load_portal(overrides={"token": "env:T"})
    assert (portal.name, str(portal.token), portal.url) == ("main", "env:T", "https://acme.planfix.ru/rest")


def test_the_default_portal_takes_the_arguments() -> None:
    text = 'default_portal = "second"\n' + HALF + HALF.replace("main", "second")
    Path("crmkit.toml").write_text(text.replace("/rest", '/rest"\ntoken = "env:A'), encoding="utf-8")
    portal = load_portal(overrides={"token": "env:B"})
    assert (portal.name, str(portal.token)) == ("second", "env:B")
    assert str(load_portal("main").token) == "env:A"


def test_arguments_alone_are_enough() -> None:
    described = {"url": "https://acme.planfix.ru/rest", "token": "env:T"}
    assert load_portal("planfix", overrides=described).provider == "planfix"
    other = load_portal("mine", overrides={"provider": "planfix", **described})
    assert (other.name, other.provider) == ("mine", "planfix")


def test_what_is_still_missing_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"portals\.planfix\.token: is missing"):
        load_portal("planfix", overrides={"url": "https://acme.planfix.ru/rest"})
