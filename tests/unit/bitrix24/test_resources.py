"""Every resource sends the documented call and returns typed objects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.encoding import File
from crmkit.bitrix24.resources.crm import stage_book
from crmkit.bitrix24.resources.office import document
from crmkit.exceptions import NotFound, OutcomeUnknown, ValidationError

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
STAGE = {"ID": "1", "STATUS_ID": "WON", "NAME": "Won", "SEMANTICS": "S"}
TASK = {"id": "8", "title": "T", "group": [], "accomplices": ["3"], "status": "2"}
FIELDS = {"fields": {"TITLE": {}, "DEADLINE": {}, "UF_CRM_TASK": {}, "STATUS": {}, "XML_ID": {}}}

Case = tuple[str, Any, Callable[[Bitrix24], Any], Any, Any]
CASES: list[Case] = [
    (
        "crm.item.productrow.set",
        {"productRows": [{"id": 1, "price": "10.5"}]},
        lambda b: b.products.set(128, 5, [{"productName": "x", "price": 10.5}])[0].price,
        {"ownerType": "T80", "ownerId": 5, "productRows": [{"productName": "x", "price": 10.5}]},
        10.5,
    ),
    (
        "crm.item.productrow.list",
        {"productRows": [{"id": 1, "ownerId": 5}]},
        lambda b: [row.owner_id for row in b.products.list(2, 5)],
        {"filter": {"=ownerType": "D", "=ownerId": 5}},
        [5],
    ),
    (
        "crm.category.list",
        {"categories": [{"id": 0, "name": "Main", "isDefault": "Y"}]},
        lambda b: [(c.id, c.is_default) for c in b.categories.list()],
        {"entityTypeId": 2},
        [(0, True)],
    ),
    (
        "crm.category.add",
        {"category": {"id": 3, "name": "N"}},
        lambda b: b.categories.create("N", sort=200).id,
        {"entityTypeId": 2, "fields": {"name": "N", "sort": 200}},
        3,
    ),
    (
        "crm.category.update",
        {"category": {"id": 3, "name": "M"}},
        lambda b: b.categories.update(3, name="M").name,
        {"entityTypeId": 2, "id": 3, "fields": {"name": "M"}},
        "M",
    ),
    ("crm.category.delete", None, lambda b: b.categories.delete(3), {"entityTypeId": 2, "id": 3}, None),
    (
        "crm.status.list",
        [STAGE],
        lambda b: [(s.status_id, s.is_success, s.is_failure) for s in b.stages.list(2, 9)],
        {"filter": {"ENTITY_ID": "DEAL_STAGE_9"}},
        [("WON", True, False)],
    ),
    (
        "crm.status.add",
        "12",
        lambda b: b.stages.create("DEAL_STAGE", "X", "Name", sort=25),
        {"fields": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "X", "NAME": "Name", "SORT": 25}},
        12,
    ),
    (
        "crm.status.update",
        True,
        lambda b: b.stages.update(1, name="N"),
        {"id": 1, "fields": {"NAME": "N"}},
        None,
    ),
    ("crm.status.delete", True, lambda b: b.stages.delete(1), {"id": 1}, None),
    (
        "crm.stagehistory.list",
        {"items": [{"ID": "1", "OWNER_ID": "7", "CREATED_TIME": "2025-03-03T09:00:00+03:00"}]},
        lambda b: [(m.owner_id, m.created_time) for m in b.stage_history.list(owners={7}, since=NOON)],
        {"entityTypeId": 2, "filter": {"@OWNER_ID": [7], ">=CREATED_TIME": "2025-03-03T12:00:00+00:00"}},
        [(7, datetime(2025, 3, 3, 6, tzinfo=UTC))],
    ),
    (
        "crm.type.list",
        {"types": [{"id": 1, "entityTypeId": 128}]},
        lambda b: [t.entity_type_id for t in b.types.list()],
        {},
        [128],
    ),
    (
        "userfieldconfig.add",
        {"field": {"id": "5", "fieldName": "UF_CRM_X", "multiple": "N"}},
        lambda b: b.user_fields.create("UF_CRM_X", "enumeration", label="Икс", options=["a", "b"]).id,
        {
            "moduleId": "crm",
            "field": {
                "entityId": "CRM_DEAL",
                "fieldName": "UF_CRM_X",
                "userTypeId": "enumeration",
                "multiple": "N",
                "editFormLabel": {"ru": "Икс"},
                "enum": [{"value": "a", "sort": 10}, {"value": "b", "sort": 20}],
            },
        },
        5,
    ),
    (
        "userfieldconfig.list",
        {"fields": [{"id": "5", "entityId": "CRM_7"}]},
        lambda b: [f.entity_id for f in b.user_fields.list(128, type_id=7)],
        {"moduleId": "crm", "filter": {"entityId": "CRM_7"}},
        ["CRM_7"],
    ),
    ("userfieldconfig.delete", None, lambda b: b.user_fields.delete(5), {"moduleId": "crm", "id": 5}, None),
    (
        "crm.timeline.comment.add",
        999,
        lambda b: b.comments.create(128, 5, "text", files=[File("a.txt", b"hi")]),
        {
            "fields": {
                "ENTITY_TYPE": "dynamic_128",
                "ENTITY_ID": 5,
                "COMMENT": "text",
                "FILES": [["a.txt", "aGk="]],
            }
        },
        999,
    ),
    (
        "crm.timeline.comment.list",
        [{"ID": "4", "COMMENT": "c", "AUTHOR_ID": "1", "FILES": []}],
        lambda b: [c.comment for c in b.comments.list(2, 5)],
        {"filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": 5}},
        ["c"],
    ),
    (
        "crm.timeline.comment.update",
        True,
        lambda b: b.comments.update(4, "d"),
        {"id": 4, "fields": {"COMMENT": "d"}},
        None,
    ),
    ("crm.timeline.comment.delete", True, lambda b: b.comments.delete(4), {"id": 4}, None),
    (
        "crm.timeline.logmessage.add",
        {"logMessage": {"id": 6}},
        lambda b: b.comments.log(2, 5, "Title", "Text"),
        {"fields": {"entityTypeId": 2, "entityId": 5, "title": "Title", "text": "Text", "iconCode": "info"}},
        6,
    ),
    (
        "crm.activity.get",
        {"ID": "3", "COMPLETED": "Y"},
        lambda b: b.activities.get(3).completed,
        {"id": 3},
        True,
    ),
    ("crm.activity.delete", True, lambda b: b.activities.delete(3), {"id": 3}, None),
    (
        "crm.activity.todo.add",
        {"id": 999},
        lambda b: b.activities.todo(2, 5, deadline=NOON, title="Call", responsible=7, remind=[0, 15]),
        {
            "ownerTypeId": 2,
            "ownerId": 5,
            "deadline": "2025-03-03T12:00:00+00:00",
            "title": "Call",
            "responsibleId": 7,
            "pingOffsets": [0, 15],
        },
        999,
    ),
    (
        "crm.requisite.add",
        "3",
        lambda b: b.requisites.create(4, 7, preset=1, name="R", rq_inn="77"),
        {"fields": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 7, "PRESET_ID": 1, "NAME": "R", "RQ_INN": "77"}},
        3,
    ),
    (
        "crm.requisite.list",
        [{"ID": "3", "RQ_INN": 7707}],
        lambda b: [r.rq_inn for r in b.requisites.list(4, 7)],
        {"filter": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 7}},
        ["7707"],
    ),
    (
        "crm.requisite.update",
        True,
        lambda b: b.requisites.update(3, name="S"),
        {"id": 3, "fields": {"NAME": "S"}},
        None,
    ),
    ("crm.requisite.delete", True, lambda b: b.requisites.delete(3), {"id": 3}, None),
    (
        "tasks.task.get",
        {"task": TASK},
        lambda b: (b.tasks.get(8).accomplices, b.tasks.get(8).group),
        {"taskId": 8},
        ((3,), {}),
    ),
    (
        "tasks.task.list",
        {"tasks": [TASK]},
        lambda b: [t.status for t in b.tasks.of(2, 10)],
        {"filter": {"UF_CRM_TASK": "D_10"}, "order": {"ID": "ASC"}},
        [2],
    ),
    (
        "tasks.task.add",
        {"task": TASK},
        lambda b: b.tasks.create("T", 3, key="k", deadline=NOON, uf_crm_task=["D_1"]).id,
        {
            "fields": {
                "TITLE": "T",
                "RESPONSIBLE_ID": 3,
                "DEADLINE": "2025-03-03T12:00:00+00:00",
                "UF_CRM_TASK": ["D_1"],
                "XML_ID": "k",
            }
        },
        8,
    ),
    (
        "tasks.task.update",
        {"task": TASK},
        lambda b: b.tasks.update(8, title="U"),
        {"taskId": 8, "fields": {"TITLE": "U"}},
        None,
    ),
    ("tasks.task.complete", {"task": TASK}, lambda b: b.tasks.complete(8), {"taskId": 8}, None),
    ("tasks.task.renew", {"task": TASK}, lambda b: b.tasks.renew(8), {"taskId": 8}, None),
    (
        "tasks.task.delegate",
        {"task": TASK},
        lambda b: b.tasks.delegate(8, 4),
        {"taskId": 8, "userId": 4},
        None,
    ),
    ("tasks.task.delete", {"task": True}, lambda b: b.tasks.delete(8), {"taskId": 8}, None),
    (
        "tasks.task.chat.message.send",
        {"result": True},
        lambda b: b.tasks.message(8, "hello"),
        {"fields": {"taskId": 8, "text": "hello"}},
        {"result": True},
    ),
    (
        "task.checklistitem.add",
        475,
        lambda b: b.tasks.checklist.add(8, "Do", is_complete=False),
        {"TASKID": 8, "FIELDS": {"TITLE": "Do", "IS_COMPLETE": "N"}},
        475,
    ),
    (
        "task.checklistitem.getlist",
        [{"ID": "1", "TITLE": "Do", "IS_COMPLETE": "Y"}],
        lambda b: [i.is_complete for i in b.tasks.checklist.list(8)],
        {"TASKID": 8},
        [True],
    ),
    (
        "task.checklistitem.complete",
        True,
        lambda b: b.tasks.checklist.complete(8, 1),
        {"TASKID": 8, "ITEMID": 1},
        None,
    ),
    (
        "task.checklistitem.delete",
        True,
        lambda b: b.tasks.checklist.delete(8, 1),
        {"TASKID": 8, "ITEMID": 1},
        None,
    ),
    (
        "task.elapseditem.add",
        5,
        lambda b: b.tasks.time.add(8, 60, "c"),
        {"TASKID": 8, "ARFIELDS": {"SECONDS": 60, "COMMENT_TEXT": "c"}},
        5,
    ),
    (
        "task.elapseditem.getlist",
        [{"ID": "1", "SECONDS": "60"}],
        lambda b: [r.seconds for r in b.tasks.time.list(8)],
        {"TASKID": 8},
        [60],
    ),
    ("user.get", [{"ID": "7", "NAME": "N"}], lambda b: b.users.get(7).name, {"FILTER": {"ID": 7}}, "N"),
    (
        "user.get",
        [{"ID": "7", "TIMESTAMP_X": {}, "UF_DEPARTMENT": [1]}],
        lambda b: [u.uf_department for u in b.users.list({"ACTIVE": True})],
        {"FILTER": {"ACTIVE": "Y"}, "sort": "ID", "order": "ASC"},
        [(1,)],
    ),
    ("user.current", {"ID": "1"}, lambda b: b.users.current().id, {}, 1),
    (
        "user.add",
        "55",
        lambda b: b.users.invite("a@b.c", departments=[1], name="N"),
        {"EMAIL": "a@b.c", "UF_DEPARTMENT": [1], "NAME": "N"},
        55,
    ),
    (
        "user.add",
        56,
        lambda b: b.users.invite_extranet("a@b.c", groups=[12], message="Hi"),
        {"EMAIL": "a@b.c", "EXTRANET": "Y", "SONET_GROUP_ID": [12], "MESSAGE_TEXT": "Hi"},
        56,
    ),
    (
        "user.update",
        True,
        lambda b: b.users.update(7, work_position="W"),
        {"ID": 7, "WORK_POSITION": "W"},
        None,
    ),
    (
        "department.get",
        [{"ID": "1", "PARENT": "0"}],
        lambda b: [d.parent for d in b.departments.list()],
        {},
        [None],
    ),
    (
        "im.notify.personal.add",
        False,
        lambda b: b.notifications.personal(7, "text"),
        {"USER_ID": 7, "MESSAGE": "text"},
        None,
    ),
    (
        "im.notify.system.add",
        12,
        lambda b: b.notifications.system(7, "text", tag="deal-1"),
        {"USER_ID": 7, "MESSAGE": "text", "TAG": "deal-1", "CLIENT_ID": "crmkit"},
        12,
    ),
    (
        "sonet_group.create",
        "69",
        lambda b: b.groups.create("G", owner=5, project="Y"),
        {"NAME": "G", "PROJECT": "Y", "OWNER_ID": 5},
        69,
    ),
    (
        "sonet_group.get",
        [{"ID": "69", "IS_EXTRANET": "Y"}],
        lambda b: [g.is_extranet for g in b.groups.list()],
        {},
        [True],
    ),
    ("sonet_group.update", 69, lambda b: b.groups.update(69, name="H"), {"GROUP_ID": 69, "NAME": "H"}, None),
    ("sonet_group.delete", True, lambda b: b.groups.delete(69), {"GROUP_ID": 69}, None),
    (
        "sonet_group.user.get",
        [{"USER_ID": "5", "ROLE": "A"}],
        lambda b: [(m.user_id, m.role) for m in b.groups.members(69)],
        {"ID": 69},
        [(5, "A")],
    ),
    (
        "sonet_group.user.invite",
        ["1271"],
        lambda b: b.groups.invite(69, [1271], "come"),
        {"GROUP_ID": 69, "USER_ID": [1271], "MESSAGE": "come"},
        (1271,),
    ),
    ("sonet_group.user.invite", [], lambda b: b.groups.invite(69, [1]), {"GROUP_ID": 69, "USER_ID": [1]}, ()),
    ("sonet_group.user.add", ["1"], lambda b: b.groups.add(69, [1]), {"GROUP_ID": 69, "USER_ID": [1]}, (1,)),
    ("sonet_group.user.delete", True, lambda b: b.groups.remove(69, 1), {"GROUP_ID": 69, "USER_ID": 1}, None),
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


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_resource_sends_the_documented_call(b24: Bitrix24, portal: Any, case: Case) -> None:
    method, answer, act, params, expected = case
    portal.methods["tasks.task.getFields"] = lambda _: FIELDS
    portal.methods[method] = lambda _: answer
    assert act(b24) == expected
    sent = [body for name, body in portal.requests if name == method]
    assert params.items() <= sent[0].items()


def test_activities_are_filtered_by_known_fields_only(b24: Bitrix24, portal: Any) -> None:
    portal.methods["crm.activity.fields"] = lambda _: {"ID": {}, "LAST_UPDATED": {}, "COMPLETED": {}}
    portal.methods["crm.activity.list"] = lambda _: [{"ID": "1", "COMPLETED": "N"}]
    found = list(b24.activities.list(2, 5, filter={">=last_updated": NOON}))
    assert found[0].completed is False
    sent = portal.requests[-1][1]["filter"]
    assert sent == {"OWNER_TYPE_ID": 2, "OWNER_ID": 5, ">=LAST_UPDATED": "2025-03-03T12:00:00+00:00"}
    with pytest.raises(ValidationError):
        b24.activities.list(filter={"DEADLIN": 1})


def test_duplicates_say_which_value_matched(b24: Bitrix24, portal: Any) -> None:
    portal.methods["crm.duplicate.findbycomm"] = lambda p: (
        {"CONTACT": ["275"]} if p["values"] == ["+71"] else []
    )
    assert b24.duplicates.find("PHONE", ["+71", "+72"]) == {"+71": {"CONTACT": (275,)}, "+72": {}}
    assert len(portal.requests) == 1


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


def test_missing_user(b24: Bitrix24, portal: Any) -> None:
    portal.methods["user.get"] = lambda _: []
    with pytest.raises(NotFound):
        b24.users.get(5)


def test_task_and_list_element_are_made_once(b24: Bitrix24, portal: Any) -> None:
    made: dict[str, Any] = {}

    def add(params: Any) -> Any:
        made[params["fields"]["XML_ID"]] = {"id": "8", "title": "T", "xmlId": params["fields"]["XML_ID"]}
        return {"task": made["k"]}

    portal.methods.update(
        {
            "tasks.task.getFields": lambda _: FIELDS,
            "tasks.task.add": add,
            "tasks.task.list": lambda params: {"tasks": [made[key] for key in params["filter"]["XML_ID"]]},
            "lists.element.add": lambda _: 9,
            "lists.element.get": lambda _: [{"ID": "9", "CODE": "c"}],
        }
    )
    portal.lose(match="tasks.task.add")
    assert b24.tasks.create("T", 1, key="k").id == 8
    portal.lose(match="lists.element.add")
    assert b24.lists.add(47, "c", {}) == 9
    assert [name for name, _ in portal.executed].count("lists.element.add") == 1


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


def test_user_field_names_are_checked_before_sending(b24: Bitrix24, portal: Any) -> None:
    for name in ("X", "UF_CRM_x", "UF_CRM_" + "X" * 50):
        with pytest.raises(ValidationError):
            b24.user_fields.create(name, "string", label="x")
    assert not portal.requests


def test_names_of_books_and_documents() -> None:
    assert [stage_book(1), stage_book(2), stage_book(31, 4)] == [
        "STATUS",
        "DEAL_STAGE",
        "SMART_INVOICE_STAGE_4",
    ]
    assert document(147, 1) == (
        "crm",
        "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic",
        "DYNAMIC_147_1",
    )


def test_file_from_disk(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hi")
    assert File.read(tmp_path / "a.txt") == File("a.txt", b"hi")
