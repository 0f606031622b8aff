"""Before- and after-images, and what they tell about a write without an answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.automation.memory import restoring
from crmkit.automation.values import decode, encode
from crmkit.crm.models import (
    Contact,
    Deal,
    DealChanges,
    Person,
    Ref,
    Stage,
    Task,
    TaskChanges,
    TaskState,
)
from crmkit.exceptions import RecipeError
from crmkit.runtime.images import Standing, alike, different, image, not_taken, standing

ANN, BOB = Person(id="4", name="Ann"), Person(id="5", name="Bob")
NOW = datetime(2025, 3, 18, 9, 30, tzinfo=UTC)
CHANGES = DealChanges(stage="new", assignees=(), fields={"label": ("free",), "previous": ANN, "old": None})


def deal(**values: Any) -> Deal:
    fields = {"label": ("vip",), "old": "x", "other": 1, **values.pop("fields", {})}
    given = {"id": "7", "title": "A", "open": True, "stage": Stage(id="2", key="talks"), "assignees": (ANN,)}
    return Deal(**{**given, **values, "fields": {k: v for k, v in fields.items() if v is not None}})


DONE = deal(
    stage=Stage(id="1", key="new"), assignees=(), fields={"label": ("free",), "previous": ANN, "old": None}
)
BEFORE = image(deal(), CHANGES)


def test_an_image_holds_exactly_what_is_changed() -> None:
    assert BEFORE == {"stage": "2", "assignees": (ANN,), "label": ("vip",), "previous": None, "old": "x"}
    assert image(deal(stage=None), DealChanges(stage="new")) == {"stage": None}


def test_an_image_can_be_put_back() -> None:
    back = restoring(BEFORE)
    assert back.model_dump(exclude_unset=True)["stage"] == "2"
    assert (back.assignees, back.fields) == ((ANN,), {"label": ("vip",), "previous": None, "old": "x"})
    assert not_taken(deal(), back) == ()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (DONE, Standing.AFTER),
        (deal(), Standing.BEFORE),
        (deal(stage=Stage(id="1", key="new")), Standing.MIXED),
        (deal(stage=Stage(id="3", key="won")), Standing.OTHER),
        (DONE.model_copy(update={"assignees": (BOB,)}), Standing.OTHER),
        (deal(fields={"other": 2}), Standing.BEFORE),  # not ours, so it does not matter
    ],
)
def test_how_a_deal_stands_to_a_change(now: Deal, expected: Standing) -> None:
    assert standing(now, BEFORE, CHANGES) is expected


def test_what_was_so_already_proves_nothing() -> None:
    changes = DealChanges(stage="talks", fields={"label": ("free",)})
    before = image(deal(), changes)
    assert standing(deal(), before, changes) is Standing.BEFORE


def test_a_stage_is_found_by_its_name_or_its_id() -> None:
    for stage in ("new", "1"):
        assert not_taken(DONE, DealChanges(stage=stage)) == ()
    assert not_taken(DONE, DealChanges(stage="2")) == ("stage",)


def test_no_amount_is_an_amount_of_zero() -> None:
    changes = DealChanges(amount=Decimal(0))
    assert not_taken(deal(), changes) == ()
    assert not_taken(deal(amount=Decimal(5)), changes) == ("amount",)
    assert restoring(image(deal(), DealChanges(amount=Decimal(5)))).amount == 0


def test_a_card_and_a_task_are_compared_by_what_can_be_seen() -> None:
    card = Contact(id="1", name="A", fields={"lost": True})
    assert image(card, {"lost": None, "why": "x"}) == {"lost": True, "why": None}
    assert not_taken(card, {"lost": True, "why": "x"}) == ("why",)
    task = Task(id="1", title="A", state=TaskState.OPEN, text="Fill in:\n\n• price")
    changes = TaskChanges(text="Fill  in:", deadline=None, checklist=("price",))
    assert image(task, changes) == {"text": task.text, "deadline": None}
    assert not_taken(task, changes) == ()
    assert not_taken(task, TaskChanges(text="Something else")) == ("text",)


def test_what_differs_from_an_image_is_named() -> None:
    assert different(DONE, BEFORE) == ("stage", "assignees", "label", "previous", "old")
    assert different(deal(), BEFORE) == ()


@pytest.mark.parametrize("name", ["stage", "title", "assignees"])
def test_no_field_may_be_called_like_a_part_of_the_deal(name: str) -> None:
    with pytest.raises(RecipeError, match=f"called {name}"):
        image(deal(), DealChanges(fields={name: "x"}))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANN, Person(id="4", name="Ann Smith"), True),
        (ANN, Ref(kind="user", id="4"), True),
        (ANN, BOB, False),
        ((ANN, BOB), (BOB, ANN), True),
        ((ANN,), (ANN, BOB), False),
        (("a", "a"), ("a", "b"), False),
        ("a", ("a",), True),
        (None, "", True),
        (None, (), True),
        (None, False, True),
        (None, 0, False),
        (True, False, False),
        (1, 1.0, True),
        (Decimal("0.1"), 0.1, True),
        (Decimal("0.1"), 0.2, False),
        (Decimal("12000.50"), 12000.5, True),
        ("text ", "text", True),
        (NOW, NOW.replace(second=45), True),
        (NOW, NOW + timedelta(minutes=1), False),
        (date(2025, 3, 1), date(2025, 3, 1), True),
        (date(2025, 3, 1), NOW, False),
    ],
)
def test_values_that_mean_the_same(one: Any, other: Any, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


people = st.builds(Person, id=st.text(min_size=1), name=st.text())
single = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.dates(),
    people,
    st.datetimes(timezones=st.just(UTC)),
)
values = st.recursive(
    single, lambda inner: st.lists(inner).map(tuple) | st.lists(inner) | st.dictionaries(st.text(), inner)
)


@settings(deadline=None)  # the machine may be busy
@given(values)
def test_every_value_survives_json(value: Any) -> None:
    back = decode(encode(value))
    assert back == value
    assert type(back) is type(value)


def test_what_cannot_be_kept_is_refused_at_once() -> None:
    for value in (object(), deal(), {1, 2}):
        with pytest.raises(RecipeError, match="cannot be kept"):
            encode(value)
