"""The vendor's samples of answers go through models and codecs, and no key of theirs is lost.

The samples lie beside the repository, in ``../shared/specs/planfix-samples``; these tests are skipped without
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType
from crmkit.planfix.errors import CODES, classify
from crmkit.planfix.fields import READ_ONLY, decode, encode
from crmkit.planfix.models import (
    ChecklistItem,
    Comment,
    Contact,
    CustomField,
    Datatag,
    DatatagEntry,
    Directory,
    File,
    Group,
    Named,
    ObjectType,
    Process,
    Project,
    Report,
    ReportRow,
    ReportSave,
    SavedFilter,
    Status,
    Task,
    User,
)
from crmkit.planfix.models.base import Entity
from crmkit.transport.request import Effect, Request, Response

SAMPLES = Path(__file__).parents[3] / "shared" / "specs" / "planfix-samples"
ZONE = ZoneInfo("Europe/Moscow")
MODELS: dict[str, type[BaseModel]] = {
    "task": Task,
    "tasks": Task,
    "contact": Contact,
    "contacts": Contact,
    "comment": Comment,
    "comments": Comment,
    "user": User,
    "users": User,
    "processes": Process,
    "statuses": Status,
    "object": ObjectType,
    "objects": ObjectType,
    "customfields": CustomField,
    "customFieldTypes": Process,
    "filters": SavedFilter,
    "groups": Group,
    "project": Project,
    "projects": Project,
    "item": ChecklistItem,
    "items": ChecklistItem,
    "dataTag": Datatag,
    "entry": DatatagEntry,
    "directory": Directory,
    "file": File,
    "files": File,
    "report": Report,
    "reports": Report,
    "save": ReportSave,
    "rows": ReportRow,
    "positions": Named,
    "posts": Named,
    "workspaces": Named,
    "templates": Contact,
}
MISTAKE = (10, "String value")
"""The vendor's example of a datatag entry gives a text field the type of a contact."""
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the vendor's samples are not beside the repository (../shared/specs)"
)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(SAMPLES.glob("*.json")):
        for case in json.loads(file.read_text())["cases"]:
            yield f"{case['method']} {case['path']}", case


def answers(good: bool) -> list[Any]:
    return [
        pytest.param(operation, int(status), body, id=f"{operation} {status} {name}"[:120])
        for operation, case in cases()
        for status, examples in case.get("responses", {}).items()
        for name, body in examples.items()
        if (status < "300" if good else status >= "400")
    ]


def rows() -> list[Any]:
    return [
        pytest.param(MODELS[key], row, id=f"{operation} {key} {index}")
        for operation, _, body in (param.values for param in answers(good=True))
        for key, found in (body.items() if isinstance(body, dict) else ())
        if key in MODELS
        for index, row in enumerate(found if isinstance(found, list) else [found])
    ]


def request_for(operation: str) -> Request:
    verb, _, path = operation.partition(" ")
    return Request(verb, path, operation=operation, effect=Effect.READ)


def respond(status: int, body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(("operation", "status", "body"), answers(good=True))
def test_a_good_answer_is_no_failure(operation: str, status: int, body: Any) -> None:
    assert classify(request_for(operation), respond(status, body)) is None


@pytest.mark.parametrize(("operation", "status", "body"), answers(good=False))
def test_a_bad_answer_is_one_with_a_known_code(operation: str, status: int, body: Any) -> None:
    failure = classify(request_for(operation), respond(status, body))
    assert failure is not None
    assert body["code"] == 0 or body["code"] in CODES
    assert body["error"].split()[0] in str(failure.error)


@pytest.mark.parametrize(("model", "row"), rows())
def test_a_row_is_read_whole(model: type[BaseModel], row: dict[str, Any]) -> None:
    read = model.model_validate(row, context={"timezone": ZONE})
    if isinstance(read, Entity):
        assert read.raw == row
    known = {field.alias or name for name, field in model.model_fields.items()}
    row = row["project"] if model is Project and "project" in row else row
    assert set(row) <= known | set(read.model_extra or {})
    for value in getattr(read, "custom_field_data", ()):
        value.value  # noqa: B018  (that it can be read is what is tested)


@pytest.mark.parametrize(("model", "row"), rows())
def test_no_documented_key_is_unknown_to_its_model(model: type[BaseModel], row: dict[str, Any]) -> None:
    read = model.model_validate(row, context={"timezone": ZONE})
    # Extras are kept, but what the vendor documents should have a typed attribute.
    assert set(read.model_extra or {}) <= {"directoryFields", "listValuesColors"}


def custom_values(kind: str) -> list[Any]:
    found = []
    for operation, case in cases():
        bodies = case.get(kind, {})
        if kind == "responses":
            bodies = {
                f"{status} {name}": body for status, named in bodies.items() for name, body in named.items()
            }
        for name, body in bodies.items():
            found += [
                pytest.param(name, value, id=f"{operation} {name}"[:120])
                for value in _custom_field_data(body)
            ]
    return found


def _custom_field_data(body: Any) -> Iterator[dict[str, Any]]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key == "customFieldData":
                yield from value
            else:
                yield from _custom_field_data(value)
    elif isinstance(body, list):
        for item in body:
            yield from _custom_field_data(item)


@pytest.mark.parametrize(("name", "value"), custom_values("responses"))
def test_a_value_that_was_read_can_be_written_back(name: str, value: dict[str, Any]) -> None:
    kind = value["field"]["type"]
    if (kind, value["value"]) == MISTAKE:
        with pytest.raises(ValidationError, match="something unexpected"):
            decode(kind, value["value"], zone=ZONE)
        return
    read = decode(kind, value["value"], zone=ZONE)
    assert read is not None
    if kind not in READ_ONLY:
        assert decode(kind, encode(kind, read, zone=ZONE), zone=ZONE) == read


# What the vendor's write samples call the types.
TYPE_NAMES = {
    "Short text": FieldType.LINE,
    "Line": FieldType.LINE,
    "Number": FieldType.NUMBER,
    "Multi-line text": FieldType.TEXT,
    "Date": FieldType.DATE,
    "Time": FieldType.TIME,
    "Date and time": FieldType.DATETIME,
    "Period of time": FieldType.PERIOD,
    "Checkbox": FieldType.CHECKBOX,
    "List": FieldType.LIST,
    "Directory entry": FieldType.DIRECTORY,
    "Contact": FieldType.CONTACT,
    "Employee": FieldType.EMPLOYEE,
    "Counterparty": FieldType.COUNTERPARTY,
    "Group, employee, or contact": FieldType.PERSON,
    "List of users": FieldType.PEOPLE,
    "Set of directory values": FieldType.DIRECTORY_SET,
    "Task": FieldType.TASK,
    "Task set": FieldType.TASK_SET,
    "Set of values": FieldType.SET,
    "Files": FieldType.FILES,
    "Project": FieldType.PROJECT,
    "Location": FieldType.LOCATION,
}


TEXTS = (FieldType.LINE, FieldType.TEXT, FieldType.LIST)
PEOPLE = (FieldType.CONTACT, FieldType.EMPLOYEE, FieldType.COUNTERPARTY)


def ours(kind: FieldType, wire: Any) -> bool:
    """Leave out what the vendor takes too and we never send: texts for moments, bare numbers for people."""
    if isinstance(wire, str):
        return kind in TEXTS
    return not (kind in PEOPLE and isinstance(wire["id"], int))


def written_values() -> list[Any]:
    found = []
    for param in custom_values("requests"):
        name, value = param.values
        described = str(name).partition("type ")[2].removesuffix(" by prefixedId").removesuffix(" by id")
        kind = TYPE_NAMES.get(described.strip())
        if kind is not None and ours(kind, value["value"]):
            found.append(pytest.param(kind, value["value"], id=param.id))
    return found


@pytest.mark.parametrize(("kind", "wire"), written_values())
def test_we_write_as_the_samples_do(kind: FieldType, wire: Any) -> None:
    value = decode(kind, wire, zone=ZONE)
    if value is None:
        assert encode(kind, None, zone=ZONE) in (wire, {"id": 0})
    else:
        assert decode(kind, encode(kind, value, zone=ZONE), zone=ZONE) == value
        if kind is not FieldType.DIRECTORY:  # the samples write its key as text too
            assert encode(kind, value, zone=ZONE) == wire


def test_there_are_samples_of_every_group() -> None:
    seen = {model.__name__ for model, _ in (param.values for param in rows())}
    assert {"Task", "Contact", "Comment", "User", "Process", "Status", "CustomField", "SavedFilter"} <= seen
    kinds = {param.values[0] for param in written_values()}
    assert len(kinds) >= 20, sorted(kinds)
