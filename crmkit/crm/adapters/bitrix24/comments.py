"""Comments in the timeline of deals, companies and contacts, in the chat of tasks, and notifications."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from crmkit.bitrix24 import Command, Effect
from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.envelope import rows_of
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24.room import TYPES, Tools, number_of
from crmkit.crm.adapters.bitrix24.touches import comments_of
from crmkit.crm.models import Comment, Person, Ref, WriteResult, WriteStatus
from crmkit.exceptions import OutcomeUnknown, ValidationError

__all__ = ["Comments"]

SKEW = timedelta(minutes=2)
"""The portal's clock is not quite ours."""
PAGE = 50
CLIENT_ID = "crmkit"
"""By webhook the tag of a notification only works together with a client."""


class Comments(base.Comments):
    """Notes in the history of an object."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        """Add a plain-text comment: ``crm.timeline.comment.add``; on a task a message in its chat.

        The people in ``notify`` are told before the comment is written: with a key their notifications carry
        a tag, so that a repeat replaces them, and a comment that is there proves that they were sent. The
        portal cannot hide a comment from those who see the object: ``hidden`` changes nothing.

        Returns:
            ``PARTIAL`` if somebody could not be notified: dismissed, or notifications are switched off.

        Raises:
            ValidationError: It is empty or on something that takes no comments. Nothing was sent.
            NotFound: Somebody in ``notify`` is no user. Nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_own`.
        """
        self._check(entity, text)
        users = [number_of(person, "user") for person in dict.fromkeys(notify)]
        failures = self._notify(users, text, entity, key)
        if entity.kind == "task":
            number = self._tell_task(number_of(entity, "task"), text, key)
        else:
            item = number_of(entity, entity.kind)
            number = str(self._tools.client.comments.create(TYPES[entity.kind], item, text))
        status = WriteStatus.PARTIAL if failures else WriteStatus.DONE
        return WriteResult(status=status, id=number, failures=failures)

    def get(self, entity: Ref, comment_id: str) -> Comment:
        """Return one comment: ``crm.timeline.comment.get``.

        Raises:
            NotFound: It is not there any more.
        """
        row = self._tools.client.call("crm.timeline.comment.get", {"id": int(comment_id)})
        return self._comment(bitrix24.TimelineComment.from_row(row))

    def update(self, entity: Ref, comment_id: str, text: str) -> WriteResult:
        """Replace the text of a comment: ``crm.timeline.comment.update``; nobody is told."""
        self._check(entity, text)
        self._tools.client.comments.update(int(comment_id), text)
        return WriteResult(id=comment_id)

    def find_own(self, entity: Ref, *, text: str, key: str, since: datetime) -> Comment | None:
        """Find a comment of ours by text, time and author, who has to be the owner of the token.

        The portal keeps no key of a comment, so of two equal comments that were written since then the newest
        is taken. The chat of a task cannot be read: there it is ``None``, and writing again with the same key
        within a day is safe.
        """
        if entity.kind == "task":
            return None
        for one in self._newest(entity, since - SKEW):
            if one.author_id == self._tools.account.owner and (one.comment or "").split() == text.split():
                return self._comment(one)
        return None

    def _comment(self, one: bitrix24.TimelineComment) -> Comment:
        return Comment(
            id=str(one.id),
            text=one.comment or "",
            at=one.created,
            author=self._tools.account.authors().person(one.author_id),
        )

    def _newest(self, entity: Ref, since: datetime) -> list[bitrix24.TimelineComment]:
        """Return the comments of an object since a moment, newest first."""
        client, number = self._tools.client, number_of(entity, entity.kind)
        command = comments_of(number, entity=entity.kind)
        rows = rows_of(command.method, client.call(command.method, command.params))
        found = [bitrix24.TimelineComment.from_row(row) for row in rows]
        if len(rows) == PAGE and (found[-1].created is None or found[-1].created >= since):
            found = [*client.comments.list(TYPES[entity.kind], number)][::-1]
        return [one for one in found if one.created is None or one.created >= since]

    @staticmethod
    def _check(entity: Ref, text: str) -> None:
        if not text.strip():
            raise ValidationError("the comment is empty", hint="there is nothing to say")
        if entity.kind not in (*TYPES, "task"):
            raise ValidationError(f"{entity} takes no comments", hint="deals, tasks, contacts, companies do")

    def _notify(self, users: Sequence[int], text: str, entity: Ref, key: str) -> dict[str, str]:
        """Tell people; return whom it could not reach and why.

        Raises:
            OutcomeUnknown: Without a key: nobody knows whether they were told.
            CrmkitError: The portal refused for all.
        """
        commands = [self._notification(user, text, entity, key) for user in users]
        failures = {}
        for user, outcome in zip(users, self._tools.client.batch(commands), strict=True):
            if isinstance(outcome.error, OutcomeUnknown):
                raise outcome.error
            if outcome.error is not None:
                failures[f"user:{user}"] = str(outcome.error)
            elif not outcome.result:
                failures[f"user:{user}"] = "the portal did not deliver it: dismissed, or switched off"
        return failures

    def _notification(self, user: int, text: str, entity: Ref, key: str) -> Command:
        params: dict[str, Any] = {"USER_ID": user, "MESSAGE": f"{text}{self._link(entity)}"}
        if not key:
            return Command("im.notify.personal.add", params)
        tag = hashlib.sha256(f"{entity}|{key}".encode()).hexdigest()[:32]
        params |= {"TAG": f"{CLIENT_ID}|{tag}", "CLIENT_ID": CLIENT_ID}
        return Command("im.notify.personal.add", params, effect=Effect.IDEMPOTENT)

    def _link(self, entity: Ref) -> str:
        if entity.kind not in TYPES:
            return ""
        number = number_of(entity, entity.kind)
        title = entity.name.replace("[", "(").replace("]", ")") or str(number)
        return f"\n[URL={self._tools.web}/crm/{entity.kind}/details/{number}/]{title}[/URL]"

    def _tell_task(self, number: int, text: str, key: str) -> str:
        repeatable = hashlib.sha256(f"{number}|{key}".encode()).hexdigest() if key else ""
        params = {"fields": {"taskId": number, "text": text}}
        answer = self._tools.client.call_v3(
            "tasks.task.chat.message.send", params, idempotency_key=repeatable
        )
        found = answer.get("id") if isinstance(answer, dict) else answer
        return str(found) if found and found is not True else ""
