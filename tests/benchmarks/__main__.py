"""``python -m tests.benchmarks [SCENARIO ...]``: measures and prints; a full run writes the document."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from .report import document
from .scenarios import ROOT, Lab

SCENARIOS = ["limits", "cpu", "creates", "lists", "memory", "imports", "proofs"]


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(names: list[str]) -> None:
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = Lab(Path(folder), say).run(names or SCENARIOS)
    say(json.dumps(found, indent=1))
    say(f"{time.perf_counter() - begun:.0f} s")
    if not names:
        target = ROOT / "docs/reference/performance.md"
        target.write_text(document(found), encoding="utf-8")
        say(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
