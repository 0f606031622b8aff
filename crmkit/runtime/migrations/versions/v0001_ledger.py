"""Runs, items, actions and leases."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables."""
    _runs()
    _items()
    _actions()
    op.create_table(
        "leases",
        sa.Column("portal", sa.String(200), primary_key=True),
        sa.Column("recipe", sa.String(100), primary_key=True),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process", sa.String(200), nullable=False),
        sa.Column("since", _moment(), nullable=False),
        sa.Column("expires_at", _moment(), nullable=False),
    )


def downgrade() -> None:
    """Drop them, children first."""
    for table in ("leases", "actions", "items", "runs"):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("portal", sa.String(200), nullable=False),
        sa.Column("recipe", sa.String(100), nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("finished_at", _moment()),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("error", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("run", sa.String(32), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("entity", sa.String(100), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(100), nullable=False),
        sa.Column("reason", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("attention", sa.Boolean, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("deferred", sa.JSON, nullable=False),
        sa.Column("not_before", _moment()),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("message", sa.JSON),
        sa.Column("acted_at", _moment()),
        sa.Column("at", _moment()),
    )
    op.create_index("ix_items_acted_at", "items", ["acted_at"])
    op.create_index("ix_items_status", "items", ["status"])
    op.create_index("ix_items_run_entity", "items", ["run", "entity"])


def _actions() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "actions",
        sa.Column("id", identity, primary_key=True),
        sa.Column("portal", sa.String(200), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run", sa.String(32), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("recipe", sa.String(100), nullable=False),
        sa.Column("entity", sa.String(100), nullable=False),
        sa.Column("step", sa.String(100), nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("undoes", sa.JSON, nullable=False),
        sa.Column("remote_id", sa.String(100), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("intent_at", _moment(), nullable=False),
        sa.Column("tried_at", _moment(), nullable=False),
        sa.Column("outcome_at", _moment()),
        sa.Column("undone_at", _moment()),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.UniqueConstraint("portal", "key", name="uq_actions_portal_key"),
    )
    op.create_index("ix_actions_portal_recipe_entity", "actions", ["portal", "recipe", "entity"])
    op.create_index("ix_actions_portal_entity", "actions", ["portal", "entity"])
    op.create_index("ix_actions_portal_recipe_status", "actions", ["portal", "recipe", "status"])
    op.create_index("ix_actions_run_id", "actions", ["run", "id"])
