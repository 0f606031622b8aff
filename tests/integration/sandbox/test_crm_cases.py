"""The seed of the other cases: its numbers are a promise, recipes and documents name them."""

from __future__ import annotations

from collections import Counter

import pytest

from crmkit.config import load
from crmkit.crm.registry import connect


@pytest.fixture
def box(bench):
    return bench.box("crm_cases")


def statuses(api, kind):
    told = api.get(f"/object/{kind}/statuses", fields="id,name,isActive").json()["statuses"]
    return [(one["id"], one["name"], one["isActive"]) for one in told]


def test_objects_and_their_statuses(api):
    objects = api.post("/object/list", {}).json()["objects"]
    assert [(one["id"], one["name"]) for one in objects] == [
        (1, "Сделка"),
        (2, "Согласование"),
        (3, "Бухгалтерское обслуживание"),
        (4, "Задача"),
    ]
    assert (7, "Завершена по причине отсутствия денег", False) in statuses(api, 1)
    assert (8, "Сделка провалена", False) in statuses(api, 1)
    assert statuses(api, 3)[0] == (31, "Новая", True)
    assert [number for number, _, active in statuses(api, 4) if active] == [41]
    assert "Работа по бухгалтерскому аутсорсингу" in api.get("/process/task", fields="id,name").text


@pytest.mark.parametrize(
    ("number", "tariff", "cost", "kind"),
    [
        (1, "Базовый", None, "Поставщик"),
        (2, "Индивидуальный", "12 000,50 ₽", "Партнёр"),
        (3, "Стандарт", None, "Клиент"),
        (4, None, None, "Поставщик"),
        (5, "Индивидуальный", None, "Партнёр"),
        (6, "Индивидуальный", "много", "Клиент"),
        (9, "Стандарт", "9 000", "Клиент"),
    ],
)
def test_companies_with_and_without_what_is_needed(api, number, tariff, cost, kind):
    card = api.get(f"/contact/{1000 + number}", fields="isCompany,201,202,204").json()["contact"]
    values = {one["field"]["id"]: one["value"] for one in card["customFieldData"]}
    assert card["isCompany"] is True
    assert (values.get(201), values.get(202), values.get(204)) == (tariff, cost, kind)


def test_persons(api):
    def card(number, fields):
        return api.get(f"/contact/{number}", fields=fields).json()["contact"]

    assert card(1010, "contacts")["contacts"] == []
    assert [one["id"] for one in card(1011, "contacts")["contacts"]] == ["contact:5011"]
    assert [one["id"] for one in card(5011, "companies")["companies"]] == [1011]
    assert card(5008, "email")["email"] == ""
    by_phone = [{"type": 4003, "operator": "equal", "value": "79000000002"}]
    assert [one["id"] for one in api.post("/contact/list", {"filters": by_phone}).json()["contacts"]] == [
        5001,
        5002,
    ]
    (responsible,) = card(1005, "supervisors")["supervisors"]["users"]
    assert responsible["id"] == "user:15"
    assert api.get("/user/15", fields="status").json()["user"]["status"] == "Inactive"


def test_deals_of_every_kind(api):
    rows = api.tasks(fields="id,status,counterparty,dateTime", pageSize=100)
    rows += api.tasks(fields="id,status,counterparty,dateTime", pageSize=100, offset=100)
    assert [row["id"] for row in rows] == list(range(70001, 70121))
    assert set(Counter(row["status"]["id"] for row in rows).values()) == {12}
    clients = Counter(row["counterparty"]["id"] for row in rows)
    assert Counter(clients.values()) == {1: 20, 2: 20, 3: 20}
    assert clients["contact:5001"] == 1
    assert clients["contact:1002"] == 2
    lost = [row["id"] for row in rows if row["status"]["id"] == 7]
    shown = api.task(lost[0], "115,status")
    assert shown["customFieldData"][0]["value"] == "Нет денег"
    (moved,) = [one for one in api.comments(lost[0]) if one.get("changeStatus")]
    assert (moved["changeStatus"]["oldStatusId"], moved["changeStatus"]["newStatusId"]) == (1, 7)


def test_a_lost_client_may_have_other_deals(box):
    """Of the deals lost for lack of money some are the client's only one, some have an open or a won one."""
    tasks = list(box.account.tasks.values())
    kinds = Counter()
    for task in tasks:
        if task.status != 7:
            continue
        others = {one.status for one in tasks if one.counterparty == task.counterparty and one.id != task.id}
        is_open = any(box.account.statuses[status].is_active for status in others)
        kinds["open" if is_open else "won" if 5 in others else "only" if not others else "closed"] += 1
    assert kinds == {"only": 4, "won": 4, "open": 4}


def test_new_numbers_do_not_collide(api):
    assert api.create() == 70121
    assert api.post("/contact/", {"name": "Новый"}).json()["id"] == 9001
    assert api.post("/project/", {"name": "Ещё один"}).json()["id"] == 2


def test_the_space_of_a_client_templates_and_reports(api):
    project = api.get("/project/1", fields="name,counterparty,template").json()["project"]
    assert (project["counterparty"]["id"], project["template"]["id"]) == ("contact:1003", 1)
    assert project["name"] == "ООО «Дельта 3»: совместная работа"
    company = api.get("/contact/1003", fields="205").json()["contact"]
    assert company["customFieldData"][0]["value"]["id"] == 1
    templates = api.get("/task/templates", fields="id,name").json()["templates"]
    assert {one["id"]: one["name"] for one in templates}[14] == "Позвонить клиенту 1 раз"
    assert [one["id"] for one in api.post("/report/list", {}).json()["reports"]] == [1, 2, 3, 4]
    assert len(api.ids(filterId="40002", pageSize=100)) == 36


def test_the_report_by_status_has_a_row_per_status(api):
    request = api.post("/report/4/generate").json()["requestId"]
    api.box.clock.advance(minutes=1)
    save = api.get(f"/report/status/{request}").json()["save"]["id"]
    rows = api.post(f"/report/4/save/{save}/data").json()["rows"]
    cells = [[item["text"] for item in row["items"]] for row in rows]
    assert cells[0] == ["Статус", "Сделок", "Сумма"]
    assert [str(row[0]) for row in cells[1:]][:5] == [
        "Новая",
        "В работе",
        "Переговоры",
        "Счёт выставлен",
        "Перезвонить",
    ]
    assert {str(row[1]) for row in cells[1:]} == {"12"}


@pytest.mark.parametrize("name", ["main", "service"])
def test_the_sections_of_the_settings_fit_the_account(bench, name):
    box = bench.box("crm_cases", strict_limits=True)
    config = load("/dev/null", portals={name: box.portal_configs[name]})
    with connect(config.portal(name), clock=box.clock) as crm:
        problems = list(crm.check())
        (pipeline,) = crm.pipelines()
        assert {"new", "won"} <= {stage.key for stage in pipeline.stages}
        assert len(list(crm.companies.find())) == 60
    # Object 3 has no deal yet: a recipe shall make them.
    assert problems == [] if name == "main" else all("sees no deal" in one for one in problems)
    assert box.portal_config == box.portal_configs["main"]


def test_the_same_in_every_run(bench, box):
    other = bench.box("crm_cases")
    for shelf in ("tasks", "contacts", "comments", "projects", "users"):
        assert getattr(other.account, shelf) == getattr(box.account, shelf)
    small = bench.box("crm_cases", companies=2, deals=5).account
    assert (len(small.contacts), len(small.tasks), len(small.projects)) == (4, 5, 0)
    assert len(bench.box("crm_cases", companies=0, deals=3).account.tasks) == 3
    with pytest.raises(ValueError, match="3,999"):
        bench.box("crm_cases", companies=4000)


def test_many_deals_are_made_quickly(bench):
    account = bench.box("crm_cases", companies=3000, deals=16_000).account
    assert len(account.tasks) == 16_000
