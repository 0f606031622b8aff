"""What stands in a column, and how a cell becomes a value. Pure.

People type: «12 000,50», 01.03.2025, +7 (912) 345-67-89, «да». What is clear is taken, what is not is refused
with a word why; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from crmkit.automation.messages import Message

__all__ = ["CellError", "Column", "Kind", "parse"]

Kind = Literal["text", "number", "date", "datetime", "bool", "phone", "email", "choice"]
SPACES = re.compile(r"[\s\u00a0\u202f\u2009']")
CURRENCY = re.compile(r"(?:₽|руб(?:\.|лей|ля|ль)?|р\.|rub|\$|usd|€|eur)\s*$", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,.]\d{3})+")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
DATES = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y")
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")
YES, NO = frozenset({"да", "yes", "true", "1", "y", "+"}), frozenset({"нет", "no", "false", "0", "n", "-"})


class CellError(Exception):
    """A cell cannot be understood; ``message`` says why."""

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(key)
        self.message = Message(key=f"rows.{key}", params=params)


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Args:
        key: What the program calls it.
        titles: What its header may be, besides the key; the first one is written into templates.
        kind: What stands in it.
        required: Whether every row needs a value.
        options: The legal values of a choice; what people may write for them, and what it means.
        dates: Formats of dates besides 31.12.2025, 2025-12-31 and 31/12/2025, as ``strptime`` knows them. If
            given, they are the only ones: 1/2/2017 means another day in every country.
        help: A line for the template.

    Example:
        >>> Column("amount", ("Сумма",), "number").is_called(" сумма ")
        True
    """

    key: str
    titles: tuple[str, ...] = ()
    kind: Kind = "text"
    required: bool = False
    options: Mapping[str, str] | None = None
    dates: tuple[str, ...] = ()
    help: str = ""

    @property
    def title(self) -> str:
        """What people read above it."""
        return self.titles[0] if self.titles else self.key

    def is_called(self, header: str) -> bool:
        """Tell whether a header means this column; case and spaces do not matter."""
        return _plain(header) in {_plain(name) for name in (self.key, *self.titles)}


def parse(cell: Any, column: Column, zone: tzinfo) -> Any:
    """Return the value of a cell, ``None`` for an empty one.

    Args:
        cell: Text from a CSV file, or what a spreadsheet holds: text, numbers, dates.
        column: What should stand there.
        zone: The time zone of moments.

    Raises:
        CellError: It cannot be understood.

    Example:
        >>> from datetime import UTC
        >>> parse("12 000,50 ₽", Column("amount", kind="number"), UTC)
        Decimal('12000.50')
    """
    if isinstance(cell, str):
        cell = cell.strip()
    if cell is None or cell == "":
        if column.required:
            raise CellError("required")
        return None
    if column.kind == "datetime":
        moment = _moment(cell, column)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return _PARSERS[column.kind](cell, column)


def _text(cell: Any, column: Column) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        raise CellError("date_in_text", value=f"{cell:%d.%m.%Y}")
    return str(cell)


def _number(cell: Any, column: Column) -> Decimal:
    if isinstance(cell, bool | datetime | date):
        raise CellError("no_number", value=str(cell))
    if isinstance(cell, int | float | Decimal):
        return Decimal(str(cell))
    text = SPACES.sub("", CURRENCY.sub("", str(cell).strip()))
    if THOUSANDS.fullmatch(text) and len(re.findall(r"[,.]", text)) == 1:
        raise CellError("thousands", value=str(cell))
    if not NUMBER.fullmatch(text):
        raise CellError("no_number", value=str(cell))
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise CellError("no_number", value=str(cell)) from None


def _date(cell: Any, column: Column) -> date:
    moment = _moment(cell, column)
    if moment.time() != time():
        raise CellError("time_in_date", value=str(cell))
    return moment.date()


def _moment(cell: Any, column: Column) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if not isinstance(cell, str):
        raise CellError("number_in_date", value=str(cell))
    formats = column.dates or tuple(day + clock for day in DATES for clock in TIMES)
    for one in formats:
        try:
            return datetime.strptime(cell, one)  # noqa: DTZ007 (the zone is the caller's)
        except ValueError:
            continue
    raise CellError("no_date", value=cell)


def _bool(cell: Any, column: Column) -> bool:
    word = str(cell).strip().casefold()
    if word in YES or word in NO:
        return word in YES
    raise CellError("no_bool", value=str(cell))


def _phone(cell: Any, column: Column) -> str:
    text = _text(cell, column)
    digits = re.sub(r"\D", "", text)
    if not 5 <= len(digits) <= 15 or re.search(r"[^\d\s()+.\-]", text):
        raise CellError("no_phone", value=text)
    return text


def _email(cell: Any, column: Column) -> str:
    if not EMAIL.fullmatch(str(cell)):
        raise CellError("no_email", value=str(cell))
    return str(cell)


def _choice(cell: Any, column: Column) -> str:
    options = column.options or {}
    wanted = _plain(_text(cell, column))
    for written, meaning in options.items():
        if wanted == _plain(written):
            return meaning
    raise CellError("no_option", value=str(cell), options=", ".join(list(options)[:10]))


_PARSERS: dict[str, Callable[[Any, Column], Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "bool": _bool,
    "phone": _phone,
    "email": _email,
    "choice": _choice,
}


def _plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("ё", "е").replace("Ё", "Е").split()).casefold()
