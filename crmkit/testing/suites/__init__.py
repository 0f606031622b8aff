"""Suites that every implementation of an interface has to pass."""

import pytest

# So that a failed assert of a suite shows its values, as one of a test file does.
pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("adapter", "cards", "comments", "creation", "deals", "tasks", "work"))
)

from crmkit.testing.suites.adapter import AdapterSuite  # noqa: E402  (not before it is registered)

__all__ = ["AdapterSuite"]
