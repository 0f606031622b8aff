"""What can be set about the spaces of clients."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crmkit.automation.recipe import Settings
from recipes.bulk_bp.satellites.common import UserRef

__all__ = ["SpaceSettings"]


class SpaceSettings(Settings):
    """The settings of the spaces."""

    group_field: str = Field(
        "group_id", min_length=1, description="The field of companies with the number of the space."
    )
    contact_field: str = Field(
        "client_contact",
        description="The field with who is responsible at the client's side; may be missing.",
    )
    type_field: str = Field(
        "company_type", description="The field with the type of companies, where the portal has no own types."
    )
    type_value: str = Field("Клиент", min_length=1, description="What that field says of clients.")
    title: str = Field("", description="The title of a space, with {client}; empty: «…: совместная работа».")
    owner: UserRef | None = Field(
        None, description="Whose spaces they are where the company's responsible person does not work here."
    )
    ladder: tuple[Literal["external", "internal"], ...] = Field(
        ("external", "internal"),
        min_length=1,
        description="What may be made, the best first; below the last rung a person makes the space.",
    )
    resend_days: int = Field(
        7, ge=1, le=90, description="An invitation without an answer is listed after so many days."
    )
    look_at_settled: bool = Field(
        False,
        description="Also read the spaces whose guest has come: is the owner there, does it exist still? "
        "Two requests for each.",
    )
