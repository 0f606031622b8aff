"""What the documents show is run: every Python sample, every command of the tutorial, every configuration."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.finder import make
from crmkit.cli.main import main, program
from crmkit.config import Config
from crmkit.sandbox.faults import KINDS
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.sandbox.planfix.vendor import FAULT_KINDS

from .conftest import PAGES, ROOT, Fence, fences

PYTHON = {fence.page for fence in fences("python")}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(fence: Fence) -> list[list[str]]:
    """Return the calls of crmkit in a console sample."""
    return [shlex.split(line)[1:] for line in fence.text.splitlines() if line.startswith("crmkit ")]


@pytest.mark.parametrize("page", sorted(PYTHON), ids=_name)
def test_python_samples_run(page: Path, box: PlanfixSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The samples of a page build on each other."""
    namespace: dict[str, Any] = {}
    for fence in fences("python"):
        if fence.page == page:
            code = "\n" * (fence.line - 1) + fence.text
            exec(compile(code, str(page), "exec"), namespace)
    assert capsys.readouterr().out, "a sample that shows nothing teaches little"


def test_the_readmes_promise_ten_lines(box: PlanfixSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("README.md", "README.ru.md"):
        (fence,) = (one for one in fences("python") if one.page == ROOT / name)
        assert len(fence.text.splitlines()) <= 10
        exec(compile(fence.text, name, "exec"), {})
        assert "{'done': 27}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fence",
    [one for one in fences("console") if commands(one)],
    ids=lambda one: f"{_name(one.page)}:{one.line}",
)
def test_commands_exist_with_these_options(fence: Fence) -> None:
    for words in commands(fence):
        group, path = program("en"), []
        while words and words[0] in getattr(group, "commands", {}):
            path.append(words.pop(0))
            group = group.commands[path[-1]]
        assert path, fence.text
        is_usage = any(word.isupper() or word.startswith("[") for word in words)
        if not is_usage:
            group.make_context(" ".join(path), words)


@pytest.mark.parametrize("name", ["five-minutes.md", "five-minutes.ru.md"])
def test_the_tutorial_works(name: str, box: PlanfixSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """All but its first command, which starts the sandbox that is running here already."""
    page = ROOT / "docs" / "tutorial" / name
    first, *rest = [words for fence in fences("console") if fence.page == page for words in commands(fence)]
    assert first[0] == "sandbox"
    for words in rest:
        assert main(words) == 0, (words, capsys.readouterr())
    assert Path("report.xlsx").is_file()
    assert all(not task.fields.get(103) for task in box.account.tasks.values()), "the undo put back all"


@pytest.mark.parametrize("fence", fences("toml"), ids=lambda one: f"{_name(one.page)}:{one.line}")
def test_configurations_are_valid(fence: Fence) -> None:
    values = tomllib.loads(fence.text)
    config = Config(**values)
    for name, settings in config.recipes.items():
        make(name, settings)


def test_every_command_is_shown_in_a_guide() -> None:
    """Not only in the generated reference."""
    reference = ROOT / "docs" / "reference" / "cli.md"
    shown = {words[0] for fence in fences("console") if fence.page != reference for words in commands(fence)}
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES if page != reference)
    for name in program("en").commands:
        assert name in shown or f"crmkit {name}" in text, name
    for name in program("en").commands["runs"].commands:
        assert f"crmkit runs {name}" in text, name


def test_the_guide_to_faults_names_every_kind() -> None:
    text = (ROOT / "docs" / "how-to" / "faults.md").read_text(encoding="utf-8")
    listed = text.split("Kinds of faults:", 1)[1].split(". ", 1)[0]
    assert set(re.findall(r"`(\w+)`", listed)) == {*KINDS, *FAULT_KINDS}
