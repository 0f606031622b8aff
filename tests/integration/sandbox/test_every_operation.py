"""All operations of the vendor's description are emulated, and what they answer fits it.

The walk below asks for every operation at least once, so a new version of the description shows up here as an
operation that nobody asked for.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from crmkit.sandbox.planfix.models import FieldDef, ObjectKind, SavedFilter
from crmkit.sandbox.planfix.urls import routes

SPECS = Path(__file__).parents[3].parent / "shared" / "specs"
pytestmark = pytest.mark.skipif(
    not (SPECS / "planfix-openapi.json").exists(),
    reason="the vendor's description is not beside the repository",
)
OPERATIONS = 114
UNDESCRIBED = {"GET /file/{id}/download": 302}
"""The description gives a redirection the content type of the file; ours has no body."""


@pytest.fixture(scope="module")
def spec():
    return json.loads((SPECS / "planfix-openapi.json").read_text())


def documented(spec):
    return {f"{verb.upper()} {path}" for path, verbs in spec["paths"].items() for verb in verbs}


def fields_of(spec, operation):
    """Return every system field that the description names for an operation."""
    verb, path = operation.split(" ")
    for one in spec["paths"][path][verb.lower()].get("parameters", []):
        if one.get("name") == "fields":
            listed = one["description"].split("*")[-1].removesuffix(" (for online documents)")
            return ",".join(part.strip().split(" ")[0] for part in listed.split(","))
    return "id"


def test_every_operation_is_emulated(spec):
    emulated = [route.name for route in routes()]
    assert sorted(emulated) == sorted(documented(spec))
    assert len(emulated) == OPERATIONS


class Walk:
    """Asks for operations and keeps what was answered."""

    def __init__(self, api, spec):
        self.api, self.spec = api, spec
        self.seen = defaultdict(set)

    def __call__(self, operation, *numbers, status=None, **options):
        """Ask for an operation with the variables of its path filled in, and check the answer."""
        verb, path = operation.split(" ")
        concrete, left = path, list(numbers)
        while "{" in concrete:
            name = concrete[concrete.index("{") : concrete.index("}") + 1]
            concrete = concrete.replace(name, str(left.pop(0)), 1)
        request = self.api.session.request
        answer = request(verb, self.api.box.url + concrete, timeout=10, allow_redirects=False, **options)
        if status is None:
            assert answer.status_code < 400, (operation, answer.text)
        else:
            assert answer.status_code == status, (operation, answer.text)
        self.check(operation, answer)
        self.seen[operation].add(answer.status_code)
        return answer.json() if answer.content and answer.text.startswith("{") else {}

    def check(self, operation, answer):
        if UNDESCRIBED.get(operation) == answer.status_code:
            return
        verb, path = operation.split(" ")
        described = self.spec["paths"][path][verb.lower()]["responses"].get(str(answer.status_code))
        assert described is not None, f"{operation} is not described to answer {answer.status_code}"
        content = described.get("content", {}).get("application/json")
        if content is None:
            assert answer.content == b"", operation
            return
        schema = {**content["schema"], "components": self.spec["components"]}
        errors = [
            f"{list(one.path)}: {one.message}"
            for one in Draft202012Validator(schema).iter_errors(answer.json())
        ]
        assert errors == [], operation


@pytest.fixture
def walk(api, spec):
    """A walk through an account that has one of everything."""
    account = api.box.account
    account.templates[7] = ObjectKind(7, "Шаблон задачи", 1)
    account.project_templates[9] = ObjectKind(9, "Шаблон проекта", 1)
    account.fields.contact[201] = FieldDef(201, "ИНН", 0)
    archived = {"type": 6005, "operator": "equal", "value": True}
    account.saved_filters["4115"] = SavedFilter("4115", "Архив", "user:1", [[archived]], "directory:1")
    return Walk(api, spec)


ROW = {"customFieldData": [{"field": {"id": 512}, "value": 7}, {"field": {"id": 511}, "value": "дозвонился"}]}
ROWS = {"dataTag": {"id": 2}, "items": [ROW]}


@pytest.mark.wrong_requests
def test_every_answer_fits_the_description(walk, spec):
    task = _tasks(walk, spec)
    contact = _contacts(walk, spec)
    project = _projects(walk, spec)
    _comments_and_rows(walk, spec, task, contact)
    _files(walk, task, contact, project)
    _people(walk, spec)
    _directories(walk)
    _metadata(walk)
    _reports(walk)
    assert set(walk.seen) == documented(spec)


def _tasks(walk, spec):
    body = {
        "name": "Сделка",
        "object": {"id": 1},
        "assignees": {"users": [{"id": "user:4"}], "groups": [{"id": 1}]},
        "endDateTime": {"date": "10-03-2025"},
        "sourceObjectId": "0c091b1f",
        "customFieldData": [{"field": {"id": 109}, "value": 5}],
    }
    task = walk("POST /task/", json=body)["id"]
    walk("POST /task/", json={}, status=400)
    walk("POST /task/{id}", task, json={"status": {"id": 2}, "owner": 5})
    walk("POST /task/{id}", task, json={"counterparty": {"id": 77}})
    walk("POST /task/{id}", 5, json={"name": "x"}, status=404)
    walk.api.box.act.make_recurring("user:4", task, {"daily": {"type": "Every", "shift": 1}})
    every = fields_of(spec, "GET /task/{id}") + ",109"
    walk("GET /task/{id}", task, params={"fields": every})
    walk("POST /task/list", json={"fields": every, "pageSize": 10})
    walk("POST /task/filters")
    walk("GET /task/templates", params={"fields": fields_of(spec, "GET /task/templates")})
    listed = walk("GET /task/recurring", params={"fields": fields_of(spec, "GET /task/recurring")})["tasks"]
    assert [one["recurrence"] for one in listed] == [{"daily": {"type": "Every", "shift": 1}}]
    item = walk("POST /task/{id}/checklist", task, json={"name": "Позвонить"})["id"]
    walk("POST /task/{id}/checklist", task, json={}, status=400)
    walk("POST /task/{id}/checklist/{itemId}", task, item, json={"isDone": True})
    walk("POST /task/{id}/checklist/{itemId}", task, item, json={"name": ""}, status=202)
    walk("POST /task/{id}/checklist/{itemId}", task, 77, json={}, status=400)
    fields = fields_of(spec, "GET /task/{id}/checklist/{itemId}")
    walk("GET /task/{id}/checklist/{itemId}", task, item, params={"fields": fields})
    walk("POST /task/{id}/checklist/list", task, json={"fields": fields})
    return task


def _contacts(walk, spec):
    body = {
        "name": "Анна",
        "lastname": "Белова",
        "phones": [{"number": "+7900", "type": 1}],
        "group": {"id": 1},
    }
    contact = walk("POST /contact/", json=body)["id"]
    walk("POST /contact/{id}", contact, json={"email": "a@example.ru", "birthDate": {"date": "01-02-1990"}})
    walk("POST /contact/{id}", 5, json={}, status=404)
    every = fields_of(spec, "GET /contact/{id}")
    walk("GET /contact/{id}", contact, params={"fields": every})
    walk("GET /contact/{id}", 5, status=404)
    walk("POST /contact/list", json={"fields": every})
    walk("GET /contact/templates", params={"fields": "id,name,isCompany"})
    walk("GET /contact/groups")
    walk("POST /contact/filters")
    walk("POST /contact/import", json={"contacts": [{"name": "Вера"}]})
    walk("POST /contact/import", json={"contacts": 5}, status=400)
    walk("POST /contact/import", json={"contacts": [{}]}, status=500)
    return contact


def _projects(walk, spec):
    body = {"name": "Запуск", "owner": {"id": "user:2"}, "group": {"id": 1}, "endDate": "10-03-2025"}
    project = walk("POST /project/", json=body)["id"]
    walk("POST /project/{id}", project, json={"status": {"id": 1}, "owner": {"id": "user:777"}})
    walk("POST /project/{id}", 5, json={}, status=404)
    every = fields_of(spec, "GET /project/{id}")
    walk("GET /project/{id}", project, params={"fields": every})
    walk("GET /project/{id}", 5, status=400)
    walk("POST /project/list", json={"fields": every})
    walk("GET /project/templates")
    walk("GET /project/groups")
    return project


def _comments_and_rows(walk, spec, task, contact):
    every = fields_of(spec, "GET /comment/{id}")
    today = [{"type": 3000, "operator": "equal", "value": {"dateType": "today"}}]
    people = {"users": [{"id": "user:4"}], "groups": [{"id": 2}]}
    for kind, number in (("task", task), ("contact", contact)):
        body = {"description": "x", "recipients": people}
        comment = walk(f"POST /{kind}/{{id}}/comments/", number, json=body)["id"]
        walk(f"POST /{kind}/{{id}}/comments/", number, json={}, status=400)
        walk(f"POST /{kind}/{{id}}/comments/{{commentId}}", number, comment, json={"isPinned": True})
        walk(f"POST /{kind}/{{id}}/comments/{{commentId}}", number, 5, json={}, status=400)
        key = walk(f"POST /{kind}/{{id}}/datatags/", number, json=ROWS)["keys"][0]
        walk(f"POST /{kind}/{{id}}/datatags/", number, json={}, status=400)
        walk(f"POST /{kind}/{{id}}/datatags/{{commentId}}", number, comment, json=ROWS)
        walk("GET /datatag/entry/{key}", key, params={"fields": "dataTag,key,task,contact,commentId,511,512"})
        walk(f"POST /{kind}/{{id}}/comments/list", number, json={"fields": every, "typeList": "All"})
        walk("GET /comment/{id}", comment, params={"fields": every})
    walk("POST /datatag/entry/{key}", key, json=ROW)
    walk("POST /datatag/entry/{key}", 77, json=ROW, status=400)
    walk("POST /datatag/{id}/entry/list", 2, json={"fields": "dataTag,key,commentId,task,contact,512"})
    walk("DELETE /datatag/entry/{key}", key)
    walk("POST /comment/list", json={"fields": every, "filters": today})
    walk("DELETE /comment/{id}", comment)
    walk("POST /datatag/list", json={"fields": "id,name,group,fields"})
    walk("GET /datatag/{id}", 2, params={"fields": "id,name,group,fields"})
    walk("GET /datatag/{id}", 77, status=404)
    walk("GET /customfield/datatag/{id}", 2)


def _files(walk, task, contact, project):
    number = walk("POST /file/", files={"file": ("договор.txt", b"x" * 2000)})["id"]
    walk("POST /file/", status=400)
    link = walk("GET /file/{id}", number, params={"fields": "id,name,size,downloadUrl,link"})["file"][
        "downloadUrl"
    ]
    walk("POST /file/from-url/", json={"name": "копия", "url": link})
    walk("POST /file/from-url/", json={"url": "https://example.com/"}, status=400)
    walk("POST /file/{id}", number, json={"name": "Иначе.txt"})
    walk("GET /file/{id}/download", number)
    for kind, target in (("task", task), ("contact", contact), ("project", project)):
        walk(f"POST /file/{{id}}/attach/{kind}", number, params={"id": target})
        walk(f"POST /file/{{id}}/attach/{kind}", number, params={"id": 5}, status=400)
        assert walk(f"GET /{kind}/{{id}}/files", target)["files"][0]["size"] == 2
    walk("DELETE /file/{id}", number)
    walk("DELETE /file/{id}", number, status=400)


def _people(walk, spec):
    stand_in = {"employee": {"id": "user:2"}, "from": "2025-03-10", "to": "2025-03-20"}
    body = {"name": "Ольга", "email": "o@example.ru", "position": {"id": 1}, "workspace": {"id": 1}}
    user = walk("POST /user/", json=body)["id"]
    walk("POST /user/", json={}, status=400)
    walk("POST /user/{id}", user, json={"temporaryReplacement": stand_in, "birthDate": "01-02-1990"})
    walk("POST /user/{id}", user, json={"position": {"name": "никто"}})
    walk("POST /user/{id}", 777, json={}, status=404)
    every = fields_of(spec, "GET /user/{id}")
    walk("GET /user/{id}", user, params={"fields": every})
    walk("POST /user/list", json={"fields": every})
    walk("GET /user/groups")
    walk("GET /user/positions/")
    position = walk("POST /user/positions/", json={"name": "Юрист"})["id"]
    walk("POST /user/positions/", json={}, status=400)
    assert walk("POST /user/positions/{id}", position, json={"name": "Адвокат"}) == {}
    walk("POST /user/positions/{id}", 77, json={"name": "x"}, status=400)


def _directories(walk):
    walk("POST /directory/list", json={"fields": "id,name,group,fields"})
    walk("GET /directory/{id}", 1, params={"fields": "id,name,group,fields,sourceObjectId"})
    walk("GET /directory/{id}", 77, status=404)
    walk("GET /directory/groups")
    walk("POST /directory/{id}/filters", 1)
    walk("POST /directory/{id}/entry/", 1, json={"name": "Группа", "isGroup": True})
    walk("POST /directory/{id}/entry/", 1, json={"isGroup": True}, status=400)
    walk("POST /directory/{id}/entry/{key}", 1, 2, json={"archived": True})
    every = "directory,key,parentKey,archived,isGroup,name,401,402,403"
    walk("GET /directory/{id}/entry/{key}", 1, 2, params={"fields": every})
    walk("POST /directory/{id}/entry/list", 1, json={"fields": every, "filterId": "4115"})
    walk("DELETE /directory/{id}/entry/{key}", 1, 2)
    walk("GET /customfield/directory/{id}", 1)


def _metadata(walk):
    for path in ("/ping", "/process/task", "/process/contact", "/customfield/type", "/workspace/list"):
        walk(f"GET {path}")
    walk("GET /process/task/{id}/statuses", 1)
    walk("POST /object/list", json={})
    walk("GET /object/{id}", 1)
    walk("GET /object/{id}/statuses", 1)
    for owner in ("task", "contact", "user", "project"):
        walk(f"GET /customfield/{owner}")
        walk(f"GET /customfield/{owner}/{{id}}", 1)
        walk(f"POST /customfield/{owner}/", json={"name": "Поле", "type": 0, "names": {"en": "Field"}})
        walk(f"POST /customfield/group/{owner}/", json={"name": "Набор"})
        walk(f"GET /customfield/group/{owner}")
    number = walk("POST /customfield/main/", json={"name": "ИНН", "type": 0, "mainValue": "77"})["id"]
    walk("POST /customfield/main/{id}", number, json={"mainValue": "78"})
    walk("GET /customfield/main")
    bot, secret = "POST /integration/telegram/bots/{botId}/webhook", "a" * 32
    walk(bot, 12345, json={"secretToken": secret})
    walk(bot, 12345, json={}, status=400)
    walk(bot, 5, json={"secretToken": secret}, status=404)


def _reports(walk):
    walk("POST /report/list", json={"fields": "id,name,fields"})
    walk("GET /report/{id}", 1, params={"fields": "id,name,fields"})
    walk("GET /report/{id}", 77, status=400)
    request = walk("POST /report/{id}/generate", 1)["requestId"]
    walk("POST /report/{id}/generate", 1, status=403)
    walk("GET /report/status/{requestId}", request)
    walk("GET /report/status/{requestId}", "nonsense", status=400)
    walk.api.box.clock.advance(minutes=1)
    save = walk("GET /report/status/{requestId}", request)["save"]["id"]
    walk("POST /report/{id}/save/list", 1, json={"fields": "id,reportId,dateTime,name,chunks,chunksCount"})
    walk("POST /report/{id}/save/{saveId}/data", 1, save, params={"chunk": 0})
