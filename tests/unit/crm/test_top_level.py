"""``import crmkit`` is light; ``connect`` and ``Planfix`` are there when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import crmkit
from crmkit.bitrix24 import Bitrix24
from crmkit.clock import ManualClock, SystemClock
from crmkit.exceptions import ConfigurationError
from crmkit.planfix import Planfix

HEAVY = (
    "requests",
    "urllib3",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "pandas",
    "typer",
    "rich",
    "crmkit.bitrix24",
    "crmkit.planfix",
)


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def loaded_after(code: str) -> set[str]:
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    assert loaded_after("import crmkit").isdisjoint(HEAVY)


def test_connecting_loads_no_database() -> None:
    code = 'import crmkit; crmkit.connect("planfix", url="http://127.0.0.1:9/rest", token="any").close()'
    assert loaded_after(code).isdisjoint(
        {"sqlalchemy", "alembic", "pandas", "typer", "pytest", "crmkit.sandbox"}
    )


def test_names_are_lazy_and_listed() -> None:
    assert crmkit.Planfix is Planfix
    assert crmkit.Bitrix24 is Bitrix24
    assert {"connect", "Bitrix24", "Planfix", "__version__"} <= set(dir(crmkit))
    with pytest.raises(AttributeError, match="no attribute 'Amo'"):
        getattr(crmkit, "Amo")  # noqa: B009  (mypy refuses the plain form, which is the point)


def test_connect_takes_the_portal_of_the_file() -> None:
    Path("crmkit.toml").write_text(
        '[portals.main]\nprovider = "planfix"\nurl = "http://127.0.0.1:9/rest"\n'
        'token = "any"\ndaily_limit = 7\n',
        encoding="utf-8",
    )
    clock = ManualClock(SystemClock().now())
    with crmkit.connect(clock=clock) as crm:
        assert (crm.portal, crm.clock, crm.budget().daily_limit) == ("planfix:127.0.0.1:9", clock, 7)
    with crmkit.connect("main", daily_limit=9) as crm:
        assert crm.budget().daily_limit == 9


def test_connect_takes_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        '[portals.x]\nprovider = "planfix"\nurl = "http://127.0.0.1:8/rest"\ntoken = "any"', "utf-8"
    )
    with crmkit.connect(config=other) as crm:
        assert crm.portal == "planfix:127.0.0.1:8"


def test_connect_without_anything_says_what_to_do() -> None:
    with pytest.raises(
        ConfigurationError, match=r"crmkit\.toml: portals: none is configured \(run: crmkit init\)"
    ):
        crmkit.connect()
