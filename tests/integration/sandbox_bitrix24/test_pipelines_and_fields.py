"""Stages, pipelines, custom fields."""

from __future__ import annotations


def test_stages_of_both_pipelines_with_numbers_as_texts(api, box):
    stages = api.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}, order={"SORT": "ASC"})
    assert [one["STATUS_ID"] for one in stages] == [
        "NEW",
        "PREPARATION",
        "EXECUTING",
        "FINAL_INVOICE",
        "WON",
        "LOSE",
    ]
    assert [one["SEMANTICS"] for one in stages] == [None, None, None, None, "S", "F"]
    assert stages[0]["SORT"] == "10"
    assert stages[4]["EXTRA"]["SEMANTICS"] == "success"
    items = api.call("crm.status.entity.items", entityId="DEAL_STAGE_1")
    assert (items[0]["STATUS_ID"], items[0]["SORT"]) == ("C1:NEW", 10)
    types = {one["ID"]: one for one in api.call("crm.status.entity.types")}
    assert types["DEAL_STAGE_1"]["PREFIX"] == "C1"
    assert types["SOURCE"]["SEMANTIC_INFO"] == []
    for place in range(50):
        box.portal.add_status("INDUSTRY", f"I{place}", f"Отрасль {place}", place)
    assert len(api.call("crm.status.list")) == len(box.portal.statuses) > 50  # all at once: no pages


def test_a_stage_gets_the_prefix_of_its_pipeline(api, bench, box):
    fields = {"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "DECISION", "NAME": "Решение", "SORT": 25}
    number = api.call("crm.status.add", fields=fields)
    assert api.call("crm.status.get", id=number)["STATUS_ID"] == "C1:DECISION"
    assert api.refused("crm.status.add", fields=fields)[1] == "ERROR_CORE"
    assert api.refused("crm.status.add", fields=fields | {"STATUS_ID": "Я"})[1] == ""
    assert bench.api(box, "user:4").refused("crm.status.add", fields=fields)[0] == 403
    deal = api.deal(categoryId=1, stageId="C1:DECISION")
    assert api.ids(stageId="C1:DECISION") == [deal]
    assert api.call("crm.status.update", id=number, fields={"NAME": "Новое"}) is True
    assert api.call("crm.status.delete", id=number) is True
    assert api.refused("crm.status.get", id=number)[1] == "Status is not found."
    system = api.call("crm.status.list", filter={"STATUS_ID": "WON"})[0]["ID"]
    assert "FORCED" in api.refused("crm.status.delete", id=system)[2]


def test_pipelines(api):
    found = api.call("crm.category.list", entityTypeId=2)["categories"]
    assert [one["id"] for one in found] == [0, 1]
    assert "originId" not in found[0]
    made = api.call("crm.category.add", entityTypeId=2, fields={"name": "Опт", "sort": 50})["category"]
    assert api.deal(categoryId=made["id"])
    code, text = api.refused("crm.category.delete", entityTypeId=2, id=made["id"])[1:]
    assert (code, "found" in text) == ("0", True)
    assert api.refused("crm.category.delete", entityTypeId=2, id=0)[1] == "0"
    assert (
        api.call("crm.category.update", entityTypeId=2, id=1, fields={"name": "Второй"})["category"]["name"]
        == "Второй"
    )
    assert api.call("crm.category.delete", entityTypeId=2, id=1) is None
    assert api.refused("crm.category.get", entityTypeId=2, id=1)[1] == "NOT_FOUND"
    assert api.refused("crm.category.list", entityTypeId=3)[1] == "ENTITY_TYPE_NOT_SUPPORTED"
    assert api.refused("crm.category.add", entityTypeId=2, fields={})[1] == "0"


def test_the_history_of_stages(api):
    number = api.deal()
    for stage in ("PREPARATION", "WON"):
        api.call("crm.item.update", entityTypeId=2, id=number, fields={"stageId": stage})
    told = api.answer(
        "crm.stagehistory.list", entityTypeId=2, filter={"@OWNER_ID": [number]}, order={"ID": "ASC"}
    )
    assert [one["TYPE_ID"] for one in told["result"]["items"]] == ["1", "2", "3"]
    assert told["total"] == 3
    assert (
        api.refused("crm.stagehistory.list", entityTypeId=2, filter={"NO_SUCH": 1})[1] == "INVALID_ARG_VALUE"
    )
    nothing = api.call("crm.stagehistory.list", entityTypeId=2, filter={">CREATED_TIME": "someday"})
    assert nothing["items"] == []


def test_a_custom_field_the_old_way(api, bench, box):
    fields = {
        "FIELD_NAME": "loss_reason",
        "USER_TYPE_ID": "enumeration",
        "LIST": [{"VALUE": "Цена", "XML_ID": "price"}],
    }
    number = api.call("crm.deal.userfield.add", fields=fields)
    found = api.call("crm.deal.userfield.get", id=number)
    assert (found["FIELD_NAME"], found["LIST"][0]["VALUE"]) == ("UF_CRM_LOSS_REASON", "Цена")
    change = [{"ID": found["LIST"][0]["ID"], "VALUE": "Дорого"}, {"VALUE": "Сроки"}]
    assert api.call("crm.deal.userfield.update", id=number, fields={"LIST": change}) is True
    items = api.call("crm.deal.fields")["UF_CRM_LOSS_REASON"]["items"]
    assert [one["VALUE"] for one in items] == ["Дорого", "Сроки"]
    deal = api.call("crm.deal.add", fields={"UF_CRM_LOSS_REASON": items[1]["ID"]})
    assert api.call("crm.deal.get", id=deal)["UF_CRM_LOSS_REASON"] == items[1]["ID"]
    assert api.call("crm.deal.userfield.list", filter={"FIELD_NAME": "UF_CRM_LOSS_REASON"})[0]["ID"] == str(
        number
    )
    same = {"LIST": [{"VALUE": "Ещё", "XML_ID": "price"}]}
    assert api.refused("crm.deal.userfield.update", id=number, fields=same)[1] == "ERROR_CORE"
    assert bench.api(box, "user:4").refused("crm.deal.userfield.delete", id=number)[0] == 403
    assert api.call("crm.deal.userfield.delete", id=number) is True
    assert "UF_CRM_LOSS_REASON" not in api.call("crm.deal.get", id=deal)
    assert api.refused("crm.deal.userfield.get", id=number)[1] == "ERROR_NOT_FOUND"


def test_what_a_custom_field_may_not_be(api):
    def refused(**fields):
        return api.refused("crm.deal.userfield.add", fields=fields)[1:]

    assert refused(FIELD_NAME="X") == ("", "The 'USER_TYPE_ID' field is not found.")
    assert refused(USER_TYPE_ID="string")[0] == ""
    assert refused(FIELD_NAME="Х", USER_TYPE_ID="string")[0] == "ERROR_CORE"
    assert refused(FIELD_NAME="X" * 50, USER_TYPE_ID="string")[0] == "ERROR_CORE"
    assert refused(FIELD_NAME="X", USER_TYPE_ID="nothing")[0] == "ERROR_CORE"
    assert refused(FIELD_NAME="LABEL", USER_TYPE_ID="string")[0] == "ERROR_CORE"


def test_a_custom_field_the_new_way(api, bench, box):
    field = {
        "entityId": "CRM_DEAL",
        "fieldName": "UF_CRM_X",
        "userTypeId": "enumeration",
        "multiple": "Y",
        "enum": [{"value": "А", "sort": 10}],
        "editFormLabel": {"ru": "Икс"},
    }
    made = api.call("userfieldconfig.add", moduleId="crm", field=field)["field"]
    assert (made["fieldName"], made["enum"][0]["value"], made["editFormLabel"]) == (
        "UF_CRM_X",
        "А",
        {"ru": "Икс"},
    )
    assert api.call("userfieldconfig.get", moduleId="crm", id=made["id"])["field"] == made
    found = api.call("userfieldconfig.list", moduleId="crm", filter={"multiple": "Y"}, order={"id": "DESC"})[
        "fields"
    ]
    assert found[0]["id"] == made["id"]
    assert "enum" not in found[0]
    changed = api.call(
        "userfieldconfig.update", moduleId="crm", id=made["id"], field={"enum": [{"value": "Б"}]}
    )
    assert [one["value"] for one in changed["field"]["enum"]] == ["А", "Б"]
    assert api.call("userfieldconfig.delete", moduleId="crm", id=made["id"]) is None
    assert api.refused("userfieldconfig.get", moduleId="crm", id=made["id"])[1] == ""
    assert api.refused("userfieldconfig.add", moduleId="crm", field=field | {"fieldName": "X"})[1] == ""
    assert api.refused("userfieldconfig.list", moduleId="lists")[2] == "No settings for UserFieldAccess"
    assert bench.api(box, "user:4").refused("userfieldconfig.add", moduleId="crm", field=field)[1] == ""


def test_currencies(api):
    told = api.answer("crm.currency.list", order={"currency": "asc"})
    assert [one["CURRENCY"] for one in told["result"]] == ["EUR", "RUB", "USD"]
    assert told["total"] == 0  # as the vendor says
    assert api.call("crm.currency.base.get") == "RUB"
    assert api.call("crm.currency.get", id="USD")["AMOUNT"] == "90.0000"
    assert api.refused("crm.currency.get", id="XXX")[1:] == ("", "Not found")


def test_a_second_way_to_lose_is_an_apology(api):
    fields = {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "LATE", "NAME": "Поздно", "SORT": 99, "SEMANTICS": "F"}
    api.call("crm.status.add", fields=fields)
    stages = api.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE", "SEMANTICS": "F"})
    assert {one["STATUS_ID"]: one["EXTRA"]["SEMANTICS"] for one in stages} == {
        "LOSE": "failure",
        "LATE": "apology",
    }
