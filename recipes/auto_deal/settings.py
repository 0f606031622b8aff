"""What can be set about the deals of new companies, with the reason for every default."""

from __future__ import annotations

import string
from datetime import UTC, date, tzinfo
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.recipe import Settings
from crmkit.exceptions import ConfigurationError
from recipes.auto_deal.naming import PLACEHOLDERS, MonthFormat, placeholders_of
from recipes.auto_deal.texts import WRITTEN

__all__ = ["OWN_FIELDS", "USUAL_STEPS", "AutoDealSettings", "Step", "Tariff"]

OWN_FIELDS = ("name", "email", "phone", "contact", "responsible")
"""What every company has without a custom field; a setting may require it."""
TwinBy = Literal["inn", "email", "phone", "name"]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("auto_deal", "{what}", {"what": what})


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


def _template(text: str) -> str:
    if unknown := placeholders_of(text) - set(PLACEHOLDERS.values()):
        known = ", ".join(f"[{name}]" for name in PLACEHOLDERS)
        raise _wrong(f"nothing is known as [{min(unknown)}]; there are: {known}")
    return text


UserRef = Annotated[str, AfterValidator(_is_user)]
TeamRef = Annotated[str, AfterValidator(_is_user_or_group)]
Money = Annotated[Decimal, Field(ge=0)]
Days = Annotated[int, Field(ge=0, le=366)]


class Tariff(Settings):
    """What a tariff costs: one price, or the bounds within which it may be agreed."""

    price: Money | None = Field(None, description="The price, where there is one for everybody.")
    least: Money | None = Field(None, description="The lowest price that may be agreed.")
    most: Money | None = Field(None, description="The highest price that may be agreed.")

    @field_validator("most")
    @classmethod
    def _not_below_least(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        least = info.data.get("least")
        if value is not None and least is not None and value < least:
            raise _wrong(f"is below least ({least}), so no price would do")
        return value

    @property
    def is_corridor(self) -> bool:
        """Whether the price is agreed within bounds."""
        return self.least is not None or self.most is not None

    def allows(self, amount: Decimal) -> bool:
        """Tell whether a price lies within the bounds, or is the price."""
        if not self.is_corridor:
            return self.price is None or amount == self.price
        below = self.least is not None and amount < self.least
        return not below and (self.most is None or amount <= self.most)


class Step(Settings):
    """One thing to start once the deal is there."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Its own name, never to be changed again.")
    do: Literal["task", "workflow"] = Field("task", description="Create a task, or start a process.")
    title: str = Field("", description="Of the task; placeholders as in the title of the deal.")
    text: str = Field("", description="Of the task; placeholders as in the title of the deal.")
    checklist: tuple[str, ...] = Field((), description="Lines of the task to tick off.")
    days: Days = Field(3, description="Working days until the deadline of the task.")
    who: UserRef | None = Field(None, description="Whose task it is; else the responsible of the deal.")
    template: str = Field("", description="The process to start: its id or name in the portal.")
    tariffs: tuple[str, ...] = Field((), description="Only for these tariffs; empty: for all.")
    first_only: bool = Field(True, description="Only with the first deal of a company (monthly mode).")

    @field_validator("title", "text")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        return _template(value)

    @field_validator("template")
    @classmethod
    def _names_what_to_do(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("do") == "workflow" and not value:
            raise _wrong("is needed: which process is to be started")
        if info.data.get("do") == "task" and not info.data.get("title"):
            raise _wrong("a task needs a title")
        return value


USUAL_STEPS = (
    Step(name="documents", title="Подготовка документов: [Название компании]", days=3),
    Step(name="accounting", title="Настройка учёта: [Название компании]", days=5),
    Step(name="consultation", title="Первая консультация: [Название компании]", days=2),
)
"""The processes that the case names, as tasks; see docs/recipes/auto_deal.md."""


class AutoDealSettings(Settings):
    """The settings of the recipe ``auto_deal``.

    Example:
        >>> settings = AutoDealSettings()
        >>> settings.pipeline, settings.stage, settings.title
        ('Работа по бухгалтерскому аутсорсингу', 'Новая', '[Название компании] / [Тип тарифа] / [Месяц]')
    """

    # Where the deal is created
    pipeline: str = Field(
        "Работа по бухгалтерскому аутсорсингу", description="The pipeline: its logical name, id or name."
    )
    stage: str = Field("Новая", min_length=1, description="The stage: its logical name, id or name.")

    # Which companies
    since: date | None = Field(
        None, description="Companies created since that day (back-fill, reports); else the last window_days."
    )
    until: date | None = Field(None, description="Companies created after that day are left alone.")
    window_days: int = Field(45, ge=1, le=3660, description="How far back a sweep looks for new companies.")
    clients_only: bool = Field(
        False, description="Only companies that the portal marks as clients, where it does."
    )
    excluded_companies: tuple[str, ...] = Field((), description="Ids of companies to leave alone.")
    duplicates: tuple[TwinBy, ...] = Field(
        ("inn", "email", "phone", "name"),
        description="A younger company that agrees with an older one in one of these gets no deal but is "
        "listed; empty: nobody compares, which saves reading all companies.",
    )
    not_duplicates: tuple[str, ...] = Field((), description="Ids of companies that are no duplicates.")
    daily_cap: int | None = Field(
        None, ge=1, description="How many deals may be created per day: to phase a back-fill in."
    )

    # How often
    mode: Literal["once", "monthly"] = Field(
        "once", description="One deal per company, or one per company and month of service."
    )
    monthly_day: int = Field(
        1, ge=1, le=28, description="From which day of a month its deal is created (monthly mode)."
    )

    # What it is called
    title: str = Field(
        "[Название компании] / [Тип тарифа] / [Месяц]",
        min_length=1,
        description="The template of the title; a part without a value goes with its separator. Known: "
        + ", ".join(f"[{name}]" for name in PLACEHOLDERS),
    )
    title_length: int = Field(255, ge=40, le=1000, description="Longer names of companies are cut.")
    month_of: Literal["created", "company", "service"] = Field(
        "created",
        description="The month in which the deal is created, that of the company's creation, or that of the "
        "company's field service_start.",
    )
    month_format: MonthFormat = Field(
        "nominative", description="«Январь 2025», «января 2025», «Янв 2025» or «01.2025»."
    )

    # What the card must hold
    required: tuple[str, ...] = Field(
        ("tariff",),
        description="What has to be filled in: logical names of fields of companies, or one of "
        + ", ".join(OWN_FIELDS),
    )
    individual: str = Field(
        "Индивидуальный", min_length=1, description="The tariff whose cost stands in the company's card."
    )
    tariffs: dict[str, Tariff] = Field(
        {}, description="The price table by tariff; if there is one, other tariffs are refused."
    )
    currency: str = Field("RUB", pattern="^[A-Z]{3}$", description="The currency of costs and deals.")
    zero_cost: bool = Field(False, description="Whether a cost of 0 is a cost.")
    standard_cost: Literal["report", "hold"] = Field(
        "report",
        description="A cost that contradicts a standard tariff: the deal is created with the price of the "
        "table and the contradiction listed, or the deal waits until it is corrected.",
    )
    copy_fields: tuple[str, ...] = Field(
        (), description="Further fields, by logical name, that the deal takes over from the company."
    )

    # Who
    inherit: bool = Field(True, description="The responsible of the company is the one of the deal.")
    by_tariff: dict[str, UserRef] = Field(
        {}, description="Who is responsible by tariff, where the company has nobody active."
    )
    fallback: tuple[TeamRef, ...] = Field(
        (), description="Who is responsible else: users, or members of groups, in turn."
    )

    # The task that asks for what is missing
    task_kind: str = Field("task", min_length=1, description="Which kind of tasks: [portals.X.tasks.KIND].")
    grace_minutes: int = Field(
        10, ge=0, le=1440, description="How long a new company may be incomplete before anybody is asked."
    )
    fill_days: Days = Field(1, description="Working days to fill in what is missing.")
    closed_task: Literal["reopen", "leave"] = Field(
        "reopen", description="Somebody closed the task, but the fields are still empty: reopen it once."
    )
    deleted_task: Literal["leave", "again"] = Field(
        "leave", description="Somebody deleted the task: leave it so and list the company, or ask again."
    )

    # Afterwards
    steps: tuple[Step, ...] = Field((), description="What is started once the deal is there, in this order.")
    steps_after_adoption: bool = Field(
        False, description="Start the steps also for a deal that a person has created."
    )
    rename_adopted: bool = Field(
        False, description="Give a deal that a person has created the title of the template."
    )
    renamed: Literal["rename", "report", "leave"] = Field(
        "rename", description="The company is renamed: rename its open deals, list them, or do nothing."
    )
    terms_changed: Literal["report", "update", "new_deal"] = Field(
        "report",
        description="The tariff or cost changes later: list it, change the open deal, or a new deal.",
    )

    # Days and words
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        (1, 2, 3, 4, 5), min_length=1, description="Working days of the week; 1 is Monday."
    )
    holidays: tuple[date, ...] = Field((), description="Further days off.")
    holidays_country: str = Field(
        "",
        pattern="^([A-Z]{2})?$",
        description="Add the public holidays of a country (RU, KZ); needs 'holidays'.",
    )
    texts: dict[str, str] = Field(
        {}, description=f"Own wording of what is written into the portal, by name: {', '.join(WRITTEN)}."
    )

    @field_validator("title")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        if "company" not in placeholders_of(value):
            raise _wrong("[Название компании] is missing: nobody could tell the deals apart")
        return _template(value)

    @field_validator("until")
    @classmethod
    def _not_before_since(cls, value: date | None, info: ValidationInfo) -> date | None:
        since = info.data.get("since")
        if value is not None and since is not None and value < since:
            raise _wrong(f"is before since ({since})")
        return value

    @field_validator("steps")
    @classmethod
    def _names_differ(cls, value: tuple[Step, ...]) -> tuple[Step, ...]:
        names = [step.name for step in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise _wrong(f"two steps are called {twice[0]!r}")
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

    def calendar(self, timezone: tzinfo) -> WorkCalendar:
        """Return the calendar of the portal's people."""
        days, off = frozenset(self.working_days), frozenset(self.holidays)
        return WorkCalendar(timezone, days, off, self.holidays_country)


def _parameters(name: str, text: str) -> set[str]:
    try:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        problem = str(error)
    raise _wrong(f"{name}: {problem}; write {{{{ for a brace")
