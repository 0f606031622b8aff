"""Comments of tasks and contacts, and through them notifications and the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import items, positive, switch, unfit
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.ids import Person, external_id, people_body, person_of
from crmkit.planfix.models.comment import COMMENT_FIELDS, Comment, CommentKind
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, On, Resource, silently, target_of
from crmkit.planfix.text import check_comment, to_html
from crmkit.planfix.times import moment_body

__all__ = ["ROLES", "Comments"]

ROLES = ("assignee", "participant", "auditor", "assigner")
"""Recipients that the portal resolves itself."""


class Comments(Resource):
    """``/task/{id}/comments/*``, ``/contact/{id}/comments/*`` and ``/comment/*``.

    The author never gets a notification of his own comment; everybody else only as a recipient.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._search = Listing(connection, Comment, "POST /comment/list", "comments")
        self._lists = {
            owner: Listing(connection, Comment, f"POST /{owner}/{{id}}/comments/list", "comments")
            for owner in ("task", "contact")
        }

    def list(
        self,
        on: On,
        *,
        kind: CommentKind = CommentKind.COMMENTS,
        newest_first: bool = False,
        fields: Iterable[FieldKey] = COMMENT_FIELDS,
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[Comment]:
        """Yield the comments of a task or contact in the order in which they were made.

        ``POST /task/{id}/comments/list``, ``POST /contact/{id}/comments/list``.

        Args:
            on: A task's number, or ``contact(7)``.
            kind: ``CommentKind.ALL`` has the changes of status and dates too.
            newest_first: Turn the order round, to stop as soon as enough was seen.
            fields: What to read.
            page_size: Rows per request, 2..100.

        Raises:
            NotFound: There is no such task or contact, or this token may not see it.
            IncompleteList: The list could not be read to its end.
        """
        owner, number = target_of(on, "comment")
        return self._lists[owner].walk(
            page_size,
            fields=field_list(fields),
            ids=(number,),
            descending=newest_first,
            ordered=True,
            typeList=CommentKind(kind).value,
            resultOrder=_order(newest_first),
        )

    def page(
        self,
        on: On,
        offset: int = 0,
        size: int = PAGE_LIMIT,
        *,
        kind: CommentKind = CommentKind.COMMENTS,
        newest_first: bool = False,
        fields: Iterable[FieldKey] = COMMENT_FIELDS,
    ) -> tuple[Comment, ...]:
        """Read one page of the comments of a task or contact; shorter than ``size`` means the last one."""
        owner, number = target_of(on, "comment")
        return self._lists[owner].page(
            offset,
            size,
            fields=field_list(fields),
            ids=(number,),
            typeList=CommentKind(kind).value,
            resultOrder=_order(newest_first),
        )

    def search(
        self,
        filters: Iterable[FilterLike],
        *,
        kind: CommentKind = CommentKind.COMMENTS,
        newest_first: bool = False,
        fields: Iterable[FieldKey] = COMMENT_FIELDS,
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[Comment]:
        """Yield comments of all tasks, contacts and projects: ``POST /comment/list``.

        Slow on live accounts: 6 to 12 s for the comments of a week, 40 s and more for a wide window. At least
        one condition is needed (the portal refuses a list without); see
        :mod:`crmkit.planfix.filters.comments`.

        Args:
            filters: By day and by author.
            kind: As for :meth:`list`.
            newest_first: As for :meth:`list`.
            fields: What to read.
            page_size: Rows per request, 2..100.

        Raises:
            ValidationError: There is no condition; nothing was sent.
            IncompleteList: The list could not be read to its end.
        """
        conditions = tuple(filters)
        if not conditions:
            raise ValidationError(
                "comments.search: no condition",
                hint="bound it, for example filters.comments.written.since(day)",
            )
        return self._search.walk(
            page_size,
            fields=field_list(fields),
            filters=conditions,
            descending=newest_first,
            typeList=CommentKind(kind).value,
            resultOrder=_order(newest_first),
        )

    def get(self, comment_id: int, *, fields: Iterable[FieldKey] = COMMENT_FIELDS) -> Comment:
        """Read one comment: ``GET /comment/{id}``.

        Raises:
            NotFound: There is none with this number, or this token may not see it.
        """
        params = {"fields": field_list(fields)}
        return self._connection.one(
            Comment, "comment", "GET /comment/{id}", positive("comment", comment_id), params=params
        )

    def create(
        self,
        on: On,
        text: str = "",
        *,
        html: str = "",
        recipients: Iterable[Person | str] = (),
        roles: Iterable[str] = (),
        hidden: bool = False,
        pinned: bool = False,
        owner: Person | str | None = None,
        at: date | None = None,
        files: Iterable[int] = (),
        silent: bool = False,
        key: str = "",
    ) -> Created:
        """Add a comment. Never repeated blindly.

        ``POST /task/{id}/comments/``, ``POST /contact/{id}/comments/``.

        Args:
            on: A task's number, or ``contact(7)``.
            text: Plain text; line breaks are kept.
            html: Markup instead of text.
            recipients: Who is notified.
            roles: Whom the portal finds by their part in the task: see :data:`ROLES`.
            hidden: Visible to the recipients and administrators only.
            pinned: Keep it on top.
            owner: Write it in the name of somebody else.
            at: Back-date it: an aware moment or a day.
            files: Numbers of uploaded files.
            silent: Log nothing and notify nobody; for comments of tasks only.
            key: A key of the caller's, stored as ``sourceObjectId``; :meth:`find_by_key` looks for it.

        Raises:
            ValidationError: Too long (64 KB with markup), empty, or a value that does not fit; nothing was
                sent.
            OutcomeUnknown: The answer was lost: look with :meth:`find_by_key` before trying again.
        """
        kind, number = target_of(on, "comment")
        body = self._body(text, html, recipients, roles, files)
        if not body.get("description"):
            raise ValidationError("comment: no text", hint="give text or html")
        flags = {"isHidden": switch("hidden", hidden), "isPinned": switch("pinned", pinned)}
        body |= {flag: True for flag, wanted in flags.items() if wanted}
        if owner is not None:
            body["owner"] = {"id": str(person_of(owner, field_name="owner", kinds=("user", "contact")))}
        if at is not None:
            body["dateTime"] = moment_body(at, self._connection.timezone, field_name="at")
        source = external_id(key) if key else ""
        if source:
            body["sourceObjectId"] = source
        if silent and kind != "task":
            raise ValidationError("comment: silent exists for tasks only", hint="leave it out")
        created = self._connection.create(
            f"POST /{kind}/{{id}}/comments/", number, json=body, params=silently(silent)
        )
        return Created(created, source)

    def update(
        self,
        on: On,
        comment_id: int,
        *,
        text: str = "",
        html: str = "",
        recipients: Iterable[Person | str] | None = None,
        roles: Iterable[str] = (),
        hidden: bool | None = None,
        pinned: bool | None = None,
        files: Iterable[int] | None = None,
        silent: bool = False,
    ) -> Updated:
        """Change a comment. May be repeated: it sets fields to values.

        ``POST /task/{id}/comments/{commentId}``, ``POST /contact/{id}/comments/{commentId}``.

        Args:
            on: A task's number, or ``contact(7)``.
            comment_id: The comment.
            text: New plain text.
            html: New markup instead of text.
            recipients: The new recipients.
            roles: The new recipients by role.
            hidden: Hide or show it.
            pinned: Pin or unpin it.
            files: The new list of files; an empty one detaches all, ``None`` leaves them.
            silent: Log nothing and notify nobody.
        """
        kind, number = target_of(on, "comment")
        body = self._body(text, html, recipients or (), roles, files or ())
        if recipients is not None and "recipients" not in body:
            body["recipients"] = people_body(())
        if files is not None:
            body.setdefault("files", [])
        flags = {"isHidden": hidden, "isPinned": pinned}
        body |= {flag: switch(flag, wanted) for flag, wanted in flags.items() if wanted is not None}
        if not body:
            raise ValidationError("comment: nothing to change", hint="give at least one value")
        return self._connection.update(
            f"POST /{kind}/{{id}}/comments/{{commentId}}",
            number,
            positive("comment", comment_id),
            json=body,
            params=silently(silent),
        )

    def delete(self, comment_id: int) -> bool:
        """Delete a comment: ``DELETE /comment/{id}``. May be repeated.

        Returns:
            ``True`` if the portal deleted it now, ``False`` if there was none (a repeat after a lost answer
            says so too).
        """
        return self._connection.delete("DELETE /comment/{id}", positive("comment", comment_id))

    def find_by_key(self, on: On, key: str, *, limit: int = 300) -> Comment | None:
        """Find the comment that :meth:`create` made with this key, among the newest ``limit``, or ``None``.

        Whether the portal gives ``sourceObjectId`` back in lists is documented, not proven; the other marks
        of a comment of ours are its author, its text and its time.
        """
        wanted = external_id(key)
        rows = self.list(on, newest_first=True)
        for seen, comment in enumerate(rows, start=1):
            if comment.source_object_id == wanted:
                return comment
            if seen >= limit:
                break
        return None

    def _body(
        self,
        text: str,
        html: str,
        recipients: Iterable[Person | str],
        roles: Iterable[str],
        files: Iterable[int],
    ) -> dict[str, Any]:
        if text and html:
            raise ValidationError("comment: text and html", hint="give one of them")
        body: dict[str, Any] = {}
        if text or html:
            body["description"] = _markup(text, html)
        people, by_role = people_body(recipients, field_name="recipients"), _roles(roles)
        if people["users"] or people["groups"] or by_role:
            body["recipients"] = people | by_role
        attached = [{"id": positive("file", number)} for number in items("files", files)]
        if attached:
            body["files"] = attached
        return body


def _order(newest_first: bool) -> tuple[dict[str, str], ...]:
    return ({"field": "id", "direction": "Desc" if newest_first else "Asc"},)


def _roles(roles: Iterable[str]) -> dict[str, Any]:
    named = list(items("roles", roles))
    unknown = [role for role in named if role not in ROLES]
    if unknown:
        raise ValidationError(f"recipients: no role {unknown[0]!r}", hint="allowed: " + ", ".join(ROLES))
    return {"roles": named} if named else {}


def _markup(text: Any, html: Any) -> str:
    given = html or text
    if not isinstance(given, str):
        raise unfit("comment", given, "text")
    if not given.strip():
        raise ValidationError("comment: no text", hint="give text or html that shows something")
    return check_comment(given if html else to_html(given))
