"""Legal details, and the contacts of a company."""

from __future__ import annotations


def test_requisites_are_added_found_changed_and_deleted(api):
    company = api.call("crm.company.add", fields={"TITLE": "ООО «Ромашка»"})
    preset = api.call("crm.requisite.preset.list", select=["ID", "NAME"])[0]
    assert preset == {"ID": "1", "NAME": "Организация"}
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": preset["ID"], "NAME": "Основные"}
    number = api.call("crm.requisite.add", fields={**fields, "RQ_INN": "7701234567", "NO_SUCH": 1})
    assert isinstance(number, int)

    answer = api.answer("crm.requisite.list", filter={"RQ_INN": "7701234567"}, select=["*", "UF_*"])
    assert answer["total"] == 1
    row = answer["result"][0]
    assert (row["ID"], row["ENTITY_ID"], row["ACTIVE"]) == (str(number), str(company), "Y")
    assert row["RQ_KPP"] is None
    assert "NO_SUCH" not in row

    changes = {"RQ_KPP": "770101001", "ENTITY_ID": 99}
    assert api.call("crm.requisite.update", id=number, fields=changes) is True
    found = api.call("crm.requisite.get", id=number)
    assert (found["RQ_KPP"], found["RQ_INN"], found["ENTITY_ID"]) == ("770101001", "7701234567", str(company))
    assert api.call("crm.requisite.delete", id=number) is True
    text = f"The Requisite with ID '{number}' is not found"
    assert api.refused("crm.requisite.get", id=number) == (400, "", text)


def test_requisites_need_an_owner_a_preset_and_a_name(api):
    company = api.call("crm.company.add", fields={"TITLE": "x"})
    good = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "x"}
    for name, bad in (("ENTITY_TYPE_ID", 2), ("ENTITY_ID", 77), ("PRESET_ID", 55), ("NAME", "")):
        refusal = api.refused("crm.requisite.add", fields={**good, name: bad})
        assert refusal == (400, "", f"{name} is not defined or invalid.")
    assert api.call("crm.requisite.list") == []


def test_requisites_go_with_their_company(api):
    company = api.call("crm.company.add", fields={"TITLE": "x"})
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "x"}
    api.call("crm.requisite.add", fields=fields)
    api.call("crm.company.delete", id=company)
    assert api.call("crm.requisite.list") == []


def test_the_fields_of_requisites_say_what_can_be_written(api):
    told = api.call("crm.requisite.fields")
    assert (told["ENTITY_ID"]["isRequired"], told["ENTITY_ID"]["isImmutable"]) == (True, True)
    assert (told["DATE_CREATE"]["isReadOnly"], told["RQ_INN"]["type"]) == (True, "string")


def test_contacts_of_a_company_are_companies_of_a_contact(api):
    companies = [api.call("crm.company.add", fields={"TITLE": one}) for one in ("А", "Б")]
    contacts = [api.call("crm.contact.add", fields={"NAME": one}) for one in ("Анна", "Борис")]
    for contact in contacts:
        fields = {"CONTACT_ID": contact}
        assert api.call("crm.company.contact.add", id=companies[0], fields=fields) is True
        assert api.call("crm.company.contact.add", id=companies[0], fields=fields) is False
    linked = api.call("crm.company.contact.items.get", id=companies[0])
    assert [(one["CONTACT_ID"], one["SORT"]) for one in linked] == [(contacts[0], 10), (contacts[1], 20)]
    assert [one["IS_PRIMARY"] for one in linked] == ["Y", "Y"]  # it is the main company of both
    seen = api.call("crm.contact.company.items.get", id=contacts[1])
    assert [one["COMPANY_ID"] for one in seen] == [companies[0]]

    items = [{"CONTACT_ID": contacts[1], "IS_PRIMARY": "N"}]
    assert api.call("crm.company.contact.items.set", id=companies[1], items=items) is True
    assert api.call("crm.company.contact.items.get", id=companies[1])[0]["IS_PRIMARY"] == "N"
    assert api.call("crm.company.contact.items.set", id=companies[0], items=[]) is True
    assert api.call("crm.company.contact.items.get", id=companies[0]) == []
    assert api.call("crm.company.contact.items.get", id=companies[1])[0]["IS_PRIMARY"] == "Y"


def test_links_of_a_company_are_taken_away(api):
    company = api.call("crm.company.add", fields={"TITLE": "А"})
    contact = api.call("crm.contact.add", fields={"NAME": "Анна"})
    fields = {"CONTACT_ID": contact}
    assert api.call("crm.company.contact.delete", id=company, fields=fields) is False
    api.call("crm.company.contact.add", id=company, fields=fields)
    assert api.call("crm.company.contact.delete", id=company, fields=fields) is True
    api.call("crm.company.contact.add", id=company, fields=fields)
    assert api.call("crm.company.contact.items.delete", id=company) is True
    assert api.call("crm.contact.company.items.get", id=contact) == []
    assert api.refused("crm.company.contact.items.get", id=99) == (400, "", "Not found.")
    assert api.refused("crm.company.contact.add", id=company, fields={"CONTACT_ID": 99})[1] == ""


def test_companies_and_contacts_name_each_other(api):
    def get(entity_type, number):
        return api.call("crm.item.get", entityTypeId=entity_type, id=number)["item"]

    def add(entity_type, **fields):
        return api.call("crm.item.add", entityTypeId=entity_type, fields=fields)["item"]["id"]

    first, second = add(3, name="Анна"), add(3, name="Борис")
    company = add(4, title="Вектор", contactIds=[first, second])
    assert get(3, second)["companyIds"] == [company]
    assert get(3, first)["companyId"] == company
    third = add(3, name="Вера", companyId=company)
    assert get(4, company)["contactIds"] == [first, second, third]
    found = api.call("crm.item.list", entityTypeId=3, filter={"companyId": company}, select=["id"])["items"]
    assert [one["id"] for one in found] == [first, second, third]
    api.call("crm.contact.company.items.delete", id=second)
    api.call("crm.contact.delete", id=third)
    assert get(4, company)["contactIds"] == [first]
    api.call("crm.item.update", entityTypeId=4, id=company, fields={"contactIds": []})
    assert get(3, first)["companyIds"] == []
    assert get(3, first)["companyId"] == 0
