"""What the engine keeps: events, who is due, whose turn it is, timers, sweeps, dead letters."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables."""
    _events()
    _dues()
    op.create_table(
        "lanes",
        *_where(),
        sa.Column("ticket", sa.String(80)),
        sa.Column("issued", sa.BigInteger),
        sa.Column("runner", sa.String(80)),
        sa.UniqueConstraint("ticket", name="uq_lanes_ticket"),
    )
    op.create_table(
        "timers",
        *_where(),
        sa.Column("entity", sa.String(100), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("due", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_timers_due", "timers", ["due"])
    op.create_table("sweeps", *_where(), sa.Column("slot", sa.BigInteger, nullable=False))
    _dead_letters()


def downgrade() -> None:
    """Drop them."""
    for table in ("dead_letters", "sweeps", "timers", "lanes", "dues", "events"):
        op.drop_table(table)


def _where() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("portal", sa.String(200), primary_key=True),
        sa.Column("recipe", sa.String(100), primary_key=True),
    )


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def _events() -> None:
    op.create_table(
        "events",
        _identity(),
        sa.Column("portal", sa.String(200), nullable=False),
        sa.Column("key", sa.String(250), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("entity", sa.String(100), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.UniqueConstraint("portal", "key", name="uq_events_portal_key"),
    )
    op.create_index("ix_events_portal_entity_last", "events", ["portal", "entity", "last"])
    op.create_index("ix_events_last", "events", ["last"])


def _dues() -> None:
    op.create_table(
        "dues",
        *_where(),
        sa.Column("entity", sa.String(100), primary_key=True),
        sa.Column("due", sa.BigInteger),
        sa.Column("first", sa.BigInteger),
        sa.Column("ticket", sa.String(80)),
        sa.Column("since", sa.BigInteger),
        sa.Column("starts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.create_index("ix_dues_portal_recipe_due_entity", "dues", ["portal", "recipe", "due", "entity"])
    op.create_index("ix_dues_ticket", "dues", ["ticket"])
    op.create_index("ix_dues_portal_entity", "dues", ["portal", "entity"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        _identity(),
        sa.Column("portal", sa.String(200), nullable=False),
        sa.Column("recipe", sa.String(100), nullable=False),
        sa.Column("entity", sa.String(100), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
    )
    op.create_index("ix_dead_letters_portal_recipe", "dead_letters", ["portal", "recipe"])
