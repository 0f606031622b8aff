"""The scenarios: what is run against what, and the figures that come of it."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi

from .portal import RemotePortal, certificate

__all__ = ["LATENCIES", "LIBRARIES", "Lab", "Row", "Scenario"]

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("crmkit", "b24pysdk", "fast_bitrix24")
LATENCIES = (0.0, 0.5, 1.0, 2.0)
UPDATES = DEALS = 5000
CREATES = {"create": 2000, "create_singly": 500}
MILLION = 1_000_000
BURST, RATE, PAGE = 50, 2.0, 50
FAILING_PAGES = (0, 1, 30, 60, 99)
REFUSED_PAGE = {
    "error": "OPERATION_TIME_LIMIT",
    "error_description": "Method is blocked due to operation time",
}
WAYS = [("crmkit", "read_ids"), ("b24pysdk", "read_ids"), ("b24pysdk", "read_ids_counted")]
WAYS += [("fast_bitrix24", "read_ids")]
PROOFS = {
    "an hour of OPERATION_TIME_LIMIT on one method": "writes.py -k hour",
    "lists: every page fails once or for ever; rows that come and go": "lists.py",
    "8 threads, 3 processes, one expired token: one refresh": "tokens.py",
    "no secret in output, log, traceback or repr of failing runs": "secrets.py",
    "the bucket: refusals, other users of it, 503 as a web page": "limits.py",
}
"""What is right or wrong rather than fast: tests, run once more beside the figures."""
BAD_LINE = [
    {"kind": "drop_answer", "probability": 0.20},
    {"kind": "html", "probability": 0.04, "status": 502},
    {"kind": "error", "probability": 0.03, "status": 503, "body": "<html>busy</html>"},
    {"kind": "reset", "probability": 0.03},
]

Row = dict[str, Any]


@dataclass
class Scenario:
    """A table to be: one row per library and variant."""

    name: str
    rows: list[Row] = field(default_factory=list)


class Lab:
    """Starts portals and clients, each in a process of its own.

    Args:
        folder: For the certificate; all connections are https, as to a real portal.
        say: Told the progress.
    """

    def __init__(self, folder: Path, say: Any) -> None:
        self._tls = str(certificate(folder))
        bundle = folder / "bundle.pem"
        own = (folder / "cert.pem").read_text()
        bundle.write_text(Path(certifi.where()).read_text() + own)  # the weight of a usual bundle
        self._environment = {**os.environ, "REQUESTS_CA_BUNDLE": str(bundle)}
        self._say = say
        self._slow: list[Future[None]] = []

    def run(self, names: list[str]) -> dict[str, list[Row]]:
        """Run scenarios by name; the slowest cells of ``limits`` sleep while the others are measured."""
        found: dict[str, list[Row]] = {name: [] for name in names}
        with ThreadPoolExecutor(12) as pool:
            slow = self._limits(pool, found["limits"]) if "limits" in names else []
            for name in names:
                if name != "limits":
                    self._say(f"{name} ...")
                    found[name] += getattr(self, f"_{name}")()
            for cell in slow:
                cell.result()
        return found

    # Each scenario

    def _limits(self, pool: ThreadPoolExecutor, rows: list[Row]) -> list[Future[None]]:
        """Five thousand updates under the strict bucket, in real time, side by side: they mostly sleep."""
        self._say("limits, in real time ...")
        cells: list[Future[None]] = []
        fast: list[Future[None]] = []
        for latency in sorted(LATENCIES, reverse=True):
            for who in ("b24pysdk", "crmkit", "fast_bitrix24"):
                cell = pool.submit(self._limit, who, latency, rows)
                (cells if who == "b24pysdk" and latency >= 1 else fast).append(cell)
                time.sleep(1.5)  # their bursts must not compete for the processor
        for cell in fast:
            cell.result()
        return cells

    def _limit(self, who: str, latency: float, rows: list[Row]) -> None:
        ideal = (UPDATES / PAGE - BURST) / RATE + latency
        walls = []
        for _ in range(1 if who == "b24pysdk" else 3):
            options = {"clock": "real", "latency": latency, "burst": BURST, "rate": RATE}
            got, told = self._once(who, "update", UPDATES, {"deals": UPDATES, **options})
            walls.append(got["wall"])
        wall = statistics.median(walls)
        rows.append(
            {
                "who": who,
                "latency": latency,
                "ideal": ideal,
                "wall": wall,
                "ratio": wall / ideal,
                "done": told["updated"],
                "refused": told["refused"],
                "error": got["error"],
                "runs": len(walls),
            }
        )
        self._say(f"  limits: {who} at {latency:g} s: {wall:.1f} s, {told['updated']} done {got['error']}")

    def _cpu(self) -> list[Row]:
        """Reading and updating, without limits: requests, connections, processor time."""
        jobs = [
            (who, what, rows)
            for what, rows in (("read_raw", DEALS), ("update", UPDATES))
            for who in LIBRARIES
        ]
        jobs += [
            ("crmkit", "read_items", DEALS),
            ("crmkit", "read_typed", DEALS),
            ("crmkit", "update_typed", UPDATES),
        ]
        found = []
        for who, what, rows in jobs:
            runs = 5
            got, told = self._once(
                who, what, rows, {"deals": rows, "strict_limits": False}, runs=runs, simulated=True
            )
            found.append(
                {
                    "who": who,
                    "what": what,
                    "requests": told["requests"] / (runs + 1),
                    "connections": told["connections"] / (runs + 1),
                    "cpu": got["cpu"] * 1e6 / rows,
                    "done": got["done"],
                    "peak": got["peak"],
                }
            )
        return found

    def _memory(self) -> list[Row]:
        """The most memory that a process needs to look at every row once."""
        jobs = [(who, "read_raw", 50_000) for who in LIBRARIES]
        jobs += [("b24pysdk", "read_raw", MILLION), ("crmkit", "read_raw", MILLION)]
        found = []
        for who, what, rows in jobs:
            got, told = self._once(who, what, rows, {"deals": rows, "strict_limits": False}, simulated=True)
            found.append({"who": who, "rows": rows, "requests": told["requests"], **got})
            self._say(f"  memory: {who}, {rows} rows: {got['peak']:.0f} MB in {got['wall']:.0f} s")
        return found

    def _creates(self) -> list[Row]:
        """Two thousand creates on a bad line, and some more one by one."""
        found = []
        for what, rows in CREATES.items():
            for who in LIBRARIES:
                faults = [{**fault, "match": "*", "times": None} for fault in BAD_LINE]
                options = {"seed": "empty", "strict_limits": False, "faults": faults}
                got, told = self._once(who, what, rows, options, simulated=True)
                found.append({"who": who, "what": what, "wanted": rows, **told, **got})
                self._say(f"  creates: {who} {what}: {told['deals']} deals, {told['titles']} different")
        return found

    def _lists(self) -> list[Row]:
        """Five thousand deals of which one page fails, or of which people delete some while they are read."""
        found = []
        for who, what in WAYS:
            row = {"who": who, "what": what, "runs": 0, "short": 0, "raised": 0, "fewest": DEALS}
            for position in FAILING_PAGES:
                fault = {"kind": "command_error", "match": "crm.deal.list", "after": position}
                options = {
                    "deals": DEALS,
                    "strict_limits": False,
                    "faults": [{**fault, "body": REFUSED_PAGE}],
                }
                got, _ = self._once(who, what, DEALS, options, simulated=True)
                row["runs"] += 1
                row["raised"] += bool(got["error"])
                row["short"] += not got["error"] and got["done"] != DEALS
                row["fewest"] = row["fewest"] if got["error"] else min(row["fewest"], got["done"])
            options = {"deals": DEALS, "strict_limits": False, "crowd": True}
            got, told = self._once(who, what, DEALS, options, simulated=True)
            ids = got.get("ids", [])
            row |= {
                "lost": len({*told["ids"]} - {*ids}),
                "twice": len(ids) - len({*ids}),
                "end": got["error"],
            }
            found.append(row)
            self._say(
                f"  lists: {who} {what}: {row['short']} short, {row['lost']} lost, {row['twice']} twice"
            )
        return found

    def _proofs(self) -> list[Row]:
        """Run tests with the project's own interpreter; the one with the peers has no pytest."""
        python, found = ROOT / ".venv/bin/python", []
        for what, where in PROOFS.items():
            name, *more = where.split()
            command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            command += ["-o", "addopts=--import-mode=importlib", f"tests/chaos/test_bitrix24_{name}", *more]
            begun = time.perf_counter()
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            passed = re.search(r"(\d+) passed", run.stdout)
            row = {"what": what, "passed": int(passed[1]) if passed else 0, "good": run.returncode == 0}
            found.append({**row, "seconds": time.perf_counter() - begun})
            self._say(f"  proofs: {what}: {'holds' if row['good'] else 'DOES NOT HOLD'}")
        return found

    def _imports(self) -> list[Row]:
        """Seconds that an import takes in a fresh interpreter; in turns: all meet the same machine."""
        lines = {
            "requests, pydantic": "import requests, pydantic",
            "crmkit": "import crmkit",
            "from crmkit import Bitrix24": "from crmkit import Bitrix24",
            "b24pysdk": "import b24pysdk",
            "fast_bitrix24": "import fast_bitrix24",
        }
        times: dict[str, list[float]] = {name: [] for name in lines}
        for turn in range(11):
            for name, line in lines.items():
                code = f"import time; t = time.perf_counter(); {line}; print(time.perf_counter() - t)"
                seconds = float(self._python("-c", code))
                if turn:  # the first one fills the disk cache
                    times[name].append(seconds)
        return [{"who": name, "seconds": min(found)} for name, found in times.items()]

    # Processes

    def _once(
        self,
        who: str,
        what: str,
        rows: int,
        options: dict[str, Any],
        *,
        runs: int = 1,
        simulated: bool = False,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        with self._portal({"seed": "deals", **options}) as portal:
            asked = {"who": who, "what": what, "rows": rows, "url": portal.url, "runs": runs}
            answer = self._python(
                "-m", "tests.benchmarks.clients", json.dumps({**asked, "simulated": simulated})
            )
            return json.loads(answer.splitlines()[-1]), portal.stats()

    @contextmanager
    def _portal(self, options: dict[str, Any]) -> Iterator[RemotePortal]:
        with RemotePortal(sys.executable, ROOT, tls=self._tls, **options) as portal:
            yield portal

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"a measured process failed:\n{done.stderr[-3000:]}")
        return done.stdout
