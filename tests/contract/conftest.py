"""Fixtures of the contract tests."""

from crmkit.testing.fixtures import planfix_bench, planfix_crm, planfix_options, planfix_sandbox

__all__ = ["planfix_bench", "planfix_crm", "planfix_options", "planfix_sandbox"]
