"""What is measured: the same jobs, each done the way its library documents, in a process of its own.

``python -m tests.benchmarks.clients '{"who": ..., "what": ..., "url": ..., ...}'`` prints a line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import ssl
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["FIELDS"]

FIELDS = ["ID", "TITLE", "STAGE_ID", "CATEGORY_ID", "OPPORTUNITY", "CURRENCY_ID", "ASSIGNED_BY_ID"]
FIELDS += ["COMPANY_ID", "CONTACT_ID", "DATE_CREATE", "DATE_MODIFY", "CLOSED"]
TYPED = ["id", "title", "stageId", "categoryId", "opportunity", "currencyId", "assignedById"]
TYPED += ["companyId", "contactId", "createdTime", "updatedTime", "opened"]
NEEDS_FIELDS = ("update_typed", "create", "create_singly")
"""Jobs for which crmkit asks for the fields of deals, once per client, and that before the clock starts."""


class Crmkit:
    """``simulated``: its waits take no time, and its pace is not limited."""

    def __init__(self, url: str, *, simulated: bool = False) -> None:
        from datetime import UTC, datetime

        from crmkit.bitrix24 import Bitrix24
        from crmkit.clock import ManualClock, SystemClock
        from crmkit.transport.rate_limit import BucketRule

        clock = ManualClock(datetime(2025, 3, 3, tzinfo=UTC)) if simulated else SystemClock()
        rate = {"rate": BucketRule(1e6, 1_000_000)} if simulated else {}
        self.client = Bitrix24(url, clock=clock, **rate)

    def prepare(self) -> None:
        self.client.deals.fields()

    def read_raw(self, rows: int) -> int:
        return sum(1 for _ in self.client.list("crm.deal.list", {"select": FIELDS}))

    def read_ids(self, rows: int) -> list[int]:
        return [int(row["ID"]) for row in self.client.list("crm.deal.list", {"select": FIELDS})]

    def read_items(self, rows: int) -> int:
        return sum(1 for _ in self.client.deals.rows(select=TYPED))

    def read_typed(self, rows: int) -> int:
        return sum(1 for _ in self.client.deals.list(select=TYPED))

    def update(self, rows: int) -> int:
        commands = [("crm.deal.update", change(number)) for number in range(1, rows + 1)]
        return len(self.client.batch(commands).done)

    def update_typed(self, rows: int) -> int:
        changes = ((number, {"title": f"new {number}"}) for number in range(1, rows + 1))
        return len(self.client.deals.update_many(changes).done)

    def create(self, rows: int) -> int:
        given = ({"title": f"Deal {number}"} for number in range(rows))
        return len(self.client.deals.create_many(given, key=lambda row: str(row["title"])).done)

    def create_singly(self, rows: int) -> int:
        for number in range(rows):
            self.client.deals.create(key=f"k{number}", title=f"Deal {number}")
        return rows


class B24pysdk:
    def __init__(self, url: str, *, simulated: bool = False) -> None:
        from b24pysdk import BitrixWebhook, Client, Config

        if simulated:
            Config().configure(default_initial_retry_delay=0.01, default_retry_delay_increment=0.01)
        parts = urlsplit(url)
        self.token = BitrixWebhook(domain=parts.netloc, webhook_token=parts.path.strip("/")[5:])
        self.client = Client(self.token)

    def prepare(self) -> None:
        pass

    def read_raw(self, rows: int) -> int:
        return sum(1 for _ in self.client.crm.deal.list(select=FIELDS).as_list_fast().result)

    def read_ids(self, rows: int) -> list[int]:
        return [int(row["ID"]) for row in self.client.crm.deal.list(select=FIELDS).as_list_fast().result]

    def read_ids_counted(self, rows: int) -> list[int]:
        return [int(row["ID"]) for row in self.client.crm.deal.list(select=FIELDS).as_list().result]

    def update(self, rows: int) -> int:
        deal = self.client.crm.deal
        calls = [
            deal.update(bitrix_id=number, fields={"TITLE": f"new {number}"}) for number in range(1, rows + 1)
        ]
        return len(self.client.call_batches(calls).result.result)

    def create(self, rows: int) -> int:
        deal = self.client.crm.deal
        calls = [deal.add(fields={"TITLE": f"Deal {number}"}) for number in range(rows)]
        return len(self.client.call_batches(calls).result.result)

    def create_singly(self, rows: int) -> int:
        done = 0
        for number in range(rows):
            try:
                done += bool(self.client.crm.deal.add(fields={"TITLE": f"Deal {number}"}).result)
            except Exception:
                continue  # what a careful caller can do: note it, for nobody knows what happened
        return done


class FastBitrix24:
    def __init__(self, url: str, *, simulated: bool = False) -> None:
        from fast_bitrix24 import BitrixAsync

        logging.getLogger("fast_bitrix24").addHandler(logging.NullHandler())
        pace = {"request_pool_size": 1_000_000, "requests_per_second": 1e6} if simulated else {}
        self._make = lambda session: BitrixAsync(url, verbose=False, client=session, **pace)

    def prepare(self) -> None:
        pass

    def _run(self, work: Callable[[Any], Any]) -> Any:
        import aiohttp

        async def inside() -> Any:
            tls = ssl.create_default_context(cafile=trusted())
            connector = aiohttp.TCPConnector(ssl=tls)
            async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
                return await work(self._make(session))

        return asyncio.run(inside())

    def read_raw(self, rows: int) -> int:
        return len(self._run(lambda b: b.get_all("crm.deal.list", {"select": FIELDS})))

    def read_ids(self, rows: int) -> list[int]:
        found = self._run(lambda b: b.get_all("crm.deal.list", {"select": FIELDS}))
        return [int(row["ID"]) for row in found]

    def update(self, rows: int) -> int:
        return len(
            self._run(lambda b: b.call("crm.deal.update", [change(number) for number in range(1, rows + 1)]))
        )

    def create(self, rows: int) -> int:
        items = [{"fields": {"TITLE": f"Deal {number}"}} for number in range(rows)]
        return len(self._run(lambda b: b.call("crm.deal.add", items)))

    def create_singly(self, rows: int) -> int:
        async def one_by_one(b: Any) -> int:
            done = 0
            for number in range(rows):
                try:
                    done += bool(await b.call("crm.deal.add", {"fields": {"TITLE": f"Deal {number}"}}))
                except Exception:
                    continue
            return done

        return int(self._run(one_by_one))


CLIENTS: dict[str, Any] = {"crmkit": Crmkit, "b24pysdk": B24pysdk, "fast_bitrix24": FastBitrix24}


def change(number: int) -> dict[str, Any]:
    return {"ID": number, "fields": {"TITLE": f"new {number}"}}


def trusted() -> str | None:
    return os.environ.get("REQUESTS_CA_BUNDLE")


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Do a job as often as asked and return medians; the first time is a rehearsal if there are several."""
    client = CLIENTS[asked["who"]](asked["url"], simulated=asked.get("simulated", False))
    if asked["what"] in NEEDS_FIELDS:
        client.prepare()
    job = getattr(client, asked["what"])
    runs = asked.get("runs", 1)
    result: dict[str, Any] = {"runs": runs, "error": ""}
    spent: list[float] = []
    took: list[float] = []
    for turn in range(runs + (runs > 1)):
        gc.collect()
        cpu, begun = time.process_time(), time.perf_counter()
        try:
            done = job(asked["rows"])
            result |= {"done": len(done), "ids": done} if isinstance(done, list) else {"done": done}
        except Exception as error:
            result["error"], result["done"] = type(error).__name__, -1
        if turn or runs == 1:
            spent.append(time.process_time() - cpu)
            took.append(time.perf_counter() - begun)
    result |= {"cpu": statistics.median(spent), "wall": statistics.median(took), "peak": peak()}
    return result


def peak() -> float:
    """Return the most memory that this process ever had, in megabytes (``VmHWM``)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answer = measure(json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(answer) + "\n")
