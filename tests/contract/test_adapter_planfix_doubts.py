"""The Planfix adapter does the same whatever the answer to the open questions about the vendor is."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.testing.bench import Bench
from crmkit.testing.planfix import PlanfixBench
from crmkit.testing.suites import AdapterSuite

DOUBTS: dict[str, dict[str, Any]] = {
    "keys do not come back": {"echo_source_ids": False},
    "moments are local": {"timepoint_zone": "user"},
    "moments do not tell their zone, local": {"utc_seconds": False, "timepoint_zone": "user"},
    "neither keys nor zones": {"echo_source_ids": False, "utc_seconds": False, "timepoint_zone": "user"},
    "51 is the template only, empty fields are null": {"filter_51": "template", "empty_fields": "null"},
    "comments move the date of the last change": {"comment_moves_update": True, "failures_shape": "object"},
    "lists show companies and people, filters ignore": {
        "contacts_without_flag": "both",
        "wrong_filter_value": "ignore",
        "notequal_array": "ignore",
    },
}


class TestPlanfix(AdapterSuite):
    """The shared suite on sandboxes that take the vendor's documents differently."""

    @pytest.fixture(params=DOUBTS.values(), ids=DOUBTS.keys())
    def planfix_options(self, request: pytest.FixtureRequest, planfix_options: dict[str, Any]) -> dict[str, Any]:
        return planfix_options | request.param

    @pytest.fixture
    def bench(self, planfix_bench: PlanfixBench) -> Bench:
        return planfix_bench
