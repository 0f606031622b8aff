"""Business processes, calendars, lists, the drive, events."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.encoding import File
from crmkit.bitrix24.resources.office import document
from crmkit.exceptions import OutcomeUnknown, ValidationError

from .conftest import Case, check, names

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)

CASES: list[Case] = [
    (
        "bizproc.workflow.template.list",
        [{"ID": "1", "NAME": "W", "PARAMETERS": []}],
        lambda b: [t.parameters for t in b.workflows.templates({"MODULE_ID": "crm"})],
        {"FILTER": {"MODULE_ID": "crm"}},
        [{}],
    ),
    (
        "bizproc.workflow.start",
        "66e8.56",
        lambda b: b.workflows.start(1, 2, 777, {"User": "user_1"}),
        {
            "TEMPLATE_ID": 1,
            "DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_777"],
            "PARAMETERS": {"User": "user_1"},
        },
        "66e8.56",
    ),
    (
        "bizproc.workflow.terminate",
        True,
        lambda b: b.workflows.terminate("x", "why"),
        {"ID": "x", "STATUS": "why"},
        None,
    ),
    ("bizproc.workflow.kill", True, lambda b: b.workflows.kill("x"), {"ID": "x"}, None),
    (
        "bizproc.task.list",
        [{"ID": "5", "STATUS": "0"}],
        lambda b: [t.status for t in b.workflows.tasks()],
        {},
        [0],
    ),
    (
        "bizproc.task.complete",
        True,
        lambda b: b.workflows.complete(5, "no"),
        {"TASK_ID": 5, "STATUS": 2},
        None,
    ),
    (
        "calendar.event.get",
        [{"ID": "1", "NAME": "E"}],
        lambda b: [e.name for e in b.calendar.list(7, date(2025, 3, 3), date(2025, 3, 9))],
        {"type": "user", "ownerId": 7, "from": "2025-03-03", "to": "2025-03-09"},
        ["E"],
    ),
    (
        "calendar.event.add",
        1265,
        lambda b: b.calendar.create(7, "E", NOON, NOON, section=2, is_meeting="Y"),
        {
            "type": "user",
            "ownerId": 7,
            "name": "E",
            "from": "2025-03-03T12:00:00+00:00",
            "to": "2025-03-03T12:00:00+00:00",
            "section": 2,
            "skip_time": "N",
            "is_meeting": "Y",
        },
        1265,
    ),
    ("calendar.event.delete", True, lambda b: b.calendar.delete(5), {"id": 5}, None),
    (
        "lists.element.get",
        [{"ID": "5", "NAME": "E", "PROPERTY_1": {"1": "x"}}],
        lambda b: [e.raw["PROPERTY_1"] for e in b.lists.elements(47)],
        {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47},
        [{"1": "x"}],
    ),
    (
        "lists.element.add",
        6999,
        lambda b: b.lists_of("lists_socnet").add(47, "code", {"NAME": "E"}),
        {"IBLOCK_TYPE_ID": "lists_socnet", "IBLOCK_ID": 47, "ELEMENT_CODE": "code", "FIELDS": {"NAME": "E"}},
        6999,
    ),
    (
        "lists.element.update",
        True,
        lambda b: b.lists.update(47, 5, {"NAME": "F"}),
        {"ELEMENT_ID": 5, "FIELDS": {"NAME": "F"}},
        None,
    ),
    ("lists.element.delete", True, lambda b: b.lists.delete(47, 5), {"ELEMENT_ID": 5}, None),
    (
        "disk.storage.getList",
        [{"ID": "1", "NAME": "S"}],
        lambda b: [s.name for s in b.disk.storages()],
        {},
        ["S"],
    ),
    (
        "disk.folder.getChildren",
        [{"ID": "2", "TYPE": "file"}],
        lambda b: [o.type for o in b.disk.children(1)],
        {"id": 1},
        ["file"],
    ),
    (
        "disk.folder.addSubFolder",
        {"ID": 3, "NAME": "F"},
        lambda b: b.disk.make_folder(1, "F").id,
        {"id": 1, "data": {"NAME": "F"}},
        3,
    ),
    (
        "disk.folder.uploadFile",
        {"ID": 4, "SIZE": "2"},
        lambda b: b.disk.upload(1, File("a.txt", b"hi"), rename=True).size,
        {"id": 1, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "aGk="], "generateUniqueName": 1},
        2,
    ),
    ("disk.file.markDeleted", {"ID": 4}, lambda b: b.disk.delete(4), {"id": 4}, None),
    (
        "event.bind",
        True,
        lambda b: b.events.bind("ONCRMDEALUPDATE", "https://h.example/x", user=15),
        {"event": "ONCRMDEALUPDATE", "handler": "https://h.example/x", "auth_type": 15},
        None,
    ),
    (
        "event.bind",
        True,
        lambda b: b.events.bind_offline("ONCRMDEALUPDATE", connector="crmkit"),
        {"event": "ONCRMDEALUPDATE", "event_type": "offline", "auth_connector": "crmkit"},
        None,
    ),
    (
        "event.unbind",
        {"count": 1},
        lambda b: b.events.unbind("ONX", "https://h.example/x"),
        {"event": "ONX"},
        1,
    ),
    (
        "event.get",
        [{"event": "ONX", "offline": 0}],
        lambda b: [h.event for h in b.events.list()],
        {},
        ["ONX"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_office_send_the_documented_call(b24: Bitrix24, portal: Any, case: Case) -> None:
    check(case, b24, portal)


def test_running_workflows_are_checked_again(b24: Bitrix24, portal: Any) -> None:
    row = {"MODULE_ID": "crm", "ENTITY": "CCrmDocumentDeal", "TEMPLATE_ID": "1"}
    rows = [{**row, "ID": "a", "DOCUMENT_ID": "DEAL_777"}, {**row, "ID": "b", "DOCUMENT_ID": "DEAL_778"}]
    portal.methods["bizproc.workflow.instances"] = lambda _: rows
    assert [w.id for w in b24.workflows.running(2, 777, template_id=1)] == ["a"]
    for wrong in ({"=ID": 1}, {"module_id": "crm"}):
        with pytest.raises(ValidationError):
            b24.workflows.templates(wrong)
    with pytest.raises(ValidationError):
        b24.workflows.complete(1, "maybe")


def test_a_started_workflow_whose_answer_is_lost_is_not_started_again(b24: Bitrix24, portal: Any) -> None:
    portal.methods["bizproc.workflow.start"] = lambda _: "x"
    portal.lose()
    with pytest.raises(OutcomeUnknown):
        b24.workflows.start(1, 2, 7)
    assert len(portal.requests) == 1


def test_a_list_element_is_made_once(b24: Bitrix24, portal: Any) -> None:
    portal.methods["lists.element.add"] = lambda _: 9
    portal.methods["lists.element.get"] = lambda _: [{"ID": "9", "CODE": "c"}]
    portal.lose(match="lists.element.add")
    assert b24.lists.add(47, "c", {}) == 9
    assert [name for name, _ in portal.executed].count("lists.element.add") == 1


def test_offline_queue_is_taken_without_deleting_and_then_cleared(b24: Bitrix24, portal: Any) -> None:
    event = {"ID": "1", "MESSAGE_ID": "m", "EVENT_DATA": False, "EVENT_ADDITIONAL": {"user_id": "5"}}
    portal.methods["event.offline.get"] = lambda _: {"process_id": "p", "events": [event]}
    portal.methods["event.offline.clear"] = portal.methods["event.offline.error"] = lambda _: True
    reserved = b24.events.take(connector="crmkit")
    assert (reserved.process_id, reserved.events[0].user_id, reserved.events[0].event_data) == ("p", 5, {})
    b24.events.done(reserved)
    b24.events.failed(reserved, ["m"])
    assert [body for _, body in portal.requests] == [
        {"limit": 50, "clear": 0, "auth_connector": "crmkit"},
        {"process_id": "p", "message_id": ["m"]},
        {"process_id": "p", "message_id": ["m"]},
    ]


def test_file_is_downloaded_whole(b24: Bitrix24, portal: Any, tmp_path: Path) -> None:
    url = "https://acme.bitrix24.ru/disk/downloadFile/5/"
    portal.methods["disk.file.get"] = lambda _: {"ID": 5, "DOWNLOAD_URL": url}
    portal.faults.append(lambda method, _: (200, b"content" * 1000) if method == "5" else None)
    saved = b24.disk.download(5, tmp_path / "a.bin")
    assert saved.read_bytes() == b"content" * 1000
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]
    portal.methods["disk.file.get"] = lambda _: {"ID": 5, "DOWNLOAD_URL": ""}
    with pytest.raises(ValidationError):
        b24.disk.download(5, tmp_path / "b.bin")


def test_names_of_documents() -> None:
    assert document(147, 1) == (
        "crm",
        "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic",
        "DYNAMIC_147_1",
    )


def test_file_from_disk(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hi")
    assert File.read(tmp_path / "a.txt") == File("a.txt", b"hi")
