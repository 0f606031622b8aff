"""What a write came to, and what the portal's fields are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from crmkit.crm.models.reference import Model

__all__ = ["FieldSpec", "MissingField", "WriteResult", "WriteStatus"]


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


class MissingField(Model):
    """A custom field that ``crmkit.toml`` names and the portal does not have.

    Attributes:
        section: Of the settings: ``deals``, ``contacts``, ``companies``.
        key: Its logical name.
        id: What the vendor would call it.
        name: What people would read.
        type: What it is to hold, as in :class:`FieldSpec`; empty if the settings do not say.
        options: The values of a choice.
        can_be_created: Whether :meth:`crmkit.crm.base.Crm.create_field` could make it.
    """

    section: str
    key: str
    id: str
    name: str
    type: str = ""
    options: tuple[str, ...] = ()
    can_be_created: bool = False
