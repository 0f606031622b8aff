"""The fourteen pitfalls of DBOS that docs/reference/engine.md numbers: one test, or more, for each."""

from __future__ import annotations

import ast
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy import make_url

import crmkit
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.engine import dbos_checks, open_engine
from crmkit.runtime.engine.book import Book, Lane, Ticket
from crmkit.runtime.engine.dbos_carrier import QUEUE, DbosCarrier
from crmkit.runtime.engine.names import Names
from crmkit.runtime.engine.port import Batch
from crmkit.testing.engine import EngineWorld


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gotchas") / "crmkit.db"


@pytest.fixture(scope="module")
def world(file: Path) -> Iterator[EngineWorld]:
    world = EngineWorld(f"sqlite:///{file}", "dbos")
    yield world
    world.engine.stop()


@pytest.fixture
def carrier(world: EngineWorld) -> DbosCarrier:
    found = world.engine._carrier  # type: ignore[attr-defined]
    assert isinstance(found, DbosCarrier)
    return found


def kept_by_dbos(file: Path, query: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"{file}.dbos", timeout=30)) as connection, connection:
        return connection.execute(query, values).fetchall()


def left_behind(world: EngineWorld, file: Path, portal: str, executor: str) -> str:
    """Make it look as if a process had begun a batch of a portal and carries it out no more."""
    world.hint(world.portal(), 1)
    world.advance(minutes=1)
    ((model,),) = kept_by_dbos(file, "select max(workflow_uuid) from workflow_input")
    ticket = f"{model[:20]}-of-{executor}"
    database = world.engine._database  # type: ignore[attr-defined]
    with database.write() as connection:
        Book(database, world.clock).wake(connection, [(portal, "first", "deal:1")])
        lane = "insert into lanes (portal, recipe, ticket, issued) values (?, 'first', ?, 0)"
        connection.exec_driver_sql(lane, (portal, ticket))
    copy(file, "workflow_input", model, {"workflow_uuid": ticket}, model)
    begun = {"status": "PENDING", "executor_id": executor, "queue_partition_key": f"first {portal}"}
    copy(file, "workflow_status", model, {"workflow_uuid": ticket, **begun, "completed_at": None})
    return ticket


def copy(file: Path, table: str, model: str, changes: dict[str, object], renamed: str = "") -> None:
    """Copy a row with changes; the id in its inputs is changed, too."""
    columns = [row[1] for row in kept_by_dbos(file, f"pragma table_info({table})")]
    parts, values = [], []
    for name in columns:
        if name in changes:
            parts.append("?")
            values.append(changes[name])
        elif name == "inputs" and renamed:
            parts.append("replace(inputs, ?, ?)")
            values += [renamed, changes["workflow_uuid"]]
        else:
            parts.append(name)
    into = f"insert into {table} ({', '.join(columns)}) select {', '.join(parts)} from {table}"
    kept_by_dbos(file, f"{into} where workflow_uuid = ?", *values, model)


def test_1_a_second_process_never_runs_under_the_same_name(world: EngineWorld, carrier: DbosCarrier) -> None:
    second = open_engine(world.url, name=carrier.name)
    with pytest.raises(ConfigurationError, match="another process runs as worker-1"):
        second.start()
    second.stop()
    portal = world.portal()
    world.hint(portal, 1)
    world.advance(minutes=1)
    assert world.seen(portal) == ["deal:1"]  # the first one was not disturbed


def test_1_a_process_without_a_name_takes_the_first_free_one(world: EngineWorld) -> None:
    database = Database(world.url)
    names = Names(database)
    held = names.take("")
    assert held.name == "worker-2"
    held.release()
    assert names.take("").name == "worker-2"
    database.close()


def test_2_the_version_of_the_application_is_pinned(world: EngineWorld, file: Path) -> None:
    world.hint(world.portal(), 1)
    world.advance(minutes=1)
    assert kept_by_dbos(file, "select distinct application_version from workflow_status") == [("1",)]


def test_3_both_files_have_a_write_ahead_log(world: EngineWorld, file: Path) -> None:
    for path in (str(file), f"{file}.dbos"):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_3_commits_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dbos_checks.prepare_file(tmp_path / "ok.dbos")
    monkeypatch.setattr(dbos_checks, "FULL", 3)  # as if the library had been built with less than is wanted
    with pytest.raises(ConfigurationError, match="wait for the disk"):
        dbos_checks.prepare_file(tmp_path / "careless.dbos")


def test_4_an_sqlite_without_fractions_of_seconds_is_refused_where_they_are_needed() -> None:
    with pytest.raises(ConfigurationError, match="too old"):
        dbos_checks.check_milliseconds(None, (3, 12))
    dbos_checks.check_milliseconds(None, (3, 11))
    dbos_checks.check_milliseconds(1.5, (3, 13))


def test_4_ids_sort_by_time(world: EngineWorld, file: Path) -> None:
    for _ in range(3):
        world.hint(world.portal(), 1)
        world.advance(minutes=2)
    ids = [row[0] for row in kept_by_dbos(file, "select workflow_uuid from workflow_status order by rowid")]
    assert ids == sorted(ids)


def test_5_no_more_batches_at_a_time_than_the_queue_allows(tmp_path: Path, world: EngineWorld) -> None:
    assert DBOS.retrieve_queue(QUEUE).worker_concurrency == 16  # type: ignore[union-attr]
    active, most, lock, enough = set[str](), [0], threading.Lock(), threading.Event()

    def work(batch: Batch) -> None:
        with lock:
            active.add(batch.portal)
            most[0] = max(most[0], len(active))
            if len(active) == 16:
                enough.set()
        enough.wait(20)
        with lock:
            active.discard(batch.portal)

    for _ in range(40):
        world.hint(world.portal(work), 1)
    world.advance(minutes=1)
    assert most == [16]


def test_6_many_quick_batches_do_not_wait_for_the_queue_each(world: EngineWorld, file: Path) -> None:
    portal = world.portal()
    for number in range(200):
        world.hint(portal, number)
    before = kept_by_dbos(file, "select count(*) from workflow_status")[0][0]
    world.advance(minutes=1)
    assert len(world.runs(portal)) == 20
    assert kept_by_dbos(file, "select count(*) from workflow_status")[0][0] - before < 10


def test_7_the_engine_limits_no_requests(world: EngineWorld) -> None:
    queue = DBOS.retrieve_queue(QUEUE)
    assert queue is not None
    assert (queue.limiter, queue.partition_limiter) == (None, None)


@pytest.mark.parametrize(
    "url",
    ["postgresql:///crmkit", "postgresql://u@/crmkit?host=/var/run", "postgresql://u@%2Frun/crmkit"],
)
def test_8_postgresql_over_a_unix_socket_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="TCP only"):
        dbos_checks.check_tcp(make_url(url))
    dbos_checks.check_tcp(make_url("postgresql://u@127.0.0.1:5432/crmkit"))


def test_8_what_no_thread_carries_out_is_begun_again(
    world: EngineWorld, carrier: DbosCarrier, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "_orphan_after", 0.1)
    portal = world.portal()
    left_behind(world, file, portal, carrier.name)
    world.until(lambda: world.seen(portal))
    assert world.seen(portal) == ["deal:1"]
    assert world.engine.health().ok


def test_8_what_is_lost_twice_is_a_reason_to_restart(
    world: EngineWorld, carrier: DbosCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "_lost", carrier._lost + type(carrier._lost)({"a ticket": 2}))
    assert "lost more than once" in world.engine.health().problem


def test_9_the_work_of_a_dead_process_is_taken_over(
    world: EngineWorld, carrier: DbosCarrier, file: Path
) -> None:
    portal, before = world.portal(), carrier.taken_over
    ticket = left_behind(world, file, portal, "worker-9")
    world.until(lambda: world.seen(portal))
    world.settle()
    assert carrier.taken_over == before + 1
    ((queue, executor),) = kept_by_dbos(
        file, "select queue_name, executor_id from workflow_status where workflow_uuid = ?", ticket
    )
    assert (queue, executor) == (QUEUE, carrier.name)


def test_9_a_living_process_keeps_its_work(world: EngineWorld, carrier: DbosCarrier, file: Path) -> None:
    held = Names(world.engine._database).take("worker-8")  # type: ignore[attr-defined]
    portal = world.portal()
    ticket = left_behind(world, file, portal, "worker-8")
    for _ in range(5):
        assert carrier.check(world.engine._book.issued()) == []  # type: ignore[attr-defined]
    status = "select status from workflow_status where workflow_uuid = ?"
    assert kept_by_dbos(file, status, ticket) == [("PENDING",)]
    assert world.seen(portal) == []
    held.release()
    world.until(lambda: world.seen(portal))


def test_10_a_ticket_is_queued_once_without_the_deduplication_of_dbos(
    world: EngineWorld, carrier: DbosCarrier, file: Path
) -> None:
    ticket = Ticket("00000000000000000000-twice", Lane("nowhere", "first"), 0)
    carrier.submit(ticket)
    carrier.submit(ticket)
    found = kept_by_dbos(
        file, "select count(*), max(deduplication_id) from workflow_status where workflow_uuid = ?", ticket.id
    )
    assert found == [(1, None)]


def test_11_a_failed_job_waits_as_a_row_and_comes_back_under_a_new_id(world: EngineWorld, file: Path) -> None:
    def fail(batch: Batch) -> None:
        batch.failed(batch.jobs[0], "not now")

    portal = world.portal(fail)
    world.hint(portal, 1)
    world.advance(minutes=1)
    assert world.engine.counters().running == 0  # no thread and no workflow waits for the next try
    world.advance(minutes=1)
    found = kept_by_dbos(
        file, "select workflow_uuid from workflow_status where queue_partition_key = ?", f"first {portal}"
    )
    assert len(set(found)) == len(world.runs(portal)) == 2


def test_12_what_dbos_keeps_is_json(world: EngineWorld, file: Path) -> None:
    world.hint(world.portal(), 1)
    world.advance(minutes=1)
    rows = kept_by_dbos(file, "select workflow_uuid, inputs from workflow_input")
    assert rows
    for ticket, inputs in rows:
        assert ticket in json.dumps(json.loads(inputs))


def test_13_what_is_over_is_thrown_away(world: EngineWorld, carrier: DbosCarrier, file: Path) -> None:
    world.hint(world.portal(), 1)
    world.advance(minutes=1)
    count = "select count(*) from workflow_status where status = 'SUCCESS'"
    carrier.clean(datetime.now(UTC) - timedelta(hours=1))
    assert kept_by_dbos(file, count)[0][0] > 0
    world.until(lambda: kept_by_dbos(file, "select 1 from workflow_status where status = 'PENDING'") == [])
    carrier.clean(datetime.now(UTC) + timedelta(hours=1))
    assert kept_by_dbos(file, count) == [(0,)]


@pytest.mark.parametrize("installed", ["4.0.0", "3.3.9", "2.26.0"])
def test_14_another_version_of_dbos_is_refused(installed: str) -> None:
    with pytest.raises(ConfigurationError, match="not supported"):
        dbos_checks.check_version(installed)
    dbos_checks.check_version(version("dbos"))


def test_14_it_is_pinned_below_the_next_major_version() -> None:
    pins = [line for line in requires("crmkit") or [] if line.startswith("dbos")]
    assert not pins or "<4" in pins[0]
    text = (Path(crmkit.__file__).parents[1] / "pyproject.toml").read_text()
    assert '"dbos>=3.4,<4"' in text


def test_14_one_module_imports_dbos() -> None:
    package = Path(crmkit.__file__).parent
    found = [path.name for path in package.rglob("*.py") if "dbos" in path.read_text() and imports_dbos(path)]
    assert found == ["dbos_carrier.py"]


def imports_dbos(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name == "dbos" or name.startswith("dbos.") for name in names):
            return True
    return False
