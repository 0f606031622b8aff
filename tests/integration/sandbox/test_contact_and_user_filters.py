"""Filters of contacts by their tasks, rights, birthdays and analytics; the further ones of employees."""

import pytest

DAY = 86400.0


def f(number, value=1, operator="equal", **more):
    return {"type": number, "operator": operator, "value": value, **more}


def ids(api, *filters, path="contact", **body):
    answer = api.post(f"/{path}/list", {"fields": "id", "filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()[f"{path}s"]]


def contact(api, name, **values):
    return api.post("/contact/", {"name": name, **values}).json()["id"]


@pytest.fixture
def people(api):
    """Anna is the counterparty of an active task, Boris takes part in an overdue one, Vera's is closed."""
    anna, boris, vera, gleb = (contact(api, name) for name in ("Анна", "Борис", "Вера", "Глеб"))
    now = api.box.clock.now().timestamp()
    api.create(counterparty={"id": anna})
    late = api.create(participants={"users": [{"id": f"contact:{boris}"}]})
    api.box.act.set_dates("user:4", late, end=now - DAY)
    api.create(counterparty={"id": vera}, status={"id": 5})
    return anna, boris, vera, gleb


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (4201, "BVG"),
        (4202, "AVG"),
        (4203, "A"),
        (4204, "B"),
        (4205, ""),
        (4206, "B"),
    ],
)
def test_by_the_tasks_they_are_in(api, people, number, found):
    named = dict(zip("ABVG", people, strict=True))
    assert ids(api, f(number)) == [named[one] for one in found]


def test_a_deleted_task_counts_no_more(api, people):
    anna, *_ = people
    api.box.act.delete_task("user:4", 70001)
    assert anna not in ids(api, f(4203))


@pytest.mark.parametrize(
    ("number", "operator", "found"),
    [
        (4213, "equal", "AV"),
        (4213, "lt", ""),
        (4219, "equal", "BG"),
        (4214, "equal", "B"),
        (4220, "equal", "AVG"),
    ],
)
def test_by_the_last_activity_of_their_tasks(api, people, number, operator, found):
    named = dict(zip("ABVG", people, strict=True))
    assert ids(api, f(number, {"dateType": "today"}, operator)) == [named[one] for one in found]


def test_an_activity_of_yesterday_is_not_of_today(api, people):
    api.box.clock.advance(days=1)
    assert ids(api, f(4213, {"dateType": "today"})) == []
    assert ids(api, f(4213, {"dateType": "yesterday"})) == [people[0], people[2]]
    api.box.act.comment("user:4", 70001, "Звонил")
    assert ids(api, f(4213, {"dateType": "today"})) == [people[0]]


@pytest.mark.parametrize(
    ("value", "operator", "with_year", "without"),
    [
        ({"dateType": "otherDate", "dateValue": "04-03-1990"}, "equal", "A", "A"),
        ({"dateType": "otherDate", "dateValue": "04-03-1900"}, "equal", "", "A"),
        ({"dateType": "thisMonth"}, "equal", "", "A"),
        ({"dateType": "otherRange", "dateFrom": "25-12-2024", "dateTo": "05-03-2025"}, "equal", "", "AB"),
        ({"dateType": "otherDate", "dateValue": "04-03-1990"}, "notequal", "BV", "BV"),
        ({"dateType": "otherDate", "dateValue": "01-01-1995"}, "lt", "AB", None),
    ],
    ids=["the day", "year 1900", "this month", "over new year", "not", "before"],
)
def test_birthdays(api, value, operator, with_year, without):
    days = {"A": "04-03-1990", "B": "29-02-1992"}
    named = {one: contact(api, one, birthDate={"date": day}) for one, day in days.items()}
    named["V"] = contact(api, "V")  # nobody knows when
    assert ids(api, f(4223, value, operator)) == [named[one] for one in with_year]
    if without is None:
        answer = api.post("/contact/list", {"filters": [f(4011, value, operator)]})
        assert answer.json()["code"] == 41
    else:
        assert ids(api, f(4011, value, operator)) == [named[one] for one in without]


def test_rights_and_further_addresses(api):
    anna, boris = contact(api, "Анна", telegramId="123456"), contact(api, "Борис")
    act = api.box.act
    act.set_contact(anna, visible_for=["user:4"], editable_for=["group:1"], emails=["second@example.ru"])
    act.set_contact(boris, barred_as=["participant", "counterparty"])
    for one, expected in (
        (f(47, "user:4"), [anna]),
        (f(47, "user:5"), []),
        (f(48, "user:2"), [anna]),  # of group 1
        (f(48, "user:2", "notequal"), [boris]),
        (f(4012), [anna]),
        (f(4017), [boris]),
        (f(4013), [anna]),
        (f(4018), [boris]),
        (f(4221, "second@"), [anna]),
        (f(4234, 123456), [anna]),
        (f(4233, 9_000_000 + boris), [boris]),
        (f(4233, boris), []),
    ):
        assert ids(api, one) == expected, one
    shown = api.get(f"/contact/{anna}", fields="additionalEmailAddresses").json()["contact"]
    assert shown["additionalEmailAddresses"] == ["second@example.ru"]
    with pytest.raises(LookupError, match="shoe"):
        act.set_contact(anna, shoe=42)


def test_rows_of_analytics_of_a_contact(api):
    anna, boris = contact(api, "Анна"), contact(api, "Борис")
    for one, minutes in ((anna, 5), (boris, 50)):
        row = {"customFieldData": [{"field": {"id": 512}, "value": minutes}]}
        api.post(f"/contact/{one}/datatags/", {"dataTag": {"id": 2}, "items": [row]})
    inside = {"dataTagId": 2, "filter": {"type": 3109, "field": 512}}
    assert ids(api, f(93, 10, "gt", subfilter=inside)) == [boris]
    assert api.post("/contact/list", {"filters": [f(93, 10)]}).status_code == 500


def test_employees(api):
    act = api.box.act
    act.set_employee("user:4", extension="456789")
    act.set_employee("user:5", telegram_id="123456")
    body = {"birthDate": {"date": "04-03-1990"}, "languageCode": "En"}
    assert api.post("/user/5", body).status_code == 200
    director = next(number for number, name in api.box.account.positions.items() if name == "Директор")
    day = {"dateType": "otherDate", "dateValue": "04-03-1990"}
    for one, expected in (
        (f(9004, "456789"), [4]),
        (f(9004, "4567"), []),
        (f(9120, day), [5]),
        (f(9120, day, "gt"), []),
        (f(9124, "En"), [5]),
        (f(9126, 123456), [5]),
        (f(9127, director), [1]),
        (f(9127, {"id": director}), [1]),
    ):
        assert ids(api, one, path="user") == expected, one
    shown = api.get("/user/5", fields="telegramId,languageCode").json()["user"]
    assert shown == {"id": 5, "telegramId": "123456", "languageCode": "En"}
    assert api.get("/user/4", fields="extensionNumber").json()["user"]["extensionNumber"] == "456789"
