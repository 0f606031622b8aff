"""The parts that filters are made of.

The portal ignores a wrong operator or value without a word and returns an unfiltered page (seen live for a
dozen filters), so every combination is checked here, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import is_number, plain, unfit
from crmkit.planfix.ids import Person, person_of
from crmkit.planfix.times import date_text, local, time_text

__all__ = [
    "Choice",
    "DateTerm",
    "DateValue",
    "Filter",
    "Ids",
    "Operator",
    "PersonTerm",
    "Text",
    "in_days",
    "last_days",
    "next_days",
]


class Operator(StrEnum):
    """The vendor's operators. ``HAVE`` and ``NOT_HAVE`` exist for custom text fields only."""

    EQUAL = "equal"
    NOT_EQUAL = "notequal"
    GREATER = "gt"
    LESS = "lt"
    HAVE = "have"
    NOT_HAVE = "nothave"


_OPERATORS = (*map(str, Operator), "gtAndEqual", "ltAndEqual")
"""The last two are in the vendor's text on dates, not in its description; nothing here uses them."""


_DATE_TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("today", "yesterday", "tomorrow"), ()),
    **{f"{which}{span}": () for which in ("this", "last", "next") for span in ("Week", "Month")},
    **dict.fromkeys(("last", "next", "in"), ("days",)),
    **dict.fromkeys(("otherDate", "otherDate_withTime"), ("first",)),
    **dict.fromkeys(("otherRange", "otherRange_withTime"), ("first", "last")),
}
"""The vendor's words for spans, and what each needs to be told besides."""


@dataclass(frozen=True, slots=True)
class DateValue:
    """A day or span in the vendor's words, for example ``DateValue("thisWeek")`` or :func:`last_days`.

    Args:
        kind: The vendor's ``dateType``.
        days: For ``last``, ``next`` and ``in``.
        first: For one day or the begin of a range: a date, or an aware moment for the forms with time.
        last: The end of a range, included.

    Raises:
        ValidationError: The portal does not know the word, or it needs something else besides.
    """

    kind: str
    days: int | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        needs = _DATE_TYPES.get(self.kind)
        given = tuple(name for name in ("days", "first", "last") if getattr(self, name) is not None)
        if given != needs:
            raise ValidationError(
                f"filter by date: {self.kind!r} with {' and '.join(given) or 'nothing'} is not known",
                hint="give a date, an aware datetime, or last_days(7)",
            )

    def body(self, zone: tzinfo) -> dict[str, Any]:
        """Return the value as the vendor reads it: days and times of the token owner's zone."""
        body: dict[str, Any] = {"dateType": self.kind}
        if self.days is not None:
            body["dateValue"] = self.days
        elif self.last is not None:
            body |= {"dateFrom": _stamp(self.first, zone), "dateTo": _stamp(self.last, zone)}
        elif self.first is not None:
            # The vendor's text says dateFrom for one day, but every example and live client uses dateValue.
            # With time, the only example there is has dateFrom.
            key = "dateFrom" if isinstance(self.first, datetime) else "dateValue"
            body[key] = _stamp(self.first, zone)
        return body


TODAY = DateValue("today")
YESTERDAY = DateValue("yesterday")
TOMORROW = DateValue("tomorrow")
THIS_WEEK = DateValue("thisWeek")
LAST_WEEK = DateValue("lastWeek")
NEXT_WEEK = DateValue("nextWeek")
THIS_MONTH = DateValue("thisMonth")
LAST_MONTH = DateValue("lastMonth")
NEXT_MONTH = DateValue("nextMonth")


def last_days(count: int) -> DateValue:
    """Return the last so many days, today included."""
    return DateValue("last", days=_count(count))


def next_days(count: int) -> DateValue:
    """Return the next so many days."""
    return DateValue("next", days=_count(count))


def in_days(count: int) -> DateValue:
    """Return the day so many days from now."""
    return DateValue("in", days=_count(count))


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition in the vendor's form; the way out for types that have no builder here.

    Args:
        type: The number of the filter.
        operator: The vendor's operator.
        value: A JSON value, or a :class:`DateValue`.
        field: The custom field it is about.
        subfilter: For filter 93.

    Raises:
        ValidationError: The number or the operator cannot be right. Values are checked by the builders only.

    Example:
        >>> from datetime import UTC
        >>> Filter(type=57, operator="equal", value=71234).body(UTC)
        {'type': 57, 'operator': 'equal', 'value': 71234}
    """

    type: int
    operator: str
    value: Any
    field: int | None = None
    subfilter: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not is_number(self.type):
            raise unfit("filter", self.type, "the vendor's number of a filter")
        if self.operator not in _OPERATORS:
            raise unfit(f"filter {self.type}: operator", self.operator, ", ".join(_OPERATORS))

    def body(self, zone: tzinfo) -> dict[str, Any]:
        """Return the element of ``filters`` in the body of a list."""
        value = self.value.body(zone) if isinstance(self.value, DateValue) else self.value
        body: dict[str, Any] = {"type": self.type, "operator": str(self.operator), "value": value}
        if self.field is not None:
            body["field"] = self.field
        if self.subfilter is not None:
            body["subfilter"] = dict(self.subfilter)
        return body


@dataclass(frozen=True, slots=True)
class _Term:
    type: int
    field: int | None = None

    def _make(self, operator: Operator, value: Any) -> Filter:
        return Filter(self.type, operator, value, self.field)


class DateTerm(_Term):
    """A condition on a day. Days are those of the token owner's time zone.

    A ``date`` compares whole days. An aware ``datetime`` uses the vendor's forms with time, which are
    documented but were not seen working; where a day is precise enough, give a day.
    """

    __slots__ = ()

    def on(self, when: date | DateValue) -> Filter:
        """On this day, or within this span."""
        return self._make(Operator.EQUAL, _when(when))

    def not_on(self, when: date | DateValue) -> Filter:
        """Not on this day, or not within this span."""
        return self._make(Operator.NOT_EQUAL, _when(when))

    def before(self, when: date | DateValue) -> Filter:
        """Before this day begins, or before this span begins."""
        return self._make(Operator.LESS, _when(when))

    def after(self, when: date | DateValue) -> Filter:
        """After this day, or this span, has ended."""
        return self._make(Operator.GREATER, _when(when))

    def since(self, day: date) -> Filter:
        """On this day or later, said with operators that are known to work: after the day before."""
        if isinstance(day, datetime) or not isinstance(day, date):
            raise ValidationError(
                "filter by date: since takes a day", hint="give a date, or use after with a datetime"
            )
        return self.after(day - timedelta(days=1))

    def between(self, first: date, last: date) -> Filter:
        """From the first to the last, both included; two dates or two aware datetimes."""
        exact = isinstance(first, datetime), isinstance(last, datetime)
        if exact[0] != exact[1] or not isinstance(first, date) or not isinstance(last, date):
            raise ValidationError(
                "filter by date: a range needs two dates or two datetimes", hint="do not mix them"
            )
        _aware(first, last)
        if last < first:
            raise ValidationError("filter by date: the range ends before it begins", hint="swap its ends")
        return self._make(
            Operator.EQUAL,
            DateValue("otherRange_withTime" if exact[0] else "otherRange", first=first, last=last),
        )


class PersonTerm(_Term):
    """A condition on a person: ``user:5``, ``contact:7`` or ``group:3``."""

    __slots__ = ()

    def is_(self, person: Person | str) -> Filter:
        """This person."""
        return self._make(Operator.EQUAL, str(person_of(person, field_name=f"filter {self.type}")))

    def is_not(self, person: Person | str) -> Filter:
        """Not this person."""
        return self._make(Operator.NOT_EQUAL, str(person_of(person, field_name=f"filter {self.type}")))


class PartyTerm(_Term):
    """A condition on a counterparty, which the vendor wants as a plain number of a contact."""

    __slots__ = ()

    def is_(self, party: Person | str) -> Filter:
        """This contact or company."""
        return self._make(Operator.EQUAL, self._number(party))

    def is_not(self, party: Person | str) -> Filter:
        """Another one, or none."""
        return self._make(Operator.NOT_EQUAL, self._number(party))

    def _number(self, party: Person | str) -> int:
        return person_of(party, field_name=f"filter {self.type}", kinds=("contact",)).id


class Ids(_Term):
    """A condition on something with a number: a status, project, template, process or parent."""

    __slots__ = ()

    def is_(self, number: int) -> Filter:
        """This one."""
        return self._make(Operator.EQUAL, _id(self.type, number))

    def is_not(self, number: int) -> Filter:
        """Not this one."""
        return self._make(Operator.NOT_EQUAL, _id(self.type, number))

    def none_of(self, *numbers: int) -> tuple[Filter, ...]:
        """None of these: a condition for each, since "not equal" to a list is not documented."""
        return tuple(self.is_not(number) for number in _some(self.type, numbers))


class ManyIds(Ids):
    """The same where the vendor takes a list for "one of"."""

    __slots__ = ()

    def any_of(self, *numbers: int) -> Filter:
        """One of these."""
        return self._make(Operator.EQUAL, [_id(self.type, number) for number in _some(self.type, numbers)])


class Text(_Term):
    """A condition on a system field with text; the vendor looks for a part of it, case does not matter."""

    __slots__ = ()

    def contains(self, text: str) -> Filter:
        """The text occurs in it."""
        return self._make(Operator.EQUAL, _text(self.type, text))

    def not_contains(self, text: str) -> Filter:
        """The text does not occur in it."""
        return self._make(Operator.NOT_EQUAL, _text(self.type, text))


class Exact(_Term):
    """A condition on a system field with text that is compared as a whole."""

    __slots__ = ()

    def is_(self, text: str) -> Filter:
        """Exactly this."""
        return self._make(Operator.EQUAL, _text(self.type, text))

    def is_not(self, text: str) -> Filter:
        """Anything but this."""
        return self._make(Operator.NOT_EQUAL, _text(self.type, text))


@dataclass(frozen=True, slots=True)
class Choice(_Term):
    """A condition on one of the vendor's words."""

    words: type[StrEnum] | None = None

    def is_(self, word: str) -> Filter:
        """This word."""
        return self._make(Operator.EQUAL, self._word(word))

    def is_not(self, word: str) -> Filter:
        """Another word."""
        return self._make(Operator.NOT_EQUAL, self._word(word))

    def _word(self, word: str) -> str:
        allowed = [] if self.words is None else [str(one) for one in self.words]
        if str(word) not in allowed:
            raise ValidationError(
                f"filter {self.type}: {word!r} is not known", hint="allowed: " + ", ".join(allowed)
            )
        return str(word)


def flag(number: int) -> Filter:
    """Return a condition that holds or not; the vendor knows no "not" for it."""
    return Filter(number, Operator.EQUAL, True)


def _when(when: Any) -> DateValue:
    if isinstance(when, DateValue):
        return when
    if isinstance(when, datetime):
        _aware(when)
        return DateValue("otherDate_withTime", first=when)
    if isinstance(when, date):
        return DateValue("otherDate", first=when)
    raise ValidationError(
        f"filter by date: {type(when).__name__} is no day",
        hint="give a date, an aware datetime, or last_days(7)",
    )


def _aware(*moments: date) -> None:
    for moment in moments:
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise ValidationError(
                "filter by date: a datetime without a time zone", hint="give it one: tzinfo=ZoneInfo(…)"
            )


def _stamp(when: date | None, zone: tzinfo) -> str:
    if isinstance(when, datetime):
        there = local(when, zone)
        return f"{date_text(there)} {time_text(there.time())}"
    return date_text(when) if when else ""


def _count(count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValidationError(f"filter by date: {count!r} days", hint="give a whole number, 1 or more")
    return count


def _id(kind: int, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValidationError(
            f"filter {kind}: {number!r} is no number of something", hint="give a whole number"
        )
    return number


def _some(kind: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
    if not numbers:
        raise ValidationError(
            f"filter {kind}: none given", hint="an empty choice would select nothing or everything"
        )
    return numbers


def _text(kind: int, text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise unfit(f"filter {kind}", text, "a text that is not empty")
    return plain(f"filter {kind}", text)
