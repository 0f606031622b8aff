"""The document with the figures: ratios first, absolutes beside, targets and what misses them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import crmkit

__all__ = ["document"]

Row = Mapping[str, Any]
Found = Mapping[str, list[Row]]

HEAD = """# Performance

Written by `make bench`; do not edit. Every figure was measured in one run on one machine, with the two best
known Python libraries beside crmkit, against the Bitrix24 sandbox, which runs in a process of its own and
speaks https. **Read the ratios**: absolute figures change with the machine.

{machine}

How each library did it: crmkit `batch`, `list`, `deals.update_many`, `deals.list`, `deals.create_many`;
b24pysdk `client.call_batches` and `as_list_fast`; fast_bitrix24 `call` and `get_all`. Reading takes twelve
fields of a deal.
"""

UNMEASURED = """## What these figures do not show

- No real portal was contacted. How long a portal works on a command, and whether refused requests count
  against its bucket, is the sandbox's assumption (they do not count).
- Libraries for other languages (b24phpsdk, b24jssdk) are not part of the run.
- Where a scenario is marked *no limits*, the portal's limits were off, crmkit's clock was a simulated one,
  fast_bitrix24 was given a pace beyond reach and b24pysdk's pauses before a repetition were cut to 10 ms: the
  subject there is not waiting. *Limits* is real time for all three.
- Processor time is that of the client's process, median of five runs after a rehearsal. Peak memory is
  `VmHWM` of the whole process, interpreter and imports included (Linux only).
"""


def document(found: Found) -> str:
    """Return the document as Markdown."""
    parts = [HEAD.format(machine=_machine()), _targets(found), _limits(found["limits"])]
    parts += [_cpu(found["cpu"]), _creates(found["creates"]), _lists(found["lists"])]
    parts += [_memory(found["memory"]), _imports(found["imports"]), _proofs(found["proofs"])]
    return "\n".join([*parts, UNMEASURED])


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in _lines(info) if line.startswith("model name")]
    processor = f"{len(names)} x {names[0]}" if names else platform.processor()
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("b24pysdk", "fast-bitrix24", "requests", "aiohttp", "pydantic")
    )
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {processor}; {platform.system()} {platform.machine()}; {python};\n"
        f"load of the last fifteen minutes {os.getloadavg()[2]:.1f} (a busy machine spoils times);\n"
        f"crmkit {crmkit.__version__}, {libraries}."
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _targets(found: Found) -> str:
    """Say of every target whether it was met."""
    cpu = {row["what"]: row for row in found["cpu"] if row["who"] == "crmkit"}
    ours = [row for row in found["limits"] if row["who"] == "crmkit"]
    bulk = [row for row in found["creates"] if row["who"] == "crmkit" and row["what"] == "create"]
    great = max((row for row in found["memory"] if row["who"] == "crmkit"), key=lambda row: row["rows"])
    seconds = {row["who"]: row["seconds"] for row in found["imports"]}
    base = seconds["requests, pydantic"]
    worst = max(row["ratio"] for row in ours)
    (lists,) = (row for row in found["lists"] if row["who"] == "crmkit")
    checks = [
        ("5,000 updates under the bucket: all done", min(row["done"] for row in ours), ">=", 5000, ""),
        ("the same: time / ideal time, worst latency", worst, "<=", 1.05, ""),
        ("the same: refusals (503)", max(row["refused"] for row in ours), "<=", 1, ""),
        ("reading 5,000 deals: requests", cpu["read_raw"]["requests"], "<=", 3, ""),
        ("reading: processor time per 1,000 raw rows", cpu["read_raw"]["cpu"], "<=", 8, " ms"),
        ("reading: processor time per 1,000 typed rows", cpu["read_typed"]["cpu"], "<=", 20, " ms"),
        ("the same, typed, with the fields of deals", cpu["read_typed"]["requests"], "<=", 3, ""),
        ("5,000 updates: requests", cpu["update"]["requests"], "<=", 100, ""),
        ("updates: processor time per 1,000", cpu["update"]["cpu"], "<=", 30, " ms"),
        (
            "the same, names checked, whole items answered (`crm.item.update`)",
            cpu["update_typed"]["cpu"],
            "<=",
            30,
            " ms",
        ),
        ("updates: connections (eight workers)", cpu["update"]["connections"], "<=", 8, ""),
        (f"{great['rows']:,} rows streamed: peak memory", great["peak"], "<=", 150, " MB"),
        ("2,000 creates on a bad line: deals", max(row["deals"] for row in bulk), "<=", 2000, ""),
        ("the same: different deals", min(row["titles"] for row in bulk), ">=", 2000, ""),
        ("one failed page: lists that were short and did not say so", lists["short"], "<=", 0, ""),
        ("rows deleted meanwhile: others lost or read twice", lists["lost"] + lists["twice"], "<=", 0, ""),
        ("`import crmkit` beyond requests and pydantic", (seconds["crmkit"] - base) * 1000, "<=", 150, " ms"),
        (
            "`from crmkit import Bitrix24` beyond them",
            (seconds["from crmkit import Bitrix24"] - base) * 1000,
            "<=",
            150,
            " ms",
        ),
    ]
    checks += [(row["what"], 0 if row["good"] else 1, "<=", 0, " broken") for row in found["proofs"]]
    rows = []
    for what, value, sign, target, unit in checks:
        met = value <= target if sign == "<=" else value >= target
        word = "at most" if sign == "<=" else "at least"
        rows.append([what, f"{word} {target:,g}{unit}", f"{_short(value)}{unit}", "yes" if met else "**no**"])
    return "## Targets\n\n" + _table(["Target", "Wanted", "Measured", "Met"], rows)


def _limits(rows: list[Row]) -> str:
    body = [
        [
            f"{row['latency']:g} s",
            row["who"],
            f"{row['ratio']:.2f}" if row["done"] == 5000 else "-",
            f"{row['wall']:.1f} s",
            f"{row['ideal']:.1f} s",
            f"{row['done']:,}",
            f"{row['refused']}",
            row["error"] or "-",
            row["runs"],
        ]
        for row in sorted(rows, key=lambda row: (row["latency"], _place(row)))
    ]
    text = """## 5,000 updates under the strict limit

Real time. The bucket holds 50 requests and 2 leave it per second, so a hundred batches cannot be done before
25 s and the latency of the last answer: the ideal. `503` counts refusals in the last of the runs.
"""
    heads = [
        "Answer after",
        "Library",
        "Time / ideal",
        "Time",
        "Ideal",
        "Updated",
        "503",
        "Ended with",
        "Runs",
    ]
    return f"{text}\n{_table(heads, body)}"


def _cpu(rows: list[Row]) -> str:
    names = {
        "read_raw": "read 5,000, raw (`crm.deal.list`)",
        "read_items": "read 5,000, raw (`crm.item.list`)",
        "read_typed": "read 5,000, typed",
        "update": "update 5,000 (`crm.deal.update`)",
        "update_typed": "update 5,000, checked (`crm.item.update`)",
    }
    base = {row["what"]: row["cpu"] for row in rows if row["who"] == "crmkit"}
    body = [
        [
            names[row["what"]],
            row["who"],
            f"{row['cpu'] / base[row['what']]:.1f}",
            f"{row['cpu']:.1f} ms",
            _short(row["requests"]),
            _short(row["connections"]),
        ]
        for row in sorted(rows, key=lambda row: (list(names).index(row["what"]), _place(row)))
    ]
    text = """## Processor time and requests

No limits. Requests and connections are those of six turns of one client, divided by six. Typed reading gets
the fields of deals together with the first page; checked writing asks for them once, which is the sixth of a
request. `crm.item.update` answers with the whole item, 1.4 KB of JSON that have to be read.
"""
    heads = ["Job", "Library", "CPU / crmkit's", "CPU per 1,000", "Requests", "Connections"]
    return f"{text}\n{_table(heads, body)}"


def _creates(rows: list[Row]) -> str:
    names = {"create": "in batches", "create_singly": "one by one"}
    body = [
        [
            f"{row['wanted']:,} {names[row['what']]}",
            row["who"],
            f"{row['titles']:,}",
            f"{row['deals'] - row['titles']:,}",
            "-" if row["done"] < 0 else f"{row['done']:,}",
            row["error"] or "-",
            row["requests"],
        ]
        for row in rows
    ]
    text = """## Creates on a bad line

No limits. Of all requests 20 % are carried out and their answers lost, 4 % get a 502, 3 % a 503 and 3 % a
reset without being carried out. One by one, the peers' exceptions are caught and the next deal is made.
"""
    heads = ["Wanted", "Library", "Deals", "Twice", "Told to be done", "Ended with", "Requests"]
    return f"{text}\n{_table(heads, body)}"


def _lists(rows: list[Row]) -> str:
    names = {"crmkit": "`list`", "fast_bitrix24": "`get_all`"}
    ways = {"read_ids": "`as_list_fast`", "read_ids_counted": "`as_list`"}
    body = [
        [
            row["who"],
            names.get(row["who"]) or ways[row["what"]],
            f"{row['short']} of {row['runs']}",
            f"{row['fewest']:,}" if row["short"] else "-",
            f"{row['raised']} of {row['runs']}",
            row["end"] or f"{row['lost']:,}",
            row["end"] or f"{row['twice']:,}",
        ]
        for row in rows
    ]
    text = """## Whole lists

No limits, 5,000 deals. *Failed page*: one page (the first, second, 31st, 61st and 100th in turn) is refused
once with OPERATION_TIME_LIMIT. A list is short if rows are missing and nothing was raised. *Moving rows*:
before each page ten deals of the page before it are deleted; lost are deals that were there all the time.
"""
    heads = ["Library", "Way", "Short, silently", "Fewest rows then", "Raised", "Moving rows: lost", "Twice"]
    return f"{text}\n{_table(heads, body)}"


def _proofs(rows: list[Row]) -> str:
    body = [
        [row["what"], row["passed"], "yes" if row["good"] else "**no**", f"{row['seconds']:.0f} s"]
        for row in rows
    ]
    text = """## What is right or wrong

Tests of the repository (`tests/chaos/test_bitrix24_*.py`), run once more beside the figures, crmkit alone.
"""
    return f"{text}\n{_table(['What', 'Tests passed', 'Holds', 'Took'], body)}"


def _memory(rows: list[Row]) -> str:
    body = [
        [f"{row['rows']:,}", row["who"], f"{row['peak']:.0f} MB", row["requests"], f"{row['wall']:.0f} s"]
        for row in rows
    ]
    text = """## Memory

No limits; every row is looked at once. fast_bitrix24 collects all rows before it returns, so it was spared
the million.
"""
    return f"{text}\n{_table(['Rows', 'Library', 'Peak', 'Requests', 'Time'], body)}"


def _imports(rows: list[Row]) -> str:
    base = next(row["seconds"] for row in rows if row["who"] == "requests, pydantic")
    body = [
        [f"`{row['who']}`", f"{row['seconds'] / base:.2f}", f"{row['seconds'] * 1000:.0f} ms"] for row in rows
    ]
    text = """## Imports

In a fresh interpreter, the fastest of ten, in turns: whatever else the machine does only adds.
"""
    return f"{text}\n{_table(['Import', 'Time / requests and pydantic', 'Time'], body)}"


def _place(row: Row) -> int:
    return ("crmkit", "b24pysdk", "fast_bitrix24").index(row["who"])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


def _table(heads: list[str], rows: Iterable[list[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
