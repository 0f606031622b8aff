"""The vendor's documented answers, errors and requests, through the client without exception or loss."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from crmkit.bitrix24 import models
from crmkit.bitrix24.catalogue import generate
from crmkit.bitrix24.catalogue.table import load
from crmkit.bitrix24.encoding import normalise, to_command, to_json
from crmkit.bitrix24.envelope import as_map, is_error, parse, rows_of
from crmkit.bitrix24.errors import Classifier, error_from
from crmkit.bitrix24.events import Event
from crmkit.bitrix24.models import Model
from crmkit.clock import SystemClock
from crmkit.exceptions import ApiError
from crmkit.transport import Effect, Request, Response

SPECS = Path(__file__).parents[3] / "shared" / "specs"
METHODS, EXAMPLES = SPECS / "bitrix24-methods.jsonl", SPECS / "bitrix24-examples.jsonl"
pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the vendor's description is not on this machine"
)


def _helper() -> Any:
    """The PHP decoder of the unit tests: one of its kind, kept apart from the encoder."""
    place = Path(__file__).parents[1] / "unit" / "bitrix24" / "conftest.py"
    spec = importlib.util.spec_from_file_location("bitrix24_php", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


php_command = _helper().php_command


def examples() -> Iterator[dict[str, Any]]:
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def classified(method: str, body: Any) -> Any:
    request = Request("POST", f"/{method}", method, Effect.READ)
    return Classifier(SystemClock())(request, Response(200, {}, json.dumps(body).encode()))


def test_every_documented_answer_is_a_success_and_keeps_every_key() -> None:
    seen = 0
    for example in examples():
        for body in example["responses"]:
            assert classified(example["method"], body) is None, example["method"]
            envelope = parse(json.dumps(body))
            seen += 1
            if not isinstance(body, dict):
                assert envelope.result == body
                continue
            around = {k: v for k, v in body.items() if k in ("time", "total", "next", "result")}
            rest = {k: v for k, v in body.items() if k not in around}
            assert envelope.result == body.get("result", rest)
            assert envelope.time == as_map(body.get("time"))
            assert [envelope.total, envelope.next] == [
                int(body[name]) if name in body else None for name in ("total", "next")
            ]
    assert seen > 1000


def test_every_documented_error_is_an_exception_with_its_code() -> None:
    seen = 0
    for example in examples():
        for body in example["errors"]:
            failure = classified(example["method"], body)
            assert failure is not None, example["method"]
            error = failure.error
            assert isinstance(error, ApiError)
            code = body["error"]["code"] if isinstance(body["error"], dict) else body["error"]
            assert error.code == str(code).strip()
            assert error.raw == body
            assert error.method == example["method"]
            assert str(error_from(body, method=example["method"])) == str(error)
            seen += 1
    assert seen > 1000


def test_families_of_codes_have_their_classes() -> None:
    plain = [
        (example["method"], body)
        for example in examples()
        for body in example["errors"]
        if type(error_from(body, method="x", status=400)) is ApiError
    ]
    assert len(plain) < 420, "codes without a class of their own; most are 0 and the empty code"
    assert not [
        method for method, body in plain if str(body["error"]).endswith(("NOT_FOUND", "ACCESS_DENIED"))
    ]


def as_text(value: Any) -> Any:
    """What forms can carry of a JSON value: texts, no empty maps, arrays as lists."""
    if isinstance(value, dict):
        items = {str(k): as_text(v) for k, v in value.items() if v != {}}
        return list(items.values()) if list(items) == [str(i) for i in range(len(items))] else items
    if isinstance(value, list):
        return [[""] if v == {} else as_text(v) for v in value] or [""]
    return value if isinstance(value, str) else str(value)


def test_every_documented_request_means_the_same_alone_and_in_a_batch() -> None:
    seen = 0
    for example in examples():
        if example["rest_version"] == 3:
            continue
        for call in example["requests"]:
            method, body = call["method"], call["body"]
            single = json.loads(to_json(method, body))
            name, batched = php_command(to_command(method, body))
            seen += 1
            assert name == method
            assert single == normalise(method, body)
            empty = {k for k, v in body.items() if v == []} if isinstance(body, dict) else set()
            left = {k: v for k, v in single.items() if k not in empty} if empty else single
            assert as_text(batched) == as_text(left), method
    assert seen > 1900


def test_single_calls_carry_the_documented_values() -> None:
    """Besides null and booleans, which have one form for both ways, a body goes out as documented."""
    for example in examples():
        for call in example["requests"]:
            sent = json.loads(to_json(call["method"], call["body"]))
            assert _plain(sent) == _plain(call["body"]), call["method"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {"None": "", "True": "+", "Y": "+", "1": "+", "False": "-", "N": "-", "0": "-"}.get(
        str(value), value
    )


ROWS: dict[str, type[Model]] = {
    "crm.category.list": models.Category,
    "crm.status.list": models.Stage,
    "crm.stagehistory.list": models.StageChange,
    "crm.timeline.comment.list": models.TimelineComment,
    "crm.activity.list": models.Activity,
    "crm.type.list": models.SmartType,
    "crm.item.productrow.list": models.ProductRow,
    "crm.requisite.list": models.Requisite,
    "userfieldconfig.list": models.UserField,
    "tasks.task.list": models.Task,
    "task.checklistitem.getlist": models.ChecklistItem,
    "task.elapseditem.getlist": models.ElapsedTime,
    "user.get": models.User,
    "department.get": models.Department,
    "sonet_group.get": models.Group,
    "sonet_group.user.get": models.GroupMember,
    "bizproc.workflow.template.list": models.WorkflowTemplate,
    "bizproc.workflow.instances": models.Workflow,
    "calendar.event.get": models.CalendarEvent,
    "lists.element.get": models.ListElement,
    "disk.storage.getList": models.DiskObject,
    "disk.folder.getChildren": models.DiskObject,
    "event.get": models.EventHandler,
    "event.offline.get": models.OfflineEvent,
}
SINGLE: dict[str, tuple[str, type[Model]]] = {
    "crm.item.get": ("item", models.Item),
    "crm.item.add": ("item", models.Deal),
    "crm.item.update": ("item", models.Deal),
    "crm.category.add": ("category", models.Category),
    "crm.category.get": ("category", models.Category),
    "tasks.task.get": ("task", models.Task),
    "tasks.task.add": ("task", models.Task),
    "userfieldconfig.add": ("field", models.UserField),
    "crm.activity.get": ("", models.Activity),
    "crm.requisite.get": ("", models.Requisite),
    "disk.file.get": ("", models.DiskObject),
    "disk.folder.uploadFile": ("", models.DiskObject),
    "user.current": ("", models.User),
}


def _answers(methods: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The results of the documented answers; a body without ``result`` is a fragment of one and left out."""
    for example in examples():
        if example["method"] in methods and example["rest_version"] == 2:
            for body in example["responses"]:
                if "result" in body:
                    yield example["method"], body["result"]


def test_rows_of_documented_lists_fit_their_models() -> None:
    seen = set()
    for method, result in _answers(ROWS):
        for row in rows_of(method, result):
            _fits(ROWS[method], row)
            seen.add(method)
    assert len(seen) >= 12


def test_documented_objects_fit_their_models() -> None:
    seen = set()
    for method, result in _answers(SINGLE):
        key, model = SINGLE[method]
        _fits(model, result[key] if key else result)
        seen.add(method)
    assert len(seen) >= 7


def _fits(model: type[Model], row: dict[str, Any]) -> None:
    made = model.from_row(row)
    assert made.raw is row
    known = set(model.wire_names().values())
    assert set(row) <= known | set(made.model_extra or {})
    assert {k: row[k] for k in made.model_extra or {}} == made.model_extra


def test_catalogue_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([str(METHODS), "--examples", str(EXAMPLES), "--check"]) == 0, capsys.readouterr().err


def test_catalogue_has_every_documented_method() -> None:
    rows = [json.loads(line) for line in METHODS.read_text(encoding="utf-8").splitlines()]
    assert {row["method"] for row in rows} == {method.name for method in load()}
    assert len(load()) == len({(row["method"], row["rest_version"]) for row in rows})


def test_documented_batch_answer_is_an_answer() -> None:
    body = {"result": {"result": [], "result_error": [{"error": "", "error_description": "x"}]}}
    assert not is_error(body)
    assert as_map(as_map(parse(body).result)["result_error"]) == {
        "0": {"error": "", "error_description": "x"}
    }


EVENTS = SPECS / "bitrix24-events.jsonl"


def test_every_documented_event_is_read_from_its_form() -> None:
    seen = 0
    for line in EVENTS.read_text(encoding="utf-8").splitlines():
        documented = json.loads(line)
        for payload in documented["payloads"]:
            event = Event.from_form(urlencode(list(_flat(payload))).encode())
            assert event.name == str(payload["event"]).upper()
            assert event == Event.from_form(_texts(payload))
            if "application_token" in as_map(payload.get("auth")):
                event.verify(payload["auth"]["application_token"])
            seen += 1
    assert seen > 90


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        for key, item in as_map(value).items():
            yield from _flat(item, f"{name}[{key}]" if name else key)
    else:
        yield name, str(value)


def _texts(value: Any) -> Any:
    if isinstance(value, dict | list):
        return {k: _texts(v) for k, v in as_map(value).items() if v not in ({}, [])}
    return str(value)
