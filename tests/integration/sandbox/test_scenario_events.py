"""Everything that starts a scenario, the conditions it may have, its formulas, and the month's quota."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl

import pytest

DAY = 86400.0


def listen(api, receiver, *events, form=None, **options):
    request = {"url": receiver.url, "form": {"task": "{{Задача.Номер}}", **(form or {})}}
    return api.box.act.add_scenario("Сообщить", events=events, request=request, **options)


def tasks(api, receiver):
    assert api.box.act.deliver()
    return [int(dict(parse_qsl(one.body))["task"]) for one in receiver.got]


IN_WORK = {"about": "status", "value": [2]}


def test_created_or_changed_and_matching_since_then(api, receiver):
    listen(api, receiver, "came_to_match", conditions=[IN_WORK])
    first = api.create(status={"id": 2})
    second = api.create()
    act = api.box.act
    act.rename("user:4", first, "Всё ещё в работе")
    act.set_status("user:4", second, 2)
    act.set_status("user:4", second, 3)
    act.set_status("user:4", second, 2)
    assert tasks(api, receiver) == [first, second, second]


def test_changed_and_matching_since_then(api, receiver):
    before = api.create(status={"id": 2})
    listen(api, receiver, "changed_to_match", conditions=[IN_WORK])
    created = api.create(status={"id": 2})
    api.box.act.rename("user:4", before, "Подходила и раньше")
    other = api.create()
    api.box.act.set_status("user:4", other, 2)
    assert tasks(api, receiver) == [other]
    assert created not in tasks(api, receiver)


def test_changed_and_matching_as_before(api, receiver):
    listen(api, receiver, "changed_still_matching", conditions=[IN_WORK])
    task = api.create(status={"id": 2})
    api.box.act.rename("user:4", task, "Иначе")
    api.box.act.set_status("user:4", task, 3)
    api.box.act.rename("user:4", task, "Снова иначе")
    assert tasks(api, receiver) == [task]


def test_what_time_alone_makes_true_counts_with_the_next_change(api, receiver):
    listen(api, receiver, "came_to_match", conditions=[{"about": "status_older", "value": 3}])
    task = api.create()
    api.box.clock.advance(days=4)
    assert tasks(api, receiver) == []
    api.box.act.rename("user:4", task, "Иначе")
    assert tasks(api, receiver) == [task]


@pytest.mark.parametrize(
    ("event", "deed"),
    [
        ("accepted", lambda api, task: api.box.act.accept("user:4", task)),
        ("merged", lambda api, task: api.box.act.merge("user:4", api.create(), task)),
        (
            "datatag_row_changed",
            lambda api, task: api.post(
                f"/datatag/entry/{row(api, task)}", {"customFieldData": [{"field": {"id": 512}, "value": 5}]}
            ),
        ),
        (
            "checklist_changed",
            lambda api, task: api.post(f"/task/{task}/checklist/{item(api, task)}", {"isDone": True}),
        ),
    ],
    ids=["accepted", "merged", "row changed", "item changed"],
)
def test_what_else_is_told(api, receiver, event, deed):
    task = api.create()
    listen(api, receiver, event)
    deed(api, task)
    assert tasks(api, receiver) == [task]


def row(api, task):
    body = {"dataTag": {"id": 2}, "items": [{"customFieldData": [{"field": {"id": 512}, "value": 3}]}]}
    return api.post(f"/task/{task}/datatags/", body).json()["keys"][0]


def item(api, task):
    return api.post(f"/task/{task}/checklist", {"name": "Позвонить"}).json()["id"]


def test_rows_are_told_each_and_together(api, receiver):
    task = api.create()
    listen(api, receiver, "datatag", form={"what": "comment"})
    listen(api, receiver, "datatag_row", form={"what": "row"})
    body = {"dataTag": {"id": 2}, "items": [{"customFieldData": []}, {"customFieldData": []}]}
    api.post(f"/task/{task}/datatags/", body)
    assert api.box.act.deliver()
    told = [dict(parse_qsl(one.body))["what"] for one in receiver.got]
    assert told == ["comment", "row", "row"]


def test_a_date_of_a_task_comes(api, receiver):
    act, now = api.box.act, api.box.clock.now().timestamp()
    listen(api, receiver, "date", date="end")
    task, moved, gone = api.create(), api.create(), api.create()
    for one in (task, moved, gone):
        act.set_dates("user:4", one, end=now + DAY)
    act.rename("user:4", task, "Иначе")  # the same date: told once all the same
    act.set_dates("user:4", moved, end=now + 3 * DAY)
    act.delete_task("user:4", gone)
    api.box.clock.advance(hours=23)
    assert tasks(api, receiver) == []
    api.box.clock.advance(hours=1)
    assert tasks(api, receiver) == [task]
    api.box.clock.advance(days=2)
    assert tasks(api, receiver) == [task, moved]


def test_a_date_in_a_field_comes_at_midnight_of_the_account(api, receiver):
    task = api.create()
    api.box.act.set_fields("user:4", task, {106: {"date": "04-03-2025"}})
    listen(api, receiver, "date", date="field 106")
    api.box.clock.advance(hours=14, minutes=59)  # it is 23:59 in Moscow
    assert tasks(api, receiver) == []
    api.box.clock.advance(minutes=1)
    assert tasks(api, receiver) == [task]


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ({"about": "active"}, True),
        ({"about": "active", "not_": True}, False),
        ({"about": "author", "value": ["user:4"]}, True),
        ({"about": "author", "value": ["user:90"]}, False),
        ({"about": "by_scenario"}, False),
        ({"about": "weekday", "value": [0]}, True),
        ({"about": "weekday", "value": [5, 6]}, False),
        ({"about": "working_time"}, True),
        ({"about": "field", "value": {"field": 109, "equals": 5}}, True),
        ({"about": "field", "value": {"field": 109, "equals": 6}}, False),
        ({"about": "field", "value": {"field": 107}}, False),
        ({"about": "last_comment_by", "value": "employee"}, True),
        ({"about": "last_comment_by", "value": "robot"}, False),
        ({"about": "comment_older", "value": 1}, False),
        ({"about": "change_older", "value": 1}, False),
        ({"about": "status_older", "value": 0}, True),
    ],
    ids=lambda one: json.dumps(one, sort_keys=True) if isinstance(one, dict) else str(one),
)
def test_conditions(api, receiver, condition, fires):
    task = api.create(customFieldData=[{"field": {"id": 109}, "value": 5}])
    api.box.act.comment("user:4", task, "Звонил")
    listen(api, receiver, "changed", conditions=[condition])
    api.box.act.rename("user:4", task, "Иначе")
    assert tasks(api, receiver) == ([task] if fires else [])


@pytest.mark.parametrize(
    ("logic", "fires"),
    [
        ("", False),
        ("1 И 2", False),
        ("1 ИЛИ 2", True),
        ("1 И НЕ 2", True),
        ("(1 И 2) ИЛИ (1 И 3)", True),
        ("2 or 2 and 3", False),
    ],
    ids=["none", "and", "or", "not", "brackets", "English"],
)
def test_logic(api, receiver, logic, fires):
    conditions = [
        {"about": "active"},
        {"about": "weekday", "value": [6]},
        {"about": "author", "value": ["user:4"]},
    ]
    listen(api, receiver, "created", conditions=conditions, logic=logic)
    api.box.act.create_task("user:4", "Сделка")
    assert len(tasks(api, receiver)) == fires


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"logic": "1 И"}, "no condition"),
        ({"logic": "1", "conditions": []}, "no condition"),
        ({"logic": "(1", "conditions": [{"about": "active"}]}, "open bracket"),
        ({"logic": "1 & 1", "conditions": [{"about": "active"}]}, "cannot be read"),
        ({"conditions": [{"about": "weather"}]}, "weather"),
        ({"date": "end"}, "go together"),
        ({"date": "birthday", "events": ["date"]}, "no date"),
    ],
    ids=["and what", "none there", "open", "other sign", "unknown", "no event", "no such date"],
)
def test_what_cannot_be_set_up(api, options, error):
    with pytest.raises(ValueError, match=error):
        api.box.act.add_scenario("x", **{"events": ["created"], **options})


def test_functions(api, receiver):
    form = {
        "signed": '%%%HMACSHA256("{{Задача.Номер}}:x";"ключ")%%%',
        "base64": '%%%BASE64ENCODE("{{Задача.Название}}")%%%',
        "list": "%%%JSONARRAY({{Задача.Исполнители}})%%%",
        "one": "%%%GUID()%%%",
        "two": "%%%GUID()%%%",
        "inner": '%%%BASE64ENCODE(BASE64ENCODE("а"))%%%',
        "raw": "%%%{{Задача.Название}}%%%",
        "unknown": "%%%WEATHER({{Задача.Номер}})%%%",
        "broken": '%%%BASE64ENCODE("x"%%%',
    }
    listen(api, receiver, "created", form=form)
    people = {"users": [{"id": "user:4"}, {"id": "user:5"}]}
    name = "{{Задача.Номер}}"  # what a value holds is not filled in again
    task = api.create(name=name, assignees=people)
    assert api.box.act.deliver()
    got = dict(parse_qsl(receiver.got[0].body, keep_blank_values=True))
    assert got["signed"] == hmac.new("ключ".encode(), f"{task}:x".encode(), hashlib.sha256).hexdigest()
    assert got["base64"] == "e3vQl9Cw0LTQsNGH0LAu0J3QvtC80LXRgH19"
    assert json.loads(got["list"]) == ["Ольга Иванова", "Павел Кузнецов"]
    assert len(got["one"]) == 36
    assert got["inner"] == "MExBPQ=="
    assert got["raw"] == name
    assert (got["unknown"], got["broken"]) == (form["unknown"], form["broken"])


@pytest.mark.parametrize("output", ["hex", "base64"])
def test_what_is_not_known_of_the_signature_can_be_set(bench, receiver, output):
    api = bench.api(hmac_arguments="key_text", hmac_output=output)
    listen(api, receiver, "created", form={"signed": '%%%HMACSHA256("key";"text")%%%'})
    api.create()
    assert api.box.act.deliver()
    signed = dict(parse_qsl(receiver.got[0].body))["signed"]
    right = hmac.new(b"key", b"text", hashlib.sha256).digest()
    assert signed == (right.hex() if output == "hex" else base64.b64encode(right).decode())


@pytest.mark.parametrize(("over", "done"), [("stop", 3), ("go_on", 5)])
def test_the_quota_of_a_month(bench, receiver, over, done):
    api = bench.api(operations_per_month=3, over_quota=over)
    listen(api, receiver, "created")
    made = [api.create() for _ in range(5)]
    assert tasks(api, receiver) == made[:done]
    automation = api.box.account.automation
    assert automation.operations["2025-03"] == done
    assert automation.over_quota == 5 - done
    api.box.clock.advance(days=30)
    made.append(api.create())
    assert tasks(api, receiver) == [*made[:done], made[-1]]
    assert automation.operations["2025-04"] == 1


def test_each_operation_counts_buttons_and_webhooks_too(api):
    act, task = api.box.act, api.create()
    act.add_scenario("Три", events=["comment"], set_status=3, comment="Переведено")
    act.comment("user:4", task, "Звонил")
    assert api.box.account.automation.operations["2025-03"] == 2
    act.press("user:4", task, act.add_button("Кнопка", set_status=2))
    assert api.box.account.automation.operations["2025-03"] == 3
    path = act.add_webhook("json", {"task": "task", "comment": "comment"}, operation="add_comment")
    origin = api.box.url.removesuffix("/rest")
    api.session.post(f"{origin}{path}", json={"task": str(task), "comment": "x"}, timeout=10)
    assert api.box.account.automation.operations["2025-03"] == 6  # its own, and two of the scenario


def cards(api, receiver):
    assert api.box.act.deliver()
    return [dict(parse_qsl(one.body, keep_blank_values=True)) for one in receiver.got]


def hear(api, receiver, about, *events, **options):
    form = {"contact": "{{Контакт.Номер}}", "name": "{{Контакт.Название}}", "who": "{{Событие.Автор}}"}
    request = {"url": receiver.url, "form": form | options.pop("form", {})}
    return api.box.act.add_scenario("Контакты", events=events, about=about, request=request, **options)


def test_contacts_and_companies_have_scenarios_of_their_own(api, receiver):
    hear(api, receiver, "company", "created", form={"what": "company"})
    hear(api, receiver, "contact", "created", form={"what": "person"})
    company = api.post("/contact/", {"name": "ООО «Волга»", "isCompany": True}).json()["id"]
    person = api.post("/contact/", {"name": "Анна", "lastname": "Белова"}).json()["id"]
    api.create()  # a task is neither
    assert cards(api, receiver) == [
        {"contact": str(company), "name": "ООО «Волга»", "who": "Робот crmkit", "what": "company"},
        {"contact": str(person), "name": "Анна Белова", "who": "Робот crmkit", "what": "person"},
    ]


def test_a_change_of_a_card_is_told_if_it_is_one(bench, receiver):
    api = bench.api(seed="crm_cases", companies=3, deals=0)
    form = {"tariff": "{{Контакт.Тип тарифа}}", "odd": '{{Контакт."Нет такого"}}'}
    hear(api, receiver, "company", "changed", fields=[201], but_by=["user:90"], form=form)
    tariff = {"customFieldData": [{"field": {"id": 201}, "value": "Базовый"}]}
    api.post("/contact/1003", tariff)  # by our robot
    api.box.act.set_card("user:4", 1003, position="x")  # another field
    api.box.act.set_card("user:4", 1003, field_201="Базовый")  # it is that already
    assert cards(api, receiver) == []
    api.box.act.set_card("user:4", 1003, field_201="Стандарт")
    (told,) = cards(api, receiver)
    assert (told["contact"], told["tariff"], told["who"]) == ("1003", "Стандарт", "Ольга Иванова")
    assert told["odd"] == form["odd"]


def test_a_burst_over_a_card_is_one_request(api, receiver):
    hear(api, receiver, "contact", "changed", "comment", delay=60, debounce=True)
    person = api.post("/contact/", {"name": "Анна"}).json()["id"]
    for number in range(9):
        api.post(f"/contact/{person}", {"position": f"Должность {number}"})
        api.box.clock.advance(seconds=20)
    api.post(f"/contact/{person}/comments/", {"description": "Звонила"})
    assert cards(api, receiver) == []
    api.box.clock.advance(seconds=60)
    assert [one["contact"] for one in cards(api, receiver)] == [str(person)]


def test_imported_and_called_in_contacts_are_told(api, receiver):
    hear(api, receiver, "contact", "created", "changed")
    people = [{"name": "Анна", "email": "a@example.ru"}]
    by_email = {"optionImportUniqueField": "email-phone", "optionImportDuplicate": "update"}
    api.post("/contact/import", {"contacts": people, **by_email})
    again = [people[0] | {"skype": "anna"}]
    api.post("/contact/import", {"contacts": again, **by_email})
    api.post("/contact/import", {"contacts": again, **by_email})  # nothing new
    path = api.box.act.add_webhook("get", {"name": "name"}, operation="create_contact")
    api.session.get(f"{api.box.url.removesuffix('/rest')}{path}?name=Vera", timeout=10)
    assert [one["name"] for one in cards(api, receiver)] == ["Анна", "Анна", "Vera"]


@pytest.mark.parametrize(
    "options",
    [
        {"about": "project"},
        {"about": "company", "set_status": 2},
        {"about": "company", "events": ["deleted"]},
        {"about": "contact", "conditions": [{"about": "active"}]},
    ],
    ids=["unknown", "changes a task", "other event", "conditions"],
)
def test_what_scenarios_of_contacts_cannot(api, options):
    with pytest.raises(ValueError, match="scenarios"):
        api.box.act.add_scenario("x", **{"events": ["created"], **options})
