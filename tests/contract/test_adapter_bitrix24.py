"""The Bitrix24 adapter does what every adapter has to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from crmkit.testing.bench import Bench
from crmkit.testing.bitrix24 import Bitrix24Bench
from crmkit.testing.suites import AdapterSuite


class TestBitrix24(AdapterSuite):
    """The shared suite on the Bitrix24 sandbox."""

    gaps: ClassVar[Mapping[str, str]] = {
        "test_a_refused_field_is_named": "the portal takes a change whole or refuses it whole",
    }

    @pytest.fixture
    def bench(self, bitrix24_bench: Bitrix24Bench) -> Bench:
        return bitrix24_bench


class TestBitrix24Cases(TestBitrix24):
    """The same on a portal with more pipelines, processes, departments and fields of cards."""

    @pytest.fixture
    def bitrix24_options(self) -> dict[str, Any]:
        return {"seed": "crm_cases", "companies": 30, "deals": 90}


class TestBitrix24Elsewhere(TestBitrix24):
    """The same on a slow portal in another zone, where the doubts about the vendor go the other way."""

    @pytest.fixture
    def bitrix24_options(self) -> dict[str, Any]:
        doubts = {"bucket_answer": "html", "count_refused": True, "operating_fields": False}
        slow = {"timezone": "America/New_York", "latency": 0.7, "activity_fires_update": False}
        return {
            "seed": "stale_deals",
            "deals": 60,
            "stalled": 20,
            "refused": 2,
            "snoozed": 2,
            **doubts,
            **slow,
        }
