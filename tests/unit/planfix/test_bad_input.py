"""Bad input is a clear error of one line before anything is sent, never a silent success after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
import responses

from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType, Planfix, filters, user
from crmkit.planfix.filters import DateValue, Filter
from crmkit.planfix.models import CustomField
from crmkit.planfix.text import without_emoji

Call = Callable[[Any], object]
"""A call with wrong input; the client comes as Any, so that types do not forbid what is tested."""

terms: Any = filters
PARTY = "\N{PARTY POPPER}"
EMOJI = f"'{PARTY}' is an emoji"
NAIVE = datetime(2025, 3, 3)  # noqa: DTZ001 (a wrong value)


def field(kind: FieldType, *options: str) -> CustomField:
    """Return a definition; given by number only, it would be read from the portal first."""
    return CustomField(id=20, name="Note", type=kind, enum_values=options)


LINE, TEXT, NUMBER = field(FieldType.LINE), field(FieldType.TEXT), field(FieldType.NUMBER)
LIST, SET = field(FieldType.LIST, "new", "old"), field(FieldType.SET, "new", "old")
VALUES: list[tuple[dict[CustomField, Any], str]] = [
    ({LINE: 5}, "custom field 20 «Note»: 5 does not fit (allowed: text)"),
    ({LINE: f"Done {PARTY}"}, f"custom field 20 «Note»: {EMOJI}"),
    ({TEXT: PARTY}, EMOJI),
    ({NUMBER: "5"}, "custom field 20 «Note»: '5' does not fit (allowed: an int or a finite float)"),
    ({NUMBER: float("nan")}, "does not fit (allowed: an int or a finite float)"),
    ({LIST: "newest"}, "custom field 20 «Note»: 'newest' is not one of its options (allowed: new; old)"),
    ({LIST: ["new"]}, "list does not fit (allowed: the text of an option)"),
    ({SET: "new"}, "'new' does not fit (allowed: a list of option texts)"),
    ({SET: ["new", "newest"]}, "'newest' is not one of its options"),
    ({field(FieldType.DATE): "03.03.2025"}, "does not fit (allowed: a date"),
    ({field(FieldType.DATETIME): NAIVE}, "a datetime without"),
    ({field(FieldType.TIME): "09:00"}, "does not fit (allowed: a time)"),
    ({field(FieldType.PERIOD): 1800}, "1800 does not fit (allowed: a Period"),
    ({field(FieldType.CHECKBOX): "yes"}, "'yes' does not fit (allowed: True or False)"),
    ({field(FieldType.DIRECTORY): "Milk"}, "'Milk' does not fit (allowed: an Entry or the key of one)"),
    ({field(FieldType.EMPLOYEE): 5}, "5 does not say whether it is a user"),
    ({field(FieldType.CONTACT): "user:5"}, "user:5 does not fit here (allowed: contact:N)"),
    ({field(FieldType.PEOPLE): user(5)}, "does not fit (allowed: a list of people)"),
    ({field(FieldType.FILES): ["a.txt"]}, "'a.txt' does not fit (allowed: the number of a file)"),
    ({field(FieldType.LOCATION): "Moscow"}, "'Moscow' does not fit (allowed: a Location)"),
    ({field(FieldType.CALCULATED): 5}, "is computed by Planfix (it cannot be set)"),
    ({"Note": 5}, "custom field 'Note': no number"),  # type: ignore[dict-item]
    ([LINE], "a mapping is expected"),  # type: ignore[list-item]
]
TASKS: list[tuple[dict[str, Any], str]] = [
    ({"name": "  "}, "name: no name (give a text that is not empty)"),
    ({"name": 5}, "name: 5 does not fit (allowed: text)"),
    ({"name": f"Deal {PARTY}"}, f"name: {EMOJI}"),
    ({"titel": "x"}, "there is no attribute 'titel' to set"),
    ({"description": 5}, "description: 5 does not fit"),
    ({"priority": "High"}, "priority: 'High' does not fit (allowed: NotUrgent, Urgent)"),
    ({"status": "open"}, "status: 'open' does not fit"),
    ({"assignees": [5]}, "assignees: 5 does not say whether it is a user"),
    ({"assignees": 5}, "assignees: one person where a list is expected"),
    ({"counterparty": "user:5"}, "counterparty: user:5 does not fit here"),
    ({"end_date_time": NAIVE}, "end_date_time: a datetime without"),
    ({"end_date_time": "tomorrow"}, "end_date_time: "),
    ({"is_summary": "no"}, "is_summary: 'no' does not fit (allowed: True or False)"),
    ({"duration": "5"}, "duration: '5' does not fit (allowed: a whole number)"),
    ({"duration_unit": "Year"}, "allowed: Minute, Hour, Day, Week, Month"),
    ({"parent": -1}, "parent: -1 does not fit"),
    ({"files": 5}, "files: 5 does not fit (allowed: a list)"),
]
CONTACTS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "no name"),
    ({"lastname": PARTY}, f"lastname: {EMOJI}"),
    ({"email": 5}, "email: 5 does not fit (allowed: text)"),
    ({"phones": "+7 900 000-00-00"}, "phones: '+7 900 000-00-00' does not fit (allowed: a list)"),
    ({"phones": ["none"]}, "phones: 'none' does not fit"),
    ({"gender": "?"}, "gender: '?' does not fit (allowed: "),
    ({"birth_date": "1.1.2000"}, "birth_date: "),
    ({"is_company": 1}, "is_company: 1 does not fit"),
    ({"supervisors": [5]}, "supervisors: 5 does not say"),
    ({"companies": ["OOO"]}, "companies: 'OOO' does not fit"),
]
PROJECTS: list[tuple[dict[str, Any], str]] = [
    ({"name": "\t"}, "no name"),
    ({"name": PARTY}, f"name: {EMOJI}"),
    ({"status": -1}, "status: -1 does not fit"),
    ({"owner": "contact:1"}, "owner: contact:1 does not fit here"),
    ({"hidden_for_clients": "no"}, "hidden_for_clients: 'no' does not fit"),
    ({"end_date": "soon"}, "end_date: "),
]
USERS: list[tuple[dict[str, Any], str]] = [
    ({"name": PARTY}, f"name: {EMOJI}"),
    ({"role": "King"}, "role: 'King' does not fit"),
    ({"status": "Fired"}, "status: 'Fired' does not fit"),
    ({"groups": 5}, "groups: 5 does not fit (allowed: a list)"),
    ({"position": PARTY}, f"position: {EMOJI}"),
    ({"secondary_emails": ["a@example.com", 5]}, "secondary_emails: 5 does not fit"),
    ({"birth_date": 5}, "birth_date: "),
]
COMMENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "comment: no"),
    ({"text": " \n"}, "comment: no text"),
    ({"text": 5}, "comment: 5 does not fit (allowed: text)"),
    ({"html": 5}, "comment: 5 does not fit (allowed: text)"),
    ({"text": "x" * 65_537}, "the comment has 65537 bytes with its markup, Planfix takes 65536"),
    ({"text": "я" * 40_000}, "the comment has 80000 bytes"),
    ({"html": PARTY * 8_000}, "the comment has 72000 bytes"),
    ({"text": "x", "html": "y"}, "comment: text and html"),
    ({"text": "x", "recipients": [5]}, "recipients: 5 does not say"),
    ({"text": "x", "recipients": 5}, "recipients: one person where a list"),
    ({"text": "x", "roles": ["boss"]}, "recipients: no role 'boss'"),
    ({"text": "x", "roles": "auditor"}, "roles: 'auditor' does not fit (allowed: a list)"),
    ({"text": "x", "hidden": "no"}, "'no' does not fit (allowed: True or False)"),
    ({"text": "x", "files": 5}, "files: 5 does not fit (allowed: a list)"),
    ({"text": "x", "files": ["a"]}, "file: 'a' is no id"),
]
DIRECTORIES: list[tuple[Call, str]] = [
    (lambda pf: pf.directories.add_entry(4, {}), "directory entry: no values"),
    (lambda pf: pf.directories.add_entry(4, {LINE: "x"}, parent_key=0), "group of entries: 0 is no id"),
    (lambda pf: pf.directories.add_entry("4", {LINE: "x"}), "directory: '4' is no id"),
    (lambda pf: pf.directories.add_group(4, " "), "group of entries: no name"),
    (lambda pf: pf.directories.add_group(4, PARTY), f"group of entries: {EMOJI}"),
    (lambda pf: pf.directories.update_entry(4, 2), "directory entry: nothing to change"),
    (lambda pf: pf.directories.update_entry(4, 2, name=""), "group of entries: no name"),
    (lambda pf: pf.directories.update_entry(4, 2, archived="no"), "archived: 'no' does not fit"),
    (lambda pf: pf.directories.update_entry(4, 2, parent_key="x"), "group of entries: 'x' is no id"),
]
DATATAGS: list[tuple[Call, str]] = [
    (lambda pf: pf.datatags.add(5, 2, []), "entries: no rows"),
    (lambda pf: pf.datatags.add(5, 2, [{LINE: "x"}, {}]), "entries: no rows, or one without values"),
    (lambda pf: pf.datatags.add(5, 2, 5), "rows: 5 does not fit (allowed: a list)"),
    (lambda pf: pf.datatags.add(5, 2, [5]), "a mapping is expected"),
    (lambda pf: pf.datatags.add(5, 0, [{LINE: "x"}]), "datatag: 0 is no id"),
    (lambda pf: pf.datatags.add(user(5), 2, [{LINE: "x"}]), "user:5 does not fit here"),
    (lambda pf: pf.datatags.append(5, 0, 2, [{LINE: "x"}]), "comment: 0 is no id"),
    (lambda pf: pf.datatags.update_entry(15, 2, {}), "entry: nothing to change"),
]
CONDITIONS: list[tuple[Call, str]] = [
    (lambda _: Filter(10, "like", 5), "filter 10: operator: 'like' does not fit (allowed: equal, notequal,"),
    (lambda _: Filter("10", "equal", 5), "filter: '10' does not fit"),  # type: ignore[arg-type]
    (lambda _: DateValue("someday"), "filter by date: 'someday' with nothing is not known"),
    (lambda _: DateValue("last"), "filter by date: 'last' with nothing is not known"),
    (lambda _: DateValue("today", days=3), "filter by date: 'today' with days is not known"),
    (lambda _: terms.created.on("today"), "filter by date: str is no day"),
    (lambda _: terms.created.on(NAIVE), "a datetime without a time zone"),
    (lambda _: terms.created.between(date(2025, 3, 3), date(2025, 3, 1)), "ends before it begins"),
    (lambda _: terms.assignee.is_(5), "filter 2: 5 does not say whether it is a user"),
    (lambda _: terms.status.is_("2"), "filter 10: '2' is no number"),
    (lambda _: terms.status.any_of(), "filter 10: none given"),
    (lambda _: terms.priority.is_("High"), "filter 9: 'High' is not known"),
    (lambda _: terms.name.contains(""), "filter 8: '' does not fit (allowed: a text that is not empty)"),
    (lambda _: terms.name.contains(PARTY), f"filter 8: {EMOJI}"),
    (lambda _: terms.custom(LINE).contains(PARTY), "does not fit"),
    (lambda _: terms.custom(NUMBER).equals("x"), "'x' does not fit"),
    (lambda _: terms.custom(NUMBER).contains("x"), "(number) knows no have (allowed: equal, notequal,"),
    (lambda _: terms.custom(LIST).equals("newest"), "'newest'"),
    (lambda pf: pf.tasks.list(filters=terms.status.is_(2)), "one condition where a list is expected"),
    (lambda pf: pf.tasks.list(filters=[terms.status]), "ManyIds is no condition"),
    (lambda pf: pf.tasks.list(filters=5), "filters: 5 does not fit (allowed: a list)"),
    (
        lambda pf: pf.tasks.list(filters=[terms.contacts.name.contains("x")]),
        "filter 4001 belongs to another",
    ),
    (lambda pf: pf.contacts.list(filters=[terms.status.is_(2)]), "filter 10 belongs to another list"),
    (lambda pf: pf.projects.list(filters=[terms.created.on(terms.TODAY)]), "filter 12 belongs to"),
    (lambda pf: pf.users.list(filters=[terms.status.is_(2)]), "filter 10 belongs to another list"),
    (lambda pf: pf.comments.search([terms.last_activity.on(terms.TODAY)]), "filter 79 belongs to"),
    (lambda pf: pf.directories.entries(4, filters=[terms.status.is_(2)]), "filter 10 belongs to"),
    (lambda pf: pf.datatags.entries(2, filters=[terms.assignee.is_(user(1))]), "filter 2 belongs to"),
]
OTHERS: list[tuple[Call, str]] = [
    (lambda pf: pf.tasks.create(description="x"), "task: no name (give name=…)"),
    (lambda pf: pf.contacts.create(email="a@example.com"), "contact: no name (give name=…)"),
    (lambda pf: pf.projects.create(owner=user(1)), "project: no name (give name=…)"),
    (lambda pf: pf.users.create(role="User"), "employee: no name (give name=… or email=…)"),
    (lambda pf: pf.tasks.update(5), "task: nothing to change"),
    (lambda pf: pf.contacts.update(5), "contact: nothing to change"),
    (lambda pf: pf.projects.update(5), "project: nothing to change"),
    (lambda pf: pf.users.update(5), "employee: nothing to change"),
    (lambda pf: pf.comments.update(5, 6), "comment: nothing to change"),
    (lambda pf: pf.comments.update(5, 6, pinned="no"), "isPinned: 'no' does not fit"),
    (lambda pf: pf.comments.create(0, "x"), "task: 0 is no id"),
    (lambda pf: pf.comments.create(user(5), "x"), "user:5 does not fit here"),
    (lambda pf: pf.comments.create(5, "x", at=NAIVE), "at: a datetime without"),
    (lambda pf: pf.comments.create(5, "x", owner=5), "owner: 5 does not say"),
    (lambda pf: pf.contacts.import_many([{"name": PARTY}]), f"name: {EMOJI}"),
    (lambda pf: pf.checklists.create(5, PARTY), EMOJI),
    (lambda pf: pf.positions.create(PARTY), EMOJI),
    (lambda pf: pf.custom_fields.create("task", PARTY, FieldType.LINE), EMOJI),
    (lambda pf: pf.files.update(5, name=5), "name: 5 does not fit"),
    (lambda pf: pf.tasks.update("5", name="x"), "task: '5' is no id"),
    (lambda pf: pf.tasks.get(True), "task: True is no id"),
]


def creating(name: str, values: dict[str, Any]) -> Call:
    return lambda pf: getattr(pf, name).create(**values)


def updating(name: str, values: dict[str, Any]) -> Call:
    return lambda pf: getattr(pf, name).update(5, **values)


def commenting(values: dict[str, Any]) -> Call:
    return lambda pf: pf.comments.create(5, **values)


def of_entity(name: str, cases: list[tuple[dict[str, Any], str]]) -> list[tuple[Call, str]]:
    """Say the same wrong values to create and to update."""
    made: list[tuple[Call, str]] = []
    for values, words in cases:
        whole = {"name": "x", **values}
        made += [(creating(name, whole), words), (updating(name, values), words)]
    return made


def with_fields(values: Any) -> dict[str, Call]:
    """Say the same wrong values of fields wherever there are fields."""
    return {
        "tasks": lambda pf: pf.tasks.create(name="x", custom_fields=values),
        "task": lambda pf: pf.tasks.update(5, custom_fields=values),
        "contacts": lambda pf: pf.contacts.create(name="x", custom_fields=values),
        "projects": lambda pf: pf.projects.update(5, custom_fields=values),
        "users": lambda pf: pf.users.update(5, custom_fields=values),
        "imports": lambda pf: pf.contacts.import_many([{"name": "x", "custom_fields": values}]),
        "datatags": lambda pf: pf.datatags.add(5, 2, [values]),
        "datatag": lambda pf: pf.datatags.update_entry(15, 2, values),
        "directories": lambda pf: pf.directories.add_entry(4, values),
        "directory": lambda pf: pf.directories.update_entry(4, 2, values),
    }


ALL: dict[str, list[tuple[Call, str]]] = {
    "task": of_entity("tasks", TASKS),
    "contact": of_entity("contacts", CONTACTS),
    "project": of_entity("projects", PROJECTS),
    "employee": of_entity("users", USERS),
    "comment": [(commenting(values), words) for values, words in COMMENTS],
    "directory": DIRECTORIES,
    "datatag": DATATAGS,
    "filter": CONDITIONS,
    "other": OTHERS,
    **{
        f"field of {where}": [(with_fields(values)[where], words) for values, words in VALUES]
        for where in with_fields({})
    },
}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        pytest.param(call, words, id=f"{about} {number}")
        for about, cases in ALL.items()
        for number, (call, words) in enumerate(cases)
    ],
)
def test_bad_input_is_an_error_before_anything_is_sent(
    planfix: Planfix, server: responses.RequestsMock, call: Call, words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        call(planfix)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert len(server.calls) == planfix.requests_sent == 0


def test_markup_takes_emoji_as_references(
    planfix: Planfix, server: responses.RequestsMock, bodies: Callable[[], list[Any]]
) -> None:
    server.post("https://acme.planfix.ru/rest/task/", json={"result": "success", "id": 7})
    server.post("https://acme.planfix.ru/rest/task/7/comments/", json={"result": "success", "id": 8})
    planfix.tasks.create(name="x", description=f"Done {PARTY}")
    planfix.tasks.create(name="x", description_html=f"<b>{PARTY}</b>")
    planfix.comments.create(7, html=f"<b>{PARTY}</b>")
    assert [body["description"] for body in bodies()] == [
        "Done &#127881;",
        "<b>&#127881;</b>",
        "<b>&#127881;</b>",
    ]


def test_an_option_that_the_portal_has_may_hold_what_it_likes(
    planfix: Planfix, server: responses.RequestsMock, bodies: Callable[[], list[Any]]
) -> None:
    """It came from there, so it can go there."""
    server.post("https://acme.planfix.ru/rest/task/5", json={"result": "success"})
    planfix.tasks.update(5, custom_fields={field(FieldType.LIST, PARTY): PARTY})
    assert bodies()[0]["customFieldData"][0]["value"] == PARTY


@pytest.mark.parametrize(
    ("text", "left"),
    [(f"Deal {PARTY} of the year", "Deal of the year"), ("a  b", "a  b"), (PARTY, ""), ("ж — €", "ж — €")],
    ids=["middle", "nothing", "all", "plane"],
)
def test_emoji_can_be_left_out(text: str, left: str) -> None:
    assert without_emoji(text) == left
