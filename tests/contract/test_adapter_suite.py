"""The shipped suite itself: no test of a part hides one of another, and gaps are strict."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from crmkit.testing.suites import AdapterSuite

PATTERN = r"^(PASSED|FAILED|ERROR) \S+::(\w+)"
GAPPED = """
import pytest
from crmkit.testing.fixtures import planfix_bench, planfix_crm, planfix_options, planfix_sandbox
from crmkit.testing.suites import AdapterSuite


class TestGaps(AdapterSuite):
    gaps = {"test_who_we_are": "a gap that is none", "test_no_such_test": "nothing"}

    @pytest.fixture
    def bench(self, planfix_bench):
        return planfix_bench
"""


def test_names_are_unique_among_the_parts() -> None:
    names = Counter(name for part in AdapterSuite.__mro__ for name in vars(part) if name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []
    assert sum(names.values()) >= 45


def test_a_gap_that_is_none_fails(tmp_path: Path) -> None:
    """A gap has to be taken off the list once the adapter can do it, and it has to name a test."""
    file = tmp_path / "test_gapped.py"
    file.write_text(GAPPED, encoding="utf-8")
    chosen = f"{file}::TestGaps::"
    tests = [
        chosen + name for name in ("test_who_we_are", "test_gaps_name_tests", "test_users_are_all_there")
    ]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *tests],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    outcomes = {name: outcome for outcome, name in re.findall(PATTERN, answer.stdout, re.MULTILINE)}
    assert outcomes == {
        "test_who_we_are": "FAILED",
        "test_gaps_name_tests": "FAILED",
        "test_users_are_all_there": "PASSED",
    }
