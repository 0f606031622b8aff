"""The catalogue: two languages with the same keys and parameters, words after numbers, messages in JSON."""

import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.automation.messages import LANGUAGES, Language, Message, register, text, written
from crmkit.automation.messages import en as english
from crmkit.automation.messages import ru as russian


def parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts_with_the_same_parameters() -> None:
    assert russian.TEXTS.keys() == english.TEXTS.keys()
    for key, template in russian.TEXTS.items():
        assert parameters(template) == parameters(english.TEXTS[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_reads_the_same_after_json(language: Language) -> None:
    what = Message(key="activity.kind.comment")
    message = Message(
        key="activity.last_touch", params={"date": "2025-03-02", "who": "Иванова", "what": what}
    )
    back = Message.model_validate_json(message.model_dump_json())
    assert back.render(language) == message.render(language)


def test_the_same_message_in_two_languages() -> None:
    what = Message(key="activity.kind.comment")
    message = Message(
        key="activity.last_touch", params={"date": "2025-03-02", "who": "Ivanova", "what": what}
    )
    assert message.render("en") == "last human touch: 2025-03-02 by Ivanova, comment"
    assert message.render("ru") == "последнее действие человека: 2025-03-02, Ivanova, комментарий"


@pytest.mark.parametrize(
    ("number", "phrase"),
    [
        (0, "0 дней"),
        (1, "1 день"),
        (2, "2 дня"),
        (4, "4 дня"),
        (5, "5 дней"),
        (7, "7 дней"),
        (11, "11 дней"),
        (12, "12 дней"),
        (14, "14 дней"),
        (21, "21 день"),
        (22, "22 дня"),
        (111, "111 дней"),
        (122, "122 дня"),
    ],
)
def test_russian_numbers_take_the_right_form(number: int, phrase: str) -> None:
    assert written("{n:день|дня|дней}", "ru", n=number) == phrase


@given(st.integers(0, 10**6))
def test_english_numbers_are_plural_unless_one(number: int) -> None:
    assert written("{n:day|days}", "en", n=number) == f"{number} {'day' if number == 1 else 'days'}"


@pytest.mark.parametrize(("language", "shown"), [("ru", "02.03.2025 09:05"), ("en", "2025-03-02 09:05")])
def test_dates_are_written_as_readers_of_the_language_expect(language: Language, shown: str) -> None:
    moment = datetime(2025, 3, 2, 9, 5, tzinfo=UTC)
    assert written("{moment}", language, moment=moment) == shown
    assert written("{day}", language, day=date(2025, 3, 2)) == shown[:10]


def test_an_ordinary_format_still_works() -> None:
    assert written("{share:.0%} {name}", "en", share=0.9, name="saved") == "90% saved"


def test_a_recipe_adds_its_own_texts() -> None:
    register({"ru": {"test_messages.hello": "привет, {who}"}, "en": {"test_messages.hello": "hello, {who}"}})
    assert text("test_messages.hello", "ru", who="Анна") == "привет, Анна"


def test_a_text_in_one_language_only_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one language only: \['test_messages\.lonely'\]"):
        register({"ru": {"test_messages.lonely": "один"}, "en": {}})


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"test_messages\.absent"):
        text("test_messages.absent", "en")
