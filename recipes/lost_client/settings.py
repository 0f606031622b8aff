"""What can be set about lost clients, with the reason for every default."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.recipe import Settings
from crmkit.crm.models import Person

__all__ = ["LossRule", "LostClientSettings", "person"]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("lost_client", "{what}", {"what": what})


def _is_user(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind != "user" or not number.strip():
        raise _wrong(f'{value!r} is no user: write "user:2"')
    return value


def _is_link(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _wrong(f"{value!r} is no link: write https://…")
    return value


UserRef = Annotated[str, AfterValidator(_is_user)]
Link = Annotated[str, AfterValidator(_is_link)]


def person(reference: str) -> Person:
    """Return the person that a setting such as ``"user:2"`` names."""
    return Person(kind="user", id=reference.partition(":")[2])


class LossRule(Settings):
    """What a reason to lose a deal says about the client."""

    value: str = Field("НЕТ", min_length=1, description="What is written into the field of the client.")
    months: int | None = Field(
        None, ge=1, le=120, description="After so many months it is looked at again; empty: it stands."
    )


class LostClientSettings(Settings):
    """The settings of the recipe."""

    video_url: Link = Field(
        description="The training video that explains the reasons; its link stands in every entry."
    )

    # Which losses
    reasons: dict[str, LossRule] = Field(
        {"no_money": LossRule(months=12)},
        min_length=1,
        description="What marks a client: the reason in the deal's field loss_reason, or the lost stage, by "
        "logical name, id or title. By default the stage no_money, «Завершена по причине отсутствия денег».",
    )
    harmless: tuple[str, ...] = Field(
        ("дубль", "спам", "тест"), description="Reasons or stages that say nothing about the client."
    )
    won_stages: tuple[str, ...] = Field(
        ("won",), description="Stages that mean a won deal, where the portal does not tell which do."
    )
    lookback_days: int = Field(
        30, ge=1, le=3650, description="How far back a sweep looks for lost deals that no event announced."
    )
    since: date | None = Field(
        None, description="Look at all deals that were lost since this day: to catch up on old ones."
    )

    # Which clients
    mark: Literal["contacts", "primary", "company"] = Field(
        "contacts", description="Whom a lost deal marks: all its contacts, the first one, or the company."
    )
    field: str = Field(
        "target_client", min_length=1, description="The field «целевой клиент», by its logical name."
    )
    yes: str = Field("ДА", min_length=1, description="Its value for target clients.")
    overwrite_yes: bool = Field(
        True, description="A loss marks those too who were target clients so far; otherwise they are listed."
    )
    won_months: int = Field(
        12,
        ge=0,
        le=120,
        description="Whoever bought within so many months is not marked without asking; 0: only open deals "
        "count.",
    )

    # What people are asked
    task_kind: str = Field(
        "decision", min_length=1, description="The kind of the tasks, as in [portals.….tasks]."
    )
    task_days: int = Field(3, ge=1, le=90, description="Days for a decision.")
    fallback: UserRef | None = Field(
        None, description="Who decides where nobody who works here is responsible."
    )
    ask_reason: Literal["task", "list"] = Field(
        "task", description="A deal was lost and nobody wrote why: ask in a task, or only list it."
    )
    on_expiry: Literal["task", "clear", "keep"] = Field(
        "task", description="After the months of the rule: ask, put the former value back, or do nothing."
    )

    # Reports
    mailing_lists: tuple[str, ...] = Field(
        (), description="CSV files of mailings and dial lists to be checked against the exclusion list."
    )

    @field_validator("harmless")
    @classmethod
    def _harmless_or_not(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if overlap := set(value) & set(info.data.get("reasons", {})):
            raise _wrong(f"{min(overlap)!r} is among reasons too")
        return value

    @field_validator("yes")
    @classmethod
    def _yes_is_no_mark(cls, value: str, info: ValidationInfo) -> str:
        if any(rule.value == value for rule in info.data.get("reasons", {}).values()):
            raise _wrong(f"{value!r} is what a loss is marked with")
        return value

    @property
    def marks(self) -> frozenset[str]:
        """All values that a loss may be marked with."""
        return frozenset(rule.value for rule in self.reasons.values())
