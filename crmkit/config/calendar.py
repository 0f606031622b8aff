"""The section ``[calendar]``: the secret addresses at which people subscribe to their steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crmkit.config.secret import HOW_TO_REFER
from crmkit.config.values import SecretField, listed

__all__ = ["CalendarConfig"]


class CalendarConfig(BaseModel):
    """Secret addresses of calendars; ``crmkit calendar`` makes them.

    Args:
        secret: What addresses are signed with. Another one revokes them all.
        revoked: Serial numbers of addresses that are not valid any more.
        url: Where the service is reached from outside, for the addresses that are shown.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    secret: SecretField | None = Field(None, description=HOW_TO_REFER)
    revoked: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    url: str = Field("", description="for example https://crm.example.com")
