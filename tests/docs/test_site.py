"""The site builds without a warning, and the pages made from code are current."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PAGES, ROOT

GENERATED = runpy.run_path(str(ROOT / "docs" / "_hooks" / "generated.py"))["pages"]()


@pytest.mark.parametrize("page", sorted(GENERATED), ids=lambda page: page.name)
def test_generated_pages_are_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == GENERATED[page], "run: python docs/_hooks/generated.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does it: a broken link or reference is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), page


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r"""(?:<script[^>]+src|<link[^>]+rel="stylesheet"[^>]+href|<img[^>]+src)="(https?:[^"]+)"""
    )
    for page in site.rglob("*.html"):
        assert loaded.findall(page.read_text(encoding="utf-8")) == [], page


@pytest.mark.parametrize("name", ["index", "tutorial/five-minutes", "recipes/stale_deals"])
def test_russian_readers_find_the_same_sections(name: str) -> None:
    def headings(path: Path) -> int:
        return sum(line.startswith("#") for line in path.read_text(encoding="utf-8").splitlines())

    english, russian = (ROOT / "docs" / f"{name}{end}" for end in (".md", ".ru.md"))
    assert headings(english) == headings(russian)


def test_decisions_are_listed() -> None:
    listed = (ROOT / "docs" / "adr" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "adr").glob("0*.md"):
        title = page.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1]
        assert f"[{page.name[:4]}]({page.name}) | {title}" in listed
