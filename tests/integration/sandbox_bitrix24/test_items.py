"""``crm.item.*``: names, types, silent losses, refusals, effects."""

from __future__ import annotations

import pytest


def item(api, number, entity_type=2, **more):
    return api.call("crm.item.get", entityTypeId=entity_type, id=number, **more)["item"]


def test_an_item_is_added_read_changed_and_deleted(api):
    made = api.call(
        "crm.item.add", entityTypeId=2, fields={"title": "Первая", "opportunity": "99.50", "assignedById": 4}
    )["item"]
    assert (made["title"], made["opportunity"], made["assignedById"], made["stageId"]) == (
        "Первая",
        99.5,
        4,
        "NEW",
    )
    assert made["createdTime"] == "2025-03-03T09:00:00+03:00"
    changed = api.call("crm.item.update", entityTypeId=2, id=made["id"], fields={"opportunity": 100})["item"]
    assert changed["opportunity"] == 100
    assert isinstance(changed["opportunity"], int)
    assert api.call("crm.item.delete", entityTypeId=2, id=made["id"]) == []
    assert api.refused("crm.item.get", entityTypeId=2, id=made["id"])[:2] == (400, "NOT_FOUND")


def test_a_wrong_type_and_a_wrong_number_look_the_same(api):
    assert api.refused("crm.item.get", entityTypeId=999, id=1)[1] == "NOT_FOUND"
    assert api.refused("crm.item.get", entityTypeId=2, id=1)[1] == "NOT_FOUND"


def test_parameters_have_exact_names(api):
    status, code, text = api.refused("crm.item.get", EntityTypeId=2, id=1)
    assert (status, code) == (400, "100")
    assert "entityTypeId" in text
    assert api.refused("crm.item.add", entityTypeId=2, FIELDS={})[1] == "100"


def test_unknown_and_read_only_fields_are_dropped_without_a_word(api):
    number = api.deal(noSuchField=5, createdBy=7, TITLE="old name", movedTime="2020-01-01T00:00:00+03:00")
    found = item(api, number)
    assert found["createdBy"] == 1
    assert found["title"] == "Сделка"
    assert found["movedTime"].startswith("2025-03-03")


def test_an_unreadable_date_is_dropped_and_dates_are_midnight_in_utc(api):
    number = api.deal(begindate="2024-04-19", closedate="someday")
    assert item(api, number)["begindate"] == "2024-04-19T03:00:00+03:00"
    assert item(api, number)["closedate"] is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [(True, "Y"), ("Y", "Y"), ("y", "Y"), ("true", "Y"), (1, "N"), ("1", "N"), (False, "N"), ("N", "N")],
)
def test_only_four_values_are_true(api, given, kept):
    assert item(api, api.deal(opened=given))["opened"] == kept


def test_stages_are_checked_and_carry_their_meaning(api):
    number = api.deal()
    status, code, _ = api.refused("crm.item.update", entityTypeId=2, id=number, fields={"stageId": "C1:NEW"})
    assert (status, code) == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    assert (
        api.refused("crm.item.add", entityTypeId=2, fields={"categoryId": 77})[1]
        == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    )
    won = api.call("crm.item.update", entityTypeId=2, id=number, fields={"stageId": "WON"})["item"]
    assert (won["closed"], won["stageSemanticId"], won["isNew"]) == ("Y", "S", "N")


def test_a_move_to_another_pipeline(api):
    number = api.deal(stageId="PREPARATION")
    moved = api.call("crm.item.update", entityTypeId=2, id=number, fields={"categoryId": 1})["item"]
    assert (moved["categoryId"], moved["stageId"]) == (1, "C1:NEW")
    history = api.call("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": number})["items"]
    assert [(one["TYPE_ID"], one["STAGE_ID"]) for one in history] == [("1", "PREPARATION"), ("5", "C1:NEW")]


def test_a_change_without_effect_saves_nothing(api, box):
    number = api.deal()
    box.clock.advance(hours=1)
    before = item(api, number)["updatedTime"]
    assert (
        api.call("crm.item.update", entityTypeId=2, id=number, fields={"title": "Сделка"})["item"][
            "updatedTime"
        ]
        == before
    )
    api.call("crm.deal.update", id=number, fields={"TITLE": "Сделка"})
    assert item(api, number)["updatedTime"] != before


def test_custom_fields_have_two_names(api, box):
    label = box.portal.kinds[2].fields["UF_CRM_LABEL"].enum
    number = api.deal(
        ufCrmLabel=[label[0]["ID"], str(label[1]["ID"])], ufCrmReleaseHold="Y", ufCrmNewAssignee="5"
    )
    found = item(api, number)
    assert found["ufCrmLabel"] == [label[0]["ID"], label[1]["ID"]]
    assert (found["ufCrmReleaseHold"], found["ufCrmNewAssignee"], found["ufCrmSnoozeUntil"]) == ("Y", 5, None)
    original = item(api, number, useOriginalUfNames="Y")
    assert original["UF_CRM_LABEL"] == found["ufCrmLabel"]
    assert "UF_CRM_LABEL" not in item(api, number, useOriginalUfNames=True)
    assert api.ids(ufCrmReleaseHold=1) == [number]
    assert api.refused("crm.item.update", entityTypeId=2, id=number, fields={"ufCrmLabel": 5})[1] == "100"
    cleared = api.call("crm.item.update", entityTypeId=2, id=number, fields={"ufCrmLabel": []})["item"]
    assert cleared["ufCrmLabel"] == []


def test_contacts_of_a_deal(api):
    people = [api.call("crm.contact.add", fields={"NAME": name}) for name in ("А", "Б")]
    number = api.deal(contactIds=people)
    assert item(api, number)["contactId"] == people[0]
    assert [one["CONTACT_ID"] for one in api.call("crm.deal.contact.items.get", id=number)] == people
    links = [{"CONTACT_ID": people[1], "IS_PRIMARY": "Y"}, {"CONTACT_ID": people[0]}]
    assert api.call("crm.deal.contact.items.set", id=number, items=links) is True
    assert item(api, number)["contactIds"] == people[::-1]
    assert api.call("crm.deal.contact.delete", id=number, fields={"CONTACT_ID": people[1]}) is True
    assert api.call("crm.deal.contact.delete", id=number, fields={"CONTACT_ID": people[1]}) is False
    assert api.call("crm.deal.contact.add", id=number, fields={"CONTACT_ID": people[1]}) is True
    assert item(api, number)["contactIds"] == people
    assert api.refused("crm.deal.contact.items.get", id=0)[1] == ""


def test_phones_of_a_contact_in_both_shapes(api):
    fm = [
        {"typeId": "PHONE", "valueType": "WORK", "value": "+79001112233"},
        {"value": "no type: lost"},
        "a text: lost",
    ]
    number = api.call("crm.item.add", entityTypeId=3, fields={"name": "Анна", "fm": fm})["item"]["id"]
    found = item(api, number, 3)
    assert [(one["typeId"], one["value"]) for one in found["fm"]] == [("PHONE", "+79001112233")]
    assert found["hasPhone"] == "Y"
    key = str(found["fm"][0]["id"])
    change = {
        key: {"value": "+7999"},
        "n0": {"typeId": "EMAIL", "valueType": "WORK", "value": "a@example.com"},
    }
    changed = api.call("crm.item.update", entityTypeId=3, id=number, fields={"fm": change})["item"]
    assert [one["value"] for one in changed["fm"]] == ["+7999", "a@example.com"]
    old = api.call("crm.contact.get", id=number)
    assert old["PHONE"] == [{"ID": key, "VALUE_TYPE": "WORK", "VALUE": "+7999", "TYPE_ID": "PHONE"}]
    api.call(
        "crm.contact.update",
        id=number,
        fields={"PHONE": [{"ID": key, "DELETE": "Y"}, {"VALUE": "+1", "VALUE_TYPE": "HOME"}]},
    )
    assert [one["VALUE"] for one in api.call("crm.contact.get", id=number)["PHONE"]] == ["+1"]


def test_import_starts_no_automation_and_administrators_may_set_dates(api, box, bench):
    from crmkit.sandbox.bitrix24.processes import Step

    box.portal.processes.add("Авто", 2, (Step("pause", seconds=60),), auto_execute=1)
    stamps = {"createdTime": "2025-03-01T10:00:00+03:00", "createdBy": 5}
    made = api.call("crm.item.import", entityTypeId=2, fields={"title": "Импорт", **stamps})
    found = item(api, made["item"]["id"])
    assert (found["createdTime"], found["createdBy"]) == ("2025-03-01T10:00:00+03:00", 5)
    assert not box.portal.processes.running
    api.deal()
    assert len(box.portal.processes.running) == 1
    older = {"title": "Старее", "createdTime": "2025-02-01T10:00:00+03:00"}
    assert (
        api.refused("crm.item.import", entityTypeId=2, fields=older)[1] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    )
    manager = bench.api(box, "user:4")
    assert (
        manager.refused("crm.item.import", entityTypeId=2, fields=stamps)[1]
        == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    )


def test_twenty_are_imported_at_once_each_with_its_outcome(api):
    data = [{"title": "a"}, {"title": "b", "stageId": "NOPE"}, {"title": "c"}]
    items = api.call("crm.item.batchImport", entityTypeId=2, data=data)["items"]
    assert [one.get("error") for one in items] == [None, "CRM_FIELD_ERROR_VALUE_NOT_VALID", None]
    keyed = api.call("crm.item.batchImport", entityTypeId=2, data={"x": {"title": "d"}})["items"]
    assert list(keyed) == ["x"]
    refusal = api.refused("crm.item.batchImport", entityTypeId=2, data=[{}] * 21)
    assert refusal[:2] == (400, "MAX_IMPORT_BATCH_SIZE_EXCEEDED")


def test_smart_processes_and_invoices_are_items_too(api, box):
    box.portal.add_smart_process(1042, 7, "Ремонт")
    category = api.call("crm.category.add", entityTypeId=1042, fields={"name": "Основная"})["category"]["id"]
    made = api.call("crm.item.add", entityTypeId=1042, fields={"title": "Р1", "categoryId": category})["item"]
    assert made["stageId"] == f"DT1042_{category}:NEW"
    field = {"entityId": "CRM_7", "fieldName": "UF_CRM_7_NOTE", "userTypeId": "string"}
    api.call("userfieldconfig.add", moduleId="crm", field=field)
    api.call("crm.item.update", entityTypeId=1042, id=made["id"], fields={"ufCrm7Note": "да"})
    assert item(api, made["id"], 1042)["ufCrm7Note"] == "да"
    assert [one["entityTypeId"] for one in api.call("crm.type.list")["types"]] == [1042]
    assert api.call("crm.type.getByEntityTypeId", entityTypeId=1042)["type"]["id"] == 7


def test_fields_tell_types_and_capital_names(api):
    told = api.call("crm.item.fields", entityTypeId=2)["fields"]
    assert told["assignedById"]["type"] == "user"
    assert told["ufCrmLabel"]["isMultiple"] is True
    assert told["ufCrmLabel"]["upperName"] == "UF_CRM_LABEL"
    assert told["stageId"]["statusType"] == "DEAL_STAGE"
    assert told["id"]["isReadOnly"] is True


def test_product_rows_make_the_amount(api):
    number = api.deal()
    rows = [
        {"productName": "Кабель", "price": 10.5, "quantity": 2},
        {"productId": 5, "price": "3", "quantity": 1},
    ]
    api.call("crm.item.productrow.set", ownerType="D", ownerId=number, productRows=rows)
    assert item(api, number)["opportunity"] == 24
    found = api.call("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": number, ">price": 5})
    assert [one["productName"] for one in found["productRows"]] == ["Кабель"]
    row = found["productRows"][0]["id"]
    api.call("crm.item.productrow.update", id=row, fields={"quantity": 3})
    assert item(api, number)["opportunity"] == 34.5
    api.call("crm.item.productrow.delete", id=row)
    api.call("crm.item.productrow.add", fields={"ownerType": "D", "ownerId": number, "price": 1})
    assert item(api, number)["opportunity"] == 4
    assert api.refused("crm.item.productrow.list", filter={})[1] == "INVALID_ARG_VALUE"
    assert (
        api.refused("crm.item.productrow.set", ownerType="D", ownerId=99, productRows=[])[1]
        == "OWNER_NOT_FOUND"
    )
