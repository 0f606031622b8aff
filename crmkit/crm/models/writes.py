"""What a write came to, and what the portal's fields are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from crmkit.crm.models.reference import Model

__all__ = ["FieldSpec", "WriteResult", "WriteStatus"]


class WriteStatus(StrEnum):
    """What a write came to."""

    DONE = "done"
    PENDING = "pending"
    PARTIAL = "partial"


class WriteResult(Model):
    """The outcome of a write that the portal accepted.

    ``PENDING``: the portal queued it (Planfix 202); it is not visible yet and may even never be: read back.
    ``PARTIAL``: some fields were refused; ``failures`` names them.
    """

    status: WriteStatus = WriteStatus.DONE
    id: str = ""
    failures: dict[str, str] = Field(default_factory=dict)


class FieldSpec(Model):
    """What a custom field of the portal is.

    ``key`` is its logical name in ``crmkit.toml``; ``type`` is one of ``text number date datetime bool choice
    choices person people company ref other``; ``options`` are the legal values of a choice.
    """

    id: str
    name: str
    key: str = ""
    type: str = "other"
    options: tuple[str, ...] = ()
    writable: bool = True
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
