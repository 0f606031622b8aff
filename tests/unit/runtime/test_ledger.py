"""The ledger keeps the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations


def test_open(ledger):
    assert list(ledger.runs.list()) == []
