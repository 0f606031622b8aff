"""A Bitrix24 sandbox and a bare HTTP client for it: what the SDK does is no concern of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from crmkit.sandbox import Sandbox
from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox


class Api:
    """Plain requests with somebody's webhook, or with a token of the application."""

    def __init__(self, box: Bitrix24Sandbox, session: requests.Session, base: str, token: str = "") -> None:
        self.box = box
        self.session = session
        self.base = base
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def post(self, method: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.post(self.base + method, json=body, timeout=10, headers=self.headers, **more)

    def call(self, method: str, **params: Any) -> Any:
        """Return the result of a call that has to succeed."""
        return self.answer(method, **params)["result"]

    def answer(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.post(method, params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, **params: Any) -> tuple[int, Any, str]:
        """Return status, code and text of a call that has to be refused."""
        answer = self.post(method, params)
        told = answer.json()
        assert "error" in told, answer.text
        return answer.status_code, told["error"], told.get("error_description", "")

    def batch(self, cmd: Any, halt: Any = 0) -> dict[str, Any]:
        return self.call("batch", cmd=cmd, halt=halt)

    def ids(self, **filter_: Any) -> list[int]:
        body = {"entityTypeId": 2, "select": ["id"], "filter": filter_}
        return [item["id"] for item in self.call("crm.item.list", **body)["items"]]

    def deal(self, **fields: Any) -> int:
        return self.call("crm.item.add", entityTypeId=2, fields={"title": "Сделка", **fields})["item"]["id"]


class Bench:
    """Makes sandboxes and clients, and closes them."""

    def __init__(self) -> None:
        self._open: list[Any] = []

    def box(self, seed: str = "empty", **options: Any) -> Bitrix24Sandbox:
        options.setdefault("strict_limits", False)
        box = Sandbox.bitrix24(seed, **options).start()
        self._open.append(box)
        return box

    def session(self) -> requests.Session:
        session = requests.Session()
        self._open.append(session)
        return session

    def api(self, box: Bitrix24Sandbox | None = None, who: str = "admin", **options: Any) -> Api:
        box = box or self.box(**options)
        return Api(box, self.session(), box.webhook(who))

    def app(self, box: Bitrix24Sandbox, user: int = 1) -> Api:
        return Api(box, self.session(), box.portal.origin + "/rest/", box.app_token(user).access)

    def v3(self, box: Bitrix24Sandbox, who: str = "admin") -> Api:
        return Api(box, self.session(), box.webhook(who).replace("/rest/", "/rest/api/"))

    def close(self) -> None:
        for thing in reversed(self._open):
            thing.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def box(bench: Bench) -> Bitrix24Sandbox:
    """A portal with people, pipelines and fields, without items; nobody watches the rate."""
    return bench.box()


@pytest.fixture
def api(bench: Bench, box: Bitrix24Sandbox) -> Api:
    """The administrator's webhook of ``box``."""
    return bench.api(box)
