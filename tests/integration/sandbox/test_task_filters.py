"""Complex filters of tasks, one by one, with the vendor's habits."""

import pytest

from crmkit.sandbox.planfix.models import DataTag, DataTagEntry, FieldDef, ObjectKind, Project

DAY = 86400


def f(kind, value, operator="equal", **more):
    return {"type": kind, "operator": operator, "value": value, **more}


@pytest.fixture
def three(api):
    """Three tasks: names of their numbers are a, b and c."""
    return [api.create(name=name) for name in ("Поставка кабеля", "Монтаж", "Кабельный завод")]


def test_filters_are_joined_by_and(api, three):
    a, b, c = three
    api.box.act.set_status("user:4", c, 2)
    assert api.ids(f(8, "кабел")) == [a, c]
    assert api.ids(f(8, "кабел"), f(10, 2)) == [c]
    assert api.ids(f(8, "кабел", "notequal")) == [b]


def test_status_by_number_array_and_not(api, three):
    a, b, c = three
    api.box.act.set_status("user:4", b, 2)
    api.box.act.set_status("user:4", c, 6)
    assert api.ids(f(10, 2)) == [b]
    assert api.ids(f(10, [1, 6])) == [a, c]
    assert api.ids(f(10, 2, "notequal")) == [a, c]
    assert api.ids(f(10, [2, 6], "notequal")) == [a]


@pytest.mark.parametrize(("choice", "found"), [("ignore", 3), ("none_of", 1)])
def test_not_equal_to_an_array_is_a_doubt(bench, choice, found):
    api = bench.api(notequal_array=choice)
    for status in (1, 2, 6):
        api.create(status={"id": status})
    assert len(api.ids(f(10, [2, 6], "notequal"))) == found
    assert len(api.ids(f(51, [2, 3], "notequal"))) == 3


def test_not_equal_to_an_array_may_be_refused(bench):
    answer = bench.api(notequal_array="refuse").post("/task/list", {"filters": [f(10, [2], "notequal")]})
    assert (answer.status_code, answer.json()["code"]) == (500, 41)


def test_numbers_of_tasks(api, three):
    a, b, c = three
    assert api.ids(f(57, b)) == api.ids(f(57, str(b))) == [b]
    assert api.ids(f(57, [c, a])) == [a, c]
    assert api.ids(f(57, b, "notequal")) == [a, c]


def test_object_template_and_process(bench):
    api = bench.api()
    api.box.account.templates[501] = ObjectKind(501, "Шаблон", 1)
    deal, approval = api.create(), api.create(object={"id": 2})
    plain = api.post("/task/", {"name": "x", "template": {"id": 501}}).json()["id"]
    assert api.ids(f(51, 1)) == [deal]
    assert api.ids(f(51, [2, 501])) == [approval, plain]
    assert api.ids(f(51, 1, "notequal")) == [approval, plain]
    assert api.ids(f(325, 2)) == [approval]
    assert api.ids(f(24, 1)) == api.ids(f(24, "1")) == [deal, plain]


def test_filter_51_may_look_at_templates_only(bench):
    api = bench.api(filter_51="template")
    deal = api.create()
    assert api.ids(f(51, 1)) == []
    assert api.ids(f(51, 1, "notequal")) == [deal]
    assert api.ids(f(325, 1)) == [deal]


def test_people(api):
    act = api.box.act
    act.create_task("user:4", "a", assignees=["user:5", "contact:0"][:1])
    by_group = api.create(assignees={"groups": [{"id": 1}]}, assigner={"id": "user:2"})
    both = api.create(
        assignees={"users": [{"id": "user:4"}]},
        participants={"users": [{"id": "user:6"}]},
        auditors={"users": [{"id": "user:3"}]},
    )
    assert api.ids(f(1, "user:2")) == [by_group]
    assert api.ids(f(2, "user:4")) == [by_group, both]  # through group 1 as well
    assert api.ids(f(97, "user:4")) == [both]  # personally
    assert api.ids(f(2, "group:1")) == [by_group]
    assert api.ids(f(39, "user:6")) == [both]
    assert api.ids(f(3, "user:3")) == api.ids(f(60, "user:3")) == [both]
    assert both not in api.ids(f(97, "user:4", "notequal"))


def test_auditors_of_the_project(api, three):
    api.box.account.projects[5] = Project(5, "Проект", auditors=["user:3"])
    a = three[0]
    api.post(f"/task/{a}", {"project": {"id": 5}})
    assert api.ids(f(5, 5)) == api.ids(f(5, "5")) == api.ids(f(5, [5, 7])) == [a]
    assert api.ids(f(59, "user:3")) == api.ids(f(3, "user:3")) == [a]
    assert api.ids(f(60, "user:3")) == []


def test_client_priority_parent(bench):
    api = bench.api()
    client = api.post("/contact/", {"name": "ООО", "isCompany": True}).json()["id"]
    a = api.create(counterparty={"id": client}, priority="Urgent")
    b = api.create(parent={"id": a})
    c = api.create(parent={"id": b})
    assert api.ids(f(7, client)) == api.ids(f(7, f"contact:{client}")) == [a]
    assert api.ids(f(9, "Urgent")) == [a]
    assert api.ids(f(9, "Urgent", "notequal")) == [b, c]
    assert api.ids(f(73, a)) == [b]
    assert api.ids(f(307, a)) == [b, c]
    assert api.ids(f(307, a, "notequal")) == [a]
    api.post(f"/task/{a}", {"parent": {"id": c}})  # a circle: nobody forbids it
    assert api.ids(f(307, a)) == [a, b, c]
    assert api.ids(f(307, 5)) == []


FLAGS = {
    22: "bare",
    25: "full",
    23: "bare",
    26: "full",
    17: "full",
    29: "bare",
    33: "bare",
    41: "bare",
    34: "both",
    35: "none",
    71: "full",
    69: "none",
    72: "full",
    70: "none",
    16: "none",
    28: "both",
}


@pytest.mark.parametrize("kind", FLAGS)
def test_flags_count_with_true_and_1_and_are_ignored_otherwise(api, kind):
    bare = api.create()
    full = api.create(
        startDateTime={"date": "01-03-2025", "time": "10:00"},
        endDateTime={"date": "02-03-2025"},
        assignees={"users": [{"id": "user:4"}]},
        participants={"users": [{"id": "user:5"}]},
    )
    expected = {"bare": [bare], "full": [full], "both": [bare, full], "none": []}[FLAGS[kind]]
    assert api.ids(f(kind, True)) == api.ids(f(kind, 1)) == expected
    for nonsense in ("abc", "true", 0, False, None, []):
        assert api.ids(f(kind, nonsense)) == [bare, full]


@pytest.mark.parametrize("kind", [9, 18, 24, 325])
def test_some_filters_swallow_a_text_and_filter_nothing(api, three, kind):
    assert api.ids(f(kind, "не то")) == three


def test_a_wrong_value_elsewhere_is_a_doubt(bench, api):
    for kind, value in ((10, "Новая"), (57, {"id": 1}), (2, 5), (12, "вчера"), (8, 7), (102, "много")):
        body = {"filters": [f(kind, value, field=109)]}
        answer = api.post("/task/list", body)
        assert (answer.status_code, answer.json()["code"]) == (500, 41), kind
        tolerant = bench.api(wrong_filter_value="ignore")
        number = tolerant.create()
        assert tolerant.ids(f(kind, value, field=109)) == [number]


@pytest.mark.wrong_requests
def test_unknown_filters_operators_and_shapes_are_refused(api):
    for filters, code in (
        ([f(99999, 1)], 41),
        ([f(10, 1, "gt")], 41),
        ([f(79, {"dateType": "today"}, "have")], 41),
        ([f(22, 1, "notequal")], 41),
        ([{"operator": "equal", "value": 1}], 40),
        ([{"type": 10, "value": 1}], 40),
        ([f("10", 1)], 41),
        ([f(109, "user:4")], 40),
        ([f(109, "user:4", field=777)], 41),
        ([f(104, 5, field=109)], 41),
        ([f(105, "да", field=108)], 41),
        ([f(106, 5, field=101)], 41),
        ([f(112, "кто", field=103)], 41),
        ([f(114, "a;b", field=102)], 41),
        ([f(307, "все")], 41),
        ([f(93, "x", subfilter={"dataTagId": 77})], 6000),
        ("abc", 30),
    ):
        assert api.post("/task/list", {"filters": filters}).json()["code"] == code, filters


def test_analytics(api):
    account = api.box.account
    account.data_tags[6] = DataTag(6, "Звонок", {20: FieldDef(20, "Итог", 0), 21: FieldDef(21, "Минуты", 1)})
    a, b = api.create(), api.create()
    account.tasks[a].entries.append(DataTagEntry(1, 6, {20: "Дозвонился", 21: 15}))
    assert api.ids(f(11, 6)) == [a]
    assert api.ids(f(18, 6)) == [b]
    tag = {"dataTagId": 6}
    text = {**tag, "filter": {"type": 3108, "field": 20}}
    number = {**tag, "filter": {"type": 3109, "field": 21}}
    assert api.ids(f(93, "Дозвонился", "equals", subfilter=text)) == [a]
    assert api.ids(f(93, 10, "gt", subfilter=number)) == [a]
    assert api.ids(f(93, 20, "gt", subfilter=number)) == []
    nonsense = f(93, 20, subfilter={**tag, "filter": {"type": 1}})
    assert api.post("/task/list", {"filters": [nonsense]}).json()["code"] == 41
    refused = api.post("/task/list", {"filters": [f(93, "x")]})
    assert refused.json()["error"] == 'JSONObject["subfilter"] not found'
    assert api.task(a, "dataTags")["dataTags"] == [{"dataTag": {"id": 6, "name": "Звонок"}, "key": 1}]


CUSTOM = [
    (101, 0, "Текст", "текст", "Другое"),
    (102, 1, 99, 99, 100),
    (104, 4, {"time": "17:50"}, "17:50", "10:00"),
    (105, 7, True, 1, 0),
    (106, 8, "Да", "Да", "да"),
    (107, 9, {"id": 2}, 2, 3),
    (108, 10, {"id": "contact:1001"}, "contact:1001", "contact:7"),
    (109, 11, {"id": "user:4"}, "user:4", "user:5"),
    (110, 12, {"id": 1001}, 1001, 1002),
    (111, 20, ["a", "b"], "b;c", "c;d"),
    (112, 13, {"id": "group:1"}, "group:1", "group:2"),
    (113, 14, [{"id": "user:4"}, {"id": "group:1"}], "group:1", "user:5"),
    (114, 15, [{"id": 1}, {"id": 2}], "2;3", "4;5"),
    (115, 16, {"id": 70001}, 70001, 70002),
    (116, 17, [{"id": 70001}, {"id": 70002}], [70002, 70003], [70009]),
    (117, 22, {"id": 5}, 5, 6),
]


@pytest.mark.parametrize(("kind", "field_type", "written", "match", "miss"), CUSTOM)
def test_custom_field_filters(api, kind, field_type, written, match, miss):
    account = api.box.account
    account.fields.task[201] = FieldDef(201, "Поле", field_type, directory=3)
    account.objects[1].fields.add(201)
    filled = api.create(customFieldData=[{"field": {"id": 201}, "value": written}])
    empty = api.create()
    assert api.ids(f(kind, match, field=201)) == [filled]
    assert filled not in api.ids(f(kind, miss, field=201))
    assert empty in api.ids(f(kind, match, "notequal", field=201))
    assert filled not in api.ids(f(kind, match, "notequal", field=201))
    assert api.ids(f(152, 201)) == [filled]
    assert api.ids(f(153, 201)) == [empty]


def test_texts_and_numbers_have_more_operators(api):
    data = [{"field": {"id": 107}, "value": "Клиент в отпуске"}, {"field": {"id": 109}, "value": 100}]
    filled, empty = api.create(customFieldData=data), api.create()
    assert api.ids(f(101, "отпуск", "have", field=107)) == [filled]
    assert api.ids(f(101, "отпуск", "nothave", field=107)) == [empty]
    assert api.ids(f(101, "отпуск", field=107)) == []
    assert api.ids(f(102, 99, "gt", field=109)) == [filled]
    assert api.ids(f(102, 99, "lt", field=109)) == []
    assert api.ids(f(102, "100", field=109)) == [filled]
