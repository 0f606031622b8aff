"""Import of contacts, their comments, templates and saved filters."""

import pytest

from crmkit.sandbox.planfix.models import FieldDef, SavedFilter


def contacts(api, fields="name", **body):
    return api.post("/contact/list", {"fields": f"id,{fields}", **body}).json()["contacts"]


def take(api, *people, **options):
    answer = api.post("/contact/import", {"contacts": list(people), **options})
    assert (answer.status_code, answer.content) == (201, b""), answer.text


def inn(value):
    return [{"field": {"id": 201}, "value": value}]


@pytest.fixture
def known(api):
    """A contact with a number by which duplicates are found."""
    account = api.box.account
    account.fields.contact[201] = FieldDef(201, "ИНН", 0)
    for template in account.contact_templates.values():
        template.fields.add(201)
    body = {"name": "Анна", "email": "a@example.ru", "template": {"id": 1}, "customFieldData": inn("77")}
    return api.post("/contact/", body).json()["id"]


def test_new_ones_are_created_with_the_templates(api):
    take(
        api,
        {"name": "Вера", "email": "v@example.ru"},
        {"name": "ООО «Волга»", "isCompany": True},
        contactTemplateId=1,
        companyTemplateId=2,
    )
    (person,) = contacts(api, "name,template,email")
    assert (person["name"], person["template"]["id"], person["email"]) == ("Вера", 1, "v@example.ru")
    (company,) = contacts(api, "name,template", isCompany=True)
    assert (company["name"], company["template"]["id"]) == ("ООО «Волга»", 2)


def test_a_duplicate_is_updated_left_alone_or_doubled(api, known):
    by_number = {"optionImportUniqueField": "custom:201", "optionImportUniqueDefaultField": "email"}
    again = {"name": "Анна Петровна", "customFieldData": inn("77")}
    take(api, again, optionImportDuplicate="ignore", **by_number)
    assert contacts(api) == [{"id": known, "name": "Анна"}]
    take(api, again, optionImportDuplicate="update", **by_number)
    assert contacts(api) == [{"id": known, "name": "Анна Петровна"}]
    take(api, {"name": "По почте", "email": "a@example.ru"}, optionImportDuplicate="update", **by_number)
    assert contacts(api) == [{"id": known, "name": "По почте"}]  # the first field is empty here
    take(api, {"name": "Другая", "customFieldData": inn("78")}, optionImportDuplicate="update", **by_number)
    assert len(contacts(api)) == 2
    take(api, again, optionImportDuplicate="none", **by_number)
    assert len(contacts(api)) == 3


EMAIL, PHONE = {"email": "A@example.ru"}, {"phones": [{"number": "8 (900) 000-00-01", "type": 1}]}


@pytest.mark.parametrize(
    ("way", "given", "found"),
    [
        ("email-phone", {**EMAIL}, True),
        ("email-phone", {"email": "x@example.ru", **PHONE}, True),
        ("email-phone", {"email": "x@example.ru"}, False),
        ("email-phone-name", {"email": "x@example.ru", "name": "анна"}, True),
        ("email-phone-name-ifnot", {"email": "x@example.ru", "name": "Анна"}, False),
        ("email-phone-name-ifnot", {"name": "Анна"}, True),
        ("email-phone-name-ifnot", {**PHONE}, True),
        ("email-and-phone-and-name", {**EMAIL, **PHONE, "name": "Анна"}, True),
        ("email-and-phone-and-name", {**EMAIL, **PHONE, "name": "Вера"}, False),
        ("name", {"name": "Анна"}, True),
        ("phone", {**PHONE}, True),
        ("phone", {**EMAIL}, False),
        ("number", {"id": 1001}, True),
        ("number", {"id": 1002}, False),
    ],
    ids=lambda one: one if isinstance(one, str) else str(one) if isinstance(one, bool) else "+".join(one),
)
def test_the_ways_to_find_a_duplicate(api, known, way, given, found):
    assert known == 1001
    api.post(f"/contact/{known}", {"phones": [{"number": "+7 900 000-00-01", "type": 1}]})
    take(
        api,
        {"name": "Кто-то", "position": "бухгалтер", **given},
        optionImportDuplicate="update",
        optionImportUniqueField=way,
    )
    updated = api.get(f"/contact/{known}", fields="position").json()["contact"]["position"]
    assert (updated == "бухгалтер", len(contacts(api))) == (found, 1 if found else 2)


def test_a_company_is_no_twin_of_a_person(api, known):
    take(
        api,
        {"name": "Анна", "isCompany": True},
        optionImportDuplicate="update",
        optionImportUniqueField="email-phone-name",
    )
    assert len(contacts(api)) == len(contacts(api, isCompany=True)) == 1


@pytest.mark.wrong_requests
def test_a_custom_field_without_its_number_is_not_pretended(api):
    answer = api.post("/contact/import", {"contacts": [], "optionImportUniqueField": "custom"})
    assert answer.status_code == 501


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, 30),
        ({"contacts": [5]}, 400, 30),
        ({"contacts": [{}]}, 500, 2001),
        ({"contacts": [], "optionImportDuplicate": "merge"}, 400, 41),
        ({"contacts": [], "optionImportUniqueField": "shoe"}, 400, 41),
        ({"contacts": [], "optionImportUniqueField": "custom:x"}, 400, 41),
    ],
)
def test_imports_that_are_refused(api, body, status, code):
    answer = api.post("/contact/import", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_comments_of_contacts(bench, api, known):
    made = api.post(
        f"/contact/{known}/comments/",
        {"description": "Звонила", "isPinned": True, "recipients": {"users": [{"id": "user:4"}]}},
    ).json()["id"]
    api.post(f"/contact/{known}/comments/{made}", {"description": "Писала"})
    fields = {"fields": "id,description,isPinned,contact,task,project,owner"}
    (shown,) = api.post(f"/contact/{known}/comments/list", fields).json()["comments"]
    assert shown == {
        "id": made,
        "description": "Писала",
        "isPinned": True,
        "contact": {"id": f"contact:{known}"},
        "owner": {"id": "user:90", "name": "Робот crmkit"},
    }
    told = [(one.user, one.task, one.comment) for one in api.box.account.notifications]
    assert told == [("user:4", 0, made)]
    everywhere = [{"type": 3001, "operator": "equal", "value": "user:90"}]
    assert api.post("/comment/list", {"filters": everywhere}).json()["comments"] == [{"id": made}]
    task = api.create()
    assert api.post(f"/task/{task}/comments/{made}", {}).json()["code"] == 5000
    other = api.post("/contact/", {"name": "Вера"}).json()["id"]
    assert api.post(f"/contact/{other}/comments/{made}", {}).json()["code"] == 5000
    assert bench.api(api.box, "user:4").delete(f"/comment/{made}").json()["code"] == 6
    api.delete(f"/comment/{made}")
    assert api.post(f"/contact/{known}/comments/list", {}).json()["comments"] == []


def test_templates_groups_and_saved_filters(api, known):
    assert [one["id"] for one in api.get("/contact/templates").json()["templates"]] == [1, 2]
    (company,) = api.get("/contact/templates", isCompany="true").json()["templates"]
    assert company == {"id": 2, "name": "Компания"}
    assert api.get("/contact/groups").json()["groups"] == [{"id": 1, "name": "Клиенты"}]
    by_name = {"type": 4001, "operator": "equal", "value": "анна"}
    api.box.account.saved_filters["4115"] = SavedFilter("4115", "Анны", "user:1", [[by_name]], "contact")
    listed = api.post("/contact/filters").json()["filters"]
    assert [one["id"] for one in listed] == [":contact", ":company", "4115"]
    api.post("/contact/", {"name": "Вера"})
    assert contacts(api, filterId="4115") == [{"id": known, "name": "Анна"}]
    assert api.post("/contact/list", {"filterId": "40001"}).json()["code"] == 41


def test_further_ways_to_reach_a_client(api, known):
    body = {"skype": "anna", "instagram": "@anna", "timezone": "Asia/Tokyo", "files": [{"id": 5}]}
    failures = api.post(f"/contact/{known}", body).json()["failures"]
    assert failures == [{"field": "files", "error": "Field change failed"}]
    shown = api.get(f"/contact/{known}", fields="skype,instagram,timezone,facebook").json()["contact"]
    assert shown == {
        "id": known,
        "skype": "anna",
        "instagram": "@anna",
        "timezone": "Asia/Tokyo",
        "facebook": "",
    }


def test_without_a_value_in_the_unique_field_everybody_is_new(api, known):
    options = {"optionImportUniqueField": "phone", "optionImportDuplicate": "update"}
    take(api, {"name": "Анна"}, **options)
    assert len(contacts(api)) == 2
