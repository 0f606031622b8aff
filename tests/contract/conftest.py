"""Fixtures of the contract tests."""

from crmkit.testing.fixtures import (
    bitrix24_bench,
    bitrix24_crm,
    bitrix24_options,
    bitrix24_sandbox,
    planfix_bench,
    planfix_crm,
    planfix_options,
    planfix_sandbox,
)

__all__ = [
    "bitrix24_bench",
    "bitrix24_crm",
    "bitrix24_options",
    "bitrix24_sandbox",
    "planfix_bench",
    "planfix_crm",
    "planfix_options",
    "planfix_sandbox",
]
