"""Comments, to-dos, activities, and what moves the last activity of an item."""

from __future__ import annotations

import pytest


@pytest.fixture
def deal(api):
    return api.deal(assignedById=4)


def last(api, number):
    found = api.call("crm.item.get", entityTypeId=2, id=number)["item"]
    return found["lastActivityTime"], found["lastActivityBy"]


def test_a_comment_of_somebody_else_moves_it_one_of_the_responsible_does_not(bench, box, api, deal):
    before = last(api, deal)
    box.clock.advance(days=1)
    fields = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal, "COMMENT": "сам"}
    bench.api(box, "user:4").call("crm.timeline.comment.add", fields=fields)
    assert last(api, deal) == before
    number = api.call(
        "crm.timeline.comment.add", fields=fields | {"COMMENT": "шеф", "FILES": [["a.txt", "YQ=="]]}
    )
    assert last(api, deal) == ("2025-03-04T09:00:00+03:00", 1)
    found = api.call("crm.timeline.comment.list", filter={"ENTITY_TYPE": "deal", "ENTITY_ID": deal})
    assert [(one["COMMENT"], one["AUTHOR_ID"]) for one in found] == [("сам", "4"), ("шеф", "1")]
    assert found[1]["FILES"]["1"]["name"] == "a.txt"
    assert api.call("crm.timeline.comment.update", id=number, fields={"COMMENT": "иначе"}) == number
    assert api.call("crm.timeline.comment.get", id=number)["COMMENT"] == "иначе"
    wrong = {"id": number, "ownerTypeId": 3, "ownerId": deal}
    assert api.refused("crm.timeline.comment.delete", **wrong)[1] == "OWNER_NOT_FOUND"
    assert api.call("crm.timeline.comment.delete", **wrong | {"ownerTypeId": 2}) is None
    assert api.refused("crm.timeline.comment.delete", id=number)[1] == "NOT_FOUND"
    assert api.refused("crm.timeline.comment.get", id=number)[1] == ""


def test_what_comments_refuse(api, deal):
    good = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal, "COMMENT": "x"}
    assert api.refused("crm.timeline.comment.add", FIELDS=good)[1] == "100"
    assert api.refused("crm.timeline.comment.add", fields=good | {"ENTITY_ID": 99})[1] == "OWNER_NOT_FOUND"
    assert api.refused("crm.timeline.comment.add", fields=good | {"COMMENT": ""})[1] == "INVALID_ARG_VALUE"
    assert api.refused("crm.timeline.comment.list", filter={"ENTITY_ID": deal})[1] == ""


def test_a_todo_moves_nothing_until_its_reminder(box, api, deal):
    before = last(api, deal)
    body = {
        "ownerTypeId": 2,
        "ownerId": deal,
        "deadline": "2025-03-03T15:00:00+03:00",
        "pingOffsets": [0, 15],
    }
    made = api.call("crm.activity.todo.add", **body, title="Позвонить", responsibleId=5)
    assert last(api, deal) == before
    box.clock.advance(hours=5, minutes=44)
    assert last(api, deal) == before
    box.clock.advance(minutes=1)
    assert last(api, deal) == ("2025-03-03T14:45:00+03:00", 5)
    found = api.call("crm.activity.list", filter={"BINDINGS": [{"OWNER_TYPE_ID": 2, "OWNER_ID": deal}]})
    assert (found[0]["SUBJECT"], found[0]["COMPLETED"], found[0]["RESPONSIBLE_ID"]) == ("Позвонить", "N", "5")
    api.call("crm.activity.update", id=made["id"], fields={"COMPLETED": "Y"})
    box.clock.advance(days=1)
    assert last(api, deal)[0] == "2025-03-03T14:45:00+03:00"
    assert (
        api.refused("crm.activity.todo.add", **body | {"deadline": "someday"})[1] == "WRONG_DATETIME_FORMAT"
    )
    assert api.refused("crm.activity.todo.add", **body | {"ownerId": 99})[1] == "OWNER_NOT_FOUND"
    owner = {"ownerTypeId": 2, "ownerId": deal}
    change = {"id": made["id"], "deadline": "2025-03-09T15:00:00+03:00", **owner}
    assert api.refused("crm.activity.todo.update", **change)[1] == "CAN_NOT_UPDATE_COMPLETED_TODO"
    other = api.call("crm.activity.todo.add", **body)["id"]
    moved = api.call("crm.activity.todo.update", **change | {"id": other, "title": "Написать"})
    assert api.call("crm.activity.get", id=moved["id"])["SUBJECT"] == "Написать"
    assert api.call("crm.activity.delete", id=made["id"]) is True
    assert api.refused("crm.activity.get", id=made["id"])[1] == "NOT_FOUND"


def test_a_deadline_moves_with_its_reminders(box, api, deal):
    owner = {"ownerTypeId": 2, "ownerId": deal}
    body = {**owner, "deadline": "2025-03-03T15:00:00+03:00", "pingOffsets": [15]}
    todo = api.call("crm.activity.todo.add", **body)["id"]
    later = {"id": todo, **owner, "value": "2025-03-04T15:00:00+03:00"}
    assert api.call("crm.activity.todo.updateDeadline", **later) == {"id": todo}
    before = last(api, deal)
    box.clock.advance(hours=12)
    assert last(api, deal) == before
    box.clock.advance(hours=17, minutes=45)
    assert last(api, deal)[0] == "2025-03-04T14:45:00+03:00"
    api.call("crm.activity.todo.updateResponsibleUser", **later | {"value": 6})
    assert api.call("crm.activity.get", id=todo)["RESPONSIBLE_ID"] == "6"
    wrong = api.refused("crm.activity.todo.updateDeadline", **later | {"ownerId": api.deal()})
    assert wrong[1] == "NOT_FOUND"


def test_an_incoming_call_moves_it_and_the_date_of_change_as_well(box, api, deal):
    box.clock.advance(days=2)
    box.act.call_in(deal)
    assert last(api, deal) == ("2025-03-05T09:00:00+03:00", 4)
    assert api.call("crm.deal.get", id=deal)["DATE_MODIFY"] == "2025-03-05T09:00:00+03:00"
    found = api.call("crm.activity.list", filter={"OWNER_TYPE_ID": 2, "OWNER_ID": deal, "DIRECTION": 1})
    assert found[0]["PROVIDER_ID"] == "VOXIMPLANT_CALL"


def test_changes_of_fields_and_stages_do_not(box, api, deal):
    before = last(api, deal)
    box.clock.advance(days=1)
    api.call("crm.item.update", entityTypeId=2, id=deal, fields={"stageId": "WON", "title": "Новое"})
    assert last(api, deal) == before


def test_a_service_entry(api, deal):
    fields = {"entityTypeId": 2, "entityId": deal, "title": "Робот", "text": "Проверено", "iconCode": "info"}
    assert api.call("crm.timeline.logmessage.add", fields=fields)["logMessage"]["title"] == "Робот"
    assert (
        api.refused("crm.timeline.logmessage.add", fields=fields | {"entityId": 99})[1] == "OWNER_NOT_FOUND"
    )
    assert api.refused("crm.timeline.logmessage.add", fields=fields | {"text": ""})[1] == "100"


def test_service_entries_come_in_pages_of_ten(api, bench, box, deal):
    owner = {"entityTypeId": 2, "entityId": deal}
    for number in range(1, 13):
        fields = {**owner, "title": f"Запись {number}", "text": "x", "iconCode": "info"}
        api.call("crm.timeline.logmessage.add", fields=fields)
        box.clock.advance(minutes=1)
    first = api.answer("crm.timeline.logmessage.list", **owner)
    assert (len(first["result"]), first["total"], first["next"]) == (10, 12, 10)
    assert first["result"][0]["title"] == "Запись 12"
    assert first["result"][0]["created"] == "2025-03-03T09:11:00+03:00"
    rest = api.call("crm.timeline.logmessage.list", **owner, start=10)
    assert [one["id"] for one in rest] == [2, 1]
    assert api.call("crm.timeline.logmessage.list", **owner, order={"id": "asc"})[0]["id"] == 1
    assert api.call("crm.timeline.logmessage.get", id=3)["logMessage"]["title"] == "Запись 3"
    other = bench.api(box, "user:4")
    assert other.refused("crm.timeline.logmessage.delete", id=3)[1] == "REMOVING_DISABLED"
    assert api.call("crm.timeline.logmessage.delete", id=3) is True
    assert api.refused("crm.timeline.logmessage.get", id=3)[1] == "NOT_FOUND"


def test_what_hangs_on_an_item_goes_with_it(api, box, deal):
    api.call("crm.timeline.comment.add", fields={"ENTITY_TYPE": "deal", "ENTITY_ID": deal, "COMMENT": "x"})
    api.call("crm.deal.delete", id=deal)
    assert len(box.portal.comments) == 0
