"""The documents, and the sandbox on which their samples run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crmkit.cli.toml import to_toml
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A sample of a page."""

    page: Path
    language: str
    text: str
    line: int


def fences(language: str) -> list[Fence]:
    """Return all samples in a language, in the order of the pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            found.append(Fence(page, match[1], match[2], line))
    return [one for one in found if one.language == language]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlanfixSandbox]:
    """A folder with a ``crmkit.toml`` for a running sandbox: where a reader of the tutorial is."""
    monkeypatch.chdir(tmp_path)
    with Sandbox.planfix(deals=30, stalled=10, refused=1, snoozed=1) as sandbox:
        config = {
            "store": {"url": "sqlite:///sandbox.db"},
            "portals": {"sandbox": sandbox.portal_config},
            "recipes": {"stale_deals": {"supervisor": "user:2"}},
        }
        (tmp_path / "crmkit.toml").write_text(to_toml(config), encoding="utf-8")
        yield sandbox
