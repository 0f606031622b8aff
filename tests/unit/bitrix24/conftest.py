"""Helpers of the Bitrix24 tests: PHP's way of reading a query, written apart from the encoder, and a
portal."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest
import requests
import urllib3

from crmkit.bitrix24.client import Bitrix24
from crmkit.clock import ManualClock


def php_parse_str(query: str) -> dict[str, Any]:
    """What PHP's parse_str makes of a query; arrays with keys 0..n-1 come back as lists."""
    root: dict[Any, Any] = {}
    for part in filter(None, query.split("&")):
        name, _, text = part.partition("=")
        name, text = unquote_plus(name), unquote_plus(text)
        base, bracket, rest = name.partition("[")
        steps: list[Any] = [re.sub(r"[ .]", "_", base)]
        if bracket:
            steps += re.findall(r"([^\]]*)\](?:\[|$)", rest)
        _put(root, steps, text)
    return {key: _listify(value) for key, value in root.items()}


def _put(node: dict[Any, Any], steps: list[Any], text: str) -> None:
    for position, step in enumerate(steps):
        key = step
        if step == "" and position:
            numbers = [k for k in node if isinstance(k, int)]
            key = max(numbers) + 1 if numbers else 0
        elif re.fullmatch(r"0|-?[1-9]\d*", step):
            key = int(step)
        if position == len(steps) - 1:
            node[key] = text
        else:
            child = node.get(key)
            if not isinstance(child, dict):
                child = node[key] = {}
            node = child


def _listify(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _listify(item) for key, item in value.items()}
    return list(items.values()) if list(items) == list(range(len(items))) else items


def php_command(command: str) -> tuple[str, dict[str, Any]]:
    method, _, query = command.partition("?")
    return method, php_parse_str(query)


@pytest.fixture(name="php_command", scope="session")
def php_command_fixture() -> Any:
    return php_command


# A portal in memory, behind an adapter of requests: enough of the vendor's behaviour to judge the client by.


class Portal(requests.adapters.BaseAdapter):
    """Answers like a portal; ``faults`` see every request first, ``rules`` every executed command."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock
        self.items: dict[int, dict[str, Any]] = {}
        self.requests: list[tuple[str, Any]] = []
        self.headers: list[Any] = []
        self.executed: list[tuple[str, Any]] = []
        self.faults: list[Callable[[str, Any], Any]] = []
        self.rules: list[Callable[[str, Any], Any]] = []
        self.methods: dict[str, Callable[[Any], Any]] = {}
        self.seconds_per_command = 0.0
        self.latency = 0.0
        self.lock = threading.Lock()

    def add(self, count: int, **values: Any) -> None:
        for _ in range(count):
            number = max(self.items, default=0) + 1
            self.items[number] = {"id": number, "title": f"Deal {number}", "stageId": "NEW", **values}

    # HTTP

    def send(self, request: Any, **_: Any) -> requests.Response:
        method = request.url.partition("?")[0].rstrip("/").rpartition("/")[2]
        body = json.loads(request.body) if request.body else {}
        with self.lock:
            self.requests.append((method, body))
            self.headers.append(dict(request.headers))
            self.clock.sleep(self.latency)
            for fault in list(self.faults):
                answer = fault(method, body)
                if answer is not None:
                    if isinstance(answer, Exception):
                        raise answer
                    return self._response(request, *answer)
            status, payload = self._answer(method, body)
        return self._response(request, status, payload)

    def lose(self, times: int = 1, *, after: bool = True, match: str = "") -> None:
        """Lose the answers of the next requests: after they were carried out, or before."""
        left = [times]

        def fault(method: str, body: Any) -> Any:
            if left[0] <= 0 or (match and method != match):
                return None
            left[0] -= 1
            if after:
                self._answer(method, body)
            return requests.ReadTimeout("lost /rest/1/s3cretk3y/")

        self.faults.append(fault)

    def close(self) -> None:
        """Nothing to close."""

    def _response(self, request: Any, status: int, payload: Any, headers: Any = None) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response.request, response.url = request, request.url
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        response._content = content
        response.raw = urllib3.HTTPResponse(io.BytesIO(content), status=status, preload_content=False)
        response.headers.update({"Content-Type": "application/json", **(headers or {})})
        return response

    # The portal

    def _answer(self, method: str, body: Any) -> tuple[int, Any]:
        if method == "batch":
            return 200, self._batch(body)
        status, answer = self._call(method, body)
        return status, {**answer, "time": {"duration": 0.01, "operating": 0}}

    def _batch(self, body: Any) -> Any:
        results, errors, totals, nexts = {}, {}, {}, {}
        assert len(body["cmd"]) <= 50
        started = self.clock.monotonic()
        for key, command in body["cmd"].items():
            name, params = php_command(command)
            params = self._substitute(params, results)
            self.clock.sleep(self.seconds_per_command)
            _, answer = self._call(name, params)
            if "error" in answer:
                errors[key] = answer
                if int(body.get("halt", 0)):
                    break
                continue
            results[key] = answer["result"]
            if "total" in answer:
                totals[key] = answer["total"]
            if "next" in answer:
                nexts[key] = answer["next"]
        duration = self.clock.monotonic() - started
        maps = {"result": results, "result_error": errors, "result_total": totals, "result_next": nexts}
        shaped = {name: value or [] for name, value in maps.items()}
        return {"result": {**shaped, "result_time": []}, "time": {"duration": duration}}

    def _substitute(self, value: Any, results: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._substitute(item, results) for name, item in value.items()}
        if isinstance(value, list):
            return [self._substitute(item, results) for item in value]
        match = re.fullmatch(r"(\w*)\$result((?:\[\w+\])+)", value)
        if not match:
            return value
        found: Any = results
        for step in re.findall(r"\[(\w+)\]", match[2]):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (LookupError, ValueError):
                break  # the vendor stops at the last level that exists
        return f"{match[1]}{found}" if match[1] else found

    def _call(self, method: str, params: Any) -> tuple[int, Any]:
        for rule in list(self.rules):
            answer = rule(method, params)
            if answer is not None:
                return 400, answer
        self.executed.append((method, params))
        if method in self.methods:
            return 200, {"result": self.methods[method](params)}
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if handler is None:
            return 404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}
        return handler(params)

    def _crm_item_list(self, params: Any) -> tuple[int, Any]:
        rows = sorted(self.items.values(), key=lambda row: row["id"])
        for key, wanted in (params.get("filter") or {}).items():
            rows = [row for row in rows if _matches(row, key, wanted)]
        start = int(params.get("start", 0))
        offset = max(start, 0)
        answer: dict[str, Any] = {"result": {"items": rows[offset : offset + 50]}}
        if start >= 0:
            answer["total"] = len(rows)
            if len(rows) > offset + 50:
                answer["next"] = offset + 50
        return 200, answer

    def _crm_item_fields(self, params: Any) -> tuple[int, Any]:
        names = ["id", "title", "stageId", "opportunity", "originId", "originatorId", "createdTime", "xmlId"]
        fields = {
            name: {"type": "string", "isReadOnly": name in ("id", "createdTime"), "title": name}
            for name in names
        }
        fields["UF_CRM_TARIFF"] = {"type": "string", "upperName": "UF_CRM_TARIFF", "isReadOnly": False}
        return 200, {"result": {"fields": fields}}

    def _crm_item_get(self, params: Any) -> tuple[int, Any]:
        item = self.items.get(int(params["id"]))
        if item is None:
            return 400, {"error": "NOT_FOUND", "error_description": "Element not found"}
        return 200, {"result": {"item": item}}

    def _crm_item_add(self, params: Any) -> tuple[int, Any]:
        number = max(self.items, default=0) + 1
        self.items[number] = {"id": number, "createdTime": "2025-03-03T09:00:00+03:00", **params["fields"]}
        return 200, {"result": {"item": self.items[number]}}

    def _crm_item_update(self, params: Any) -> tuple[int, Any]:
        status, answer = self._crm_item_get(params)
        if "result" in answer:
            answer["result"]["item"].update(params["fields"])
        return status, answer

    def _crm_item_delete(self, params: Any) -> tuple[int, Any]:
        status, answer = self._crm_item_get(params)
        if "result" in answer:
            del self.items[int(params["id"])]
            answer = {"result": []}
        return status, answer


def _matches(row: dict[str, Any], key: str, wanted: Any) -> bool:
    prefix, name = re.fullmatch(r"([!=<>@%]*)(.*)", key).groups()  # type: ignore[union-attr]
    value = row.get(name)
    if prefix == ">" and not isinstance(wanted, str | int):
        return True  # what a reference to nothing ends as
    if prefix == ">":
        return int(value) > int(wanted)  # type: ignore[arg-type]
    if isinstance(wanted, list):
        return str(value) in map(str, wanted)
    return str(value) == str(wanted)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 3, 3, 6, tzinfo=UTC))


@pytest.fixture
def portal(clock: ManualClock) -> Portal:
    return Portal(clock)


@pytest.fixture
def session(portal: Portal) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.mount("https://", portal)
        yield made


@pytest.fixture
def make_client(session: requests.Session, clock: ManualClock) -> Iterator[Callable[..., Bitrix24]]:
    made: list[Bitrix24] = []

    def make(url: str = "https://acme.bitrix24.ru/rest/1/s3cretk3y/", **options: Any) -> Bitrix24:
        options = {"workers": 1, "clock": clock, "random": lambda: 0.0, "session": session, **options}
        made.append(Bitrix24(url, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def b24(make_client: Callable[..., Bitrix24]) -> Bitrix24:
    return make_client()


# Resources: one documented call each.

Case = tuple[str, Any, Callable[[Bitrix24], Any], Any, Any]
"""A method, its answer, what is done with the client, the parameters to be sent, the result."""
TASK_FIELDS = {"fields": {"TITLE": {}, "DEADLINE": {}, "UF_CRM_TASK": {}, "STATUS": {}, "XML_ID": {}}}


def names(cases: list[Case]) -> list[str]:
    return [f"{number}-{case[0]}" for number, case in enumerate(cases)]


def check(case: Case, b24: Bitrix24, portal: Portal) -> None:
    method, answer, act, params, expected = case
    portal.methods["tasks.task.getFields"] = lambda _: TASK_FIELDS
    portal.methods[method] = lambda _: answer
    assert act(b24) == expected
    sent = [body for name, body in portal.requests if name == method]
    assert params.items() <= sent[0].items()
