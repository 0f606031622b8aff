"""What the receiver makes of requests that are forged, repeated, too large, or make no sense."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from crmkit.crm.adapters.bitrix24.door import Bitrix24Door
from crmkit.crm.adapters.planfix.door import PlanfixDoor
from crmkit.crm.doors import Incoming, Notice
from crmkit.crm.setup import Watch
from crmkit.exceptions import StoreError
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Engine, Receipt, Rule
from crmkit.runtime.service.counts import Outcome
from crmkit.runtime.service.receiver import MOST_BYTES, Gate, Receiver

SECRET = "not-a-real-secret-at-all"
WATCHES = (
    Watch("touched", stages="any"),
    Watch("decided", of="task", kind="approval", stages=("done",)),
    Watch("card", of="company", created=True),
)
PLANFIX = {
    "path": PlanfixDoor(ByPath(SECRET), WATCHES),
    "header": PlanfixDoor(ByHeader(SECRET), WATCHES),
    "hmac": PlanfixDoor(ByHmac(SECRET), WATCHES),
}
BITRIX24 = Bitrix24Door(SECRET)
UPDATE = b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=7&auth[application_token]="


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_engine("sqlite://", "inline")
    kinds = PLANFIX["path"].kinds(WATCHES) | BITRIX24.kinds(WATCHES)
    engine.add(Rule("r", kinds), lambda batch: None)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def receiver(engine: Engine) -> Receiver:
    doors = {**PLANFIX, "bitrix24": BITRIX24}
    return Receiver(engine, {name: Gate(f"portal:{name}", door) for name, door in doors.items()})


def post(
    receiver: Receiver, path: str, body: bytes = b"", *, parts: Sequence[bytes] = (), **headers: str
) -> int:
    place, _, query = path.partition("?")
    named = {"content_type": "application/x-www-form-urlencoded", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": place,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
    }
    return asyncio.run(_post(receiver, scope, list(parts) or [body]))


async def _post(receiver: Receiver, scope: dict[str, Any], parts: list[bytes]) -> int:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    await receiver.app(scope, receive, send)
    return statuses[0]


def outcomes(receiver: Receiver) -> dict[str, int]:
    return {str(one): count for one in Outcome if (count := receiver.counts.of(one))}


def signature(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


ACCEPTED: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "path": (f"/hooks/path/{SECRET}", b"task=7&event=touched", {}),
    "header": ("/hooks/header", b'{"task": "7", "event": "touched"}', {"x-crmkit-secret": SECRET}),
    "hmac": ("/hooks/hmac", b"task=7&event=touched", {"x-crmkit-signature": signature("7:touched")}),
    "bitrix24": ("/hooks/bitrix24", UPDATE + SECRET.encode(), {}),
    "robot": (f"/hooks/bitrix24/{SECRET}?event=touched", b"document_id[2]=DEAL_7", {}),
}


@pytest.mark.parametrize("how", ACCEPTED)
def test_what_proves_itself_is_on_the_disk_before_it_is_answered(
    receiver: Receiver, engine: Engine, how: str
) -> None:
    path, body, headers = ACCEPTED[how]
    assert post(receiver, path, body, **headers) == 200
    assert outcomes(receiver) == {"accepted": 1}
    assert engine.counters().waiting == 1


FORGED: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "no secret in the path": ("/hooks/path", b"task=7&event=touched", {}),
    "another secret in the path": ("/hooks/path/another-secret-than-ours", b"task=7&event=touched", {}),
    "another header": ("/hooks/header", b"task=7", {"x-crmkit-secret": SECRET[:-1]}),
    "the secret where it does not belong": (f"/hooks/header/{SECRET}", b"task=7", {}),
    "the signature of another task": (
        "/hooks/hmac",
        b"task=8",
        {"x-crmkit-signature": signature("7:touched")},
    ),
    "another application token": ("/hooks/bitrix24", UPDATE + b"another", {}),
    "no application token": ("/hooks/bitrix24", b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=7", {}),
    "a robot without the secret": ("/hooks/bitrix24?event=touched", b"document_id[2]=DEAL_7", {}),
    "no such portal": ("/hooks/nowhere", b"task=7&event=touched", {"x-crmkit-secret": SECRET}),
    "letters that are not ASCII": ("/hooks/path/тайна", b"task=7", {}),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_is_forged_is_refused_alike_and_leaves_nothing(
    receiver: Receiver, engine: Engine, how: str
) -> None:
    path, body, headers = FORGED[how]
    assert post(receiver, path, body, **headers) == 403
    assert outcomes(receiver) == {"refused": 1}
    assert engine.counters().waiting == 0


MALFORMED: dict[str, tuple[str, bytes]] = {
    "nothing": (f"/hooks/path/{SECRET}", b""),
    "half of a JSON": (f"/hooks/path/{SECRET}", b'{"task": '),
    "no number": (f"/hooks/path/{SECRET}", b"task=seven&event=touched"),
    "a placeholder": (f"/hooks/path/{SECRET}", "task={{Задача.Номер}}".encode()),
    "a task where a company was meant": (f"/hooks/path/{SECRET}", b"task=7&event=card"),
    "bytes": (f"/hooks/path/{SECRET}", bytes(range(256))),
    "a name that cannot be printed": (f"/hooks/path/{SECRET}", b"task=7&event=a%00b"),
    "an event without a number": (
        "/hooks/bitrix24",
        b"event=ONCRMDEALADD&auth[application_token]=" + SECRET.encode(),
    ),
    "a robot of nothing": (f"/hooks/bitrix24/{SECRET}", b"document_id[2]=LEAD_7"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_what_makes_no_sense_is_acknowledged_and_counted(
    receiver: Receiver, engine: Engine, how: str
) -> None:
    """Otherwise the vendor would send it again, and nothing else for minutes."""
    assert post(receiver, *MALFORMED[how]) == 200
    assert outcomes(receiver) == {"unreadable": 1}
    assert engine.counters().waiting == 0


def test_of_what_is_too_large_no_more_than_the_limit_is_read(receiver: Receiver) -> None:
    body = b"x" * (MOST_BYTES + 1)
    assert post(receiver, f"/hooks/path/{SECRET}", body) == 413
    assert post(receiver, f"/hooks/path/{SECRET}", b"", content_length=str(MOST_BYTES + 1)) == 413
    endless = [b"x" * 65536] * 6
    assert post(receiver, f"/hooks/path/{SECRET}", parts=endless) == 413
    assert outcomes(receiver) == {"too_large": 3}


def test_a_body_may_come_in_parts(receiver: Receiver) -> None:
    assert post(receiver, f"/hooks/path/{SECRET}", parts=[b"task=7&", b"event=touched"]) == 200
    assert outcomes(receiver) == {"accepted": 1}


def test_what_is_repeated_is_one_reason_to_look(receiver: Receiver, engine: Engine) -> None:
    for _ in range(5):
        assert post(receiver, f"/hooks/path/{SECRET}", b"task=7&event=touched") == 200
    numbers = engine.counters()
    assert (numbers.totals["new"], numbers.totals["duplicate"], numbers.waiting) == (1, 4, 1)


ABOUT: dict[str, tuple[bytes, str]] = {
    "a deal": (b"task=7&event=touched", "deal:7"),
    "a task": (b"task=7&event=decided", "task:7"),
    "a company": (b"contact=7&event=card", "company:7"),
    "a contact": (b"contact=7", "contact:7"),
    "an event without a name": (b"task=7", "deal:7"),
}


@pytest.mark.parametrize("what", ABOUT)
def test_the_name_of_a_planfix_event_tells_what_it_is_about(what: str) -> None:
    body, entity = ABOUT[what]
    (notice,) = PLANFIX["path"].read(Incoming(path=SECRET, body=body))
    assert str(notice.entity) == entity


EVENTS = {
    "ONCRMDEALADD&data[FIELDS][ID]=7": ["deal:7"],
    "ONCRMDEALMOVETOCATEGORY&data[FIELDS][ID]=7": ["deal:7"],
    "ONCRMCOMPANYUPDATE&data[FIELDS][ID]=7": ["company:7"],
    "ONCRMCONTACTDELETE&data[FIELDS][ID]=7": ["contact:7"],
    "ONTASKUPDATE&data[FIELDS_BEFORE][ID]=7": ["task:7"],
    "ONTASKCOMMENTADD&data[FIELDS_AFTER][ID]=99&data[FIELDS_AFTER][TASK_ID]=7": ["task:7"],
    "ONCRMTIMELINECOMMENTADD&data[FIELDS][ID]=7": [],
    "ONUSERADD&data[ID]=7": [],
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_an_event_of_bitrix24_is_about(event: str) -> None:
    body = f"event={event}&auth[application_token]={SECRET}&auth[access_token]=also-secret"
    notices = BITRIX24.read(Incoming(body=body.encode()))
    assert [str(notice.entity) for notice in notices] == EVENTS[event]
    assert "secret" not in json.dumps([dict(notice.payload) for notice in notices])


@pytest.mark.parametrize("error", [StoreError("the disk is full"), TimeoutError()], ids=["full", "slow"])
def test_what_could_not_be_stored_is_to_be_sent_again(
    receiver: Receiver, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def submit(_: object) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        future.set_exception(error)
        return future

    monkeypatch.setattr(engine, "submit", submit)
    assert post(receiver, f"/hooks/path/{SECRET}", b"task=7&event=touched") == 503
    assert outcomes(receiver) == {"not_stored": 1}


def test_a_door_that_breaks_stalls_no_queue(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Sequence[Notice]:
        raise RuntimeError(f"a bug, with {SECRET}")

    monkeypatch.setattr(PlanfixDoor, "read", broken)
    assert post(receiver, f"/hooks/path/{SECRET}", b"task=7&event=touched") == 200
    assert outcomes(receiver) == {"unreadable": 1}


def test_the_log_tells_events_but_neither_bodies_nor_secrets(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "crmkit.receiver")
    post(receiver, f"/hooks/path/{SECRET}", b"task=7&event=touched&phone=89120000000")
    post(receiver, "/hooks/path/another-secret-than-ours", b"task=7")
    facts = [getattr(record, "facts", {}) for record in caplog.records]
    assert [(one["portal"], one["status"], one["outcome"]) for one in facts] == [
        ("path", 200, "accepted"),
        ("path", 403, "refused"),
    ]
    assert facts[0]["events"] == ["touched deal:7"]
    told = " ".join(f"{record.getMessage()} {getattr(record, 'facts', '')}" for record in caplog.records)
    assert all(word not in told for word in (SECRET, "another-secret", "89120000000"))
