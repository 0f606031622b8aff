"""The tables of the ledger. The migrations make them; a test keeps the two the same."""

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

__all__ = ["REVISION", "Moment", "actions", "items", "leases", "metadata", "runs"]

REVISION = "0001"
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
