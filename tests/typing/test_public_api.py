"""The types of the public names are part of the interface: mypy reads a file that asserts them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_public_api_is_typed() -> None:
    file = Path(__file__).with_name("public_api.py")
    answer = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (answer.stdout, answer.returncode) == ("", 0)
