"""The settings: every field explains itself, every mistake is one line that says what is wrong."""

import string
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from recipes.stale_deals import Limits, StaleDealsSettings, States
from recipes.stale_deals.texts import EN, RU, WRITTEN


def mistakes(**values: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        StaleDealsSettings(**{"supervisor": "user:2", **values})
    return [(".".join(map(str, e["loc"])), e["msg"]) for e in caught.value.errors()]


@pytest.mark.parametrize("model", [StaleDealsSettings, Limits, States])
def test_every_setting_has_a_description_and_all_but_the_supervisor_a_default(model: Any) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.is_required() == (name == "supervisor"), name


@pytest.mark.parametrize(
    ("values", "where", "message"),
    [
        (
            {"return_after": 15},
            "return_after",
            "must be more than warn_after (15), or nobody is warned in time",
        ),
        ({"warn_after": 0}, "warn_after", "Input should be greater than or equal to 1"),
        ({"supervisor": "Петрова"}, "supervisor", "'Петрова' is no user: write \"user:2\""),
        ({"supervisor": "user:"}, "supervisor", "'user:' is no user: write \"user:2\""),
        (
            {"supervisors": {"deal:1": "user:2"}},
            "supervisors.deal:1.[key]",
            "'deal:1' is neither a user nor a group",
        ),
        (
            {"stage_limits": {"work": {"warn_after": 9, "return_after": 9}}},
            "stage_limits.work.return_after",
            "must be more than warn_after (9)",
        ),
        ({"min_amount": 10, "max_amount": 9}, "max_amount", "is below min_amount (10)"),
        ({"on_timeout": "reject"}, "on_timeout", "'reject' never happens without approval_timeout"),
        (
            {"approval_timeout": 3, "on_timeout": "escalate"},
            "escalate_to",
            'is needed, because on_timeout is "escalate"',
        ),
        ({"office_hours": "18:00-09:00"}, "office_hours", "18:00-09:00 ends before it begins"),
        ({"office_hours": "9-18"}, "office_hours", "String should match pattern"),
        ({"holidays_country": "ZZ"}, "holidays_country", "no public holidays are known for 'ZZ'"),
        ({"holidays": ("31.12.2025",)}, "holidays.0", "Input should be a valid date"),
        ({"working_days": (0,)}, "working_days.0", "greater than or equal to 1"),
        ({"working_days": ()}, "working_days", "names no day"),
        ({"daily_cap": 0}, "daily_cap", "greater than or equal to 1"),
        ({"texts": {"warn": "x"}}, "texts", "there is no text 'warn'; there are: warning"),
        ({"texts": {"warning": "{day}"}}, "texts", "warning: no value for {day}; there are: days"),
        ({"texts": {"warning": "{days"}}, "texts", "warning: expected '}' before end of string"),
        ({"supervizor": "user:2"}, "supervizor", "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_one_line_at_its_setting(values: Any, where: str, message: str) -> None:
    ((place, told),) = mistakes(**values)
    assert place == where
    assert message in told
    assert "\n" not in told


def test_several_mistakes_are_all_told() -> None:
    places = [place for place, _ in mistakes(return_after=3, max_returns=0, office_hours="x")]
    assert places == ["return_after", "office_hours", "max_returns"]


def test_settings_come_back_from_json() -> None:
    settings = StaleDealsSettings(
        supervisor="user:2",
        supervisors={"group:1": "user:3"},
        holidays=("2025-05-09",),
        min_amount="1000.50",
        stage_limits={"work": {"warn_after": 3, "return_after": 4}},
    )
    assert StaleDealsSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_public_holidays_can_be_added() -> None:
    settings = StaleDealsSettings(supervisor="user:2", holidays_country="RU")
    assert not settings.calendar(ZoneInfo("Europe/Moscow")).is_working_day(date(2025, 5, 9))


def parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same_things() -> None:
    assert RU.keys() == EN.keys()
    for key, template in RU.items():
        assert parameters(template) == parameters(EN[key]), key
    assert WRITTEN["warning"] == {"days"}
