"""What we send fits the vendor's description: paths, parameters, bodies, names of fields, numbers of filters.

The description lies beside the repository, in ``../shared/specs``; without it these tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import responses

from crmkit.clock import ManualClock
from crmkit.planfix import FieldType, Planfix, Ref, contact, filters, group, user
from crmkit.planfix.filters import DateValue, Filter
from crmkit.planfix.models import CustomField
from crmkit.planfix.models.comment import COMMENT_FIELDS
from crmkit.planfix.models.contact import CONTACT_FIELDS, CONTACT_LIST_FIELDS
from crmkit.planfix.models.task import TASK_FIELDS, TASK_LIST_FIELDS
from crmkit.planfix.models.user import USER_FIELDS

SPECS = Path(__file__).parents[3] / "shared" / "specs"
BASE = "https://acme.planfix.ru/rest"
ZONE = ZoneInfo("Europe/Moscow")
NOON = datetime(2025, 3, 3, 9, tzinfo=UTC)
DAY = date(2025, 3, 3)
pytestmark = pytest.mark.skipif(
    not (SPECS / "planfix-openapi.json").is_file(),
    reason="the vendor's description is not beside the repository",
)


@cache
def description() -> dict[str, Any]:
    return json.loads((SPECS / "planfix-openapi.json").read_text())  # type: ignore[no-any-return]


def operation(verb: str, path: str) -> tuple[str, dict[str, Any]]:
    """Find the documented path that a concrete one belongs to; its slashes must be the same."""
    for documented, operations in description()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[0-9]+", re.escape(documented))
        if re.fullmatch(pattern, path) and verb.lower() in operations:
            return documented, operations[verb.lower()]
    raise AssertionError(f"{verb} {path} is not documented")


def check_request(verb: str, url: str, body: bytes | None) -> None:
    parts = urlsplit(url)
    documented, described = operation(verb, parts.path.removeprefix("/rest"))
    names = {one.get("name") for one in described.get("parameters", []) if one.get("in") == "query"}
    assert set(parse_qs(parts.query)) <= names
    if body is None:
        return
    place = (
        f"#/paths/{documented.replace('/', '~1')}/{verb.lower()}/requestBody/content/application~1json/schema"
    )
    if "requestBody" in described:
        jsonschema.Draft202012Validator({**description(), "$ref": place}).validate(json.loads(body))
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        known = description()["components"]["schemas"].get(schema.get("$ref", "/").rsplit("/", 1)[1], schema)
        assert set(json.loads(body)) <= set(known["properties"])
    else:
        assert json.loads(body) == {}


CUSTOM = [
    (CustomField(id=1, type=FieldType.LINE), "x"),
    (CustomField(id=2, type=FieldType.NUMBER), 5),
    (CustomField(id=3, type=FieldType.DATE), DAY),
    (CustomField(id=4, type=FieldType.EMPLOYEE), user(3)),
    (CustomField(id=5, type=FieldType.PEOPLE), [user(3), group(1)]),
    (CustomField(id=6, type=FieldType.SET), ["a"]),
]
OPERATIONS: dict[str, Callable[[Planfix], object]] = {
    "ping": lambda pf: pf.ping(),
    "tasks.page": lambda pf: pf.tasks.page(
        filters=[filters.status.any_of(1, 2)], filter_id=":all", run_as=user(1)
    ),
    "tasks.list": lambda pf: list(pf.tasks.list(filters=[filters.last_activity.before(DAY)])),
    "tasks.get": lambda pf: pf.tasks.get(5, custom_fields=[101]),
    "tasks.create": lambda pf: pf.tasks.create(
        name="x",
        description="a\nb",
        priority="Urgent",
        status=4,
        template=Ref(1),
        object=2,
        assigner=user(1),
        assignees=[user(5), contact(1), group(3)],
        participants=[user(6)],
        auditors=[],
        counterparty=contact(5),
        project=1,
        parent=1,
        process_id=1,
        result_checking=True,
        date_time=NOON,
        start_date_time=NOON,
        end_date_time=DAY,
        delayed_till_date=DAY,
        duration=5,
        duration_unit="Day",
        duration_type="CalendarDays",
        in_favorites=True,
        is_summary=False,
        is_sequential=False,
        is_deleted=False,
        files=[10],
        custom_fields=dict(CUSTOM),
        key="a/1",
    ),
    "tasks.update": lambda pf: pf.tasks.update(
        5,
        silent=True,
        status=6,
        assignees=[],
        start_date_time=None,
        end_date_time=None,
        has_end_time=False,
        has_start_time=True,
        custom_fields=dict(CUSTOM),
    ),
    "tasks.saved_filters": lambda pf: pf.tasks.saved_filters(),
    "comments.list": lambda pf: list(pf.comments.list(5, newest_first=True)),
    "comments.list of a contact": lambda pf: list(pf.comments.list(contact(5))),
    "comments.search": lambda pf: list(pf.comments.search([filters.comments.written.since(DAY)])),
    "comments.get": lambda pf: pf.comments.get(5),
    "comments.create": lambda pf: pf.comments.create(
        5,
        "x",
        recipients=[user(1), group(2)],
        roles=["assignee", "auditor"],
        hidden=True,
        pinned=True,
        owner=user(1),
        at=NOON,
        files=[1],
        silent=True,
        key="k",
    ),
    "comments.create on a contact": lambda pf: pf.comments.create(contact(5), "x"),
    "comments.update": lambda pf: pf.comments.update(
        5, 6, text="x", recipients=[user(1)], hidden=False, pinned=False, files=[], silent=True
    ),
    "comments.delete": lambda pf: pf.comments.delete(5),
    "contacts.page": lambda pf: pf.contacts.page(
        companies=True, filter_id=":company", filters=[filters.contacts.created.since(DAY)]
    ),
    "contacts.get": lambda pf: pf.contacts.get(5),
    "contacts.create": lambda pf: pf.contacts.create(
        name="x",
        midname="y",
        lastname="z",
        gender="Male",
        is_company=False,
        template=1,
        description="d",
        address="a",
        site="s",
        email="e",
        skype="s",
        telegram="t",
        telegram_id="1",
        facebook="f",
        instagram="i",
        position="p",
        group=1,
        birth_date=DAY,
        supervisors=[user(1)],
        phones=["8"],
        companies=[1],
        contacts=[2],
        language_code="Ru",
        communication_language_code="Ru",
        timezone="Europe/Moscow",
        is_deleted=False,
        files=[1],
        custom_fields=dict(CUSTOM),
        key="k",
    ),
    "contacts.update": lambda pf: pf.contacts.update(5, silent=True, email="x"),
    "contacts.groups": lambda pf: pf.contacts.groups(),
    "contacts.templates": lambda pf: pf.contacts.templates(),
    "contacts.saved_filters": lambda pf: pf.contacts.saved_filters(),
    "users.page": lambda pf: pf.users.page(only_active=True, filters=[filters.users.role.is_("Robot")]),
    "users.get": lambda pf: pf.users.get(5),
    "users.groups": lambda pf: pf.users.groups(),
    "processes.tasks": lambda pf: pf.processes.tasks(),
    "processes.contacts": lambda pf: pf.processes.contacts(),
    "processes.task_statuses": lambda pf: pf.processes.task_statuses(1),
    "objects.list": lambda pf: list(pf.objects.list()),
    "objects.get": lambda pf: pf.objects.get(1),
    "objects.statuses": lambda pf: pf.objects.statuses(1),
    "custom_fields.tasks": lambda pf: pf.custom_fields.tasks(),
    "custom_fields.contacts": lambda pf: pf.custom_fields.contacts(),
    "custom_fields.users": lambda pf: pf.custom_fields.users(),
    "custom_fields.projects": lambda pf: pf.custom_fields.projects(),
    "custom_fields.main": lambda pf: pf.custom_fields.main(),
    "custom_fields.datatag": lambda pf: pf.custom_fields.datatag(1),
    "custom_fields.directory": lambda pf: pf.custom_fields.directory(1),
    "custom_fields.of_task": lambda pf: pf.custom_fields.of_task(1),
    "custom_fields.types": lambda pf: pf.custom_fields.types(),
}


@pytest.fixture
def planfix() -> Iterator[Planfix]:
    lists = ["tasks", "comments", "contacts", "users", "objects", "processes", "statuses", "customfields"]
    lists += ["customFieldTypes", "filters", "groups", "templates"]
    ones = ("task", "comment", "contact", "user", "object")
    answer: dict[str, Any] = {"result": "success", "id": 1}
    answer |= {name: [] for name in lists} | {name: {"id": 1} for name in ones}
    with responses.RequestsMock() as mock:
        for verb in ("GET", "POST", "DELETE"):
            mock.add(verb, re.compile(re.escape(BASE) + ".*"), json=answer)
        mock.assert_all_requests_are_fired = False
        with Planfix(BASE, token="secret", clock=ManualClock(NOON)) as client:
            yield client
        assert mock.calls
        for call in mock.calls:
            sent = call.request.body
            check_request(
                str(call.request.method), str(call.request.url), sent if isinstance(sent, bytes) else None
            )


@pytest.mark.parametrize("name", OPERATIONS)
def test_requests_fit_the_description(planfix: Planfix, name: str) -> None:
    OPERATIONS[name](planfix)


def documented_fields(verb: str, path: str) -> set[str]:
    described = operation(verb, path)[1]
    texts = [one["description"] for one in described.get("parameters", []) if one.get("name") == "fields"]
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        texts.append(schema["properties"]["fields"]["description"])
    return {name.strip() for name in texts[0].rpartition("*")[2].split(",")}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("GET /task/1", TASK_FIELDS),
        ("POST /task/list", TASK_LIST_FIELDS),
        ("GET /contact/1", CONTACT_FIELDS),
        ("POST /contact/list", CONTACT_LIST_FIELDS),
        ("GET /comment/1", COMMENT_FIELDS),
        ("GET /user/1", USER_FIELDS),
    ],
)
def test_the_default_fields_are_all_that_the_vendor_knows(path: str, fields: tuple[str, ...]) -> None:
    verb, _, place = path.partition(" ")
    assert set(fields) == documented_fields(verb, place) - {"customFieldData"}
    assert len(set(fields)) == len(fields)


def known_filters(schema: str) -> set[int]:
    return set(description()["components"]["schemas"][schema]["properties"]["type"]["x-known-values"])


def our_filters(module: Any, base: int) -> set[int]:
    terms = {value.type for name, value in vars(module).items() if hasattr(value, "type") and name.islower()}
    kinds = {}
    for kind in FieldType:
        term = module.custom(1, kind)
        try:
            kinds[kind] = term._kind(filters.Operator.EQUAL).suffix + base
        except ValueError:
            continue
    return terms | set(kinds.values())


def test_task_filters_are_those_of_the_description() -> None:
    extra = {11, 18, 93, 152, 153}  # made by functions
    assert our_filters(filters, 100) | extra == known_filters("ComplexTaskFilter")


def test_contact_filters_are_those_of_the_description_and_of_the_documentation() -> None:
    documented_only = {38, 4026, *range(4201, 4207), 4213, 4214, 4219, 4220}
    not_ours = {4104, 4118, 4152, 4153}  # time and place have no builder; 4152 and 4153 are made by functions
    ours = our_filters(filters.contacts, 4100)
    assert ours - documented_only == known_filters("ComplexContactFilter") - not_ours


def test_user_filters_are_those_of_the_description() -> None:
    assert our_filters(filters.users, 9100) == known_filters("ComplexUserFilter") - {9104, 9118}


SAMPLES = "10_task_list_filters.json"


def sample_filters() -> list[Any]:
    file = SPECS / "planfix-samples" / SAMPLES
    if not file.is_file():
        return []
    requests = json.loads(file.read_text())["cases"][0]["requests"]
    return [
        pytest.param(one, id=name)
        for name, body in requests.items()
        for one in body.get("filters", [])
        # Comments inside of values, and numbers as text: slips of the samples.
        if not isinstance(one["value"], str) or "//" not in one["value"]
    ]


def rebuild(sample: dict[str, Any]) -> Filter:
    """Say the same with our builders."""
    number, value = sample["type"], sample["value"]
    if isinstance(value, dict):
        return _rebuild_date(sample)
    if number in (152, 153):
        term = filters.custom(value, FieldType.LINE)
        return term.has_value() if number == 152 else term.is_empty()
    if number == 93:
        kind = {3108: FieldType.LINE, 3105: FieldType.DIRECTORY}[sample["subfilter"]["filter"]["type"]]
        field = sample["subfilter"]["filter"]["field"]
        return filters.datatag_entry(sample["subfilter"]["dataTagId"], field, value, kind)
    if "field" in sample:
        return _rebuild_custom(sample)
    if value is True:
        return next(one for one in vars(filters).values() if isinstance(one, Filter) and one.type == number)
    if number in (11, 18):
        return (filters.has_datatag if number == 11 else filters.has_no_datatag)(value)
    term = next(one for name, one in vars(filters).items() if getattr(one, "type", None) == number)
    if isinstance(value, list):
        return term.any_of(*value)  # type: ignore[no-any-return]
    if number == 8:
        return term.contains(value)  # type: ignore[no-any-return]
    if number == 7:
        return term.is_(contact(value))  # type: ignore[no-any-return]
    return term.is_(int(value) if str(value).isdigit() else value)  # type: ignore[no-any-return]


def _rebuild_date(sample: dict[str, Any]) -> Filter:
    value, number = sample["value"], sample["type"]
    named: Any = next((one for one in vars(filters).values() if getattr(one, "type", None) == number), None)
    term: Any = filters.custom(sample["field"], FieldType.DATE) if "field" in sample else named
    kind = value["dateType"]
    if kind == "otherRange_withTime":
        return term.between(moment(value["dateFrom"]), moment(value["dateTo"]))  # type: ignore[no-any-return]
    if kind == "otherRange":
        return term.between(day(value["dateFrom"]), day(value["dateTo"]))  # type: ignore[no-any-return]
    when = day(value["dateValue"]) if kind == "otherDate" else DateValue(kind, days=value.get("dateValue"))
    return term.on(when)  # type: ignore[no-any-return]


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=ZONE)


def day(text: str) -> date:
    return moment(f"{text} 00:00").date()


def _rebuild_custom(sample: dict[str, Any]) -> Filter:
    kind = next(one for one in FieldType if _number_of(one) == sample["type"])
    term = filters.custom(sample["field"], kind)
    value: Any = sample["value"]
    if sample["operator"] == "nothave":
        return term.not_contains(value)
    if kind is FieldType.COUNTERPARTY:
        value = contact(value)
    if kind in (FieldType.SET, FieldType.DIRECTORY_SET):
        value = [int(one) if one.isdigit() else one for one in value.split(";")]
    return term.equals(value)


def _number_of(kind: FieldType) -> int:
    try:
        return filters.custom(1, kind)._kind(filters.Operator.EQUAL).suffix + 100
    except ValueError:
        return 0


@pytest.mark.parametrize("sample", sample_filters())
def test_every_sample_of_a_task_filter_can_be_said_with_our_names(sample: dict[str, Any]) -> None:
    wanted = dict(sample)
    wanted["operator"] = {"equals": "equal"}.get(sample["operator"], sample["operator"])
    if sample["type"] in (24, 5) and isinstance(sample["value"], str):
        wanted["value"] = int(sample["value"])
    if sample["type"] == 115 or (sample["type"] == 116 and not isinstance(sample["value"], list)):
        assert rebuild(sample).value in (sample["value"], [sample["value"]])
        return
    assert rebuild(sample).body(ZONE) == wanted
