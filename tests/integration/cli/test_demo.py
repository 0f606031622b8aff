"""``crmkit demo``: what it shows is what the sandbox shows, whatever the number of deals."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import pytest

from crmkit.cli import demo_story
from crmkit.cli.main import main
from crmkit.cli.sandbox import seed_of, share_of_stalled

from .conftest import Run


def test_all_claims_hold(run: Run) -> None:
    answer = run("demo", "--deals", "100", "--json")
    assert (answer.code, answer.err) == (0, "")
    story = answer.json
    checks = {check["name"]: check for scene in story["scenes"] for check in scene["checks"]}
    assert story["wrong"] == 0
    assert all(check["ok"] for check in checks.values())
    figures = {scene["name"]: scene["figures"] for scene in story["scenes"]}
    assert figures["opening"]["stalled"] == 31
    assert figures["day_15"]["notifications"] == 2 * figures["day_15"]["warned"]
    assert figures["day_22"]["returned"] == figures["day_15"]["warned"] - figures["day_18"]["edited"]
    assert figures["decisions"]["approved"] > 0
    assert figures["decisions"]["rejected"] > 0


@pytest.mark.parametrize(("language", "word"), [("ru", "Все проверки сошлись"), ("en", "checks agree")])
def test_it_is_told_in_both_languages(run: Run, language: str, word: str) -> None:
    told = run("demo", "--deals", "100", "--lang", language)
    assert told.code == 0
    assert word in told.out
    assert "deals processed" in told.out
    assert "обработано сделок" in told.out
    assert "✗" not in told.out


def test_a_claim_that_does_not_hold_is_said_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(story: demo_story.Story) -> demo_story.Scene:
        scene = demo_story.opening(story)
        return dataclasses.replace(scene, checks=(demo_story.Check("stalled_found", 1, 2),))

    monkeypatch.setattr(demo_story, "SCENES", (lying,))
    told = run("demo", "--deals", "100")
    assert told.code == 1
    assert "✗" in told.out
    assert "1 of 1" in told.out


def test_it_needs_no_configuration(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMKIT_CONFIG", "/nowhere/crmkit.toml")
    monkeypatch.setattr(demo_story, "SCENES", (demo_story.opening,))
    assert main(["demo", "--deals", "100"]) == 0
    assert capsys.readouterr().err == ""


def test_the_case_in_full_is_what_the_readme_says() -> None:
    """The first look at 2,000 deals; the rest follows from it, and is played with fewer above."""
    with demo_story.staged(
        2000, seed_of(share_of_stalled(2000)), lambda _: nullcontext(lambda: None)
    ) as story:
        figures = demo_story.opening(story).figures
    assert (figures["stalled"], figures["to_do"]) == (611, 575)
    edited = round(575 * demo_story.EDITED_SHARE)
    for readme in ("README.md", "README.ru.md"):
        text = (Path(__file__).parents[3] / readme).read_text(encoding="utf-8")
        for figure in (611, 575, 575 - edited):
            assert str(figure) in text, (readme, figure)
