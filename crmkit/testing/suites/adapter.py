"""What every adapter has to do, whichever vendor is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.testing.bench import Bench
from crmkit.testing.suites.cards import CardSuite
from crmkit.testing.suites.comments import CommentSuite
from crmkit.testing.suites.creation import CreationSuite
from crmkit.testing.suites.deals import DealSuite
from crmkit.testing.suites.tasks import TaskSuite
from crmkit.testing.suites.work import WorkSuite

__all__ = ["AdapterSuite"]


class AdapterSuite(DealSuite, CreationSuite, CommentSuite, TaskSuite, CardSuite, WorkSuite):
    """The whole suite. Derive a class ``TestX(AdapterSuite)`` and give it a fixture ``bench``.

    Attributes:
        gaps: What the adapter cannot do, by the name of the test, each with its reason. Such a test is
            expected to fail; if it passes, the gap has to be removed.

    Example:
        ``class TestPlanfix(AdapterSuite): ...`` with ``def bench(planfix_bench): return planfix_bench`` as
        a fixture.
    """

    gaps: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _known_gap(self, request: pytest.FixtureRequest) -> None:
        if reason := self.gaps.get(request.node.originalname):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def test_gaps_name_tests(self) -> None:
        """Every gap is one of a test that exists."""
        assert [name for name in self.gaps if not hasattr(self, name)] == []

    def test_capabilities_that_are_missing_have_a_reason(self, bench: Bench) -> None:
        """Somebody who is refused something is told why."""
        capabilities = bench.crm.capabilities
        assert [
            one for one in Capability if one not in capabilities and not capabilities.reasons.get(one)
        ] == []

    def test_the_portal_has_a_stable_key_without_secrets(self, bench: Bench) -> None:
        """The ledger keeps it for years."""
        assert bench.crm.portal.startswith(f"{bench.crm.provider}:")
        assert "@" not in bench.crm.portal

    def test_limits_are_told_and_requests_counted(self, bench: Bench) -> None:
        """A plan shows what it costs."""
        assert bench.crm.budget().per_second > 0
        before = bench.crm.requests_sent()
        bench.crm.deals.get(bench.new_deal())
        assert bench.crm.requests_sent() > before

    def test_settings_that_fit_have_no_problems(self, bench: Bench) -> None:
        """The doctor finds nothing to say."""
        bench.new_deal()
        assert list(bench.crm.check()) == []

    def test_drift_of_names_is_told_in_a_line_each(self, bench: Bench) -> None:
        """Ids keep working; the names are worth a look."""
        bench.new_deal()
        stage, field = bench.rename_stage(bench.stages[0]), bench.rename_field(bench.text)
        lines = list(bench.crm.check())
        assert len(lines) == 2
        assert stage in lines[0]
        assert bench.stages[0] in lines[0]
        assert field in lines[1]
        assert bench.text in lines[1]
        assert not any("\n" in line for line in lines)
