"""Scenarios: what starts them, what they send, what they do."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl

import pytest


def listen(api, receiver, *events, **options):
    """Let the account tell the receiver which task it is about."""
    request = {"url": f"{receiver.url}/hook", "form": {"task": "{{Задача.Номер}}", **options.pop("form", {})}}
    return api.box.act.add_scenario("Сообщить", events=events, request=request, **options)


def forms(api, receiver):
    """Return the forms that came so far."""
    assert api.box.act.deliver()
    return [dict(parse_qsl(one.body, keep_blank_values=True)) for one in receiver.got]


def test_a_new_task_is_told(api, receiver):
    listen(api, receiver, "created", form={"name": "{{Задача.Название}}", "who": "{{Событие.Автор}}"})
    task = api.create(name="Поставка & монтаж")
    assert forms(api, receiver) == [
        {"task": str(task), "name": "Поставка & монтаж", "who": "Робот crmkit"},
    ]
    (got,) = receiver.got
    assert (got.method, got.path) == ("POST", "/hook")
    assert got.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("event", "deed"),
    [
        ("changed", lambda act, task: act.rename("user:4", task, "Иначе")),
        ("changed", lambda act, task: act.set_status("user:4", task, 2)),
        ("status", lambda act, task: act.set_status("user:4", task, 2)),
        ("comment", lambda act, task: act.comment("user:4", task, "Звонил")),
        ("deleted", lambda act, task: act.delete_task("user:4", task)),
    ],
)
def test_what_people_do_is_told(api, receiver, event, deed):
    task = api.create()
    listen(api, receiver, event)
    deed(api.box.act, task)
    assert forms(api, receiver) == [{"task": str(task)}]


@pytest.mark.parametrize(
    ("event", "deed"),
    [
        ("status", lambda act, task: act.rename("user:4", task, "Иначе")),
        ("comment", lambda act, task: act.set_status("user:4", task, 2)),
        ("changed", lambda act, task: act.comment("user:4", task, "Звонил")),
        ("changed", lambda act, task: act.rename("user:4", task, "Сделка")),  # it is called that already
    ],
)
def test_what_is_something_else_is_not(api, receiver, event, deed):
    task = api.create()
    listen(api, receiver, event)
    deed(api.box.act, task)
    assert forms(api, receiver) == []


def test_rows_of_analytics_and_items_of_checklists_are_told(api, receiver):
    task = api.create()
    listen(api, receiver, "datatag", form={"what": "аналитика"})
    listen(api, receiver, "checklist", form={"what": "чек-лист"})
    api.post(f"/task/{task}/datatags/", {"dataTag": {"id": 2}, "items": [{"customFieldData": []}]})
    api.post(f"/task/{task}/checklist", {"name": "Позвонить"})
    assert [one["what"] for one in forms(api, receiver)] == ["аналитика", "чек-лист"]


def test_conditions(api, receiver):
    act, task = api.box.act, api.create()
    other = act.create_task("user:4", "Согласование", object_=2)
    number = listen(api, receiver, "changed", object=1, status=2, fields=[109], but_by=["user:90"])
    act.set_fields("user:4", task, {109: 5})  # another status
    act.set_status("user:4", task, 2)  # another field
    act.rename("user:4", other, "Иначе")  # another object
    api.post(f"/task/{task}", {"customFieldData": [{"field": {"id": 109}, "value": 6}]})  # not by this one
    assert forms(api, receiver) == []
    act.set_fields("user:4", task, {109: 7})
    assert len(forms(api, receiver)) == 1
    act.switch_scenario(number, active=False)
    act.set_fields("user:4", task, {109: 8})
    assert len(forms(api, receiver)) == 1


def test_a_silent_update_starts_nothing_unless_it_is_set(bench, receiver):
    for fires in (False, True):
        api = bench.api(silent_fires_scenarios=fires)
        task = api.create()
        listen(api, receiver, "changed", "comment")
        api.post(f"/task/{task}?silent=true", {"name": "Иначе"})
        api.post(f"/task/{task}/comments/?silent=true", {"description": "x"})
        assert len(forms(api, receiver)) == (2 if fires else 0)


def test_values_are_read_when_the_request_leaves(api, receiver):
    task = api.create()
    listen(api, receiver, "changed", delay=300, form={"name": "{{Задача.Название}}"})
    api.box.act.rename("user:4", task, "Первое")
    api.box.clock.advance(minutes=4)
    api.box.act.rename("user:4", task, "Второе")
    assert forms(api, receiver) == []
    api.box.clock.advance(minutes=1)
    assert [one["name"] for one in forms(api, receiver)] == ["Второе"]
    api.box.clock.advance(minutes=4)
    assert [one["name"] for one in forms(api, receiver)] == ["Второе", "Второе"]


def test_the_countdown_starts_again_with_debounce(api, receiver):
    task = api.create()
    listen(api, receiver, "changed", delay=300, debounce=True)
    for number in range(52):
        api.box.act.rename("user:4", task, f"Правка {number}")
        api.box.clock.advance(seconds=10)
    assert forms(api, receiver) == []
    api.box.clock.advance(seconds=280)
    assert forms(api, receiver) == []
    api.box.clock.advance(seconds=10)
    assert forms(api, receiver) == [{"task": str(task)}]


def test_a_raw_body_is_typed_by_hand_and_nothing_is_escaped(api, receiver):
    body = '{"task": {{Задача.Номер}}, "name": "{{Задача.Название}}", "sum": "{{Задача.Сумма}}"}'
    request = {"url": receiver.url, "body": body, "headers": {"Content-Type": "application/json"}}
    api.box.act.add_scenario("JSON", events=["created"], request=request)
    task = api.create(name="Простая", customFieldData=[{"field": {"id": 109}, "value": 5}])
    api.create(name='ООО "Волга"')
    assert api.box.act.deliver()
    assert json.loads(receiver.got[0].body) == {"task": task, "name": "Простая", "sum": "5"}
    assert '"name": "ООО "Волга""' in receiver.got[1].body
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(receiver.got[1].body)


def test_what_cannot_be_resolved_stays_as_it_is_typed(api, receiver):
    form = {
        "field": "{{Задача.Сумма}}",
        "nobody": "{{Задача.Нет такого}}",
        "comment": "{{Комментарий.Текст}}",
        "empty": "{{Задача.Причина паузы}}",
        "people": "{{Задача.Исполнители}}",
        "odd": "{{Погода}}",
    }
    listen(api, receiver, "created", form=form)
    people = {"users": [{"id": "user:4"}, {"id": "user:5"}]}
    task = api.create(object={"id": 2}, assignees=people)
    assert forms(api, receiver) == [
        {
            "task": str(task),
            "field": "{{Задача.Сумма}}",  # not attached to this object
            "nobody": "{{Задача.Нет такого}}",
            "comment": "{{Комментарий.Текст}}",
            "empty": "{{Задача.Причина паузы}}",
            "people": "Ольга Иванова, Павел Кузнецов",  # an array is a text
            "odd": "{{Погода}}",
        }
    ]


def test_every_placeholder(api, receiver):
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    api.post("/project/", {"name": "Запуск"})
    names = ("Описание", "Статус", "Постановщик", "Участники", "Аудиторы", "Контрагент", "Проект", "Метка")
    dates = ("Дата создания", "Дата последнего изменения", "Планируемое начало", "Планируемое завершение")
    form = {name: f"{{{{Задача.{name}}}}}" for name in (*names, *dates, "Отложить до", "Причина паузы")}
    form |= {
        "Текст": "{{ Комментарий.Текст }} / {{Комментарий.Автор}}",
        "Время": "{{Системные.Текущее время}} {{Системные.Текущая дата}}",
        "Когда": "{{Комментарий.Дата}} {{Комментарий.Вложения}}",
    }
    task = api.create(
        description="<b>Счёт</b>",
        counterparty={"id": client},
        project={"id": 1},
        endDateTime="05-03-2025 12:00",
        auditors={"users": [{"id": "user:2"}]},
        customFieldData=[
            {"field": {"id": 102}, "value": ["VIP", "Тендер"]},
            {"field": {"id": 106}, "value": {"date": "01-04-2025"}},
        ],
    )
    listen(api, receiver, "comment", form=form)
    api.box.act.comment("user:4", task, "Звонил<br>Ждёт")
    (got,) = forms(api, receiver)
    assert got == {
        "task": str(task),
        "Описание": "Счёт",
        "Статус": "Новая",
        "Постановщик": "Робот crmkit",
        "Участники": "",
        "Аудиторы": "Марина Петрова",
        "Контрагент": "Анна",
        "Проект": "Запуск",
        "Метка": "VIP, Тендер",
        "Дата создания": "03-03-2025 09:00",  # in the account's zone
        "Дата последнего изменения": "03-03-2025 09:00",
        "Планируемое начало": "",
        "Планируемое завершение": "05-03-2025 15:00",
        "Отложить до": "01-04-2025 00:00",
        "Причина паузы": "",
        "Текст": "Звонил\nЖдёт / Ольга Иванова",
        "Время": "03-03-2025 09:00 03-03-2025",
        "Когда": "03-03-2025 09:00 {{Комментарий.Вложения}}",
    }


def test_values_in_an_address_are_encoded_except_between_percent_signs(api, receiver):
    name = "{{Задача.Название}}"
    url = receiver.url + "/t/{{Задача.Номер}}?name=" + name + "&raw=%%%" + name + "%%%"
    api.box.act.add_scenario("GET", events=["created"], request={"url": url, "method": "GET"})
    task = api.create(name="a&b=ё")
    assert api.box.act.deliver()
    assert receiver.got[0].path == f"/t/{task}?name=a%26b%3D%D1%91&raw=a&b=%D1%91"
    assert receiver.got[0].body == ""


def test_a_receiver_can_tell_who_sent_it(api, receiver):
    request = {
        "url": receiver.url,
        "form": {"task": "{{Задача.Номер}}"},
        "headers": {"X-Secret": "s3cret"},
        "user": "crmkit",
        "password": "пароль",
        "hmac_header": "X-Signature",
        "hmac_secret": "ключ",
    }
    api.box.act.add_scenario("Подпись", events=["created"], request=request)
    api.create()
    assert api.box.act.deliver()
    (got,) = receiver.got
    assert got.headers["X-Secret"] == "s3cret"
    assert got.headers["Authorization"].startswith("Basic ")
    signed = hmac.new("ключ".encode(), got.body.encode(), hashlib.sha256).hexdigest()
    assert got.headers["X-Signature"] == signed
    shown = api.control("GET", "/state/scenarios").text
    assert "s3cret" not in shown
    assert "пароль" not in shown


def test_a_scenario_changes_the_task_and_does_not_start_itself(api, receiver):
    act = api.box.act
    act.add_scenario(
        "Просрочка",
        events=["changed", "created"],
        set_status=3,
        set_fields={"107": "Ждём", "103": "user:5"},
        comment="Переведено: {{Задача.Статус}}",
        author="user:91",
    )
    listen(api, receiver, "status", form={"who": "{{Событие.Автор}}"})
    task = api.create()
    shown = api.task(task, "status,103,107")
    assert shown["status"]["id"] == 3
    assert [one["stringValue"] for one in shown["customFieldData"]] == ["Павел Кузнецов", "Ждём"]
    said = [one["description"] for one in api.comments(task, "Comments")]
    assert said == ["Переведено: Переговоры"]
    assert [one["who"] for one in forms(api, receiver)] == ["Робот Планфикса"]


def test_two_scenarios_do_not_chase_each_other_for_ever(api):
    act, task = api.box.act, api.create()
    act.add_scenario("Туда", events=["status"], set_status=3, author="user:91")
    act.add_scenario("Обратно", events=["status"], set_status=2, author="user:91")
    act.set_status("user:4", task, 4)
    changes = [one for one in api.comments(task) if one.get("changeStatus")]
    assert 2 <= len(changes) <= 4


def test_the_answer_goes_into_a_comment(api, receiver):
    receiver.said = "Принято".encode()
    request = {"url": receiver.url, "answer_as_comment": True}
    api.box.act.add_scenario("Ответ", events=["created"], request=request)
    task = api.create()
    assert api.box.act.deliver()
    assert [one["description"] for one in api.comments(task)] == ["Принято"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"events": ["exploded"]}, "exploded"),
        ({"events": []}, "there are"),
        ({"events": ["created"], "request": {"url": "https://example.com/"}}, "127.0.0.1"),
        ({"events": ["created"], "request": {"url": "http://127.0.0.1/", "method": "PATCH"}}, "PATCH"),
        (
            {"events": ["created"], "request": {"url": "http://127.0.0.1/", "body": "x", "form": {"a": "b"}}},
            "both",
        ),
    ],
)
def test_scenarios_that_cannot_be(api, options, error):
    with pytest.raises(ValueError, match=error):
        api.box.act.add_scenario("x", **options)
    assert api.control("GET", "/state/scenarios").json() == []


def test_the_tariff_limits_scenarios_and_buttons(bench):
    act = bench.box(tariff="free").act
    act.add_scenario("Одна", events=["created"], comment="x")
    with pytest.raises(ValueError, match="one scenario"):
        act.add_scenario("Вторая", events=["created"], comment="x")
    with pytest.raises(ValueError, match="no buttons"):
        act.add_button("Кнопка", set_status=2)
    with pytest.raises(ValueError, match="under a minute"):
        bench.box(tariff="business").act.add_scenario("Быстрая", events=["created"], comment="x", delay=5)


def test_scenarios_are_set_up_over_http(api, receiver):
    body = {
        "action": "add_scenario",
        "name": "Сообщить",
        "events": ["created"],
        "request": {"url": receiver.url, "form": {"task": "{{Задача.Номер}}"}},
        "object": 1,
    }
    assert api.control("POST", "/act", body).json() == {"result": 1}
    task = api.create()
    assert api.control("POST", "/act", {"action": "deliver"}).json() == {"result": True}
    (sent,) = api.control("GET", "/state/deliveries").json()
    assert (sent["task"], sent["state"], sent["body"]) == (task, "delivered", f"task={task}")
    assert sent["attempts"] == [{"at": 1740981600.0, "status": 200}]
    assert api.control("POST", "/act", body | {"colour": 1}).status_code == 400
