"""The suite that any engine has to pass, on the three that we have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmkit.testing.engine import EngineWorld
from crmkit.testing.postgres import fresh_database
from crmkit.testing.suites.engine import EngineSuite


class TestInline(EngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineWorld]:
        yield from opened(f"sqlite:///{tmp_path_factory.mktemp('inline')}/crmkit.db", "inline")


class TestDbosOnSqlite(EngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineWorld]:
        yield from opened(f"sqlite:///{tmp_path_factory.mktemp('dbos')}/crmkit.db", "dbos")


@pytest.mark.postgres
class TestDbosOnPostgres(EngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, postgres: str) -> Iterator[EngineWorld]:
        yield from opened(fresh_database(postgres), "dbos")


def opened(url: str, kind: str) -> Iterator[EngineWorld]:
    world = EngineWorld(url, kind)  # type: ignore[arg-type]
    yield world
    world.engine.stop()
