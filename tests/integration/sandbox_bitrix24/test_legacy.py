"""``crm.deal.*`` and its sisters: texts for numbers, losses without a word, errors without a code."""

from __future__ import annotations

import pytest


def test_numbers_are_texts_and_nothing_has_many_faces(api):
    number = api.call(
        "crm.deal.add", fields={"TITLE": "Первая", "OPPORTUNITY": 19999.99, "ASSIGNED_BY_ID": 4}
    )
    assert isinstance(number, int)
    found = api.call("crm.deal.get", id=number)
    assert (found["ID"], found["OPPORTUNITY"], found["CATEGORY_ID"], found["COMPANY_ID"]) == (
        str(number),
        "19999.99",
        "0",
        "0",
    )
    assert (found["CLOSEDATE"], found["COMMENTS"], found["UF_CRM_LABEL"], found["UF_CRM_RETURN_STATE"]) == (
        "",
        None,
        False,
        "",
    )
    assert "CONTACT_IDS" not in found


def test_fields_in_any_case_and_losses_without_a_word(api):
    number = api.call(
        "crm.deal.add",
        FIELDS={"TITLE": "x", "NO_SUCH": 1, "DATE_CREATE": "2020-01-01"},
        PARAMS={"REGISTER_SONET_EVENT": "N"},
    )
    assert api.call("crm.deal.get", ID=number)["DATE_CREATE"].startswith("2025-03-03")


def test_errors_have_no_code(api):
    assert api.refused("crm.deal.get", id=99) == (400, "", "Not found")
    assert api.refused("crm.deal.get") == (400, "", "ID is not defined or invalid.")
    assert api.refused("crm.deal.add", fields="x") == (400, "", "Parameter 'fields' must be array.")
    assert api.refused("crm.deal.update", id=99, fields={}) == (400, "", "Not found")
    assert api.refused("crm.deal.add", fields={"CURRENCY_ID": "RUBLES"})[1] == ""


def test_the_pipeline_cannot_be_changed_the_old_way(api):
    number = api.deal()
    assert api.call("crm.deal.update", id=number, fields={"CATEGORY_ID": 1, "TITLE": "y"}) is True
    found = api.call("crm.deal.get", id=number)
    assert (found["CATEGORY_ID"], found["TITLE"]) == ("0", "y")
    assert api.call("crm.deal.delete", id=number) is True


def test_an_unknown_field_in_the_filter_gives_everything(bench):
    api = bench.api(seed="deals", deals=10)
    assert api.answer("crm.deal.list", filter={"NO_SUCH": 5})["total"] == 10
    assert api.answer("crm.deal.list", filter={"title": "Сделка № 3"})["total"] == 10
    assert api.answer("crm.deal.list", filter={"LOGIC": "OR", "0": {"ID": 1}, "1": {"ID": 2}})["total"] == 10
    assert api.refused("crm.item.list", entityTypeId=2, filter={"noSuch": 5})[:2] == (
        400,
        "INVALID_ARG_VALUE",
    )


def test_patterns_on_lists_of_values_are_equality(bench):
    api = bench.api(seed="deals", deals=12)
    assert api.answer("crm.deal.list", filter={"%STAGE_ID": "PREPAR"})["total"] == 0
    assert api.answer("crm.deal.list", filter={"%TITLE": "№ 1"})["total"] == 4


def test_phones_come_only_when_named_and_are_found_exactly(api):
    number = api.call(
        "crm.contact.add", fields={"NAME": "Анна", "PHONE": [{"VALUE": "+79001112233", "VALUE_TYPE": "WORK"}]}
    )
    assert "PHONE" not in api.call("crm.contact.list")[0]
    found = api.call("crm.contact.list", filter={"PHONE": "+79001112233"}, select=["ID", "PHONE"])
    assert found[0]["PHONE"][0]["VALUE"] == "+79001112233"
    assert api.call("crm.contact.list", filter={"PHONE": "79001112233"}) == []
    assert api.call("crm.contact.fields")["PHONE"]["type"] == "crm_multifield"
    assert api.call("crm.duplicate.findbycomm", type="PHONE", values=["89001112233"]) == {"CONTACT": [number]}
    assert api.call("crm.duplicate.findbycomm", type="PHONE", values=["+1"]) == []
    assert api.refused("crm.duplicate.findbycomm", values=["+1"])[1] == "Communication type is not defined"


@pytest.mark.parametrize("name", ["lead", "contact", "company"])
def test_the_sisters(api, name):
    number = api.call(f"crm.{name}.add", fields={"TITLE": "Т", "NAME": "Н"})
    assert api.call(f"crm.{name}.update", id=number, fields={"COMMENTS": "к"}) is True
    assert api.call(f"crm.{name}.get", id=number)["COMMENTS"] == "к"
    assert [one["ID"] for one in api.call(f"crm.{name}.list", select=["ID"])] == [str(number)]
    assert "COMMENTS" in api.call(f"crm.{name}.fields")
    assert api.call(f"crm.{name}.delete", id=number) is True


def test_a_lead_has_its_own_stages(api):
    number = api.call("crm.lead.add", fields={"TITLE": "Л"})
    api.call("crm.lead.update", id=number, fields={"STATUS_ID": "JUNK"})
    found = api.call("crm.lead.get", id=number)
    assert (found["STATUS_ID"], found["STATUS_SEMANTIC_ID"]) == ("JUNK", "F")
    history = api.call("crm.stagehistory.list", entityTypeId=1, filter={"STATUS_ID": "JUNK"})["items"]
    assert history[0]["STATUS_SEMANTIC_ID"] == "F"
