"""How a cell becomes a value, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.automation.rows.columns import CellError, Column, Kind, parse

MOSCOW = ZoneInfo("Europe/Moscow")
WHO = Column("who", kind="choice", options={"Иванова": "user:4", "Пётр I": "user:5"})


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", "  ООО «Ромашка» ", "ООО «Ромашка»"),
        ("text", 79123456789.0, "79123456789"),
        ("text", 7, "7"),
        ("number", "12 000,50 ₽", Decimal("12000.50")),
        ("number", "12\u00a0000", Decimal(12000)),
        ("number", "1000 руб.", Decimal(1000)),
        ("number", "-3.5", Decimal("-3.5")),
        ("number", 12.5, Decimal("12.5")),
        ("number", "0", Decimal(0)),
        ("date", "31.01.2025", date(2025, 1, 31)),
        ("date", "2025-01-31", date(2025, 1, 31)),
        ("date", datetime.fromisoformat("2025-01-31"), date(2025, 1, 31)),
        ("datetime", "31.01.2025 18:30", datetime(2025, 1, 31, 18, 30, tzinfo=MOSCOW)),
        ("datetime", date(2025, 1, 31), datetime(2025, 1, 31, tzinfo=MOSCOW)),
        ("bool", "Да", True),
        ("bool", "no", False),
        ("bool", True, True),
        ("phone", "+7 (912) 345-67-89", "+7 (912) 345-67-89"),
        ("phone", 89123456789.0, "89123456789"),
        ("email", "a.b@example.com", "a.b@example.com"),
    ],
    ids=str,
)
def test_what_people_write_is_understood(kind: Kind, cell: Any, value: Any) -> None:
    assert parse(cell, Column("x", kind=kind), MOSCOW) == value


@pytest.mark.parametrize(
    ("kind", "cell", "why"),
    [
        ("number", "много", "no_number"),
        ("number", "1.234", "thousands"),
        ("number", "12,000", "thousands"),
        ("number", "1,2,3", "no_number"),
        ("number", True, "no_number"),
        ("date", "31.02.2025", "no_date"),
        ("date", "31.01.2025 10:00", "time_in_date"),
        ("date", 45678, "number_in_date"),
        ("text", datetime.fromisoformat("2025-03-01"), "date_in_text"),
        ("bool", "возможно", "no_bool"),
        ("phone", "позвонить позже", "no_phone"),
        ("phone", "12", "no_phone"),
        ("email", "a.b@", "no_email"),
        ("email", "a@b.ru, c@d.ru", "no_email"),
    ],
    ids=str,
)
def test_what_is_not_clear_is_refused(kind: Kind, cell: Any, why: str) -> None:
    with pytest.raises(CellError) as error:
        parse(cell, Column("x", kind=kind), UTC)
    assert error.value.message.key == f"rows.{why}"
    for language in ("ru", "en"):
        assert error.value.message.render(language)


@pytest.mark.parametrize("cell", [None, "", "  ", "\u00a0"], ids=repr)
def test_an_empty_cell_is_nothing_or_a_mistake(cell: Any) -> None:
    assert parse(cell, Column("x", kind="number"), UTC) is None
    with pytest.raises(CellError, match="required"):
        parse(cell, Column("x", required=True), UTC)


def test_choices_by_what_people_write() -> None:
    assert parse("иванова", WHO, UTC) == "user:4"
    assert parse("Петр  I", WHO, UTC) == "user:5"
    with pytest.raises(CellError) as error:
        parse("Сидоров", WHO, UTC)
    assert "Иванова" in error.value.message.render("ru")


def test_dates_of_another_country_only_if_it_is_said() -> None:
    american = Column("day", kind="date", dates=("%m/%d/%Y",))
    assert parse("3/1/2017", american, UTC) == date(2017, 3, 1)
    with pytest.raises(CellError):
        parse("2017-03-01", american, UTC)


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.booleans(), st.dates()))
def test_no_cell_ends_in_another_error(cell: Any) -> None:
    for kind in ("text", "number", "date", "datetime", "bool", "phone", "email", "choice"):
        with suppress(CellError):
            parse(cell, Column("x", kind=kind, options={"a": "b"}), UTC)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_numbers_come_back_however_they_are_written(number: Decimal) -> None:
    for written in (str(number), f"{number:,}".replace(",", " ").replace(".", ","), f"{number} ₽"):
        assert parse(written, Column("x", kind="number"), UTC) == number
