"""The Planfix adapter does what every adapter has to do."""

from __future__ import annotations

import pytest

from crmkit.testing.bench import Bench
from crmkit.testing.planfix import PlanfixBench
from crmkit.testing.suites import AdapterSuite


class TestPlanfix(AdapterSuite):
    """The shared suite on the Planfix sandbox."""

    @pytest.fixture
    def bench(self, planfix_bench: PlanfixBench) -> Bench:
        return planfix_bench
