"""On a terminal the program asks before it writes and shows how far it is; in a pipe it does neither."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

COMMAND = [sys.executable, "-m", "crmkit.cli", "apply", "stale_deals", "--lang", "en"]


def on_a_terminal(folder: Path, answer: bytes) -> tuple[int, str]:
    """Run ``crmkit apply`` on a terminal, type an answer; return the exit code and what was to be seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(COMMAND, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, answer)
    seen = bytearray()
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says so when the last writer is gone
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    return process.wait(), seen.decode("utf-8", "replace")


@pytest.mark.parametrize(("answer", "code", "notices"), [(b"n\n", 130, 0), (b"y\n", 0, 12)])
def test_it_asks_first(
    answer: bytes, code: int, notices: int, write: Callable[[], None], box: PlanfixSandbox, tmp_path: Path
) -> None:
    write()
    ended, seen = on_a_terminal(tmp_path, answer)
    assert (ended, len(box.account.notifications)) == (code, notices), seen
    assert "Apply to 6 deals" in seen
    assert ("called off" in seen) == (answer == b"n\n")
    assert "Traceback" not in seen


def test_a_pipe_gets_no_bars_and_no_colours(
    write: Callable[[], None], box: PlanfixSandbox, tmp_path: Path
) -> None:
    write()
    done = subprocess.run(
        [*COMMAND, "--yes"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "done: 6" in done.stdout
