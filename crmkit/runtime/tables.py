"""The tables of the ledger and of the engine. The migrations make them; a test keeps the two the same.

The ledger keeps moments; the engine, which counts with them in SQL, whole microseconds since 1970 (UTC).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = [
    "REVISION",
    "Moment",
    "actions",
    "dead_letters",
    "dues",
    "events",
    "items",
    "lanes",
    "leases",
    "metadata",
    "runs",
    "sweeps",
    "timers",
]

REVISION = "0002"
"""The migration that makes exactly these tables."""


class Words(TypeDecorator[str]):
    """Text of strangers: what a database cannot hold (NUL, half a surrogate pair) is left out or replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean a text."""
        return None if value is None else value.replace("\0", "").encode("utf-8", "replace").decode()


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. SQLite has no time zones: there it is the UTC reading."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use ``timestamptz`` where it exists."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger takes aware moments only")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware, in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Id = BigInteger().with_variant(Integer(), "sqlite")

NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
metadata = MetaData(naming_convention=NAMES)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("portal", String(200), nullable=False),
    Column("recipe", String(100), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("error", Words, nullable=False, server_default=text("''")),
    Index(None, "started_at"),
)

items = Table(
    "items",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("entity", String(100), nullable=False),
    Column("title", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("verdict", String(100), nullable=False),
    Column("reason", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("attention", Boolean, nullable=False),
    Column("actions", JSON, nullable=False),
    Column("deferred", JSON, nullable=False),
    Column("not_before", Moment),
    Column("counted", Boolean, nullable=False),
    Column("status", String(20), nullable=False),
    Column("message", JSON),
    Column("acted_at", Moment),
    Column("at", Moment),
    Index(None, "acted_at"),
    Index(None, "status"),
    Index(None, "run", "entity"),
)

actions = Table(
    "actions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal", String(200), nullable=False),
    Column("key", Text, nullable=False),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("recipe", String(100), nullable=False),
    Column("entity", String(100), nullable=False),
    Column("step", String(100), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("kind", String(50), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("data", JSON, nullable=False),
    Column("undoes", JSON, nullable=False),
    Column("remote_id", String(100), nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("intent_at", Moment, nullable=False),
    Column("tried_at", Moment, nullable=False),
    Column("outcome_at", Moment),
    Column("undone_at", Moment),
    Column("error", Words, nullable=False),
    Column("version", String(100), nullable=False),
    UniqueConstraint("portal", "key"),
    Index(None, "portal", "recipe", "entity"),
    Index(None, "portal", "entity"),
    Index(None, "portal", "recipe", "status"),
    Index(None, "run", "id"),
)

leases = Table(
    "leases",
    metadata,
    Column("portal", String(200), primary_key=True),
    Column("recipe", String(100), primary_key=True),
    Column("run", String(32), nullable=False),
    Column("token", String(32), nullable=False),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process", String(200), nullable=False),
    Column("since", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal", String(200), nullable=False),
    Column("key", String(250), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("entity", String(100), nullable=False),
    Column("payload", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("copies", Integer, nullable=False),
    UniqueConstraint("portal", "key"),
    Index(None, "portal", "entity", "last"),
    Index(None, "last"),
)
"""What came in: a row before it is acknowledged. ``last`` is when its newest copy came."""

dues = Table(
    "dues",
    metadata,
    Column("portal", String(200), primary_key=True),
    Column("recipe", String(100), primary_key=True),
    Column("entity", String(100), primary_key=True),
    Column("due", BigInteger),
    Column("first", BigInteger),
    Column("ticket", String(80)),
    Column("since", BigInteger),
    Column("starts", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Index(None, "portal", "recipe", "due", "entity"),
    Index(None, "ticket"),
    Index(None, "portal", "entity"),
)
"""Who has to be looked at: waiting (``due``, since ``first``), being looked at (``ticket``, since ``since``),
or both, when something new came meanwhile. An empty entity is a sweep."""

lanes = Table(
    "lanes",
    metadata,
    Column("portal", String(200), primary_key=True),
    Column("recipe", String(100), primary_key=True),
    Column("ticket", String(80)),
    Column("issued", BigInteger),
    Column("runner", String(80)),
    UniqueConstraint("ticket"),
)
"""Whose turn it is: at most one ticket, the right to run one batch, per portal and recipe."""

timers = Table(
    "timers",
    metadata,
    Column("portal", String(200), primary_key=True),
    Column("recipe", String(100), primary_key=True),
    Column("entity", String(100), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("due", BigInteger, nullable=False),
    Index(None, "due"),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("portal", String(200), primary_key=True),
    Column("recipe", String(100), primary_key=True),
    Column("slot", BigInteger, nullable=False),
)
"""Until when the schedule of a recipe has been followed."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal", String(200), nullable=False),
    Column("recipe", String(100), nullable=False),
    Column("entity", String(100), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("error", Words, nullable=False),
    Column("hint", Words, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("events", Text, nullable=False),
    Index(None, "portal", "recipe"),
)
