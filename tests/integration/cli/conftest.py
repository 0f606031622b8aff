"""The program run in this process, in a folder of its own, on a sandbox of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its document; there must be nothing else on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """Its error line."""
        return next(line for line in self.err.splitlines() if line.startswith("Error: "))


Run = Callable[..., Answer]


@pytest.fixture
def box() -> Iterator[PlanfixSandbox]:
    """A small portal: 8 of its 16 deals are stalled, one of these refused without a reason, one snoozed."""
    with Sandbox.planfix(deals=16, stalled=8, refused=1, snoozed=1) as sandbox:
        yield sandbox


@pytest.fixture
def config(box: PlanfixSandbox) -> dict[str, Any]:
    """What ``crmkit.toml`` says; tests change it and call ``write``."""
    return {
        "store": {"url": "sqlite:///ledger.db"},
        "portals": {"main": box.portal_config},
        "recipes": {"stale_deals": {"supervisor": "user:2"}},
    }


@pytest.fixture
def write(config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Write the configuration into the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    return lambda: (tmp_path / "crmkit.toml").write_text(to_toml(config), encoding="utf-8") and None


@pytest.fixture
def run(
    write: Callable[[], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command line in English, nobody being at the keyboard."""
    write()
    monkeypatch.setenv("CRMKIT_LANG", "en")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def call(*argv: str) -> Answer:
        capsys.readouterr()
        code = main(argv)
        return Answer(code, *capsys.readouterr())

    return call
