"""What a person has to set up in a portal so that it tells us about changes: instructions as data.

Nothing here is in a language: an instruction is a key and what goes into its text, and a guide brings the
texts of its keys along. Nothing here shows a secret: where one belongs stands :data:`SECRET`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["SECRET", "Call", "Guide", "Handler", "Line", "Watch"]

SECRET = "SECRET"  # noqa: S105 (stands where the secret belongs)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: a key of the guide's texts and what goes into it."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """What of a portal a recipe wants to hear about; names are the logical ones of ``crmkit.toml``.

    Args:
        event: What the event is called in the request.
        of: Which things: deals, tasks of a ``kind``, companies or contacts.
        kind: Which tasks: ``[portals.X.tasks.KIND]``.
        created: When one is created.
        stages: When it comes to one of these stages, or to any.
        fields: When one of these fields changes.
        comments: When somebody comments on it.

    Example:
        >>> Watch("approval_decided", of="task", kind="approval", stages=("done", "rejected")).section
        'tasks.approval'
    """

    event: str
    of: Literal["deal", "task", "company", "contact"] = "deal"
    kind: str = ""
    created: bool = False
    stages: tuple[str, ...] | Literal["any"] = ()
    fields: tuple[str, ...] = ()
    comments: bool = False

    @property
    def section(self) -> str:
        """The section of a portal's settings that says what the names mean."""
        sections = {"deal": "deals", "company": "companies", "contact": "contacts"}
        return sections.get(self.of, f"tasks.{self.kind}")


@dataclass(frozen=True, slots=True)
class Handler:
    """Where the portal is to call, and how it proves that it is the portal.

    Args:
        url: The address, without a secret.
        proof: By the last part of the path, by a header, or by a signature in a header.
        minutes: How long a burst of changes may last before it is told once.
    """

    url: str
    proof: Literal["path", "header", "hmac"] = "header"
    minutes: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to set up, for example a scenario: its steps, and the request it is to send.

    Attributes:
        event: What the event is called.
        steps: What to do, in this order.
        method: Of the request.
        url: With :data:`SECRET` in it if the secret belongs there.
        headers: Likewise.
        form: The body as the parameters of a form, with the portal's placeholders.
        template: The body as JSON instead; where there is no form, calls of the API that do the same.
    """

    event: str
    steps: tuple[Line, ...]
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    template: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything to set up.

    Attributes:
        calls: What to set up.
        missing: What the portal lacks, a line each with what to do; then it does not work as it should.
        remarks: What is not set up in ``crmkit.toml`` and therefore not listened to.
        texts: The texts of all lines by language and key.
        secret_by_portal: Whether the portal itself makes the secret, and a person hands it to us.
    """

    calls: tuple[Call, ...]
    missing: tuple[Line, ...] = ()
    remarks: tuple[Line, ...] = ()
    texts: Mapping[Literal["ru", "en"], Mapping[str, str]] = field(default_factory=dict)
    secret_by_portal: bool = False
