"""What `make bench` measures and no machine can change: requests, connections, memory that does not grow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from .clients import NEEDS_FIELDS, Crmkit
from .portal import RemotePortal
from .scenarios import ROOT

ROWS = 5000


def portal(**options: Any) -> RemotePortal:
    return RemotePortal(sys.executable, ROOT, seed="deals", strict_limits=False, **options)


@pytest.mark.parametrize(
    ("what", "requests", "connections"),
    [("read_raw", 3, 1), ("read_typed", 3, 1), ("update", 100, 8), ("update_typed", 100, 8)],
)
def test_requests_and_connections(what: str, requests: int, connections: int) -> None:
    with portal(deals=ROWS) as box:
        library = Crmkit(box.url, simulated=True)
        if what in NEEDS_FIELDS:  # reading gets them with the first page
            library.prepare()
        box.stats()
        with library.client:
            assert getattr(library, what)(ROWS) == ROWS
            told = box.stats()
        assert told["requests"] == requests
        assert told["connections"] <= connections
        assert told["updated"] == (ROWS if what.startswith("update") else 0)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="VmHWM is a figure of Linux")  # noqa: PTH110
def test_memory_does_not_grow_with_the_rows() -> None:
    peaks = []
    for rows in (5_000, 60_000):
        with portal(deals=rows) as box:
            asked = {"who": "crmkit", "what": "read_raw", "rows": rows, "url": box.url, "simulated": True}
            command = [sys.executable, "-m", "tests.benchmarks.clients", json.dumps(asked)]
            told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
            assert told["done"] == rows
            peaks.append(told["peak"])
    assert peaks[1] < 150
    assert peaks[1] - peaks[0] < 10
