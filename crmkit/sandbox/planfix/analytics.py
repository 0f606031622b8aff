"""Rows of analytics (data tags): kept in the comment they came with, shown in the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.models import Comment, Contact, DataTag, DataTagEntry, Task

__all__ = ["MAX_ROWS", "CalendarRow", "add_rows", "calendar", "drop_row"]

MAX_ROWS = 150
"""More the vendor's calendar does not show."""
DATE, DATE_AND_TIME, PERIOD, EMPLOYEE, USERS, FRAME = 3, 5, 6, 11, 14, 28


def add_rows(
    account: Account,
    tag: DataTag,
    rows: list[dict[int, Any]],
    holder: Task | Contact,
    comment: Comment,
) -> list[int]:
    """Put rows into a comment of a task or contact and return their keys."""
    keys = []
    for fields in rows:
        entry = DataTagEntry(
            account.new_id("entry"),
            tag.id,
            fields,
            task=comment.task,
            contact=comment.contact,
            comment=comment.id,
            author=comment.owner,
        )
        account.entries[entry.key] = entry
        holder.entries.append(entry)
        comment.entries.append(entry.key)
        keys.append(entry.key)
    if isinstance(holder, Task):
        author, at = comment.owner, account.now()
        for kind in ("datatag", *["datatag_row"] * len(rows)):
            account.automation.happened(frozenset({kind}), holder, author=author, at=at, comment=comment.id)
    return keys


def drop_row(account: Account, entry: DataTagEntry) -> None:
    """Take a row away; the comment stays."""
    holder: Task | Contact | None = (
        account.tasks.get(entry.task) if entry.task else account.contacts.get(entry.contact)
    )
    if holder is not None:
        holder.entries.remove(entry)
    account.entries.pop(entry.key, None)


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A row of analytics in the calendar; moments are in the zone of who looks.

    Attributes:
        start, end: When.
        key, tag: Which row, of which kind.
        task, contact: Where it stands; one of them is 0.
        title: The name of the kind and of what it stands in.
        people: Whose time it is.
    """

    start: datetime
    end: datetime
    key: int
    tag: int
    task: int
    contact: int
    title: str
    people: tuple[str, ...]


def calendar(
    account: Account, first: date, last: date, *, zone: tzinfo, person: str = ""
) -> list[CalendarRow]:
    """Return what the hourly calendar shows from one day to another, by start, at most :data:`MAX_ROWS`.

    Only kinds with a date and a period of time are shown there; the month's view shows none of them.

    Args:
        account: The account.
        first: The first day.
        last: The last day.
        zone: Of who looks at the calendar.
        person: Only rows of this person: by a field of the row, else by who added it.
    """
    rows = (
        _row(account, entry, span, zone)
        for entry in account.entries.values()
        if (span := _span(account.data_tags[entry.tag], entry.fields, zone)) is not None
    )
    shown = sorted(
        (
            row
            for row in rows
            if row.start.date() <= last and row.end.date() >= first and (not person or person in row.people)
        ),
        key=lambda row: (row.start, row.key),
    )
    return shown[:MAX_ROWS]


def _row(account: Account, entry: DataTagEntry, span: tuple[datetime, datetime], zone: tzinfo) -> CalendarRow:
    tag = account.data_tags[entry.tag]
    inside = account.name_of(f"task:{entry.task}" if entry.task else f"contact:{entry.contact}")
    return CalendarRow(
        start=span[0].astimezone(zone),
        end=span[1].astimezone(zone),
        key=entry.key,
        tag=tag.id,
        task=entry.task,
        contact=entry.contact,
        title=f"{tag.name}: {inside}",
        people=tuple(_people(tag, entry)) or (entry.author,),
    )


def _people(tag: DataTag, entry: DataTagEntry) -> Iterator[str]:
    for spec in tag.fields.values():
        value = entry.fields.get(spec.id)
        if value and spec.type == EMPLOYEE:
            yield value
        elif value and spec.type == USERS:
            yield from value


def _span(tag: DataTag, fields: dict[int, Any], zone: tzinfo) -> tuple[datetime, datetime] | None:
    by_type = {spec.type: fields[spec.id] for spec in tag.fields.values() if spec.id in fields}
    if FRAME in by_type:
        start, end = (datetime.fromtimestamp(at, zone) for at in by_type[FRAME])
        return start, end
    if DATE not in by_type or PERIOD not in by_type:
        return None
    day = datetime.strptime(by_type[DATE], "%d-%m-%Y").date()  # noqa: DTZ007 (a day has no zone)
    start, end = (_at(day, clock, zone) for clock in by_type[PERIOD])
    return start, end if end > start else end + timedelta(days=1)


def _at(day: date, clock: str, zone: tzinfo) -> datetime:
    hours, minutes = (int(part) for part in clock.split(":"))
    return datetime.combine(day, time(), zone) + timedelta(hours=hours, minutes=minutes)
