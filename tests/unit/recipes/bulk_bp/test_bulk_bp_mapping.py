"""Mapping files say which column goes where; what cannot be is refused before a row is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp import BulkBpSettings, FileMapping, Portal
from recipes.bulk_bp.mapping import columns_of, load, template
from recipes.bulk_bp.table import Table, read_table

Mapped = Callable[..., Table]
KEY = '[columns.id]\nto = "key"\n'


@pytest.fixture
def mapped(tmp_path: Path, portal: Portal) -> Mapped:
    """Read a CSV text with a mapping."""

    def read(mapping: str, text: str, **settings: Any) -> Table:
        plan, file = tmp_path / "mapping.toml", tmp_path / "deals.csv"
        plan.write_text(mapping, encoding="utf-8")
        file.write_text(text, encoding="utf-8")
        return read_table(BulkBpSettings(file=str(file), mapping=str(plan), **settings), portal, "en")

    return read


def test_the_template_has_what_every_deal_has_and_the_fields(portal: Portal) -> None:
    found = {title: one.to for title, one in template(portal, "ru").columns.items()}
    assert found["Номер"] == "key"
    assert found["Дата перезвона"] == "field:callback_at"
    assert "Файл" not in found, "what cannot be imported is not offered"
    assert (found["Сумма"], found["other_amount"]) == ("amount", "field:other_amount")


def test_legal_values_are_titles_before_ids(portal: Portal) -> None:
    columns = {one.key: one for one in columns_of(template(portal, "en"), portal)}
    assert list(columns["stage"].options or ())[:2] == ["Новая", "Перезвонить"]
    assert list(columns["assignee"].options or ())[:2] == ["Ольга Иванова", "Пётр Смирнов"]
    assert list(columns["field:tariff"].options or ()) == ["Базовый", "Стандарт"]
    assert columns["key"].title == "Number"
    assert columns["key"].is_called("номер"), "a template in the other language is read too"


def test_words_of_the_file_mean_what_the_portal_has(mapped: Mapped) -> None:
    mapping = (
        'title = ["company", "text:product"]\n'
        + KEY
        + '[columns.state]\nto = "stage"\nvalues = { Ringing = "Перезвонить" }\n'
        + '[columns.product]\nto = "text:product"\nvalues = { GTXPro = "GTX Pro" }\n'
        + '[columns.client]\nto = "company"\n'
    )
    rows = "1,Ringing,GTXPro,ООО Ромашка\n2,ringing,MG,\n3,Перезвонить,,\n"
    table = mapped(mapping, f"id,state,product,client\n{rows}")
    assert [row.deal.title for row in table.rows.values()] == ["ООО Ромашка / GTX Pro", "MG", "3"]
    assert {row.deal.stage for row in table.rows.values()} == {"calls:CALLBACK"}


def test_dates_of_the_mapping_are_the_only_ones(mapped: Mapped) -> None:
    mapping = 'title = ["key"]\n' + KEY + '[columns.at]\nto = "field:callback_at"\ndates = ["%m/%d/%Y"]\n'
    table = mapped(mapping, "id,at\n1,3/4/2017\n2,13/4/2017\n")
    assert table.rows["1"].deal.fields["callback_at"].month == 3
    assert list(table.problems) == [3]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[columns]\n", "exactly one column"),
        (KEY + '[columns.b]\nto = "key"\n', "exactly one column"),
        (KEY + '[columns.b]\nto = "nothing"\n', "'nothing' is none of"),
        (KEY + '[columns.b]\nto = "field:"\n', "is none of"),
        (KEY + '[columns.b]\nto = "title"\n[columns.c]\nto = "title"\n', "two columns go to title"),
        ('title = ["company"]\n' + KEY, "no column goes to company"),
        (KEY + "wrong = 1\n", "wrong"),
        ("[columns", "is no TOML"),
    ],
    ids=["no-key", "two-keys", "target", "field", "twice", "title", "unknown", "toml"],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=what):
        load(file)


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load(tmp_path / "mapping.toml")


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ({"to": "field:nothing"}, "no field 'nothing'"),
        ({"to": "field:file"}, "cannot be imported"),
        ({"to": "stage", "values": {"Won": "Выиграна"}}, "the portal has no 'Выиграна'"),
        ({"to": "assignee", "values": {"Moses": "Иван Ушёл"}}, "the portal has no 'Иван Ушёл'"),
        ({"to": "field:tariff", "values": {"b": "Особый"}}, "the portal has no 'Особый'"),
    ],
    ids=["field", "type", "stage", "person", "option"],
)
def test_a_mapping_to_what_the_portal_does_not_have_is_refused(
    portal: Portal, column: dict[str, Any], what: str
) -> None:
    mapping = FileMapping.model_validate({"columns": {"id": {"to": "key"}, "x": column}})
    with pytest.raises(ConfigurationError, match=what):
        columns_of(mapping, portal)
