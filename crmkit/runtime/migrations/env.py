"""Runs the migrations on the connection that the ledger hands over, inside its transaction."""

from alembic import context

from crmkit.runtime.database import VERSION_TABLE
from crmkit.runtime.tables import metadata

if hasattr(context, "config"):  # alembic runs this file; who only imports it does nothing
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    context.run_migrations()
