"""Suites that every implementation of an interface has to pass."""

from crmkit.testing.suites.adapter import AdapterSuite

__all__ = ["AdapterSuite"]
