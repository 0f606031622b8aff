"""What can be set about next steps, with the reason for every default."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.recipe import Settings
from crmkit.crm.models import Person
from recipes.next_step.form import span

__all__ = ["NextStepSettings", "Noise", "StepKind", "person"]

Noise = Literal["none", "card", "log", "all"]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("next_step", "{what}", {"what": what})


def _is_user(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind != "user" or not number.strip():
        raise _wrong(f'{value!r} is no user: write "user:2"')
    return value


def _is_period(value: str) -> str:
    if span(value) is None:
        raise _wrong(f"{value!r} is no period: write 10:00-10:15")
    return value


UserRef = Annotated[str, AfterValidator(_is_user)]
PeriodText = Annotated[str, AfterValidator(_is_period)]


def person(reference: str) -> Person:
    """Return the person that a setting such as ``"user:2"`` names."""
    return Person(kind="user", id=reference.partition(":")[2])


class StepKind(Settings):
    """A type of steps: when it is usually done, and its colour."""

    period: PeriodText = Field("10:00-10:15", description="When it is planned if nobody says when.")
    color: str = Field(
        "", description='The colour in the portal: at Bitrix24 "1" to "7"; Planfix has it in the analytics.'
    )
    calendar_color: str = Field(
        "gray", pattern="^[a-z]+$", description="The colour in the calendar feed: the name of a CSS colour."
    )


KINDS = {
    "звонок": StepKind(period="10:00-10:15", color="2", calendar_color="green"),
    "письмо": StepKind(period="12:00-12:15", color="3", calendar_color="blue"),
    "почта": StepKind(period="12:00-12:15", color="4", calendar_color="navy"),
    "встреча": StepKind(period="14:00-15:00", color="6", calendar_color="red"),
    "другое": StepKind(period="17:00-17:15", color="1", calendar_color="gray"),
}


class NextStepSettings(Settings):
    """The settings of the recipe."""

    # How people plan
    kinds: dict[str, StepKind] = Field(
        KINDS,
        min_length=1,
        description="The types of steps as the field step_kind spells them; each with its usual period, so "
        "that different types land at different times, and its colours.",
    )
    default_kind: str = Field("другое", description="The type of a deal of which only the name was given.")
    default_goal: str = Field(
        "определить следующий шаг", min_length=1, description="The goal if nobody gives one."
    )
    profile: Literal["full", "no_periods", "one_kind"] = Field(
        "full",
        description="How much is done: everything; without usual periods (a step without a time takes the "
        "whole day); or without types too (one colour, the fewest fields).",
    )
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        (1, 2, 3, 4, 5),
        min_length=1,
        description="Days on which a step without a date may land, 1 is Monday.",
    )

    # When something is done
    quiet_seconds: int = Field(
        60, ge=5, le=900, description="So long after the last change people may still correct what they set."
    )
    max_wait_seconds: int = Field(
        600,
        ge=60,
        le=7200,
        description="Though somebody (or a robot) keeps changing the deal, no longer than this is waited.",
    )
    fresh_hours: int = Field(
        24,
        ge=0,
        le=720,
        description="A deal younger than this and without a step gets the usual type and goal; an older "
        "one, for example of an import, a reminder.",
    )

    # Reminders
    reminders: int = Field(
        1,
        ge=0,
        le=10,
        description="How often the lack of a next step is mentioned after each step; 0: never.",
    )
    remind_after_seconds: int = Field(60, ge=5, le=86400, description="When the first reminder is due.")
    remind_again_hours: int = Field(24, ge=1, le=720, description="Between reminders, if there are several.")
    daily_cap: int = Field(
        100, ge=1, le=100_000, description="Reminders per day at most: an import must not cause thousands."
    )

    # What is written
    noise: Noise = Field(
        "log",
        description="How much the robot writes: nothing (none), one comment per deal that it keeps up to "
        "date (card), results and warnings (log), every plan too (all).",
    )
    supervisor: UserRef | None = Field(
        None, description="Who is told when somebody insists on a second step, and for dismissed owners."
    )
    pipelines: tuple[str, ...] = Field(
        (), description="Only deals of these pipelines, by logical name or id; all by default."
    )

    @field_validator("default_kind")
    @classmethod
    def _is_known(cls, value: str, info: ValidationInfo) -> str:
        kinds = info.data.get("kinds", {})
        if kinds and value not in kinds:
            raise _wrong(f"{value!r} is not among kinds")
        return value

    def period_of(self, kind: str) -> tuple[time, time]:
        """Return when steps of a type are usually done; of an unknown one as of the default type."""
        found = span(self.kinds.get(kind, self.kinds[self.default_kind]).period)
        return found or (time(17), time(17, 15))

    def color_of(self, kind: str) -> str:
        """Return the colour of a type in the portal."""
        return self.kinds[kind].color if kind in self.kinds else ""
