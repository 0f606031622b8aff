"""Contacts, companies, employees, robots."""

import pytest

from crmkit.sandbox.planfix.models import FieldDef


def f(kind, value, operator="equal", **more):
    return {"type": kind, "operator": operator, "value": value, **more}


def contacts(api, *filters, fields="id", **body):
    answer = api.post("/contact/list", {"fields": fields, "filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["contacts"]


def ids(api, *filters, **body):
    return [one["id"] for one in contacts(api, *filters, **body)]


@pytest.fixture
def clients(api):
    """A company and its contact, and a contact without company."""
    company = api.post(
        "/contact/", {"name": "ООО «Ромашка»", "isCompany": True, "template": {"id": 2}, "address": "Тверь"}
    ).json()["id"]
    anna = api.post(
        "/contact/",
        {
            "name": "Анна",
            "lastname": "Белова",
            "email": "anna@example.ru",
            "phones": [{"number": "+79001234567", "type": 1}],
            "companies": [{"id": company}],
            "group": {"id": 1},
            "gender": "Female",
            "position": "Директор",
            "birthDate": {"date": "01.12.1990"},
            "supervisors": {"users": [{"id": "user:4"}]},
            "sourceObjectId": "crm-1",
        },
    ).json()["id"]
    api.box.clock.advance(days=1)
    boris = api.post("/contact/", {"name": "Борис", "telegram": "boris"}).json()["id"]
    return company, anna, boris


def test_what_was_written_comes_back(api, clients):
    company, anna, _ = clients
    fields = (
        "name,lastname,midname,email,site,phones,companies,group,isCompany,birthDate,supervisors,addedBy,"
        "sourceObjectId,createdDate,position,gender"
    )
    contact = api.get(f"/contact/{anna}", fields=fields).json()["contact"]
    assert contact["phones"] == [{"number": "+79001234567", "maskedNumber": "+79001234567", "type": 1}]
    assert contact["companies"] == [{"id": company, "name": "ООО «Ромашка»"}]
    assert contact["group"] == {"id": 1, "name": "Клиенты"}
    assert contact["birthDate"] == {"date": "01-12-1990", "time": "00:00", "datetime": "1990-12-01T00:00Z"}
    assert contact["supervisors"]["users"] == [{"id": "user:4", "name": "Ольга Иванова"}]
    assert contact["addedBy"]["id"] == "user:90"
    assert (contact["site"], contact["midname"]) == ("", "")  # absent texts are empty, not missing
    assert (contact["sourceObjectId"], contact["isCompany"]) == ("crm-1", False)


def test_a_list_shows_contacts_unless_companies_are_asked_for(bench, api, clients):
    company, anna, boris = clients
    assert ids(api) == [anna, boris]
    assert ids(api, isCompany=True) == [company]
    assert ids(api, f(4006, 1)) == [company]
    assert ids(api, f(4007, True)) == [anna, boris]
    assert ids(api, filterId=":company", isCompany=True) == [company]
    assert ids(api, filterId="contact") == [anna, boris]
    both = bench.api(contacts_without_flag="both")
    both.post("/contact/", {"name": "ООО", "isCompany": True})
    both.post("/contact/", {"name": "Анна"})
    assert len(ids(both)) == 2
    assert api.post("/contact/list", {"filterId": "77"}).json()["code"] == 41


def test_filters(api, clients):
    _, anna, boris = clients
    yesterday = {"dateType": "yesterday"}
    for found, expected in (
        ((f(4001, "белова"),), [anna]),
        ((f(4014, "Анна"),), [anna]),
        ((f(4015, "Бел", "have"),), [anna]),
        ((f(4003, "123"),), [anna]),
        ((f(4005, "example"),), [anna]),
        ((f(4026, "ANNA@example.ru"),), [anna]),
        ((f(4026, "anna"),), []),
        ((f(4226, "boris"),), [boris]),
        ((f(4008, 1),), [anna]),
        ((f(4019, "Female"),), [anna]),
        ((f(4002, "директор"),), [anna]),
        ((f(4231, [anna, boris]),), [anna, boris]),
        ((f(2, "user:4"),), [anna]),
        ((f(1, "user:90"),), [anna, boris]),
        ((f(12, yesterday),), [anna]),
        ((f(12, yesterday, "gt"),), [boris]),
        ((f(38, yesterday, "gt"),), [boris]),
        ((f(4001, "б"), f(38, yesterday)), [anna]),
    ):
        assert ids(api, *found) == expected, found
    assert ids(api, f(4004, "твер"), isCompany=True) == [clients[0]]
    assert ids(api, f(4016, 2), isCompany=True) == [clients[0]]


@pytest.mark.wrong_requests
@pytest.mark.parametrize("number", [11, 18, 4118])
def test_filters_of_which_nothing_is_known_are_not_pretended(api, number):
    assert api.post("/contact/list", {"filters": [f(number, 1)]}).status_code == 501
    assert api.post("/contact/list", {"filters": [f(5555, 1)]}).json()["code"] == 41


def test_pages_and_prefixes(api, clients):
    _, anna, boris = clients
    assert ids(api, prefixedId=True) == [f"contact:{anna}", f"contact:{boris}"]
    assert ids(api, offset=1) == [boris]
    contact = api.get(f"/contact/contact:{anna}", prefixedId="true").json()["contact"]
    assert contact == {"id": f"contact:{anna}"}


def test_update_and_its_failures(api, clients):
    _, anna, _ = clients
    answer = api.post(
        f"/contact/{anna}", {"email": "new@example.ru", "template": {"id": 77}, "companies": [{"id": 5}]}
    )
    assert [one["field"] for one in answer.json()["failures"]] == ["template", "companies"]
    contact = api.get(f"/contact/{anna}", fields="email,companies,dateOfLastUpdate").json()["contact"]
    assert contact["email"] == "new@example.ru"
    assert len(contact["companies"]) == 1
    assert contact["dateOfLastUpdate"]["date"] == "04-03-2025"


def test_custom_fields_follow_the_template(api, clients):
    company, anna, _ = clients
    account = api.box.account
    account.fields.contact[301] = FieldDef(301, "Целевой клиент", 8, ["ДА", "НЕТ"])
    data = {"customFieldData": [{"field": {"id": 301}, "value": "НЕТ"}]}
    for number in (company, anna):
        assert api.post(f"/contact/{number}", data).json() == {"result": "success"}
    # ``anna`` has no template: all fields are hers; the company's template has none of them.
    assert ids(api, f(4106, "НЕТ", field=301)) == [anna]
    assert ids(api, f(4152, 301)) == [anna]
    assert ids(api, f(4153, 301), isCompany=True) == [company]
    assert api.get(f"/contact/{company}", fields="301").json()["contact"]["customFieldData"] == []


def test_silent_and_deleted(bench, clients, api):
    _, anna, boris = clients
    quiet = bench.api(silent_moves_dates=False)
    number = quiet.post("/contact/", {"name": "Анна"}).json()["id"]
    quiet.box.clock.advance(days=3)
    quiet.post(f"/contact/{number}", {"name": "Вера"}, silent="true")
    contact = quiet.get(f"/contact/{number}", fields="name,dateOfLastUpdate").json()["contact"]
    assert (contact["name"], contact["dateOfLastUpdate"]["date"]) == ("Вера", "03-03-2025")
    api.post(f"/contact/{anna}", {"isDeleted": True})
    assert ids(api) == [boris]


def test_what_is_not_there(api):
    read, update = api.get("/contact/5"), api.post("/contact/5", {"name": "x"})
    assert (read.status_code, read.json()["code"]) == (404, 2000)
    assert update.json()["error"] == "Contact for update not found by id 5"
    assert api.get("/contact/user:5").json()["code"] == 2000
    assert api.post("/contact/", {}).json()["code"] == 40


def users(api, *filters, **body):
    answer = api.post("/user/list", {"filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["users"]]


def test_users_robots_and_the_inactive_are_listed(api):
    everybody = users(api)
    assert everybody == [*range(1, 16), 90, 91]
    assert set(everybody) - set(users(api, onlyActive=True)) == {15}
    assert users(api, prefixedId=True, pageSize=1) == ["user:1"]
    assert users(api, offset=15) == [90, 91]


def test_a_user(api):
    user = api.get(
        "/user/2", fields="id,name,lastname,role,status,groups,timezone,email,position,login"
    ).json()["user"]
    assert user == {
        "id": 2,
        "name": "Марина",
        "lastname": "Петрова",
        "groups": [{"id": 1, "name": "Отдел продаж 1"}],
        "role": "User",
        "login": "user2",
        "email": "user2@example.ru",
        "status": "Active",
        "timezone": "Europe/Moscow",
        "position": {"id": 2, "name": "Руководитель отдела продаж"},
    }
    assert api.get("/user/user:2", prefixedId="true").json()["user"] == {"id": "user:2"}
    assert api.get("/user/90", fields="role").json()["user"]["role"] == "Robot"
    assert api.get("/user/15", fields="status").json()["user"]["status"] == "Inactive"
    missing = api.get("/user/777")
    assert (missing.status_code, missing.json()["code"]) == (400, 4000)


def test_user_filters(api):
    groups = api.get("/user/groups").json()["groups"]
    assert groups == [{"id": 1, "name": "Отдел продаж 1"}, {"id": 2, "name": "Отдел продаж 2"}]
    assert users(api, f(9001, 1)) == [2, 4, 6, 8, 10, 12, 14]
    assert users(api, f(9001, "group:1", "notequal"), f(9009, "Robot", "notequal"))[0] == 1
    assert users(api, f(9009, "Robot")) == [90, 91]
    assert users(api, f(9006, "иванова")) == [4]
    assert users(api, f(9008, [4, 5])) == [4, 5]
    assert users(api, f(9003, "user4@")) == [4]
    assert users(api, f(9121, "Ольга"), f(9123, "Иванова")) == [4]
    assert users(api, f(9005, "директор")) == [1]
    assert api.post("/user/list", {"filters": [f(9118, "x")]}).status_code == 501
    assert api.post("/user/list", {"filters": [f(1, 1)]}).json()["code"] == 41
