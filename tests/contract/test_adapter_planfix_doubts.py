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

    @pytest.fixture(params=list(DOUBTS))
    def planfix_options(
        self, request: pytest.FixtureRequest, planfix_options: dict[str, Any]
    ) -> dict[str, Any]:
        return planfix_options | DOUBTS[request.param]

    @pytest.fixture
    def bench(self, planfix_bench: PlanfixBench) -> Bench:
        return planfix_bench


class TestUnmarkedUtc(AdapterSuite):
    """The worst doubt: moments are UTC and do not say so. Read hours early, yet nothing is doubled."""

    gaps = dict.fromkeys(
        (
            "test_a_deal_is_read",
            "test_a_decision_has_an_author",
            "test_new_deals",
        ),
        "moments without dateTimeUtcSeconds are taken to be local: newer accounts always send it",
    )

    @pytest.fixture
    def planfix_options(self, planfix_options: dict[str, Any]) -> dict[str, Any]:
        return planfix_options | {"utc_seconds": False, "timepoint_zone": "utc", "echo_source_ids": False}

    @pytest.fixture
    def bench(self, planfix_bench: PlanfixBench) -> Bench:
        return planfix_bench
