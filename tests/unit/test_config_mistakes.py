"""Every mistake in the settings is one line: file, key, what is wrong, what to do."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from crmkit import config
from crmkit.exceptions import ConfigurationError

PORTAL = """
[portals.main]
provider = "planfix"
url = "https://acme.planfix.ru/rest"
token = "env:T"
"""


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def mistake(text: str) -> str:
    Path("crmkit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        config.load().portal()
    line = str(caught.value)
    assert "\n" not in line
    return line


def changed(old: str, new: str) -> str:
    assert old in PORTAL
    return PORTAL.replace(old, new)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[store]\nurll = 'x'", "crmkit.toml: store.urll: unknown key (did you mean url?)"),
        ("[portal.main]\n", "crmkit.toml: portal: unknown key (did you mean portals?)"),
        (
            "zzz = 1",
            "crmkit.toml: zzz: unknown key "
            "(known here: default_portal, store, portals, recipes, serve, calendar)",
        ),
        (
            PORTAL + "timezon = 'Europe/Moscow'",
            "crmkit.toml: portals.main.timezon: unknown key (did you mean timezone?)",
        ),
        (
            PORTAL + "timezone = 'Europe/Moskow'",
            "crmkit.toml: portals.main.timezone: no time zone is called 'Europe/Moskow' "
            "(did you mean Europe/Moscow?)",
        ),
        (
            PORTAL + "timezone = '+3'",
            "crmkit.toml: portals.main.timezone: no time zone is called '+3' "
            "(use a name such as Europe/Moscow or Asia/Almaty)",
        ),
        (
            PORTAL + "[portals.main.deals.stages]\nnew = { id = 1, nam = 'Новая' }",
            "crmkit.toml: portals.main.deals.stages.new.nam: unknown key (did you mean name?)",
        ),
        (
            PORTAL + "[portals.main.deals.stages]\nnew = { name = 'Новая' }",
            "crmkit.toml: portals.main.deals.stages.new.id: is missing "
            '(give the id in the portal: { id = 6, name = "..." })',
        ),
        (
            PORTAL + "[portals.main.tasks.approval.stages]\nopne = 21",
            "crmkit.toml: portals.main.tasks.approval.stages.opne: unknown key (did you mean open?)",
        ),
        (
            PORTAL + "robots = ['ninety']",
            'crmkit.toml: portals.main.robots.0: is not the id of a user (write "user:90")',
        ),
        (
            PORTAL + "rate = 0",
            "crmkit.toml: portals.main.rate: input should be greater than 0 "
            "(requests per second, for example 1.0)",
        ),
        (PORTAL + "language = 'de'", "crmkit.toml: portals.main.language: input should be 'ru' or 'en'"),
        (
            PORTAL + "clock = 'sandbox'",
            "crmkit.toml: portals.main.clock: is for a sandbox on this machine only "
            '(remove it or write "system")',
        ),
        (
            changed("token = 'env:T'".replace("'", '"'), ""),
            'crmkit.toml: portals.main.token: is missing (write "env:NAME" or "file:PATH")',
        ),
        (
            changed('"https://acme.planfix.ru/rest"', '"acme"'),
            "crmkit.toml: portals.main.url: is not a full address (write https://acme.planfix.ru/rest)",
        ),
        (
            changed('"https://acme.planfix.ru/rest"', '"acme.planfix.ru/rest"'),
            "crmkit.toml: portals.main.url: is not a full address (write https://acme.planfix.ru/rest)",
        ),
        (
            changed('"https://acme.planfix.ru/rest"', '"https://acme.planfix.ru"'),
            "crmkit.toml: portals.main.url: is the address of the account, not of its REST API "
            "(write https://acme.planfix.ru/rest)",
        ),
        (
            changed("https://", "http://"),
            "crmkit.toml: portals.main.url: http:// would send the token in the clear (write https://)",
        ),
        (
            changed("https://", "ftp://"),
            "crmkit.toml: portals.main.url: begins with ftp:// "
            "(give the full REST address, for example https://acme.planfix.ru/rest)",
        ),
        (
            "default_portal = 'mian'" + PORTAL,
            "crmkit.toml: default_portal: there is no portal 'mian' (did you mean main?)",
        ),
        ("", "crmkit.toml: portals: none is configured (run: crmkit init)"),
        (
            PORTAL + PORTAL.replace("main", "second"),
            "crmkit.toml: default_portal: not set, and there are several portals: main, second "
            "(name one, or set default_portal)",
        ),
    ],
)
def test_one_line_tells_where_what_and_what_to_do(text: str, line: str) -> None:
    assert mistake(text) == line


def test_toml_syntax_names_the_line() -> None:
    line = mistake("[store]\nurl = 'x'\nport 5\n")
    assert line.startswith("crmkit.toml: not valid TOML:")
    assert "line 3" in line


def test_unknown_portal_suggests() -> None:
    Path("crmkit.toml").write_text(PORTAL, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        config.load().portal("mian")
    assert str(caught.value) == "crmkit.toml: portals.mian: there is no such portal (did you mean main?)"


def test_missing_file_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: cannot be read: No such file.*crmkit init"):
        config.load("nowhere.toml")


def test_wrong_encoding_is_told() -> None:
    Path("crmkit.toml").write_bytes("name = 'Новая'".encode("cp1251"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        config.load()


def test_a_literal_token_is_refused_and_not_shown() -> None:
    Path("crmkit.toml").write_text(changed("env:T", "s3cret"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        config.load()
    assert str(caught.value) == (
        "crmkit.toml: portals.main.token: the token itself stands here "
        '(keep it elsewhere: write "env:NAME" or "file:PATH")'
    )
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_credentials_in_the_address_are_refused_and_not_shown() -> None:
    Path("crmkit.toml").write_text(changed("https://", "https://me:s3cret@"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds credentials") as caught:
        config.load()
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_the_source_of_the_mistake_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("crmkit.toml").write_text(PORTAL, encoding="utf-8")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__RATE", "fast")
    with pytest.raises(ConfigurationError, match=r"^environment: CRMKIT_PORTALS__MAIN__RATE: "):
        config.load()
    with pytest.raises(ConfigurationError, match=r"^argument: portals\.main\.rate: "):
        config.load(portals={"main": {"rate": "slow"}})


def test_a_broken_list_in_the_environment_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("crmkit.toml").write_text(PORTAL, encoding="utf-8")
    monkeypatch.setenv("CRMKIT_PORTALS__MAIN__ROBOTS", "[user:90")
    with pytest.raises(
        ConfigurationError, match=r"^environment: CRMKIT_PORTALS__MAIN__ROBOTS: is not a JSON list"
    ):
        config.load()


def test_further_mistakes_are_notes() -> None:
    Path("crmkit.toml").write_text(PORTAL + "rate = 0\ntimezone = 'x'", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="timezone") as caught:
        config.load()
    assert [note.split(":")[1].strip() for note in caught.value.__notes__] == ["portals.main.rate"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            '[portals.main.webhook]\nurl = "http://crm.example.com/hook"',
            "crmkit.toml: portals.main.webhook.url: is no https address "
            "(give https://…: the secret goes over the net)",
        ),
        (
            '[portals.main.webhook]\nsecret = "s3cret-s3cret-s3cret"',
            "crmkit.toml: portals.main.webhook.secret: the secret itself stands here "
            '(keep it elsewhere: write "env:NAME" or "file:PATH")',
        ),
    ],
    ids=["no https", "in the open"],
)
def test_mistakes_in_the_webhook(text: str, line: str) -> None:
    assert mistake(PORTAL + text) == line
