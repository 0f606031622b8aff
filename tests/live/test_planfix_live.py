"""What no document settles, asked of a real account. Read-only, unless a task for writing is named.

Run with::

    PLANFIX_URL=https://acme.planfix.ru/rest PLANFIX_TOKEN=… pytest tests/live -m live

``PLANFIX_ZONE`` is the zone of the token's owner (default Europe/Moscow). Nothing is written unless
``PLANFIX_WRITE_TASK`` names a task on which a comment may be made and deleted again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.planfix import Planfix, external_id, filters
from crmkit.planfix.models import CommentKind, Task
from crmkit.planfix.models.base import Entity

URL = os.environ.get("PLANFIX_URL", "")
TOKEN = os.environ.get("PLANFIX_TOKEN", "")
ZONE = os.environ.get("PLANFIX_ZONE", "Europe/Moscow")
WRITE_TASK = int(os.environ.get("PLANFIX_WRITE_TASK", "0"))
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not (URL and TOKEN), reason="PLANFIX_URL and PLANFIX_TOKEN are not set"),
]
writes = pytest.mark.skipif(not WRITE_TASK, reason="PLANFIX_WRITE_TASK is not set: nothing is written")


@pytest.fixture(scope="module")
def planfix() -> Iterator[Planfix]:
    with Planfix(URL, token=TOKEN, timezone=ZONE) as client:
        yield client


@pytest.fixture(scope="module")
def tasks(planfix: Planfix) -> tuple[Task, ...]:
    fields = [field.id for field in planfix.custom_fields.tasks()]
    found = planfix.tasks.page(custom_fields=fields)
    if not found:
        pytest.skip("the token sees no task")
    return found


def test_the_figure_of_what_is_left_today_is_sent(planfix: Planfix) -> None:
    planfix.ping()
    assert planfix.budget().left_today is not None


def test_tasks_come_in_the_order_of_their_numbers(planfix: Planfix, tasks: tuple[Task, ...]) -> None:
    rows = [task.id for task in (*tasks, *planfix.tasks.page(len(tasks), fields=["name"]))]
    assert all(left < right for left, right in pairwise(rows))


@pytest.mark.parametrize("what", ["contacts", "users"])
def test_other_lists_come_in_the_order_of_their_numbers(planfix: Planfix, what: str) -> None:
    rows = [row.id for row in getattr(planfix, what).page(fields=["name"])]
    assert all(left < right for left, right in pairwise(rows))


def test_an_empty_list_is_a_list(planfix: Planfix) -> None:
    assert planfix.tasks.page(filters=[filters.number.is_(2_000_000_000)]) == ()


def test_a_full_page_is_full_whatever_is_asked_for(planfix: Planfix, tasks: tuple[Task, ...]) -> None:
    assert len(tasks) == len(planfix.tasks.page(fields=["name"]))


def test_the_models_know_every_key(tasks: tuple[Task, ...]) -> None:
    assert {key for task in tasks for key in task.model_extra or {}} == set()


def test_every_value_of_a_custom_field_can_be_read(tasks: tuple[Task, ...]) -> None:
    """The shapes of types 23, 24, 26, 27 and 29 are documented badly: look at what is printed."""
    seen: dict[int, Any] = {}
    for task in tasks:
        for one in task.custom_field_data:
            seen.setdefault(one.field.type, (one.raw_value, one.value))
    assert seen or all(not task.custom_field_data for task in tasks)


def test_moments_carry_their_offset(tasks: tuple[Task, ...]) -> None:
    assert all("dateTimeUtcSeconds" in task.raw["dateTime"] for task in tasks if "dateTime" in task.raw)


def test_date_and_time_are_in_the_zone_of_the_tokens_owner(tasks: tuple[Task, ...]) -> None:
    """If this fails with a difference of the zone's offset, date and time are UTC."""
    for task in tasks:
        data = task.raw.get("dateTime", {})
        if "dateTimeUtcSeconds" in data and "time" in data:
            exact = datetime.fromisoformat(data["dateTimeUtcSeconds"]).astimezone(ZoneInfo(ZONE))
            assert (data["date"], data["time"]) == (exact.strftime("%d-%m-%Y"), exact.strftime("%H:%M"))


def first(planfix: Planfix, condition: filters.Filter) -> list[int]:
    rows = planfix.tasks.list(filters=[condition], fields=["name"])
    return [task.id for task in islice(rows, 300)]


def test_before_a_day_and_before_the_last_days_mean_the_same(planfix: Planfix) -> None:
    today = datetime.now(ZoneInfo(ZONE)).date()
    by_day = first(planfix, filters.last_activity.before(today - timedelta(days=14)))
    assert first(planfix, filters.last_activity.before(filters.last_days(15))) == by_day


def test_the_form_with_time_is_understood(planfix: Planfix) -> None:
    midnight = datetime.combine(
        datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=14), datetime.min.time(), ZoneInfo(ZONE)
    )
    by_day = first(planfix, filters.last_activity.before(midnight.date()))
    assert first(planfix, filters.last_activity.before(midnight)) == by_day


def test_not_one_of_several_statuses(planfix: Planfix, tasks: tuple[Task, ...]) -> None:
    statuses = sorted({task.status.id for task in tasks if task.status})[:2]
    rows = planfix.tasks.page(filters=[filters.status.none_of(*statuses)], fields=["status"])
    assert all(row.status and row.status.id not in statuses for row in rows)


def test_a_condition_on_activity_holds_for_what_it_returns(planfix: Planfix) -> None:
    limit = date.today() - timedelta(days=15)  # noqa: DTZ011  (a day of margin below)
    rows = planfix.tasks.page(
        filters=[filters.last_activity.before(limit)], fields=["dateOfLastUpdate", "dateOfLastComment"]
    )
    edge = datetime.combine(limit + timedelta(days=1), datetime.min.time(), UTC)
    assert all(row.date_of_last_update is None or row.date_of_last_update < edge for row in rows)
    assert all(row.date_of_last_comment is None or row.date_of_last_comment < edge for row in rows)


def test_comments_come_in_the_order_that_is_asked_for(planfix: Planfix, tasks: tuple[Task, ...]) -> None:
    for task in tasks[:20]:
        rows = planfix.comments.page(task.id, kind=CommentKind.ALL, newest_first=True, fields=["dateTime"])
        if len(rows) > 1:
            assert all(left.id > right.id for left, right in pairwise(rows))
            return
    pytest.skip("no task among the first twenty has two comments")


@writes
def test_a_comment_keeps_its_key_its_lines_and_its_emoji(planfix: Planfix) -> None:
    text = "crmkit: проверка <связи> 😀\nвторая строка"
    key = f"live/{datetime.now(UTC).isoformat()}"
    made = planfix.comments.create(WRITE_TASK, text, key=key)
    try:
        found: Entity | None = planfix.comments.find_by_key(WRITE_TASK, key, limit=20)
        read = planfix.comments.get(made.id)
        assert read.text == text
        assert read.source_object_id == external_id(key)
        assert found is not None
        assert found.id == made.id
    finally:
        assert planfix.comments.delete(made.id)
