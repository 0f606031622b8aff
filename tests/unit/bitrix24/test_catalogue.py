"""``b24.api``: every documented method, loaded late, wrong names refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crmkit.bitrix24.catalogue import generate
from crmkit.bitrix24.catalogue.table import Method, Parameter, Table, dump, load
from crmkit.bitrix24.client import Bitrix24


def test_calls_go_out_under_the_documented_name(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    assert b24.api.crm.item.get(entityTypeId=2, id=1)["item"]["id"] == 1
    portal.methods["crm.item.import"] = lambda _: {"item": {"id": 4}}
    assert b24.api.crm.item.import_(entityTypeId=2, fields={"title": "x"})["item"]["id"] == 4
    portal.methods["calendar.accessibility.get"] = lambda _: []
    b24.api.calendar.accessibility.get(users=[1], from_="2025-01-01", to="2025-01-02")
    assert "from" in portal.requests[-1][1]


def test_prefixes_that_are_methods_too(b24: Bitrix24, portal: Any) -> None:
    portal.methods["im.notify"] = lambda _: 5
    portal.methods["im.notify.read"] = lambda _: True
    assert b24.api.im.notify.read(ID=5) is True
    assert b24.api.im.notify(USER_ID=1, MESSAGE="x") == 5
    with pytest.raises(TypeError, match="only a prefix"):
        b24.api.crm()


def test_rest_3_where_there_is_nothing_else_and_on_request(b24: Bitrix24, portal: Any) -> None:
    portal.methods["main.eventlog.list"] = portal.methods["tasks.task.get"] = lambda _: {"items": []}
    b24.api.main.eventlog.list(select=["id"])
    b24.api.v3.tasks.task.get(id=1)
    b24.api.tasks.task.get(taskId=1)
    assert [body for _, body in portal.requests] == [{"select": ["id"]}, {"id": 1}, {"taskId": 1}]
    with pytest.raises(TypeError, match=r"REST 3\.0"):
        b24.api.v3.crm.item.get(id=1)


def test_old_task_methods_get_their_parameters_in_the_documented_order(b24: Bitrix24, portal: Any) -> None:
    portal.methods["task.elapseditem.add"] = lambda _: 1
    b24.api.task.elapseditem.add(ARFIELDS={"SECONDS": 1}, TASKID=5)
    assert list(portal.requests[0][1]) == ["TASKID", "ARFIELDS"]


def test_wrong_names_are_refused_with_a_suggestion(b24: Bitrix24) -> None:
    with pytest.raises(AttributeError, match="productrow"):
        _ = b24.api.crm.item.productrows  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = b24.api._secret  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="'FILTER'"):
        b24.api.sonet_group.get(filter={})  # type: ignore[call-arg]


def test_deprecated_methods_warn_and_name_the_replacement(b24: Bitrix24, portal: Any) -> None:
    method = next(m for m in load() if m.deprecated and m.replacement and m.name.startswith("crm.deal."))
    node: Any = b24.api
    for part in method.name.split("."):
        node = getattr(node, part)
    portal.methods[method.name] = lambda _: 1
    with pytest.warns(DeprecationWarning, match=method.replacement.replace("*", r"\*")):
        assert node() == 1


def test_names_are_listed_for_completion_and_shown(b24: Bitrix24) -> None:
    assert {"add", "get", "list", "import_", "productrow"} <= set(dir(b24.api.crm.item))
    assert "entityTypeId: integer" in repr(b24.api.crm.item.get)
    assert repr(b24.api.crm) == "<api crm>"


def test_table_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from crmkit.bitrix24.client import Bitrix24; "
        "Bitrix24('https://acme.bitrix24.ru/rest/1/abcdef/').close(); "
        "sys.exit(any(name.startswith('crmkit.bitrix24.catalogue') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


METHODS = [
    Method(
        "a.b.add",
        2,
        ("crm",),
        False,
        "",
        (Parameter("id", "integer", True), Parameter("from", "date", False)),
    ),
    Method("a.b", 2, (), True, "a.b.add", ()),
    Method("a.c", 3, ("x", "y"), True, "", (Parameter("z", "string|object[]", False),)),
]


def test_data_file_is_read_as_it_was_written() -> None:
    table = Table(map(Method.from_line, dump(METHODS).splitlines()))
    assert list(table) == METHODS
    assert table.children("A.B") == {"add"}
    assert table.find("A.C") == METHODS[2]
    assert table.find("a.c", 2) is None


def test_generator_writes_checks_and_is_stable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "method": "x.y.import",
        "rest_version": 2,
        "scope": ["crm"],
        "deprecated": True,
        "replacement": "Universal methods",
        "params": [
            {"name": "id", "type": "integer", "required": True},
            {"name": "from", "type": "datetime|date", "required": True},
            {"name": "id", "type": "string", "required": False},
            {"name": "LANG (X)", "type": None, "required": False},
        ],
    }
    methods, examples = tmp_path / "methods.jsonl", tmp_path / "examples.jsonl"
    methods.write_text(json.dumps(row) + "\n")
    examples.write_text(
        json.dumps(
            {"method": "x.y.import", "rest_version": 2, "requests": [{"body": {"id": 1}}, {"body": {}}]}
        )
    )
    monkeypatch.setattr(generate, "_HERE", tmp_path)
    arguments = [str(methods), "--examples", str(examples)]
    assert generate.main([*arguments, "--check"]) == 1
    assert generate.main(arguments) == 0
    assert generate.main([*arguments, "--check"]) == 0
    assert (tmp_path / "methods.tsv").read_text() == "x.y.import\t2\tcrm\t-\tid!:integer,from:datetime|date\n"
    stub = (tmp_path / "api.pyi").read_text()
    assert "def import_(self, *, id: _Int, from_: _Moment | _Day = ...) -> _Any: ..." in stub
    compile(stub, "api.pyi", "exec")
