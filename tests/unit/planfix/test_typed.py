"""Classes with the custom fields of an account, and the program text that declares them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import responses

from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType, Person, Planfix, user
from crmkit.planfix.models import CustomField, Task
from crmkit.planfix.typed import Typed, custom, source

BASE = "https://acme.planfix.ru/rest"


class Deal(Task):
    state: str | None = custom(101)
    until: date | None = custom(106)
    people: tuple[Person, ...] = custom(110, ())


def value(number: int, kind: int, wire: Any) -> dict[str, Any]:
    return {"field": {"id": number, "type": kind, "name": "x"}, "value": wire}


ROW = {
    "id": 7,
    "name": "Deal",
    "customFieldData": [
        value(101, 8, "new"),
        value(106, 3, {"date": "03-03-2025", "time": "00:00"}),
        value(110, 14, [{"id": "user:4"}]),
        value(999, 0, "other"),
    ],
}


def test_attributes_are_filled() -> None:
    deal = Deal.model_validate(ROW)
    assert (deal.state, deal.until, deal.people) == ("new", date(2025, 3, 3), (user(4),))
    assert deal.custom(999) == "other"
    assert deal.raw == ROW
    empty = Deal.model_validate({"id": 7, "customFieldData": [value(101, 8, None)]})
    assert (empty.state, empty.until, empty.people) == (None, None, ())
    assert Deal(id=7, state="old").state == "old"


def test_the_fields_are_asked_for_without_being_named(
    planfix: Planfix, server: responses.RequestsMock, bodies: Any
) -> None:
    server.post(f"{BASE}/task/list", json={"result": "success", "tasks": [ROW]})
    server.get(f"{BASE}/task/7", json={"result": "success", "task": ROW})
    deals = Typed(planfix.tasks, Deal)
    assert [deal.state for deal in deals.list(fields=["name"])] == ["new"]
    assert bodies()[0]["fields"] == "id,name,101,106,110"
    assert isinstance(deals.get(7), Deal)
    assert "101%2C106%2C110" in str(server.calls[1].request.url)


def test_values_by_attribute() -> None:
    assert Deal.custom_values(state="old", people=[]) == {101: "old", 110: []}
    with pytest.raises(ValidationError, match="no custom field 'name'"):
        Deal.custom_values(name="x")


def test_a_value_of_another_shape_is_an_error_that_names_the_attribute(
    planfix: Planfix, server: responses.RequestsMock
) -> None:
    row = {"id": 7, "customFieldData": [value(101, 1, 5)]}
    server.get(f"{BASE}/task/7", json={"result": "success", "task": row})
    with pytest.raises(Exception, match=r"Deal: .*custom:101"):
        Typed(planfix.tasks, Deal).get(7)


OPTIONS = ("свободна", "1-я", "class", "свободна!", "title")
FIELDS = [
    *(CustomField(id=200 + kind, name=f"Поле {kind.name}", type=kind) for kind in FieldType),
    CustomField(
        id=101, name="Состояние возврата", type=8, enum_values=("свободна", "1-я", "class", "свободна!")
    ),
    CustomField(id=102, name="Name", type=0),
    CustomField(id=103, name="class", type=0),
    CustomField(id=104, name="", type=0),
    CustomField(id=105, name='Sum "net" \\ """', type=1),
    CustomField(id=106, name="Sum net", type=1),
    CustomField(id=107, name="new", type=99),
]


def test_the_source_is_a_module_that_reads_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made_module = ModuleType("portal_models")
    monkeypatch.setitem(sys.modules, "portal_models", made_module)
    module = vars(made_module)
    exec(compile(source(task=FIELDS, contact=[]), "portal_models.py", "exec"), module)
    made = module["MyTask"]
    assert set(made.custom_numbers().values()) == {field.id for field in FIELDS}
    deal = made.model_validate({"id": 7, "customFieldData": [value(101, 8, "свободна"), value(102, 0, "x")]})
    assert deal.sostoyanie_vozvrata is module["TaskSostoyanieVozvrata"].SVOBODNA
    assert deal.name_102 == "x"
    other = made.model_validate({"id": 7, "customFieldData": [value(101, 8, "added later")]})
    assert other.sostoyanie_vozvrata == "added later"
    assert made.model_validate({"id": 7}).sostoyanie_vozvrata is None
    assert module["MyContact"].custom_numbers() == {}


def test_the_source_is_typed(tmp_path: Path) -> None:
    file = tmp_path / "portal_models.py"
    file.write_text(source(task=FIELDS, contact=FIELDS, project=FIELDS, user=FIELDS))
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(root / "pyproject.toml")]
    command += ["--cache-dir", str(root / ".mypy_cache"), str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_unknown_owner() -> None:
    with pytest.raises(KeyError, match="deal"):
        source(deal=[])
