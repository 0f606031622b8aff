"""A value means the same in a single call and in a batch."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.bitrix24.encoding import File, Ref, has_reference, to_command, to_json
from crmkit.exceptions import ValidationError

MOSCOW = timezone(timedelta(hours=3))


def as_text(value: Any) -> Any:
    """What is left of a JSON value once everything is text; ``[""]`` is how forms write an empty array."""
    if isinstance(value, dict):
        items = {str(k): as_text(v) for k, v in value.items() if v != {}}
        keys = list(items)
        return list(items.values()) if keys == [str(i) for i in range(len(keys))] else items
    if isinstance(value, list):
        return [[""] if v == {} else as_text(v) for v in value] or [""]
    return value if isinstance(value, str) else str(value)


def both(method: str, params: Any, php_command: Any) -> tuple[Any, Any]:
    single = json.loads(to_json(method, params))
    name, batched = php_command(to_command(method, params))
    assert name == method
    return single, batched


@pytest.mark.parametrize(
    ("value", "single", "batched"),
    [
        (None, "", ""),
        (True, "Y", "Y"),
        (False, "N", "N"),
        (7, 7, "7"),
        (1.5, 1.5, "1.5"),
        (1e-7, "0.0000001", "0.0000001"),
        (Decimal("19999.90"), "19999.90", "19999.90"),
        (date(2025, 2, 3), "2025-02-03", "2025-02-03"),
        (
            datetime(2025, 2, 3, 9, 0, 0, 123, MOSCOW),
            "2025-02-03T09:00:00+03:00",
            "2025-02-03T09:00:00+03:00",
        ),
        ("a & b # + % = [x]", "a & b # + % = [x]", "a & b # + % = [x]"),
        ("Иванов «Ромашка»\n", "Иванов «Ромашка»\n", "Иванов «Ромашка»\n"),
        ([], [], [""]),
        ([1, [2, 3]], [1, [2, 3]], ["1", ["2", "3"]]),
        (("a", "b"), ["a", "b"], ["a", "b"]),
        ([{}, "b"], [{}, "b"], [[""], "b"]),
        ({"ID": 5, "VALUE": "+7"}, {"ID": 5, "VALUE": "+7"}, {"ID": "5", "VALUE": "+7"}),
        (File("a.txt", b"hi"), ["a.txt", "aGk="], ["a.txt", "aGk="]),
    ],
)
def test_field_value(value: Any, single: Any, batched: Any, php_command: Any) -> None:
    one, many = both("crm.item.update", {"fields": {"x": value}}, php_command)
    assert one == {"fields": {"x": single}}
    assert many == {"fields": {"x": batched}}


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("crm.item.list", {"filter": {"opened": True}}, "Y"),
        ("crm.item.list", {"filter": {"=ufCrm_12": True}}, 1),
        ("crm.item.list", {"filter": {"!UF_CRM_FLAG": False}}, 0),
        ("crm.item.list", {"useOriginalUfNames": True}, "Y"),
        ("calendar.event.get.nearest", {"forCurrentUser": False}, 0),
        ("imbot.v2.Bot.update", {"fields": {"isHidden": True}}, 1),
    ],
)
def test_boolean_by_place(method: str, params: Any, expected: Any, php_command: Any) -> None:
    one, many = both(method, params, php_command)
    while isinstance(one, dict):
        one, many = next(iter(one.values())), next(iter(many.values()))
    assert one == expected
    assert type(one) is type(expected)
    assert many == str(expected)


def test_empty_mapping_and_empty_select_are_left_out_of_a_batch() -> None:
    assert to_command("crm.deal.list", {"filter": {}, "select": [], "order": {"ID": "ASC"}}) == (
        "crm.deal.list?order[ID]=ASC"
    )
    assert to_command("profile", {}) == "profile"
    assert to_command("user.update", {"ID": 1, "UF_DEPARTMENT": []}) == "user.update?ID=1&UF_DEPARTMENT[]="


def test_positional_parameters_keep_their_places(php_command: Any) -> None:
    one, many = both("task.elapseditem.getlist", [691, {"ID": "desc"}, {">=SECONDS": 5}], php_command)
    assert one == [691, {"ID": "desc"}, {">=SECONDS": 5}]
    assert list(many.values()) == ["691", {"ID": "desc"}, {">=SECONDS": "5"}]


class Colour(Enum):
    RED = "2"


def test_enum_sends_its_value() -> None:
    assert to_json("x", {"colorId": Colour.RED}) == b'{"colorId":"2"}'


@pytest.mark.parametrize(
    "value",
    [
        datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        float("nan"),
        float("inf"),
        pytest.param(object(), id="object"),
        timedelta(1),
    ],
    ids=str,
)
def test_what_has_no_form_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(ValidationError, match=r"fields\.a\.b"):
        to_json("crm.item.add", {"fields": {"a": {"b": value}}})


@pytest.mark.parametrize("params", [{"a.b": 1}, {"a b": 1}, {"a[b": 1}, {"f": {"a]": 1}}, {"f": {"": 1}}])
def test_names_that_php_would_change_are_refused_in_a_batch(params: Any) -> None:
    with pytest.raises(ValidationError):
        to_command("x", params)


def test_reference_is_written_in_lower_case_and_survives_decoding(php_command: Any) -> None:
    ref = Ref("p0", ("items", 49, "id"))
    _, params = php_command(to_command("crm.item.list", {"filter": {">id": ref}}))
    assert params == {"filter": {">id": "$result[p0][items][49][id]"}}


@pytest.mark.parametrize("text", ["see $result[a]", "$TOTAL[x]", "$Error[1]", "price $next[2]"])
def test_text_that_looks_like_a_reference_is_found(text: str) -> None:
    assert has_reference({"fields": {"list": ["a", text]}})
    assert not has_reference({"fields": {"title": text.replace("$", "")}, "n": 1, "r": Ref("a")})


def test_aware_datetime_in_utc_has_an_offset() -> None:
    assert to_json("x", {"d": datetime(2025, 1, 1, tzinfo=UTC)}) == b'{"d":"2025-01-01T00:00:00+00:00"}'


names = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1).filter(
    lambda name: not name.isspace()
)
leaves = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.integers(),
    st.booleans(),
    st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(),
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, min_size=1, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,3}", fullmatch=True), trees))
def test_php_reads_a_command_as_it_reads_the_call(php_command: Any, params: dict[str, Any]) -> None:
    single = json.loads(to_json("x.y", params))
    _, batched = php_command(to_command("x.y", params))
    assert as_text(batched) == as_text(single)
