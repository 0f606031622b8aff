"""Posted events: read, checked, never trusted blindly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from crmkit.bitrix24.events import Event, form_to_tree
from crmkit.exceptions import AuthenticationError, ValidationError

FORM = {
    "event": "ONCRMDEALUPDATE",
    "event_handler_id": "7",
    "data[FIELDS][ID]": "777",
    "ts": "1751285594",
    "auth[domain]": "acme.bitrix24.ru",
    "auth[member_id]": "m1",
    "auth[application_token]": "app-tok3n",
    "auth[access_token]": "acc3ss",
}


def test_posted_bytes_become_an_event() -> None:
    event = Event.from_form(urlencode(FORM).encode())
    assert (event.name, event.object_id, event.member_id) == ("ONCRMDEALUPDATE", 777, "m1")
    assert event.moment == datetime.fromtimestamp(1751285594, UTC)
    assert event == Event.from_form(FORM)
    assert "acc3ss" not in repr(event)
    assert "app-tok3n" not in repr(event)


def test_only_the_right_token_passes() -> None:
    event = Event.from_form(FORM)
    event.verify("app-tok3n")
    for wrong in ("app-tok3N", "", "другой"):
        with pytest.raises(AuthenticationError):
            event.verify(wrong)
    with pytest.raises(AuthenticationError):
        Event.from_form({"event": "ONX"}).verify("")


@pytest.mark.parametrize(
    ("data", "number"),
    [
        ({"FIELDS": {"ID": "1"}}, 1),
        ({"ID": "2"}, 2),
        ({"FIELDS_BEFORE": "undefined", "FIELDS_AFTER": {"ID": "3"}}, 3),
        ({"FIELDS_BEFORE": {"ID": "4"}, "FIELDS_AFTER": "undefined"}, 4),
        ({"FIELDS_BEFORE": "undefined", "FIELDS_AFTER": {"TASK_ID": "5"}}, 5),
        ({}, None),
        ({"FIELDS": {"ID": "x"}}, None),
    ],
)
def test_object_id_wherever_the_vendor_puts_it(data: Any, number: int | None) -> None:
    assert Event.from_form({"event": "onX", "data": data}).object_id == number


def test_smart_process_and_tokens() -> None:
    data = {"FIELDS": {"ID": "9", "ENTITY_TYPE_ID": "128"}}
    event = Event.from_form({"event": "ONCRMDYNAMICITEMUPDATE", "data": data, "auth": {"refresh_token": "r"}})
    assert event.entity_type_id == 128
    assert Event.from_form(FORM).tokens(datetime(2025, 1, 1, tzinfo=UTC)) is None
    both = {**FORM, "auth[refresh_token]": "r", "auth[client_endpoint]": "https://acme.bitrix24.ru/rest/"}
    tokens = Event.from_form(both).tokens(datetime(2025, 1, 1, tzinfo=UTC))
    assert tokens is not None
    assert tokens.endpoint == "https://acme.bitrix24.ru/rest/"


@pytest.mark.parametrize("body", [b"", "a=1", b"\xff\xfe", "&".join(f"a{n}=1" for n in range(3000))])
def test_anything_else_is_refused(body: Any) -> None:
    with pytest.raises(ValidationError):
        Event.from_form(body)


def test_hostile_names_do_no_harm() -> None:
    pairs = [("a", "1"), ("a[b]", "2"), ("a[b][c]", "3"), ("x[]", "4"), ("x[]", "5"), ("[", "6"), ("y[", "7")]
    assert form_to_tree(pairs) == {"a": {"b": {"c": "3"}}, "x": {"0": "4", "1": "5"}}
