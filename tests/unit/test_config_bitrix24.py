"""Settings of a Bitrix24 portal: its own defaults, and hints that speak of the right vendor."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit import config
from crmkit.exceptions import ConfigurationError

PORTAL = """
[portals.main]
provider = "bitrix24"
url = "https://acme.bitrix24.ru/rest"
token = "env:T"
"""


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def loaded(text: str) -> config.PortalConfig:
    Path("crmkit.toml").write_text(text, encoding="utf-8")
    return config.load().portal()


def mistake(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(text)
    return str(caught.value)


def test_the_pace_is_the_vendors_unless_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(PORTAL).rate == 2.0
    assert loaded(PORTAL + "rate = 5.0").rate == 5.0
    assert loaded(PORTAL.replace("bitrix24", "planfix")).rate == 1.0
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__RATE", "0.5")
    assert loaded(PORTAL).rate == 0.5


def test_names_of_pipelines_stages_fields_and_processes() -> None:
    portal = loaded(
        PORTAL
        + """
[portals.main.deals.pipelines]
sales = 0
calls = { id = "2", name = "Обзвон" }
[portals.main.deals.stages]
calls_new = "C2:NEW"
[portals.main.deals.fields]
tariff = "UF_CRM_TARIFF"
[portals.main.tasks.approval.stages]
rejected = "tag:отклонено"
[portals.main.workflows]
first_call = { id = 3, name = "Первый звонок" }
"""
    )
    assert {key: one.id for key, one in portal.deals.pipelines.items()} == {"sales": "0", "calls": "2"}
    assert portal.deals.stages["calls_new"].id == "C2:NEW"
    assert portal.deals.fields["tariff"].id == "UF_CRM_TARIFF"
    assert portal.tasks["approval"].stages["rejected"].id == "tag:отклонено"
    assert (portal.workflows["first_call"].id, portal.workflows["first_call"].name) == ("3", "Первый звонок")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("acme", "is not a full address (write https://acme.bitrix24.ru/rest)"),
        ("https://acme.bitrix24.ru", "is the address of the account, not of its REST API"),
        (
            "ftp://acme.bitrix24.ru/rest",
            "begins with ftp:// (give the full REST address, for example https://acme.bitrix24.ru/rest)",
        ),
        (
            "https://acme.bitrix24.ru/rest/1/s3cr3t/",
            'holds the key of a webhook (write https://acme.bitrix24.ru/rest and keep "1/key" in the token)',
        ),
    ],
    ids=["name", "account", "scheme", "webhook"],
)
def test_hints_speak_of_bitrix24(url: str, line: str) -> None:
    told = mistake(PORTAL.replace("https://acme.bitrix24.ru/rest", url))
    assert told.startswith(f"crmkit.toml: portals.main.url: {line}")
    assert "planfix" not in told
    assert "s3cr3t" not in told


def test_a_key_in_the_open_is_refused() -> None:
    told = mistake(PORTAL.replace("env:T", "1/s3cr3t"))
    assert "token" in told
    assert "s3cr3t" not in told
