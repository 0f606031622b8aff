"""PHP's habits, one by one: what a query string, an array, a number and a truth are to it."""

from __future__ import annotations

import pytest

from crmkit.sandbox.bitrix24.php import as_list, intval, number, parse_query, parse_url, to_json, truthy


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {}),
        ("a=1&a=2", {"a": "2"}),
        ("a&b=", {"a": "", "b": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=x&a[]=y", {"a": {"1": "x", "2": "y"}}),
        ("a[x]=1&a[]=2", {"a": {"x": "1", "0": "2"}}),
        ("a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[%3EID]=5", {"a": {">ID": "5"}}),
        ("a%5Bb%5D=5", {"a": {"b": "5"}}),
        ("a[b]=1&a=2", {"a": "2"}),
        ("a=2&a[b]=1", {"a": {"b": "1"}}),
        ("a.b c=1", {"a_b_c": "1"}),
        ("a[b.c]=1", {"a": {"b.c": "1"}}),
        ("a[b]c[d]=1", {"a": {"b": "1"}}),
        ("a[b=1", {"a_b": "1"}),
        ("=1&[x]=2&&", {}),
        ("%20a=1", {"a": "1"}),
        ("a=%D1%91+%2B", {"a": "ё +"}),
    ],
)
def test_query_strings(query, found):
    assert parse_query(query) == found


def test_commands():
    assert parse_url("a.b?x=1?y#z") == ("a.b", "x=1?y")
    assert parse_url("a.b") == ("a.b", "")


def test_arrays():
    assert to_json({"0": 1, "1": 2}) == [1, 2]
    assert to_json({"1": 1, "0": 2}) == {"1": 1, "0": 2}
    assert to_json({"0": 1, "2": 2}) == {"0": 1, "2": 2}
    assert [as_list(value) for value in (None, "", 0, "x", {"a": 1}, [2])] == [[], [], [0], ["x"], [1], [2]]


def test_numbers_and_truth():
    assert [intval(value) for value in ("12abc", " -3", "abc", "", None, True, 2.9, [1], [])] == [
        12,
        -3,
        0,
        0,
        0,
        1,
        2,
        1,
        0,
    ]
    assert [number(value) for value in ("1.5x", "1e2", ".5", "x", None, True, 3)] == [
        1.5,
        100.0,
        0.5,
        0.0,
        0.0,
        1.0,
        3.0,
    ]
    assert [truthy(value) for value in ("0", "", "false", " ", 0, [], None, 1)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
