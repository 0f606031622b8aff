"""Comments on deals, tasks, contacts and companies, and through them notifications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmkit.crm import base
from crmkit.crm.adapters.planfix.moments import horizon
from crmkit.crm.adapters.planfix.room import Tools, number_of, outcome
from crmkit.crm.adapters.planfix.values import person_in, person_out
from crmkit.crm.models import Comment, Person, Ref, WriteResult
from crmkit.exceptions import ValidationError
from crmkit.planfix import contact, external_id, ids
from crmkit.planfix import models as planfix

__all__ = ["Comments"]

BACKDATED = 20
"""A comment may be back-dated, so one that is too old proves nothing; so many of them end the search."""
OWN_FIELDS = ("dateTime", "description", "owner", "isHidden", "sourceObjectId")


class Comments(base.Comments):
    """Notes in the history of an object."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        """Add a plain-text comment: ``POST /task/{id}/comments/``, ``POST /contact/{id}/comments/``.

        Only the people in ``notify`` are told; the author never is. The key is stored as
        ``sourceObjectId``, as a fingerprint.

        Raises:
            ValidationError: It is empty, longer than 64 KB with its markup, or on something that takes no
                comments.
            OutcomeUnknown: The answer was lost; look with :meth:`find_own`.
        """
        recipients = tuple(map(person_out, notify))
        created = self._tools.client.comments.create(
            _target(entity), text, recipients=recipients, hidden=hidden, key=key
        )
        return WriteResult(id=str(created.id))

    def get(self, entity: Ref, comment_id: str) -> Comment:
        """Return one comment: ``GET /comment/{id}``.

        Raises:
            NotFound: It is not there any more.
        """
        return self._comment(
            self._tools.client.comments.get(number_of(comment_id, "comment"), fields=OWN_FIELDS), ""
        )

    def update(self, entity: Ref, comment_id: str, text: str) -> WriteResult:
        """Replace the text of a comment: ``POST /task/{id}/comments/{commentId}``, silently."""
        number = number_of(comment_id, "comment")
        updated = self._tools.client.comments.update(_target(entity), number, text=text, silent=True)
        return outcome(updated, comment_id)

    def find_own(self, entity: Ref, *, text: str, key: str, since: datetime) -> Comment | None:
        """Find a comment of ours: by its key if the portal gives it back, else by text, author and time.

        Times are compared with a margin, two minutes, or a day where the portal does not tell the zone. The
        author has to be the owner of the token, or anybody if ``user`` in the settings does not say who that
        is.
        """
        source, alike, older = external_id(key) if key else "", None, 0
        for one in self._newest(entity):
            if source and one.source_object_id == source:
                return self._comment(one, key)
            if one.created_at and one.created_at < horizon(one.raw, since):
                older += 1
                if older == BACKDATED:
                    break
                continue
            if alike is None and not (source and one.source_object_id) and self._is_alike(one, text):
                alike = one
        return self._comment(alike, "") if alike else None

    def _newest(self, entity: Ref) -> Iterable[planfix.Comment]:
        return self._tools.client.comments.list(_target(entity), newest_first=True, fields=OWN_FIELDS)

    def _is_alike(self, one: planfix.Comment, text: str) -> bool:
        me = self._tools.portal.user
        return one.text.split() == text.split() and (me is None or str(one.owner) == me)

    @staticmethod
    def _comment(one: planfix.Comment, key: str) -> Comment:
        return Comment(
            id=str(one.id),
            text=one.text,
            at=one.created_at,
            author=person_in(one.owner) if one.owner else None,
            hidden=one.is_hidden,
            key=key,
        )


def _target(entity: Ref) -> int | ids.Person:
    if entity.kind in ("deal", "task"):
        return number_of(entity, entity.kind)
    if entity.kind in ("contact", "company"):
        return contact(number_of(entity, entity.kind))
    raise ValidationError(f"{entity} takes no comments", hint="deals, tasks, contacts and companies do")
