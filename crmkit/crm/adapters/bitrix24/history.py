"""The history of a deal, put together from what the portal keeps in five places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmkit.bitrix24 import Command, Outcome
from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.crm.adapters.bitrix24.account import Authors
from crmkit.crm.adapters.bitrix24.room import DEAL, Tools
from crmkit.crm.adapters.bitrix24.touches import activities_of, comments_of
from crmkit.crm.models import Activity, ActivityKind, AuthorKind, Person
from crmkit.exceptions import IncompleteList

__all__ = ["combined", "read_history"]

PAGE = 50
INCOMING = 1
"""``DIRECTION`` of an activity that came from the client."""
CREATED, MOVED = 1, 2
"""``TYPE_ID`` in the stage history; the others are moves too: to a final stage (3), to a pipeline (5)."""
AFTERMATH = timedelta(seconds=10)
"""A comment or call moves the stamps of its deal by a change of its own, in the background."""
Rows = Sequence[Mapping[str, Any]]
Act = tuple[datetime, int | None]
MESSAGES = frozenset({"CRM_EMAIL", "EMAIL", "IMOPENLINES_SESSION", "CRM_SMS", "SMS"})


def read_history(tools: Tools, number: int, *, until_human: bool) -> tuple[Activity, ...]:
    """Read the history of a deal, newest first; one request unless something fills more than a page.

    Raises:
        NotFound: There is no such deal.
        IncompleteList: A list could not be read to its end.
    """
    item_get = Command("crm.item.get", {"entityTypeId": DEAL, "id": number, "useOriginalUfNames": "Y"})
    moves_list = Command(
        "crm.stagehistory.list",
        {"entityTypeId": DEAL, "filter": {"OWNER_ID": number}, "order": {"ID": "DESC"}, "start": -1},
    )
    asked = [item_get, comments_of(number), activities_of(number), moves_list]
    got, comments, activities, moves = tools.client.batch(asked)
    item = bitrix24.Deal.from_row(as_map(got.value())["item"])
    authors = tools.account.authors()

    def entries(comment_rows: Rows, activity_rows: Rows, move_rows: Rows) -> tuple[Activity, ...]:
        return combined(
            item,
            [bitrix24.TimelineComment.from_row(row) for row in comment_rows],
            [bitrix24.Activity.from_row(row) for row in activity_rows],
            [bitrix24.StageChange.from_row(row) for row in move_rows],
            authors,
        )

    first = [_rows(one) for one in (comments, activities, moves)]
    known = entries(*first)
    if all(len(rows) < PAGE for rows in first) or (until_human and _settled(known, first)):
        return known
    whole = [_whole(tools, one, rows) for one, rows in zip(asked[1:], first, strict=True)]
    return entries(*whole)


def combined(
    item: bitrix24.Deal,
    comments: Sequence[bitrix24.TimelineComment],
    activities: Sequence[bitrix24.Activity],
    moves: Sequence[bitrix24.StageChange],
    authors: Authors,
) -> tuple[Activity, ...]:
    """Return the entries of a history, newest first. Pure.

    What the other entries do not explain shows in the deal's stamps: the last change with its author, and the
    last activity with its author. An earlier change of a field leaves no trace.
    """
    client = _client_of(item)
    entries = [
        *(_comment(one, authors) for one in comments),
        *(_activity(one, authors, client) for one in activities),
        *_moves(item, moves, authors),
    ]
    if not any(one.kind is ActivityKind.CREATED for one in entries) and item.created_time:
        entries.append(_created(item, item.created_time, authors))
    known = _acts(item, comments, activities, moves)
    stamps: list[tuple[str, datetime | None, int | None, ActivityKind]] = [
        ("activity", item.last_activity_time, item.last_activity_by, ActivityKind.OTHER),
        ("update", item.updated_time, item.updated_by, ActivityKind.FIELDS),
    ]
    for name, at, who, kind in stamps:
        if at and not any(_explains(act, at, who) for act in known):
            known.append((at, who))
            entries.append(_entry(f"{name}:{at.timestamp():.0f}", at, kind, who, authors))
    # An entry with a text says more than the stamp that it left at the same second.
    return tuple(
        sorted(entries, key=lambda one: (one.at, one.kind is not ActivityKind.CREATED), reverse=True)
    )


def _acts(
    item: bitrix24.Deal,
    comments: Sequence[bitrix24.TimelineComment],
    activities: Sequence[bitrix24.Activity],
    moves: Sequence[bitrix24.StageChange],
) -> list[Act]:
    """Return when who did something that leaves a stamp on the deal; nobody stands for anybody."""
    acts: list[tuple[datetime | None, int | None]] = [(one.created, one.author_id) for one in comments]
    for one in activities:
        who = None if one.direction == INCOMING else one.author_id
        acts += [(one.created, who), (one.last_updated, one.editor_id or who)]
    last = max(moves, key=lambda one: one.id, default=None)
    acts += [(one.created_time, item.moved_by if one is last else None) for one in moves]
    acts += [(item.created_time, item.created_by), (item.moved_time, item.moved_by)]
    return [(at, who) for at, who in acts if at]


def _explains(act: Act, at: datetime, who: int | None) -> bool:
    """Tell whether an act left a stamp: by the same person, a moment before; the portal does it later."""
    moment, author = act
    return timedelta(0) <= at - moment <= AFTERMATH and (author is None or who is None or author == who)


def _entry(number: str, at: datetime, kind: ActivityKind, who: int | None, authors: Authors) -> Activity:
    return Activity(id=number, at=at, kind=kind, author=authors.person(who), author_kind=authors.kind(who))


def _comment(one: bitrix24.TimelineComment, authors: Authors) -> Activity:
    at = _moment(one.created, "comment", one.id)
    entry = _entry(str(one.id), at, ActivityKind.COMMENT, one.author_id, authors)
    return entry.model_copy(update={"text": one.comment or ""})


def _activity(one: bitrix24.Activity, authors: Authors, client: Person | None) -> Activity:
    """Return a call, mail or to-do; an incoming one is the client's doing."""
    at = _moment(one.created or one.start_time, "activity", one.id)
    message = one.provider_id in MESSAGES or one.type_id == 4
    kind = ActivityKind.MESSAGE if message else ActivityKind.OTHER
    entry = _entry(f"activity:{one.id}", at, kind, one.author_id or one.responsible_id, authors)
    text = one.description or one.subject or ""
    if one.direction == INCOMING:
        return entry.model_copy(
            update={
                "text": text,
                "author": client,
                "author_kind": AuthorKind.CLIENT,
                "kind": ActivityKind.MESSAGE,
            }
        )
    return entry.model_copy(update={"text": text})


def _moves(
    item: bitrix24.Deal, moves: Sequence[bitrix24.StageChange], authors: Authors
) -> Iterator[Activity]:
    """Yield the changes of the stage. Only of the last one the portal tells who made it."""
    ordered = sorted(moves, key=lambda one: one.id)
    before = ""
    for one in ordered:
        at = _moment(one.created_time, "stage change", one.id)
        stage = one.stage_id or ""
        last = one is ordered[-1] and one.stage_id == item.stage_id
        if one.type_id == CREATED:
            entry = _created(item, at, authors)
        else:
            entry = _entry(
                f"stage:{one.id}", at, ActivityKind.STAGE, item.moved_by if last else None, authors
            )
        yield entry.model_copy(update={"stage_from": before, "stage_to": stage})
        before = stage


def _created(item: bitrix24.Deal, at: datetime, authors: Authors) -> Activity:
    return _entry(f"created:{item.id}", at, ActivityKind.CREATED, item.created_by, authors)


def _client_of(item: bitrix24.Deal) -> Person | None:
    """Return who speaks for the client: the portal does not tell which contact an activity came from."""
    contact = next(filter(None, (item.contact_id, *item.contact_ids)), None)
    return Person(kind="contact", id=str(contact)) if contact else None


def _settled(entries: Sequence[Activity], first: Sequence[Rows]) -> bool:
    """Tell whether a person's or client's entry is newer than all that full pages have left out."""
    human = max(
        (one.at for one in entries if one.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT)), default=None
    )
    if human is None:
        return False
    oldest: tuple[Callable[[Mapping[str, Any]], str], ...] = (
        lambda row: str(row["CREATED"]),
        lambda row: str(row["LAST_UPDATED"]),
        lambda row: str(row["CREATED_TIME"]),
    )
    ends = [
        datetime.fromisoformat(told(rows[-1]))
        for rows, told in zip(first, oldest, strict=True)
        if len(rows) == PAGE
    ]
    return all(human >= end for end in ends)


def _rows(outcome: Outcome) -> Rows:
    return [*rows_of(outcome.command.method, outcome.value())]


def _whole(tools: Tools, command: Command, first: Rows) -> Rows:
    if len(first) < PAGE:
        return first
    params = as_map(command.params)
    return [*tools.client.list(command.method, {"filter": params["filter"], **_type(params)})]


def _type(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in ("entityTypeId",) if name in params}


def _moment(at: datetime | None, what: str, number: int) -> datetime:
    if at is None:
        raise IncompleteList(f"{what} {number} of the history has no date", hint="look at it in the portal")
    return at
