"""What the portal posts to a handler: read it, and make sure that it comes from the portal.

The body is a form (``data[FIELDS][ID]=7``), every value is text, and it says no more than which object to
look at. There is no signature: the ``application_token``, handed over at installation, is all that proves
the sender.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from crmkit.bitrix24.envelope import as_map
from crmkit.bitrix24.tokens import Tokens
from crmkit.exceptions import AuthenticationError, ValidationError

__all__ = ["Event", "form_to_tree"]

_NAME = re.compile(r"([^\[]+)((?:\[[^\]]*\])*)")
MOST_FIELDS = 2000
"""An event has a few dozen; more is no event."""


def form_to_tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn names with brackets into nested maps, as PHP does.

    Example:
        >>> form_to_tree([("event", "ONX"), ("data[FIELDS][ID]", "7")])
        {'event': 'ONX', 'data': {'FIELDS': {'ID': '7'}}}
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        steps = [match[1], *re.findall(r"\[([^\]]*)\]", match[2])]
        node = tree
        for step in steps[:-1]:
            child = node.setdefault(step, {})
            if not isinstance(child, dict):
                child = node[step] = {}
            node = child
        node[steps[-1] or str(len(node))] = value
    return tree


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it was posted.

    Attributes:
        name: In upper case: ``ONCRMDEALUPDATE``.
        data: What it carries, all texts.
        moment: When it was sent, in whole seconds, UTC; events may arrive in another order.
        member_id: The portal.
        domain: The portal's host at that time.
        auth: The credentials in it; not shown by ``repr``. Tokens are missing if a robot caused the event.
    """

    name: str
    data: Mapping[str, Any]
    moment: datetime | None
    member_id: str
    domain: str
    auth: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_form(cls, body: bytes | str | Mapping[str, Any]) -> Event:
        """Read a posted form: its bytes, or what a web framework made of them.

        Raises:
            ValidationError: This is no event.
        """
        tree = _tree(body)
        name = tree.get("event")
        if not isinstance(name, str) or not name:
            raise ValidationError("the form holds no event")
        auth = as_map(tree.get("auth"))
        stamp = str(tree.get("ts") or "")
        return cls(
            name=name.upper(),
            data=as_map(tree.get("data")),
            moment=datetime.fromtimestamp(int(stamp), UTC) if stamp.isdecimal() and len(stamp) < 12 else None,
            member_id=str(auth.get("member_id") or ""),
            domain=str(auth.get("domain") or ""),
            auth=auth,
        )

    def verify(self, application_token: str) -> None:
        """Make sure that the portal sent it; compares in constant time.

        Raises:
            AuthenticationError: The token is another one, or there is none.
        """
        given = str(self.auth.get("application_token") or "")
        if not application_token or not hmac.compare_digest(given.encode(), application_token.encode()):
            raise AuthenticationError(f"{self.name}: the application token is not ours", method=self.name)

    @property
    def object_id(self) -> int | None:
        """The object it is about; tasks say it before or after the change, comments in one of two places."""
        places = (
            ("FIELDS", "ID"),
            ("FIELDS_AFTER", "ID"),
            ("FIELDS_BEFORE", "ID"),
            ("ID",),
            ("FIELDS_AFTER", "TASK_ID"),
        )
        for place in places:
            found: Any = self.data
            for step in place:
                found = found.get(step) if isinstance(found, Mapping) else None
            if isinstance(found, str | int) and str(found).isdecimal():
                return int(found)
        return None

    @property
    def entity_type_id(self) -> int | None:
        """The type of a smart process element."""
        found = as_map(self.data.get("FIELDS")).get("ENTITY_TYPE_ID")
        return int(found) if found is not None and str(found).isdecimal() else None

    def tokens(self, now: datetime) -> Tokens | None:
        """Return the tokens in it, ``None`` if it carries no pair."""
        if not self.auth.get("refresh_token"):
            return None
        return Tokens.from_answer(self.auth, now=now)


def _tree(body: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(body, Mapping):
        flat = all(not isinstance(value, Mapping) for value in body.values())
        return form_to_tree((str(k), v) for k, v in body.items()) if flat else dict(body)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return form_to_tree(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        pass
    raise ValidationError("the form has too many fields to be an event")
