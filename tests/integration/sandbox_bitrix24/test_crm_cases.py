"""The seed of the other cases: its numbers are a promise, recipes and documents name them."""

from __future__ import annotations

from collections import Counter

import pytest


@pytest.fixture
def box(bench):
    return bench.box("crm_cases")


def test_pipelines_and_their_stages(api):
    told = api.call("crm.category.list", entityTypeId=2)["categories"]
    assert {one["id"]: one["name"] for one in told} == {
        0: "Продажи",
        1: "Повторные продажи",
        2: "Обзвон",
        3: "Семинары",
        4: "Работа по бухгалтерскому аутсорсингу",
    }
    stages = api.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_3"}, order={"SORT": "ASC"})
    assert [(one["STATUS_ID"], one["NAME"], one["SEMANTICS"]) for one in stages] == [
        ("C3:NEW", "Приглашён", None),
        ("C3:WON", "Участвовал", "S"),
        ("C3:NO_MONEY", "Завершена по причине отсутствия денег", "F"),
        ("C3:LOSE", "Нет интереса", "F"),
    ]


def test_fields_and_the_items_of_their_lists(api):
    def items(name, entity_type):
        told = api.call("crm.item.fields", entityTypeId=entity_type)["fields"][name]["items"]
        return [(one["ID"], one["VALUE"]) for one in told]

    assert items("ufCrmTariff", 4) == [("52", "Базовый"), ("53", "Стандарт"), ("54", "Индивидуальный")]
    assert items("ufCrmTariff", 2) == [("57", "Базовый"), ("58", "Стандарт"), ("59", "Индивидуальный")]
    assert items("ufCrmTargetClient", 3) == [("55", "ДА"), ("56", "НЕТ")]
    assert items("ufCrmLossReason", 2)[0] == ("60", "Нет денег")
    deal = api.call("crm.item.fields", entityTypeId=2)["fields"]
    types = {name: deal[f"ufCrm{name}"]["type"] for name in ("CallbackAt", "Refusal", "CopyOf", "Cost")}
    assert types == {"CallbackAt": "datetime", "Refusal": "boolean", "CopyOf": "crm", "Cost": "money"}


def test_companies_with_and_without_what_is_needed(api):
    def company(number):
        item = api.call("crm.item.get", entityTypeId=4, id=number)["item"]
        return item["typeId"], item["ufCrmTariff"], item["ufCrmCost"], item["assignedById"]

    assert company(1)[:3] == ("SUPPLIER", 52, None)
    assert company(2)[:3] == ("PARTNER", 54, "12 000,50 ₽")
    assert company(3)[:3] == ("CUSTOMER", 53, None)
    assert company(4)[1:3] == (None, None)
    assert company(5)[1:] == (54, None, 15)
    assert company(6)[1:3] == (54, "много")
    assert company(9)[1:3] == (53, "9 000")
    total = api.answer("crm.item.list", entityTypeId=4, filter={"typeId": "CUSTOMER"}, select=["id"])["total"]
    assert total == 20


def test_contacts(api):
    assert api.call("crm.company.contact.items.get", id=10) == []
    (link,) = api.call("crm.company.contact.items.get", id=11)
    assert (link["CONTACT_ID"], link["IS_PRIMARY"]) == (11, "Y")
    twins = api.call("crm.duplicate.findbycomm", type="PHONE", values=["8 900 000-00-02"])
    assert twins == {"CONTACT": [1, 2]}
    assert "EMAIL" not in api.call("crm.contact.get", id=8)


def test_people_roles_and_the_guest(api, bench, box):
    heads = {one["NAME"]: one.get("UF_HEAD") for one in api.call("department.get")}
    assert (heads["Колл-центр"], heads["Бухгалтерия"]) == ("20", "30")
    operator = bench.api(box, "user:21")
    told = operator.call("crm.item.list", entityTypeId=2, select=["categoryId"])["items"]
    assert {one["categoryId"] for one in told} == {2}
    assert operator.refused("crm.item.add", entityTypeId=2, fields={"title": "x"})[1] == "ACCESS_DENIED"
    (group,) = api.call("sonet_group.get", FILTER={"IS_EXTRANET": "Y"})
    assert (group["ID"], api.call("crm.item.get", entityTypeId=4, id=3)["item"]["ufCrmGroupId"]) == ("1", 1)
    assert {"USER_ID": "40", "ROLE": "K"} in api.call("sonet_group.user.get", ID=1)
    (guest,) = api.call("user.get", filter={"USER_TYPE": "extranet"})
    assert (guest["ID"], guest["EMAIL"]) == ("40", "guest@example.org")


def test_templates_are_for_deals(api):
    select = ["ID", "NAME", "MODULE_ID", "ENTITY", "DOCUMENT_TYPE"]
    told = api.call("bizproc.workflow.template.list", SELECT=select, ORDER={"ID": "ASC"})
    assert {(one["MODULE_ID"], one["ENTITY"], one["DOCUMENT_TYPE"]) for one in told} == {
        ("crm", "CCrmDocumentDeal", "DEAL")
    }
    assert [one["NAME"] for one in told if int(one["ID"]) > 2] == [
        "Первый звонок",
        "Повторный звонок",
        "Передача менеджеру",
        "Закрытие",
        "Подготовка документов",
        "Настройка учёта",
        "Первая консультация",
    ]


def test_lost_clients_of_every_kind(box):
    """A contact may have lost its only deal for lack of money, or have another one that is open or won."""
    deals = [row for row in box.portal.items[2] if row["CONTACT_ID"]]
    lost = [row for row in deals if row["STAGE_ID"] == "C3:NO_MONEY"]
    kinds = Counter()
    for row in lost:
        others = {
            one["STAGE_SEMANTIC_ID"]
            for one in deals
            if one["CONTACT_ID"] == row["CONTACT_ID"] and one["ID"] != row["ID"]
        }
        kinds["open" if "P" in others else "won" if "S" in others else "only"] += 1
    assert kinds == {"only": 3, "won": 4, "open": 2}


def test_the_same_in_every_run(bench, box):
    other = bench.box("crm_cases")
    for entity_type in (2, 3, 4):
        assert list(other.portal.items[entity_type]) == list(box.portal.items[entity_type])
    small = bench.box("crm_cases", companies=2, deals=5)
    assert [len(small.portal.items[one]) for one in (4, 3, 2)] == [2, 2, 5]
    assert len(bench.box("crm_cases", companies=0, deals=3).portal.items[2]) == 3
