"""Comments: of one task, over all tasks, create, read, change, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.call import Call, passing
from crmkit.sandbox.planfix.exceptions import (
    Refused,
    bad_value,
    comment_not_found,
    forbidden,
    missing,
)
from crmkit.sandbox.planfix.fields import ref_of
from crmkit.sandbox.planfix.library import release
from crmkit.sandbox.planfix.models import Comment, Task
from crmkit.sandbox.planfix.responses.tasks import find_task
from crmkit.sandbox.planfix.rows import comment_row
from crmkit.sandbox.planfix.text import MAX_TEXT, stored
from crmkit.sandbox.planfix.timepoints import MomentError, parse_moment
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import NotTaken, attached, people_value

__all__ = ["comment_page", "find_comment", "new_comment", "rewrite"]

LISTS = ("Comments", "All", "New", "Deleted")
ORDERS: dict[str, Callable[[Comment], float]] = {
    "id": lambda comment: comment.id,
    "dateTime": lambda comment: comment.at,
}


@route("POST", "/task/{id}/comments/list", "comment_readonly", error_status=500)
def comments_of_task(call: Call) -> dict[str, Any]:
    """List the comments of a task; with ``typeList`` All the entries of its history too."""
    task = find_task(call, call.number("id"))
    return comment_page(call, [call.account.comments[number] for number in task.comments])


@route("POST", "/comment/list", "comment_readonly", error_status=500)
def comments_everywhere(call: Call) -> dict[str, Any]:
    """List comments of all tasks by date (3000) and author (3001); without a filter it is refused."""
    filters = call.filters()
    if not filters:
        raise Refused(0, "Rest API error", status=400)
    tests = [test for test in (_test(call, one) for one in filters) if test is not None]
    account, tasks = call.account, call.account.tasks
    found = passing(tests, account.comments.values())
    return comment_page(
        call, [one for one in found if not one.task or account.sees(call.user, tasks[one.task])]
    )


def _test(call: Call, one: on.Filter) -> Callable[[Comment], bool] | None:
    if one["type"] == 3000:
        when = on.dates(call, one)
        return (lambda comment: when(comment.at)) if when else None
    if one["type"] == 3001:
        who = on.people(call, one)
        return (lambda comment: who((comment.owner,))) if who else None
    raise bad_value(f"Unknown filter type - {one['type']}")


def comment_page(call: Call, comments: list[Comment]) -> dict[str, Any]:
    """Return a page of the entries of a history."""
    wanted, (offset, size) = call.wanted(), call.page()
    which = call.body.get("typeList", "Comments")
    if which not in LISTS:
        raise bad_value(f"Incorrect typeList - {which!r}")
    shown = [
        one for one in comments if _listed(call, one, which) and call.account.sees_comment(call.user, one)
    ]
    for name, descending in reversed(_orders(call)):
        shown.sort(key=ORDERS[name], reverse=descending)
    return {"comments": [comment_row(call, one, wanted) for one in shown[offset : offset + size]]}


def _listed(call: Call, comment: Comment, which: str) -> bool:
    if which == "Deleted" or comment.deleted:
        return which == "Deleted" and comment.deleted
    if which == "New":
        return call.user.ref in comment.unread
    return which == "All" or comment.type != "None"


def _orders(call: Call) -> list[tuple[str, bool]]:
    """Return by what to sort, and whether downwards."""
    asked = call.body.get("resultOrder") or []
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise bad_value(f"Incorrect resultOrder - {asked!r}")
    # "filed" is what the first published specification calls it.
    orders = [
        (str(one.get("field") or one.get("filed")), str(one.get("direction") or "Asc")) for one in asked
    ]
    for name, direction in orders:
        if name not in ORDERS or direction not in ("Asc", "Desc"):
            raise bad_value(f"Incorrect resultOrder - {name!r} {direction!r}")
    return [(name, direction == "Desc") for name, direction in orders] or [("id", False)]


@route("POST", "/task/{id}/comments/", "comment_add", status=201)
def comment_create(call: Call) -> dict[str, Any]:
    """Add a comment; its recipients are told, except for the author and the inactive."""
    account = call.account
    task = find_task(call, call.number("id"), alive=True)
    kind = account.kind_of(task)
    if kind is not None and not kind.comments_allowed:
        raise forbidden("New comments not allowed in this process")
    comment = new_comment(call, task)
    account.add_comment(task, comment, silent=call.silent, author=call.user.ref)
    return {"id": comment.id}


def new_comment(call: Call, task: Task | None) -> Comment:
    """Return the comment that a body describes; it is not put anywhere yet.

    Args:
        call: Who writes.
        task: Where it will stand; ``None``: in a contact.
    """
    body = call.body
    if not body.get("description") and not body.get("files"):
        raise missing("description")
    return Comment(
        owner=_owner(call),
        at=_moment(call),
        text=_text(body.get("description") or ""),
        hidden=bool(body.get("isHidden", False)),
        pinned=bool(body.get("isPinned", False)),
        recipients=_recipients(call, task),
        files=_files(call),
        source_id=str(body.get("sourceObjectId") or ""),
        source_version=str(body.get("sourceDataVersion") or ""),
        # Only what is taken as a whole gets a number.
        id=call.account.new_id("comment"),
        task=task.id if task else 0,
    )


def _files(call: Call) -> tuple[int, ...]:
    try:
        numbers: tuple[int, ...] = attached(call, call.body.get("files"))["files"]
    except (NotTaken, AttributeError, KeyError, TypeError, ValueError):
        raise bad_value(f"Incorrect files - {call.body.get('files')!r}") from None
    return numbers


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise bad_value("Incorrect description")
    if len(value.encode()) > MAX_TEXT:
        raise bad_value("Comment is too long, maximum is 64 KB")
    return stored(value)


def _owner(call: Call) -> str:
    owner = call.body.get("owner")
    if not owner:
        return call.user.ref
    try:
        ref = ref_of(owner["id"], "user")
    except (KeyError, TypeError, ValueError):
        ref = None
    if ref is None or not call.account.exists(ref):
        raise bad_value(f"Comment owner not found by id {owner}")
    return ref


def _moment(call: Call) -> float:
    if not call.body.get("dateTime"):
        return call.account.now()
    try:
        return parse_moment(call.body["dateTime"], call.shown_zone)[0]
    except MomentError:
        raise bad_value("Incorrect dateTime") from None


def _recipients(call: Call, task: Task | None) -> tuple[str, ...]:
    value = call.body.get("recipients")
    if not value:
        return ()
    try:
        roles = value.get("roles") or []
        named = people_value(call, value)
        by_role = [
            call.account.people_in_role(task, role)
            for role in ([roles] if isinstance(roles, str) else roles)
            if task is not None
        ]
    except (NotTaken, AttributeError, KeyError, TypeError, ValueError):
        raise bad_value(f"Incorrect recipients - {value}") from None
    return tuple(dict.fromkeys((*named, *(ref for refs in by_role for ref in refs))))


@route("GET", "/comment/{id}", "comment_readonly")
def comment_get(call: Call) -> dict[str, Any]:
    """Read a comment."""
    return {"comment": comment_row(call, find_comment(call, call.number("id")), call.wanted())}


def find_comment(call: Call, number: int) -> Comment:
    """Return a comment that the caller may see.

    Raises:
        Refused: Code 5000, or 1000 for a task that is not for these eyes.
    """
    comment = call.account.comments.get(number)
    if comment is None or not call.account.sees_comment(call.user, comment):
        raise comment_not_found(number)
    if comment.task:
        find_task(call, comment.task)
    return comment


@route("POST", "/task/{id}/comments/{commentId}", "comment_update")
def comment_update(call: Call) -> None:
    """Change a comment in its place: 200 without a body, nobody is told."""
    comment = find_comment(call, call.number("commentId"))
    if comment.task != find_task(call, call.number("id")).id:
        raise comment_not_found(comment.id)
    rewrite(call, comment)


def rewrite(call: Call, comment: Comment) -> None:
    """Change a comment as the body says; files replace those that were there."""
    _own(call, comment)
    body = call.body
    if "description" in body:
        comment.text = _text(body["description"])
    comment.hidden = bool(body.get("isHidden", comment.hidden))
    comment.pinned = bool(body.get("isPinned", comment.pinned))
    comment.source_id = str(body.get("sourceObjectId", comment.source_id))
    comment.source_version = str(body.get("sourceDataVersion", comment.source_version))
    if "files" in body:
        before, comment.files = comment.files, _files(call)
        release(call.account, before)
    if "recipients" in body:
        comment.recipients = _recipients(call, call.account.tasks.get(comment.task))


@route("DELETE", "/comment/{id}", "comment_delete")
def comment_delete(call: Call) -> None:
    """Delete a comment: it stays readable as deleted."""
    comment = find_comment(call, call.number("id"))
    _own(call, comment)
    comment.deleted = True


def _own(call: Call, comment: Comment) -> None:
    """See to it that somebody else's comment is changed by administrators only.

    Raises:
        Refused: Code 6.
    """
    if comment.owner != call.user.ref and not call.user.sees_all:
        raise forbidden(f"Access denied for comment by id {comment.id}")
