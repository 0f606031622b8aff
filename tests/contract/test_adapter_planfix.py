"""The Planfix adapter does what every adapter has to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from crmkit.testing.bench import Bench
from crmkit.testing.planfix import PlanfixBench
from crmkit.testing.suites import AdapterSuite


class TestPlanfix(AdapterSuite):
    """The shared suite on the Planfix sandbox."""

    gaps: ClassVar[Mapping[str, str]] = {
        "test_a_task_is_changed_in_one_write": (
            "whether a portal reads the time of a written moment as local or as UTC is not known: "
            "the client writes local time, the sandbox reads UTC unless told otherwise"
        ),
    }

    @pytest.fixture
    def bench(self, planfix_bench: PlanfixBench) -> Bench:
        return planfix_bench
