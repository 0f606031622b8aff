"""The history of the ledger's tables, driven by :mod:`crmkit.runtime.database` without an ``alembic.ini``."""
