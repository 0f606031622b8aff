"""Custom fields of every type: written, shown by both families of methods, found by filters."""

from __future__ import annotations

import pytest

# type, what is sent, what crm.item.* shows, what crm.deal.* shows
TYPES = [
    ("string", "текст", "текст", "текст"),
    ("integer", 7, 7, "7"),
    ("double", 1.5, 1.5, "1.5"),
    ("boolean", "Y", "Y", "1"),
    ("date", "2025-04-01", "2025-04-01T03:00:00+03:00", "2025-04-01T03:00:00+03:00"),
    ("datetime", "2025-04-01T10:00:00+05:00", "2025-04-01T08:00:00+03:00", "2025-04-01T08:00:00+03:00"),
    ("money", "12000.50|RUB", "12000.50|RUB", "12000.50|RUB"),
    ("url", "https://example.com/?a=1&b=2", "https://example.com/?a=1&b=2", "https://example.com/?a=1&b=2"),
    ("address", "Москва, Тверская, 1", "Москва, Тверская, 1", "Москва, Тверская, 1"),
    ("employee", 4, 4, "4"),
    ("crm_status", "CALL", "CALL", "CALL"),
    ("crm", "CO_5", "CO_5", "CO_5"),
    ("iblock_element", 9, 9, "9"),
]
SOUGHT = {"boolean": 1}


def made(api, type_, **more):
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_ONE", "userTypeId": type_, **more}
    return api.call("userfieldconfig.add", moduleId="crm", field=field)["field"]


@pytest.mark.parametrize(("type_", "sent", "shown", "old"), TYPES, ids=[one[0] for one in TYPES])
def test_one_value(api, type_, sent, shown, old):
    made(api, type_)
    empty, deal = api.deal(), api.deal(ufCrmOne=sent)
    assert api.call("crm.item.get", entityTypeId=2, id=deal)["item"]["ufCrmOne"] == shown
    assert api.call("crm.deal.get", id=deal)["UF_CRM_ONE"] == old
    assert api.ids(ufCrmOne=SOUGHT.get(type_, sent)) == [deal]
    if type_ != "boolean":
        assert api.ids(ufCrmOne="") == [empty]


@pytest.mark.parametrize(("type_", "sent", "shown", "old"), TYPES, ids=[one[0] for one in TYPES])
def test_several_values(api, type_, sent, shown, old):
    made(api, type_, multiple="Y")
    deal = api.deal(ufCrmOne=[sent])
    assert api.call("crm.item.get", entityTypeId=2, id=deal)["item"]["ufCrmOne"] == [shown]
    assert api.call("crm.deal.get", id=deal)["UF_CRM_ONE"] == [old]
    refused = api.refused("crm.item.update", entityTypeId=2, id=deal, fields={"ufCrmOne": "x"})
    assert refused[1] == "100"
    api.call("crm.item.update", entityTypeId=2, id=deal, fields={"ufCrmOne": []})
    assert api.call("crm.deal.get", id=deal)["UF_CRM_ONE"] is False


def test_items_of_a_list(api):
    options = [{"value": "ДА", "xmlId": "yes"}, {"value": "НЕТ", "xmlId": "no"}]
    enum = {one["xmlId"]: int(one["id"]) for one in made(api, "enumeration", enum=options)["enum"]}
    deal = api.deal(ufCrmOne=enum["no"])
    assert api.call("crm.item.get", entityTypeId=2, id=deal)["item"]["ufCrmOne"] == enum["no"]
    assert api.call("crm.deal.get", id=deal)["UF_CRM_ONE"] == str(enum["no"])
    assert api.ids(ufCrmOne=enum["yes"]) == []
    assert api.ids(ufCrmOne=[enum["yes"], enum["no"]]) == [deal]
    api.call("crm.item.update", entityTypeId=2, id=deal, fields={"ufCrmOne": ""})
    assert api.call("crm.deal.get", id=deal)["UF_CRM_ONE"] == ""
