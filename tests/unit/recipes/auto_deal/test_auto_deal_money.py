"""Sums as people type them, and what is refused because nobody can be sure what was meant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.auto_deal.money import BadSum, Sum, Why, read_sum


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("12 000,50 ₽", "12000.50"),
        ("12\u00a0000,50\u202f₽", "12000.50"),
        ("12000.50", "12000.50"),
        ("12,000.50", "12000.50"),
        ("12.000,50", "12000.50"),
        ("1 200 000", "1200000"),
        ("1.200.000 руб.", "1200000"),
        ("12'000", "12000"),
        ("12 тыс. руб.", "12000"),
        ("1,5 млн", "1500000"),
        ("12000 р.", "12000"),
        ("12 000 руб/мес", "12000"),
        ("12 000 руб. в месяц", "12000"),
        ("₽ 500", "500"),
        ("１２０００", "12000"),
        ("12000.50|RUB", "12000.50"),
        (12000, "12000"),
        (12000.5, "12000.5"),
        (Decimal("0.01"), "0.01"),
        (("12 000",), "12000"),
    ],
    ids=str,
)
def test_what_people_type_is_understood(value: object, amount: str) -> None:
    found = read_sum(value)
    assert isinstance(found, Sum)
    assert found.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("много", "no_number"),
        ("", "no_number"),
        ("от 12000", "no_number"),
        ("~12000", "no_number"),
        ("12 000 + НДС", "no_number"),
        ("12000 попугаев", "no_number"),
        (None, "no_number"),
        (True, "no_number"),
        (float("nan"), "no_number"),
        ("10 000 / 12 000", "several"),
        ("10000-15000", "several"),
        ("10000; 15000", "several"),
        ("1 2", "several"),
        ((1, 2), "several"),
        ("12,500", "unclear"),
        ("12.500", "unclear"),
        ("12000.505", "unclear"),
        ("12.000.00", "unclear"),
        ("-5", "negative"),
        ("\u2212 5 000 ₽", "negative"),
        (-1, "negative"),
        ("0", "zero"),
        ("0,00 ₽", "zero"),
        ("+7 495 123-45-67", "several"),
        ("40702810500000012345", "too_large"),
        ("$100", "currency"),
        ("100 евро", "currency"),
        ("100|USD", "currency"),
    ],
    ids=str,
)
def test_what_is_not_clear_is_refused_with_the_reason(value: object, why: Why) -> None:
    assert read_sum(value) == BadSum(why)


def test_zero_is_a_cost_where_the_settings_say_so() -> None:
    assert read_sum("0 ₽", may_be_zero=True) == Sum(Decimal(0), "RUB")


def test_another_currency_may_be_the_right_one() -> None:
    assert read_sum("100 $", "USD") == Sum(Decimal(100), "USD")


@given(st.decimals(min_value="0.01", max_value="999999999", places=2))
def test_every_amount_written_the_russian_way_comes_back(amount: Decimal) -> None:
    written = f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
    assert read_sum(f"{written} ₽") == Sum(amount, "RUB")


@given(st.text(max_size=20))
def test_no_text_breaks_it_and_no_text_becomes_less_than_nothing(text: str) -> None:
    found = read_sum(text)
    assert isinstance(found, BadSum) or found.amount > 0
