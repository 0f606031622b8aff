"""Sums of money as people type them: «12 000,50 ₽», 12000.50, «12 тыс. руб.»; unclear ones are refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

__all__ = ["BadSum", "Sum", "Why", "read_sum"]

Why = Literal["no_number", "several", "unclear", "negative", "zero", "currency", "too_large"]
"""Why a value is refused; the catalogue has each in words (``wrong.WHY``)."""

CURRENCIES = {
    "RUB": ("₽", "руб", "рублей", "рубля", "рубль", "р", "rub", "rur"),
    "USD": ("$", "usd", "долл", "долларов", "доллара", "доллар"),
    "EUR": ("€", "eur", "евро"),
    "KZT": ("₸", "kzt", "тенге", "тг"),
    "BYN": ("byn", "бел.руб", "бел руб"),
    "UAH": ("₴", "uah", "грн"),
    "GBP": ("£", "gbp"),
    "CNY": ("¥", "cny", "юаней"),
}
SPELLINGS = {spelling: code for code, spellings in CURRENCIES.items() for spelling in spellings}
FACTORS = {"": 1, "тыс": 1000, "млн": 1_000_000}
PER_MONTH = re.compile(r"\s*(?:/\s*мес(?:яц)?\.?|в\s+мес(?:яц)?\.?|в\s+мес\.)\s*$")
WHOLE = re.compile(
    r"^(?P<before>[^\d\s.,'+-]*)\s*(?P<number>[+-]?\s*\d[\d\s.,']*?)\s*(?P<factor>тыс|млн)?\.?\s*"
    r"(?P<after>[^\d\s][^\d]*?)?[\s.]*$"
)
GROUPS = re.compile(r"^\d{1,3}(?:(?P<mark>[ '.,])\d{3})(?:(?P=mark)\d{3})*$")
SMALLEST = Decimal("0.01")
LARGEST = Decimal(10) ** 12
"""Nobody pays that much: a phone or an account number stands in the wrong field."""


@dataclass(frozen=True)
class Sum:
    """An amount, and the currency if one was written."""

    amount: Decimal
    currency: str = ""


@dataclass(frozen=True)
class BadSum:
    """A value that cannot be taken for a sum, and why."""

    why: Why


def read_sum(value: Any, currency: str = "RUB", *, may_be_zero: bool = False) -> Sum | BadSum:
    """Read a sum of money out of what a field holds.

    Args:
        value: A number, a text as a person typed it, or Bitrix24's ``12000.50|RUB``.
        currency: The currency that is wanted (ISO 4217); a value in another one is refused.
        may_be_zero: Whether nothing at all is a sum too.

    Example:
        >>> read_sum("12 000,50 ₽").amount
        Decimal('12000.50')
        >>> [read_sum(text).why for text in ("много", "-5", "10 000 / 12 000", "$100", "12,500")]
        ['no_number', 'negative', 'several', 'currency', 'unclear']
    """
    found = _read(value)
    if isinstance(found, BadSum):
        return found
    if found.currency and found.currency != currency:
        return BadSum("currency")
    if found.amount < 0:
        return BadSum("negative")
    return BadSum("zero") if found.amount == 0 and not may_be_zero else found


def _read(value: Any) -> Sum | BadSum:
    if isinstance(value, tuple | list):
        return _read(value[0]) if len(value) == 1 else BadSum("several")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return BadSum("no_number")
    if not isinstance(value, str):
        return _exact(Decimal(str(value)))
    return _from_text(_plain(value))


def _exact(number: Decimal, currency: str = "") -> Sum | BadSum:
    """Return the number as money, to the hundredth; a finer one is somebody's mistake."""
    if not number.is_finite():
        return BadSum("no_number")
    if abs(number) >= LARGEST:
        return BadSum("too_large")
    return Sum(number, currency) if number == number.quantize(SMALLEST) else BadSum("unclear")


def _plain(text: str) -> str:
    """Return the text with one kind of space, minus and apostrophe, in lower case."""
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    return re.sub(r"\s+", " ", text.translate(str.maketrans("−–—’`", "---''")))


def _from_text(text: str) -> Sum | BadSum:
    money, bar, code = text.partition("|")  # how Bitrix24 keeps money
    if bar:
        return _with_currency(_number(money), code)
    match = WHOLE.match(PER_MONTH.sub("", text))
    if match is None:
        return BadSum("several" if len(re.findall(r"\d+", text)) > 1 else "no_number")
    number = _number(match["number"])
    if isinstance(number, BadSum):
        return number
    written = f"{match['before'] or ''}{match['after'] or ''}"
    return _with_currency(number * FACTORS[match["factor"] or ""], written)


def _with_currency(number: Decimal | BadSum, written: str) -> Sum | BadSum:
    if isinstance(number, BadSum):
        return number
    written = written.strip(" .")
    if written and written not in SPELLINGS:
        return BadSum("no_number")
    return _exact(number, SPELLINGS[written] if written else "")


def _number(text: str) -> Decimal | BadSum:
    """Return a number. A lone group of three may be thousands or a fraction: that is refused."""
    text = text.strip()
    sign, digits = (-1, text[1:].strip()) if text.startswith("-") else (1, text.removeprefix("+").strip())
    whole, mark, fraction = _split(digits)
    marks_groups = bool(mark) and (mark in whole or len(fraction) == 3)
    if marks_groups:
        whole, fraction = digits, ""
    if (marks_groups and digits.count(mark) == 1) or not (whole.isdigit() or GROUPS.match(whole)):
        return BadSum("several" if " " in whole and not mark else "unclear")
    plain = re.sub(r"[ '.,]", "", whole)
    return sign * Decimal(f"{plain}.{fraction}" if fraction else plain)


def _split(digits: str) -> tuple[str, str, str]:
    """Split at the last comma or point, which is the mark of the fraction if anything is."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return digits, "", ""
    return digits[:last], digits[last], digits[last + 1 :]
