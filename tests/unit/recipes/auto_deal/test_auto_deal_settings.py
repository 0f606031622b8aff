"""The settings: defaults from the case, and what is refused with words that tell why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.cli.finder import find, make
from crmkit.exceptions import ConfigurationError
from recipes.auto_deal import AutoDeal, AutoDealSettings


def test_the_defaults_are_the_words_of_the_case() -> None:
    settings = AutoDealSettings()
    assert settings.pipeline == "Работа по бухгалтерскому аутсорсингу"
    assert settings.stage == "Новая"
    assert settings.title == "[Название компании] / [Тип тарифа] / [Месяц]"
    assert settings.individual == "Индивидуальный"
    assert settings.required == ("tariff",)
    assert settings.month_of == "created"


def test_every_setting_is_described() -> None:
    properties = AutoDealSettings.model_json_schema()["properties"]
    assert all(schema.get("description") for schema in properties.values())


def test_the_program_finds_the_recipe() -> None:
    assert find("auto_deal") is AutoDeal
    made = make(
        "auto_deal", {"tariffs": {"Базовый": {"price": "5000"}}, "steps": [{"name": "a", "title": "А"}]}
    )
    assert made.settings.tariffs["Базовый"].price == 5000


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"title": "[Тип тарифа]"}, "could tell the deals apart"),
        ({"title": "[Название компании] [Оборот]"}, "nothing is known as \\[Оборот\\]"),
        ({"since": date(2025, 2, 1), "until": date(2025, 1, 1)}, "is before since"),
        ({"tariffs": {"А": {"least": 5, "most": 4}}}, "no price would do"),
        ({"steps": ({"name": "a", "title": "А"}, {"name": "a", "title": "Б"})}, "two steps are called 'a'"),
        ({"steps": ({"name": "a"},)}, "a task needs a title"),
        ({"steps": ({"name": "a", "do": "workflow"},)}, "which process"),
        ({"steps": ({"name": "А", "title": "А"},)}, "should match pattern"),
        ({"fallback": ("Петрова",)}, "neither a user nor a group"),
        ({"by_tariff": {"А": "group:1"}}, "is no user"),
        ({"texts": {"asks": "x"}}, "there is no text 'asks'"),
        ({"texts": {"ask": "{deal}"}}, "no value for"),
        ({"currency": "руб"}, "should match pattern"),
        ({"holidays_country": "XX"}, "XX"),
        ({"colour": 1}, "not permitted"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AutoDealSettings(**values)


def test_the_program_tells_which_setting_is_wrong() -> None:
    with pytest.raises(ConfigurationError, match=r"recipes\.auto_deal\.title"):
        make("auto_deal", {"title": "[Тип тарифа]"})


def test_own_words_of_the_task() -> None:
    settings = AutoDealSettings(texts={"ask": "Заполните {company}:\n{fields}"})
    assert settings.texts["ask"].startswith("Заполните")
