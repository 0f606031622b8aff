"""What no document settles, asked of a real account. Read-only, unless a task for writing is named.

Run with::

    PLANFIX_URL=https://acme.planfix.ru/rest PLANFIX_TOKEN=… pytest tests/live -m live

``PLANFIX_ZONE`` is the zone of the token's owner (default Europe/Moscow). Nothing is written unless

* ``PLANFIX_WRITE_TASK`` names a task on which comments may be made and deleted again, and a file uploaded and
  deleted;
* ``PLANFIX_NEW_TASK_OBJECT`` names an object (a kind of task) of which a task may be made; it is marked as
  deleted at the end, since the API cannot remove tasks.

``PLANFIX_BREAK_PACE=1`` sends five requests within a second, to see what the account says to that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.exceptions import CrmkitError, NotFound, RateLimited
from crmkit.planfix import Cursor, FieldType, Planfix, external_id, filters
from crmkit.planfix.models import CommentKind, Task
from crmkit.planfix.models.base import Entity
from crmkit.transport.retry import RetryPolicy

URL = os.environ.get("PLANFIX_URL", "")
TOKEN = os.environ.get("PLANFIX_TOKEN", "")
ZONE = os.environ.get("PLANFIX_ZONE", "Europe/Moscow")
WRITE_TASK = int(os.environ.get("PLANFIX_WRITE_TASK", "0"))
OBJECT = int(os.environ.get("PLANFIX_NEW_TASK_OBJECT", "0"))
BREAK_PACE = bool(os.environ.get("PLANFIX_BREAK_PACE"))
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not (URL and TOKEN), reason="PLANFIX_URL and PLANFIX_TOKEN are not set"),
]
writes = pytest.mark.skipif(not WRITE_TASK, reason="PLANFIX_WRITE_TASK is not set: nothing is written")
creates = pytest.mark.skipif(not OBJECT, reason="PLANFIX_NEW_TASK_OBJECT is not set: no task is made")


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


def test_the_days_of_conditions_are_those_of_the_tokens_owner(
    planfix: Planfix, tasks: tuple[Task, ...]
) -> None:
    """If this fails for tasks made near midnight, filters count days in another zone than that."""
    zone = ZoneInfo(ZONE)
    days = {task.date_time.astimezone(zone).date() for task in tasks if task.date_time}
    for day in sorted(days)[-3:]:
        rows = planfix.tasks.page(filters=[filters.created.on(day)], fields=["dateTime"])
        assert {row.date_time.astimezone(zone).date() for row in rows if row.date_time} == {day}


def test_a_condition_on_the_object_holds_for_what_it_returns(
    planfix: Planfix, tasks: tuple[Task, ...]
) -> None:
    """Filter 325. If this fails, the account is older: set ``template`` in the settings."""
    for number in sorted({task.object.id for task in tasks if task.object})[:3]:
        rows = planfix.tasks.page(filters=[filters.task_object.is_(number)], fields=["object"])
        assert {row.object.id for row in rows if row.object} == {number}


def test_a_condition_on_the_template_holds_for_what_it_returns(
    planfix: Planfix, tasks: tuple[Task, ...]
) -> None:
    """Filter 51. On older accounts it means the object."""
    for number in sorted({task.template.id for task in tasks if task.template})[:3]:
        rows = planfix.tasks.page(filters=[filters.template.is_(number)], fields=["object", "template"])
        assert rows
        assert all(number in [one.id for one in (row.object, row.template) if one] for row in rows)


def test_a_condition_on_numbers_returns_these(planfix: Planfix, tasks: tuple[Task, ...]) -> None:
    """Filter 57 with a list; the recipes read many tasks by it."""
    wanted = [task.id for task in tasks[:5]]
    rows = planfix.tasks.page(filters=[filters.number.any_of(*wanted)], fields=["name"])
    assert [row.id for row in rows] == wanted


def test_what_changed_comes_once(planfix: Planfix) -> None:
    """The second pass yields what was changed between the two at most."""
    yesterday = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    changes = planfix.tasks.changes(Cursor(yesterday), fields=["name", "status"])
    first_pass = {task.id: task.raw for task in changes}
    again = planfix.tasks.changes(changes.cursor, fields=["name", "status"])
    assert all(first_pass.get(task.id) != task.raw for task in again)


def test_only_what_changed_for_a_source_is_understood(planfix: Planfix) -> None:
    """``onlyChanged`` for tasks is in older descriptions only; a new source has seen nothing."""
    source = external_id(f"live/{datetime.now(UTC).isoformat()}")
    rows = planfix.tasks.list(only_changed=True, source_id=source, fields=["name"], page_size=10)
    assert len(list(islice(rows, 10))) == len(planfix.tasks.page(0, 10, fields=["name"]))


def test_the_list_of_all_comments_is_fast_enough(planfix: Planfix) -> None:
    """6 to 12 seconds for a week were reported; look at the duration."""
    begun = time.monotonic()
    since = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    list(islice(planfix.comments.search([filters.comments.written.since(since)]), 100))
    assert time.monotonic() - begun < 60


@pytest.mark.skipif(not BREAK_PACE, reason="PLANFIX_BREAK_PACE is not set: the pace is kept")
def test_a_broken_pace_is_understood() -> None:
    """Whatever the account says to five requests in a second, it is told to wait or answered."""
    with Planfix(
        URL, token=TOKEN, timezone=ZONE, rate=20.0, policy=RetryPolicy(attempts=1, max_wait=0)
    ) as fast:
        for _ in range(5):
            try:
                fast.ping()
            except RateLimited as error:
                print(f"refused: HTTP {error.status}, code {error.code}, {error}")
                return
            except CrmkitError as error:
                pytest.fail(f"not understood as a limit: {error!r}")


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


@writes
def test_a_comment_is_activity_and_a_silent_one_too(planfix: Planfix) -> None:
    """Of a silent one it is not documented. Idle deals are judged by their history: both is safe."""
    made = []
    try:
        before = planfix.tasks.get(WRITE_TASK, fields=["dateOfLastComment"]).date_of_last_comment
        made.append(planfix.comments.create(WRITE_TASK, "crmkit: проверка").id)
        loud = planfix.tasks.get(WRITE_TASK, fields=["dateOfLastComment"]).date_of_last_comment
        time.sleep(1)
        made.append(planfix.comments.create(WRITE_TASK, "crmkit: проверка", silent=True).id)
        silent = planfix.tasks.get(WRITE_TASK, fields=["dateOfLastComment"]).date_of_last_comment
        assert loud is not None
        assert before is None or loud > before
        assert silent is not None
        assert silent > loud
    finally:
        for number in made:
            planfix.comments.delete(number)


@writes
def test_a_file_goes_up_and_comes_down(planfix: Planfix) -> None:
    content = bytes(range(256)) * 400
    number = planfix.files.upload(content, name="crmkit проверка №1.bin").id
    try:
        assert planfix.files.get(number).name == "crmkit проверка №1.bin"
        with planfix.files.download(number) as answer:
            assert b"".join(answer.iter_bytes()) == content
    finally:
        assert planfix.files.delete(number)


@pytest.fixture(scope="module")
def new_task(planfix: Planfix) -> Iterator[tuple[int, str]]:
    """A task of the object that was named, and its key."""
    key = f"live/{datetime.now(UTC).isoformat()}"
    number = planfix.tasks.create(name="crmkit: проверка", object=OBJECT, key=key).id
    yield number, key
    with suppress(NotFound):  # the last test has done it already
        planfix.tasks.update(number, is_deleted=True)


@creates
def test_a_task_keeps_its_key(planfix: Planfix, new_task: tuple[int, str]) -> None:
    number, key = new_task
    assert planfix.tasks.get(number, fields=["sourceObjectId"]).source_object_id == external_id(key)
    found = planfix.tasks.find_by_key(key, since=datetime.now(ZoneInfo(ZONE)).date())
    assert found is not None
    assert found.id == number


@creates
def test_a_task_may_have_no_executor(planfix: Planfix, new_task: tuple[int, str]) -> None:
    assert planfix.tasks.update(new_task[0], assignees=[]).complete
    assert planfix.tasks.read_back(new_task[0], assignees=[]).visible


@creates
def test_a_cleared_date_is_empty(planfix: Planfix, new_task: tuple[int, str]) -> None:
    tomorrow = datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=1)
    planfix.tasks.update(new_task[0], end_date_time=tomorrow)
    assert planfix.tasks.read_back(new_task[0], end_date_time=tomorrow).visible
    planfix.tasks.update(new_task[0], end_date_time=None)
    assert planfix.tasks.read_back(new_task[0], end_date_time=None).visible


@creates
def test_an_unknown_option_is_swallowed_or_refused(planfix: Planfix, new_task: tuple[int, str]) -> None:
    """Which of them is printed; the client refuses it in both cases before it is sent."""
    lists = [one for one in planfix.custom_fields.of_task(new_task[0]) if one.type == FieldType.LIST]
    if not lists:
        pytest.skip("tasks of this object have no list")
    value = [{"field": {"id": lists[0].id}, "value": "crmkit: нет такого"}]
    try:
        print(planfix.call("POST", f"/task/{new_task[0]}", {"customFieldData": value}, effect="idempotent"))
    except CrmkitError as error:
        print(f"refused: {error}")
    read = planfix.tasks.get(new_task[0], custom_fields=[lists[0].id])
    print(f"stored: {read.custom(lists[0].id)!r}")


@creates
def test_a_deleted_task_is_gone_or_marked(planfix: Planfix, new_task: tuple[int, str]) -> None:
    """The last test of the new task: it is marked as deleted here."""
    planfix.tasks.update(new_task[0], is_deleted=True)
    try:
        assert planfix.tasks.get(new_task[0], fields=["isDeleted"]).is_deleted
    except NotFound:
        print("a deleted task cannot be read")
