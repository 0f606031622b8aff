"""What can be set about returning stale deals, with the reason for every default."""

from __future__ import annotations

import string
from datetime import UTC, date, time, tzinfo
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.calendar import DayKind, WorkCalendar
from crmkit.automation.recipe import Settings
from crmkit.crm.models import Person, Stage
from crmkit.exceptions import ConfigurationError
from recipes.stale_deals.texts import WRITTEN

__all__ = ["Limits", "StaleDealsSettings", "States", "person"]

Days = Annotated[int, Field(ge=1, le=730)]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("stale_deals", "{what}", {"what": what})


def _is_user(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind != "user" or not number.strip():
        raise _wrong(f'{value!r} is no user: write "user:2"')
    return value


def _is_user_or_group(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind not in ("user", "group") or not number.strip():
        raise _wrong(f'{value!r} is neither a user nor a group: write "user:5" or "group:1"')
    return value


UserRef = Annotated[str, AfterValidator(_is_user)]
TeamRef = Annotated[str, AfterValidator(_is_user_or_group)]


def person(reference: str) -> Person:
    """Return the person that a setting such as ``"user:2"`` names."""
    return Person(kind="user", id=reference.partition(":")[2])


class Limits(Settings):
    """After how many days without activity the manager is warned, and the deal is returned."""

    warn_after: Days = Field(15, description="Days without activity until the warning.")
    return_after: Days = Field(
        22, description="Days without activity until the return; more than warn_after."
    )

    @field_validator("return_after")
    @classmethod
    def _after_the_warning(cls, value: int, info: ValidationInfo) -> int:
        if value <= info.data.get("warn_after", 0):
            raise _wrong(
                f"must be more than warn_after ({info.data['warn_after']}), or nobody is warned in time"
            )
        return value

    @property
    def notice(self) -> int:
        """How many full days people have between the warning and the return."""
        return self.return_after - self.warn_after


class States(Settings):
    """The three values of the field ``return_state``, as the portal spells them."""

    free: str = Field("свободная сделка", min_length=1, description="The deal looks for a new executor.")
    review: str = Field("проверка контрагента", min_length=1, description="A candidate is named and checked.")
    confirmed: str = Field("подтверждено", min_length=1, description="The supervisor confirmed the executor.")


class StaleDealsSettings(Limits):
    """The settings of the recipe ``stale_deals``.

    Example:
        >>> settings = StaleDealsSettings(supervisor="user:2")
        >>> settings.warn_after, settings.return_after, settings.label
        (15, 22, 'Свободная сделка')
    """

    # Who
    supervisor: UserRef = Field(description="Whose consent a new executor needs; is warned with the manager.")
    supervisors: dict[TeamRef, UserRef] = Field(
        {}, description="Other supervisors, by manager or by the manager's group: {'group:1': 'user:3'}."
    )
    department_heads: bool = Field(
        True,
        description="Where the portal tells who leads a department (Bitrix24), that person is the supervisor "
        "of its people; all others have those named here.",
    )
    approvers: tuple[UserRef, ...] = Field(
        (), description="Who else may decide: deputies, or a robot of buttons."
    )
    admins_may_decide: bool = Field(
        True, description="Whether administrators of the portal may decide as well."
    )
    fallback: UserRef | None = Field(
        None, description="Who is told and asked where manager or supervisor is missing or dismissed."
    )
    fallback_owner: UserRef | None = Field(
        None, description="Who gets a rejected deal whose former executor was dismissed; else the supervisor."
    )

    # When
    days: DayKind = Field("calendar", description="Count calendar days (of 24 hours), or working days only.")
    stage_limits: dict[str, Limits] = Field(
        {}, description="Other limits for some stages, by logical name or id of the stage."
    )
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        (1, 2, 3, 4, 5), description="Working days of the week, at least one; 1 is Monday."
    )
    holidays: tuple[date, ...] = Field((), description="Further days off.")
    holidays_country: str = Field(
        "",
        pattern="^([A-Z]{2})?$",
        description="Add the public holidays of a country (RU, KZ); needs 'holidays'.",
    )
    office_hours: str = Field(
        "",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$",
        description="When people may be notified, as 09:00-18:00 on working days; empty: always. Outside, "
        "notices wait, so a run within these hours has to follow.",
    )
    daily_cap: int | None = Field(
        None, ge=1, description="How many deals may be warned or returned per day: to phase the recipe in."
    )

    # Which deals
    excluded_stages: tuple[str, ...] = Field((), description="Stages, by logical name or id, to leave alone.")
    excluded_pipelines: tuple[str, ...] = Field((), description="Pipelines, by id, to leave alone.")
    min_amount: Decimal | None = Field(None, ge=0, description="Leave deals below this amount alone.")
    max_amount: Decimal | None = Field(None, ge=0, description="Leave deals above this amount alone.")
    refused_stage: str = Field("refused", min_length=1, description="The logical name of the stage «Отказ».")
    snooze_max_days: Days = Field(
        90, description="The longest pause after the last activity that is honoured."
    )

    # What counts as activity
    unexplained_change: Literal["human", "ignore"] = Field(
        "human",
        description="A change that no history entry and no write of ours explains: count it as a person's "
        "(Planfix records no author for edits of fields), or ignore it.",
    )
    manual_edit: Literal["restart_clock", "block_until_released"] = Field(
        "restart_clock",
        description="After a manual edit cancelled a transfer: count the days anew, or hold the deal until "
        "the field release_hold is set or the deal is listed in released_deals.",
    )
    released_deals: tuple[str, ...] = Field((), description="Ids of held deals that are released.")
    look_behind_robots: bool = Field(
        True,
        description="Also find deals that only comments of robots make look active, where the portal can.",
    )

    # What the return does
    new_stage: str = Field("new", min_length=1, description="The logical name of the stage «Новая».")
    label: str = Field("Свободная сделка", min_length=1, description="The label of a returned deal.")
    states: States = Field(States(), description="The values of the field return_state.")
    free_executor: Literal["nobody", "supervisor"] = Field(
        "nobody", description="Who is responsible meanwhile; the supervisor where a deal must have somebody."
    )
    max_returns: int = Field(
        3, ge=1, le=100, description="A deal that was returned so often is shown to the supervisor instead."
    )

    # The approval
    approval_timeout: Days | None = Field(
        None, description="Days after which an undecided approval is overdue."
    )
    on_timeout: Literal["hold", "reject", "escalate"] = Field(
        "hold",
        description="What an overdue approval comes to: it goes on waiting, is rejected, or is escalated.",
    )
    escalate_to: UserRef | None = Field(None, description="To whom overdue approvals are escalated.")
    reopen_incomplete: bool = Field(
        True, description="Reopen an approval that was given without a candidate who can take the deal."
    )
    recreate_approval: bool = Field(True, description="Create a deleted approval task once again.")

    # Words and figures
    hidden_notices: bool = Field(True, description="Keep notices from clients who can see the deal.")
    hidden_notes: bool = Field(
        False, description="Hide notes of the history too; then administrators alone see them."
    )
    texts: dict[str, str] = Field(
        {}, description=f"Own wording of what is written into the portal, by name: {', '.join(WRITTEN)}."
    )
    minutes_per_check: float = Field(
        10, gt=0, le=480, description="Minutes to find, check, move and hand over one stale deal by hand."
    )
    minutes_per_decision: float = Field(
        1, ge=0, le=480, description="Minutes for one decision that the recipe leaves to a person."
    )

    @field_validator("working_days")
    @classmethod
    def _somebody_works(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value:
            raise _wrong("names no day, so no working day would ever pass")
        return value

    @field_validator("holidays_country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        try:
            WorkCalendar(UTC, country=value)
        except ConfigurationError as error:
            problem = str(error)
        else:
            return value
        raise _wrong(problem)

    @field_validator("office_hours")
    @classmethod
    def _opens_before_it_closes(cls, value: str) -> str:
        opens, _, closes = value.partition("-")
        if value and opens >= closes:
            raise _wrong(f"{value} ends before it begins")
        return value

    @field_validator("max_amount")
    @classmethod
    def _not_below_min_amount(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        least = info.data.get("min_amount")
        if value is not None and least is not None and value < least:
            raise _wrong(f"is below min_amount ({least}), so no deal would be left")
        return value

    @field_validator("escalate_to")
    @classmethod
    def _somebody_to_escalate_to(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("on_timeout") == "escalate":
            raise _wrong('is needed, because on_timeout is "escalate"')
        return value

    @field_validator("on_timeout")
    @classmethod
    def _there_is_a_timeout(cls, value: str, info: ValidationInfo) -> str:
        if value != "hold" and info.data.get("approval_timeout", 0) is None:
            raise _wrong(f"{value!r} never happens without approval_timeout")
        return value

    @field_validator("texts")
    @classmethod
    def _known_texts(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if name not in WRITTEN:
                raise _wrong(f"there is no text {name!r}; there are: {', '.join(WRITTEN)}")
            if unknown := _parameters(name, text) - WRITTEN[name]:
                known = ", ".join(sorted(WRITTEN[name])) or "none"
                raise _wrong(f"{name}: no value for {{{min(unknown)}}}; there are: {known}")
        return value

    def limits(self, stage: Stage | None) -> Limits:
        """Return the limits of a stage."""
        own = None if stage is None else self.stage_limits.get(stage.key) or self.stage_limits.get(stage.id)
        return own or self

    def calendar(self, timezone: tzinfo) -> WorkCalendar:
        """Return the calendar of the portal's people."""
        opens, _, closes = self.office_hours.partition("-")
        return WorkCalendar(
            timezone,
            frozenset(self.working_days),
            frozenset(self.holidays),
            self.holidays_country,
            time.fromisoformat(opens) if opens else None,
            time.fromisoformat(closes) if closes else None,
        )


def _parameters(name: str, text: str) -> set[str]:
    try:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        problem = str(error)
    raise _wrong(f"{name}: {problem}; write {{{{ for a brace")
