"""Duplicates are merged: what hangs on them moves, the rest is gone."""

from __future__ import annotations

import pytest


@pytest.fixture
def add(api):
    def add(entity_type, **fields):
        return api.call("crm.item.add", entityTypeId=entity_type, fields=fields)["item"]["id"]

    return add


def merge(api, entity_type, *numbers):
    return api.call("crm.entity.mergeBatch", params={"entityTypeId": entity_type, "entityIds": list(numbers)})


def phone(number):
    return [{"typeId": "PHONE", "valueType": "WORK", "value": number}]


def test_deals_comments_and_tasks_follow_a_contact(api, add, box):
    first = add(3, name="Анна", fm=phone("+79000000001"))
    second = add(3, name="Анна", lastName="Титова", fm=phone("+79000000002"))
    third = add(3, name="Борис")
    deal = api.deal(contactIds=[second, third])
    api.call(
        "crm.timeline.comment.add", fields={"ENTITY_TYPE": "contact", "ENTITY_ID": second, "COMMENT": "x"}
    )
    task = {"TITLE": "x", "RESPONSIBLE_ID": 4, "UF_CRM_TASK": [f"C_{second}"]}
    api.call("tasks.task.add", fields=task)
    assert merge(api, 3, first, second) == {"STATUS": "SUCCESS", "ENTITY_IDS": [second]}
    kept = api.call("crm.item.get", entityTypeId=3, id=first)["item"]
    assert kept["lastName"] == "Титова"
    assert sorted(one["value"] for one in kept["fm"]) == ["+79000000001", "+79000000002"]
    shown = api.call("crm.item.get", entityTypeId=2, id=deal)["item"]
    assert (shown["contactId"], shown["contactIds"]) == (first, [first, third])
    where = {"ENTITY_TYPE": "contact", "ENTITY_ID": first}
    assert len(api.call("crm.timeline.comment.list", filter=where)) == 1
    assert len(api.call("tasks.task.list", filter={"UF_CRM_TASK": f"C_{first}"})["tasks"]) == 1
    assert api.refused("crm.item.get", entityTypeId=3, id=second)[1] == "NOT_FOUND"
    found = api.call("crm.duplicate.findbycomm", type="PHONE", values=["+79000000002"])
    assert found == {"CONTACT": [first]}


def test_what_disagrees_is_for_people(api, add, box):
    first, second = add(4, title="Вектор"), add(4, title="ООО «Вектор»", address="Москва")
    contact = add(3, name="Анна", companyId=second)
    deal = api.deal(companyId=second)
    assert merge(api, 4, first, second) == {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    box.act.merge("user:2", [first, second], entity_type=4)
    kept = api.call("crm.item.get", entityTypeId=4, id=first)["item"]
    assert (kept["title"], kept["address"], kept["contactIds"]) == ("Вектор", "Москва", [contact])
    assert api.call("crm.item.get", entityTypeId=2, id=deal)["item"]["companyId"] == first
    assert api.call("crm.item.get", entityTypeId=3, id=contact)["item"]["companyIds"] == [first]


def test_refusals(api, add, bench, box):
    contact = add(3, name="Анна")

    def refused(**params):
        return api.refused("crm.entity.mergeBatch", params=params)[1:]

    assert refused() == (0, "The parameter entityTypeId is required.")
    assert refused(entityTypeId=99)[1] == "Entity type 99 is not supported"
    assert refused(entityTypeId=3)[1] == "The parameter entityIds does not contains valid elements."
    assert refused(entityTypeId=3, entityIds=[contact])[1].endswith("must contains at least two elements.")
    assert refused(entityTypeId=3, entityIds=[contact, 99])[1] == "Owner was not found"
