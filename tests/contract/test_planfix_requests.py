"""What we send fits the vendor's description: paths, parameters, bodies, names of fields, numbers of filters.

The description lies beside the repository, in ``../shared/specs``; without it these tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

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

from .planfix_description import SPECS, check_request, description, needs_description, operation

BASE = "https://acme.planfix.ru/rest"
ZONE = ZoneInfo("Europe/Moscow")
NOON = datetime(2025, 3, 3, 9, tzinfo=UTC)
DAY = date(2025, 3, 3)
pytestmark = needs_description


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


def our_filters(module: Any, custom: Callable[..., Any] | None = None) -> set[int]:
    terms = {value.type for name, value in vars(module).items() if hasattr(value, "type") and name.islower()}
    for kind in FieldType:
        term = (custom or module.custom)(1, kind)
        try:
            terms.add(term._number_of_filter(filters.Operator.EQUAL))
        except ValueError:
            continue
    return terms


def test_task_filters_are_those_of_the_description() -> None:
    extra = {11, 18, 93, 152, 153}  # made by functions
    assert our_filters(filters) | extra == known_filters("ComplexTaskFilter")


def test_contact_filters_are_those_of_the_description_and_of_the_documentation() -> None:
    documented_only = {38, 4026, *range(4201, 4207), 4213, 4214, 4219, 4220, 4233}
    not_ours = {4104, 4118, 4152, 4153}  # time and place have no builder; 4152 and 4153 are made by functions
    ours = our_filters(filters.contacts)
    assert ours - documented_only == known_filters("ComplexContactFilter") - not_ours


def test_user_filters_are_those_of_the_description() -> None:
    assert our_filters(filters.users) == known_filters("ComplexUserFilter") - {9104, 9118}


def test_project_filters_are_those_of_the_description() -> None:
    not_said = {5009, 5015, 5104, 5118}  # without a meaning, or without a form of their value
    assert our_filters(filters.projects) == known_filters("ComplexProjectFilter") - not_said


def test_filters_of_entries_are_those_of_the_description() -> None:
    by_field = filters.directories.field
    made = {filters.directories.archived().type}
    ours = our_filters(filters.directories, by_field) | made
    assert ours == known_filters("ComplexDirectoryFilter") - {6104} | {6003, 6006}
    ours = our_filters(filters.datatags, filters.datatags.field)
    assert ours == known_filters("ComplexDataTagFilter")


def test_comment_filters_are_those_of_the_description() -> None:
    known = {filters.comments.written.type, filters.comments.author.type}
    assert known == known_filters("ComplexCommentFilter")


def samples_of(file: str, path: str) -> list[Any]:
    source = SPECS / "planfix-samples" / file
    cases = json.loads(source.read_text())["cases"] if source.is_file() else []
    return [
        pytest.param(one, id=f"{path} {name}")
        for case in cases
        if case["path"] == path
        for name, body in case["requests"].items()
        for one in body.get("filters", [])
        if not isinstance(one["value"], str) or "//" not in one["value"]
    ]


FAMILIES: dict[int, tuple[Any, Any]] = {
    5: (filters.projects, filters.projects.custom),
    9: (filters.users, filters.users.custom),
    3: (filters.comments, None),
}
NOT_SAID = (9124,)
"""The language of an employee is in one sample and in no list of filters."""


@pytest.mark.parametrize(
    "sample",
    [
        *samples_of("24_project_list_create_update.json", "/project/list"),
        *samples_of("25_user_get_list.json", "/user/list"),
        *samples_of("13_comment_list_global.json", "/comment/list"),
    ],
)
def test_samples_of_other_filters_can_be_said_with_our_names(sample: dict[str, Any]) -> None:
    module, custom = FAMILIES[sample["type"] // 1000]
    if sample["type"] in NOT_SAID:
        assert sample["type"] not in our_filters(module, custom)
        return
    said = rebuild_in(module, custom, sample).body(ZONE)
    value = sample["value"]
    named = next(iter(value.values())) if isinstance(value, dict) and "dateType" not in value else value
    assert said == {**sample, "value": named}


def rebuild_in(module: Any, custom: Any, sample: dict[str, Any]) -> Filter:
    number, value = sample["type"], sample["value"]
    if "field" in sample:
        kinds = [kind for kind in FieldType if number_in(custom, kind) == number]
        term = custom(sample["field"], kinds[0])
    else:
        term = next(one for one in vars(module).values() if getattr(one, "type", None) == number)
    if isinstance(value, dict) and "dateType" in value:
        return said_date(term, value)
    if isinstance(value, dict):
        value = next(iter(value.values()))
    if "field" in sample:
        if kinds[0] is FieldType.COUNTERPARTY and isinstance(value, int):
            value = contact(value)
        if kinds[0] is FieldType.DIRECTORY_SET:
            value = [int(one) for one in value.split(";")]
        return term.equals(value)  # type: ignore[no-any-return]
    if isinstance(value, list):
        return term.any_of(*value)  # type: ignore[no-any-return]
    if hasattr(term, "contains"):
        return term.contains(value)  # type: ignore[no-any-return]
    return term.is_(contact(value) if number == 5003 else value)  # type: ignore[no-any-return]


def number_in(custom: Any, kind: FieldType) -> int:
    try:
        return custom(1, kind)._number_of_filter(filters.Operator.EQUAL)  # type: ignore[no-any-return]
    except ValueError:
        return 0


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
    number = sample["type"]
    named: Any = next((one for one in vars(filters).values() if getattr(one, "type", None) == number), None)
    term: Any = filters.custom(sample["field"], FieldType.DATE) if "field" in sample else named
    return said_date(term, sample["value"])


def said_date(term: Any, value: dict[str, Any]) -> Filter:
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
        return filters.custom(1, kind)._number_of_filter(filters.Operator.EQUAL)
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
