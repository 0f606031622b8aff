"""Notes in the history of an object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Comment, Person, Ref, WriteResult
from crmkit.crm.rooms.room import Room

__all__ = ["Comments"]


class Comments(Room):
    """Notes in the history of an object, and through them notifications."""

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        """Add a plain-text comment; the people in ``notify`` get a notification.

        Args:
            entity: The deal, task, company or contact.
            text: Plain text; line breaks are kept.
            notify: Who is notified.
            hidden: Visible to the notified people and administrators only, where the provider can.
            key: An external key by which :meth:`find_own` will recognise the comment.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_own`.
        """
        return self._refuse(Capability.COMMENTS, "add")  # type: ignore[no-any-return]

    def get(self, entity: Ref, comment_id: str) -> Comment:
        """Return one comment.

        Raises:
            NotFound: It is not there any more.
        """
        return self._refuse(Capability.COMMENTS, "get")  # type: ignore[no-any-return]

    def update(self, entity: Ref, comment_id: str, text: str) -> WriteResult:
        """Replace the text of a comment of ours, notifying nobody."""
        return self._refuse(Capability.COMMENTS, "update")  # type: ignore[no-any-return]

    def find_own(self, entity: Ref, *, text: str, key: str, since: datetime) -> Comment | None:
        """Find a comment that we wrote: by its key, else by robot author, equal text and time."""
        return self._refuse(Capability.COMMENTS, "find_own")  # type: ignore[no-any-return]
