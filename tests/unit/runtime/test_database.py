"""Opening the ledger's database: how it is set up, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crmkit.config import load
from crmkit.exceptions import ConfigurationError, StoreError
from crmkit.runtime import database
from crmkit.runtime.database import Database
from crmkit.runtime.ledger import Ledger, open_default

SECRET = "hunter2"


def opened(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert SECRET not in repr((caught.value, caught.value.__cause__))
    return caught.value


class TestSqlite:
    def test_it_is_set_up_to_survive_a_power_cut(self, tmp_path: Path) -> None:
        opened = Database(f"sqlite:///{tmp_path / 'a.db'}")
        with opened.read() as connection:
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        assert found == ["wal", 2, 1, 30_000]  # 2 is FULL
        opened.close()

    def test_the_file_is_its_owners_alone(self, tmp_path: Path) -> None:
        with Ledger(f"sqlite:///{tmp_path / 'a.db'}") as ledger:
            list(ledger.runs.list())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes["a.db"] == 0o600
        assert set(modes.values()) == {0o600}  # the journals beside it too

    def test_the_rights_of_a_file_that_is_there_stay(self, tmp_path: Path) -> None:
        path = tmp_path / "a.db"
        path.touch(mode=0o640)
        path.chmod(0o640)
        Database(f"sqlite:///{path}").close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_readers_do_not_wait_for_a_writer(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'a.db'}"
        with Ledger(url) as one, Ledger(url) as other, one._database.write():
            assert list(other.runs.list()) == []

    def test_locked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
        path = tmp_path / "a.db"
        Database(f"sqlite:///{path}").close()
        mine = Database(f"sqlite:///{path}")
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"another process has locked it \(wait"), mine.write():
            pass
        blocker.close()
        mine.close()

    def test_not_a_database(self, tmp_path: Path) -> None:
        path = tmp_path / "a.db"
        path.write_text("this is a text " * 100)
        assert "it is no SQLite file" in str(opened(f"sqlite:///{path}"))

    def test_no_folder(self, tmp_path: Path) -> None:
        assert "No such file or directory" in str(opened(f"sqlite:///{tmp_path / 'no' / 'a.db'}"))

    def test_in_memory(self) -> None:
        with Ledger("sqlite://") as ledger:
            assert (list(ledger.runs.list()), repr(ledger)) == ([], "Ledger(in memory)")

    def test_closing_twice_is_harmless(self, tmp_path: Path) -> None:
        ledger = Ledger(f"sqlite:///{tmp_path / 'a.db'}")
        ledger.close()
        ledger.close()

    def test_nobody_has_to_close_it(self, tmp_path: Path) -> None:
        opened = Database(f"sqlite:///{tmp_path / 'a.db'}")
        with opened.read():
            pool: Any = opened.engine.pool
        assert pool.checkedin() == 1
        del opened
        assert pool.checkedin() == 0


class TestPostgres:
    def test_out_of_reach(self) -> None:
        said = str(opened(f"postgresql://user:{SECRET}@127.0.0.1:1/crm?application_name={SECRET}"))
        assert said.startswith("the ledger postgresql://127.0.0.1:1/crm: ")
        assert "Connection refused" in said

    def test_without_its_driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        said = str(opened(f"postgresql://user:{SECRET}@127.0.0.1:1/crm"))
        assert 'pip install "crmkit[serve]"' in said

    @pytest.mark.postgres
    def test_wrong_password_or_database(self, postgres_server: str) -> None:
        said = str(opened(postgres_server.replace("/postgres?", "/nosuch?")))
        assert 'database "nosuch" does not exist' in said

    @pytest.mark.postgres
    def test_a_foreign_table_in_the_way(self, postgres_server: str, fakes: Any) -> None:
        url = fakes.fresh_schema(postgres_server)
        first = Database(url)
        with first.write() as connection:
            connection.exec_driver_sql(f"drop table {database.VERSION_TABLE}")
        first.close()
        assert 'relation "runs" already exists' in str(opened(url))


@pytest.mark.parametrize("url", ["", "crmkit.db", f"mysql://user:{SECRET}@host/db", f"://{SECRET}"])
def test_an_address_that_is_not_understood(url: str) -> None:
    assert "write sqlite:///crmkit.db" in str(opened(url))


class TestDefault:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        for name in ("CRMKIT_STORE", "CRMKIT_CONFIG"):
            monkeypatch.delenv(name, raising=False)
        return tmp_path

    def test_a_file_in_this_folder(self, folder: Path) -> None:
        open_default().close()
        assert (folder / "crmkit.db").exists()

    def test_the_configured_one(self, folder: Path) -> None:
        (folder / "crmkit.toml").write_text('[store]\nurl = "sqlite:///mine.db"\n')
        open_default().close()
        assert (folder / "mine.db").exists()

    def test_the_environment_wins(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "crmkit.toml").write_text('[store]\nurl = "sqlite:///mine.db"\n')
        monkeypatch.setenv("CRMKIT_STORE", "sqlite:///other.db")
        assert load().store.url == "sqlite:///other.db"
        open_default().close()
        assert [path.name for path in folder.glob("*.db")] == ["other.db"]

    def test_broken_settings_are_not_passed_over(self, folder: Path) -> None:
        # Another ledger would be another memory: everything would be done a second time.
        (folder / "crmkit.toml").write_text('[store]\nurll = "sqlite:///mine.db"\n')
        with pytest.raises(ConfigurationError, match="urll"):
            open_default()


def test_nothing_of_this_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    program = (
        "import sys, crmkit; assert 'sqlalchemy' not in sys.modules;"
        "from crmkit.runtime.ledger import Ledger; Ledger(sys.argv[1]).close();"
        "first = 'alembic' in sys.modules; [sys.modules.pop(m) for m in list(sys.modules) if 'alembic' in m];"
        "Ledger(sys.argv[1]).close(); print(first, 'alembic' in sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", program, f"sqlite:///{tmp_path / 'a.db'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("True False", "")
