"""The sandbox against the vendor's own description and examples."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from crmkit.sandbox.planfix.models import DataTag, DataTagEntry, FieldDef, ObjectKind, Project
from crmkit.sandbox.planfix.urls import find, routes

SPECS = Path(__file__).parents[3].parent / "shared" / "specs"
pytestmark = pytest.mark.skipif(
    not (SPECS / "planfix-openapi.json").exists(),
    reason="the vendor's description is not beside the repository",
)
EVERY_FIELD = (
    "id,name,description,priority,status,processId,resultChecking,type,assigner,parent,object,template,project,"
    "counterparty,dateTime,startDateTime,endDateTime,hasStartDate,hasEndDate,hasStartTime,hasEndTime,delayedTillDate,"
    "actualCompletionDate,dateOfLastUpdate,dateOfLastComment,duration,durationUnit,durationType,overdue,"
    "closeToDeadLine,notAcceptedInTime,inFavorites,isSummary,isSequential,assignees,participants,auditors,"
    "projectAuditors,isDeleted,files,dataTags,sourceObjectId,sourceDataVersion,101,102,103,104,105,106,107,108,109"
)


@pytest.fixture(scope="module")
def spec():
    return json.loads((SPECS / "planfix-openapi.json").read_text())


def samples(name):
    return json.loads((SPECS / "planfix-samples" / name).read_text())["cases"]


def check(spec, answer, operation):
    """Validate an answer against what the vendor describes for its status."""
    verb, path = operation.split(" ")
    described = spec["paths"][path][verb.lower()]["responses"].get(str(answer.status_code))
    assert described is not None, f"{operation} is not described to answer {answer.status_code}"
    content = described.get("content", {}).get("application/json")
    if content is None:
        assert answer.content == b""
        return
    schema = {**content["schema"], "components": spec["components"]}
    errors = [
        f"{list(one.path)}: {one.message}" for one in Draft202012Validator(schema).iter_errors(answer.json())
    ]
    assert errors == []


def test_every_emulated_operation_is_documented(spec):
    for route in routes():
        assert route.verb.lower() in spec["paths"].get(route.path, {}), route.name


def test_answers_fit_the_description(spec, bench):
    api = bench.api(seed="stale_deals", deals=120, stalled=40)
    full = {"fields": EVERY_FIELD, "pageSize": 100}
    task = api.create(
        startDateTime="01-03-2025 10:00",
        endDateTime={"date": "05-03-2025"},
        assignees={"users": [{"id": "user:4"}], "groups": [{"id": 1}]},
        sourceObjectId="0c091b1f",
    )
    api.post(f"/task/{task}", {"status": {"id": 2}, "endDateTime": {"date": "06-03-2025"}})
    people = {"users": [{"id": "user:4"}], "groups": [{"id": 2}], "roles": ["auditor"]}
    made = api.post(f"/task/{task}/comments/", {"description": "x", "recipients": people})
    comment, client = made.json()["id"], 1001
    comment_fields = spec["paths"]["/comment/{id}"]["get"]["parameters"][1]["description"].split("* ")[-1]
    contact_fields = "id,name,lastname,phones,companies,contacts,group,isCompany,createdDate,addedBy,email"
    today = [{"type": 3000, "operator": "equal", "value": {"dateType": "today"}}]
    for operation, answer in (
        ("GET /ping", api.get("/ping")),
        ("POST /task/list", api.post("/task/list", full)),
        (
            "POST /task/list",
            api.post("/task/list", {"filters": [{"type": 10, "operator": "gt", "value": 1}]}),
        ),
        ("GET /task/{id}", api.get(f"/task/{task}", fields=EVERY_FIELD)),
        ("GET /task/{id}", api.get("/task/5")),
        ("POST /task/", api.post("/task/", {"name": "x"})),
        ("POST /task/", api.post("/task/", {})),
        ("POST /task/{id}", api.post(f"/task/{task}", {"counterparty": {"id": 5}})),
        ("POST /task/{id}", api.post("/task/5", {"name": "x"})),
        ("POST /task/filters", api.post("/task/filters")),
        ("POST /task/{id}/comments/", made),
        ("POST /task/{id}/comments/", api.post(f"/task/{task}/comments/", {})),
        (
            "POST /task/{id}/comments/list",
            api.post(f"/task/{task}/comments/list", {"fields": comment_fields, "typeList": "All"}),
        ),
        ("POST /task/{id}/comments/list", api.post("/task/5/comments/list", {})),
        (
            "POST /task/{id}/comments/{commentId}",
            api.post(f"/task/{task}/comments/{comment}", {"isPinned": True}),
        ),
        ("GET /comment/{id}", api.get(f"/comment/{comment}", fields=comment_fields)),
        ("POST /comment/list", api.post("/comment/list", {"fields": comment_fields, "filters": today})),
        ("DELETE /comment/{id}", api.delete(f"/comment/{comment}")),
        ("POST /contact/list", api.post("/contact/list", {"fields": contact_fields})),
        ("POST /contact/", api.post("/contact/", {"name": "x"})),
        ("GET /contact/{id}", api.get(f"/contact/{client}", fields=contact_fields)),
        ("GET /contact/{id}", api.get("/contact/5")),
        ("POST /contact/{id}", api.post(f"/contact/{client}", {"template": {"id": 77}})),
        ("POST /contact/{id}", api.post("/contact/5", {"name": "x"})),
        (
            "POST /user/list",
            api.post("/user/list", {"fields": "id,name,lastname,role,status,groups,timezone,position"}),
        ),
        ("GET /user/{id}", api.get("/user/2", fields="id,name,role,status,groups,phones,languageCode")),
        ("GET /user/{id}", api.get("/user/777")),
        ("GET /user/groups", api.get("/user/groups")),
        ("GET /process/task", api.get("/process/task")),
        ("GET /process/contact", api.get("/process/contact")),
        ("GET /process/task/{id}/statuses", api.get("/process/task/1/statuses")),
        ("POST /object/list", api.post("/object/list", {})),
        ("GET /object/{id}", api.get("/object/1")),
        ("GET /object/{id}", api.get("/object/7")),
        ("GET /object/{id}/statuses", api.get("/object/1/statuses")),
        ("GET /customfield/task", api.get("/customfield/task")),
        ("GET /customfield/task/{id}", api.get(f"/customfield/task/{task}")),
        ("GET /customfield/type", api.get("/customfield/type")),
        ("POST /customfield/task/", api.post("/customfield/task/", {"name": "x", "type": 0})),
    ):
        check(spec, answer, operation)


def test_a_queued_change_fits_the_description(spec, api):
    task = api.create()
    api.box.act.make_busy(task, 5)
    check(spec, api.post(f"/task/{task}", {"name": "x"}), "POST /task/{id}")


def test_a_missing_scope_fits_the_description(spec, api):
    api.box.act.narrow_token("user:90", [])
    check(spec, api.post("/task/5", {"name": "x"}), "POST /task/{id}")


@pytest.fixture
def furnished(api):
    """An account in which everything exists that the vendor's examples speak of."""
    account = api.box.account
    account.data_tags[6] = DataTag(6, "Аналитика", {20: FieldDef(20, "a", 0), 110: FieldDef(110, "b", 9)})
    account.templates |= {1: ObjectKind(1, "Шаблон", 1), 2: ObjectKind(2, "Шаблон", 1)}
    account.projects |= {number: Project(number, "Проект") for number in (1, 5, 7)}
    for number in range(1, 30):
        api.post("/contact/", {"name": f"Контакт {number}"})
    account.contacts |= {number: account.contacts[1000 + number] for number in range(1, 16)}
    account.contacts[9005] = account.contacts[1001]
    task = api.create()
    account.tasks[1] = account.tasks[task]
    account.tasks[10] = account.tasks[task]
    account.tasks[1].entries.append(DataTagEntry(1, 6, {20: "Test value"}))
    return api


TASK_TYPES = {
    0: 101,
    1: 102,
    2: 101,
    3: 103,
    7: 105,
    8: 106,
    9: 107,
    10: 108,
    11: 109,
    12: 110,
    20: 111,
    13: 112,
    14: 113,
}
TASK_TYPES |= {15: 114, 16: 115, 17: 116, 22: 117}


def test_the_examples_of_filters_are_understood(furnished):
    account, tried = furnished.box.account, 0
    for case in samples("10_task_list_filters.json") + samples("11_task_list_filters_v133.json"):
        for name, body in case["requests"].items():
            for one in body.get("filters", []):
                one["value"] = 47 if one["value"] == "47 // Directory entry key" else one["value"]
                number = one["value"] if one["type"] in (152, 153) else one.get("field")
                kind = next(
                    (kind for kind, filter_type in TASK_TYPES.items() if filter_type == one["type"]), 0
                )
                if number is not None:
                    account.fields.task[number] = FieldDef(number, "Поле", kind)
            answer = furnished.post("/task/list", body)
            assert answer.status_code == 200, (name, answer.text)
            tried += 1
    assert tried > 50


def test_the_examples_of_writes_are_taken(furnished):
    """Every documented way to write a task is taken as a whole, custom fields included."""
    account, tried = furnished.box.account, 0
    kinds = {
        10: 0,
        20: 1,
        30: 3,
        40: 4,
        50: 5,
        60: 6,
        70: 7,
        80: 8,
        90: 9,
        95: 9,
        100: 10,
        110: 11,
        120: 12,
        130: 13,
    }
    kinds |= {140: 14, 150: 15, 160: 16, 170: 17, 200: 20, 210: 21, 220: 22, 250: 25, 280: 28}
    account.groups |= {3: account.groups[1], 5: account.groups[1]}
    for number, kind in kinds.items():
        account.fields.task[number] = FieldDef(number, "Поле", kind)
        for shelf in (account.objects, account.templates):
            for owner in shelf.values():
                owner.fields.add(number)
    for case in samples("08_task_update.json") + samples("09_task_create.json"):
        for name, body in case["requests"].items():
            if "status" in body or "files" in body:
                continue  # statuses are those of another account, files are not emulated
            answer = furnished.post(case["path"].replace("{id}", "1"), body)
            assert answer.status_code in (200, 201), (name, answer.text)
            assert "failures" not in answer.json(), (name, answer.text)
            tried += 1
    assert tried > 70


def test_the_examples_of_comments_are_understood(furnished):
    for case in samples("13_comment_list_global.json"):
        for name, body in case["requests"].items():
            status = 400 if "filters" not in body else 200
            assert furnished.post("/comment/list", body).status_code == status, name


def test_the_examples_of_contact_and_user_filters_are_understood(furnished):
    account, outcomes = furnished.box.account, {}
    suffixes = {filter_type % 100: kind for kind, filter_type in TASK_TYPES.items()}
    for name, path in (("03_contact_list.json", "/contact/list"), ("25_user_get_list.json", "/user/list")):
        for case in samples(name):
            if case["path"] != path:
                continue
            for title, body in case.get("requests", {}).items():
                for one in body.get("filters", []):
                    one["value"] = 47 if one["value"] == "47 // Directory entry key" else one["value"]
                    if one.get("field"):
                        spec = FieldDef(one["field"], "Поле", suffixes.get(one["type"] % 100, 0))
                        account.fields.of("contact" if path == "/contact/list" else "user")[spec.id] = spec
                answer = furnished.post(path, body)
                outcomes[f"{path} {title}"] = answer.status_code
    refused = {title for title, status in outcomes.items() if status not in (200, 501)}
    # The vendor's own example puts an employee's filter (9109) into a list of contacts.
    assert refused <= {"/contact/list example: filter by custom field Date and Employee"}
    assert sum(status == 200 for status in outcomes.values()) > 40


def test_paths_of_other_operations_are_not_mistaken(spec):
    """A documented operation that is not emulated never falls into another one."""
    names = {route.name for route in routes()}
    for path, verbs in spec["paths"].items():
        concrete = path.replace("{", "").replace("}", "")
        for verb in ("get", "post", "delete"):
            if verb in verbs and f"{verb.upper()} {path}" not in names:
                found = find(verb.upper(), concrete)
                assert found is None, (verb, path, found[0].name)
