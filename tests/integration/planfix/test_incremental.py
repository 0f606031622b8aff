"""Tasks are read incrementally while others change them: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date
from itertools import islice

import pytest

from crmkit.exceptions import ValidationError
from crmkit.planfix import Planfix
from crmkit.planfix.ids import external_id
from crmkit.planfix.incremental import Cursor
from crmkit.planfix.models import Task
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

FIELDS = ("name", "status", "assignees")
WATCHED = ("name", "status", "assignees", "dateOfLastUpdate", "dateOfLastComment")


def meddle(box: PlanfixSandbox, dice: random.Random, numbers: list[int]) -> None:
    """Let somebody do something to a task, or make a new one, or remove one."""
    act, task = box.act, dice.choice(numbers)
    what = dice.randrange(12)
    if what == 0:
        numbers.append(act.create_task("user:4", f"New {dice.random()}", assignees=["user:4"]))
    elif what == 1 and len(numbers) > 20:
        numbers.remove(task)
        act.delete_task("user:4", task)
    elif what < 5:
        act.comment("user:4", task, f"Comment {dice.random()}")
    elif what < 8:
        act.set_status("user:4", task, dice.choice([1, 2, 3, 4]))
    else:
        act.rename("user:4", task, f"Renamed {dice.random()}")


def version(task: Task) -> str:
    return json.dumps([task.id, {key: task.raw.get(key) for key in WATCHED}], sort_keys=True)


def read_while_changing(
    box: PlanfixSandbox, planfix: Planfix, *, passes: int, every: int, page_size: int, seed: int = 7
) -> Counter[str]:
    """Read in passes while others meddle, with nights between; return how often each look was handed out."""
    dice = random.Random(seed)
    numbers = [number for number, task in box.account.tasks.items() if not task.is_deleted]
    handed: Counter[str] = Counter()
    last: dict[int, str] = {}
    text = Cursor().to_text()
    for number in range(passes + 1):
        changes = planfix.tasks.changes(Cursor.from_text(text), fields=FIELDS, page_size=page_size)
        for count, task in enumerate(changes, start=1):
            handed[version(task)] += 1
            last[task.id] = version(task)
            if number < passes and count % every == 0:
                meddle(box, dice, numbers)
        text = changes.cursor.to_text()
        if number < passes:
            for _ in range(5):
                meddle(box, dice, numbers)
            box.clock.advance(hours=dice.choice([1, 9, 30]))
    rows = planfix.tasks.list(fields=(*FIELDS, "dateOfLastUpdate", "dateOfLastComment"))
    now = {task.id: version(task) for task in rows}
    assert {number: last.get(number) for number in now} == now, "a change was lost"
    return handed


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_and_nothing_comes_twice(seed: int) -> None:
    with (
        Sandbox.planfix(deals=150, stalled=20, refused=2, snoozed=2, daily_limit=None) as box,
        Planfix(box.url, token=box.tokens["robot"], clock=box.clock) as planfix,
    ):
        handed = read_while_changing(box, planfix, passes=8, every=2, page_size=10, seed=seed)
    assert len(handed) > 220
    assert set(handed.values()) == {1}


MANY = 20_000


def test_a_large_account_is_read_while_others_change_it() -> None:
    """The size that is promised; about 15 s."""
    with (
        Sandbox.planfix(seed="many_tasks", tasks=MANY, daily_limit=None) as box,
        Planfix(box.url, token=box.tokens["robot"], clock=box.clock) as planfix,
    ):
        before = len(box.account.tasks)
        assert before >= MANY
        handed = read_while_changing(box, planfix, passes=4, every=MANY // 800, page_size=100)
    assert len(handed) > before + 300, "every task, and the looks that changes gave them"
    assert set(handed.values()) == {1}


@pytest.mark.parametrize("page_size", [7, 100])
def test_only_what_changed_is_asked_for(page_size: int) -> None:
    """Each pass of ``only_changed`` yields what was touched since the last, whatever happens meanwhile."""
    source, dice = external_id("1C"), random.Random(7)
    with (
        Sandbox.planfix(seed="many_tasks", tasks=300, daily_limit=None) as box,
        Planfix(box.url, token=box.tokens["robot"], clock=box.clock) as planfix,
    ):
        numbers = [number for number, task in box.account.tasks.items() if not task.is_deleted]

        def read(every: int = 0) -> dict[int, str]:
            looks: dict[int, str] = {}
            rows = planfix.tasks.list(only_changed=True, source_id=source, fields=FIELDS, page_size=page_size)
            for count, task in enumerate(rows, start=1):
                assert task.id not in looks, "twice in one pass"
                looks[task.id] = task.name
                if every and count % every == 0:
                    box.act.rename("user:4", dice.choice(numbers), f"Renamed {dice.random()}")
            return looks

        known = read()
        assert known.keys() == set(numbers)
        for _ in range(5):
            touched = dice.sample(numbers, 40)
            for number in touched:
                box.act.rename("user:4", number, f"Renamed {dice.random()}")
            found = read(every=10)
            assert found.keys() >= set(touched)
            known |= found
        known |= read()
        assert known == {number: box.account.tasks[number].name for number in numbers}
        assert read() == {}


def test_a_quiet_pass_yields_nothing_and_costs_little(box: PlanfixSandbox, planfix: Planfix) -> None:
    for number in range(30):
        planfix.tasks.create(name=f"Deal {number}", object=1)
    changes = planfix.tasks.changes(Cursor())
    assert len(list(changes)) == 30
    box.clock.advance(days=5)
    changes = planfix.tasks.changes(changes.cursor)
    assert list(changes) == []
    before = planfix.requests_sent
    changes = planfix.tasks.changes(changes.cursor)
    assert list(changes) == []
    assert planfix.requests_sent - before == 1
    assert changes.cursor.seen == {}


def test_who_is_interrupted_goes_on_with_the_rest(planfix: Planfix) -> None:
    for number in range(12):
        planfix.tasks.create(name=f"Deal {number}", object=1)
    changes = planfix.tasks.changes(Cursor(), page_size=5)
    first = [task.id for task in islice(changes, 7)]
    rest = [task.id for task in planfix.tasks.changes(changes.cursor, page_size=5)]
    assert sorted(first + rest) == [task.id for task in planfix.tasks.list(fields=["name"])]


def test_contacts_too(box: PlanfixSandbox, planfix: Planfix) -> None:
    anna = planfix.contacts.create(name="Anna").id
    changes = planfix.contacts.changes(Cursor(), fields=["name"])
    assert anna in [one.id for one in changes]
    box.clock.advance(hours=1)
    planfix.contacts.update(anna, name="Anna B.")
    changes = planfix.contacts.changes(changes.cursor, fields=["name"])
    assert [one.name for one in changes] == ["Anna B."]


def test_a_cursor_is_a_line_of_text() -> None:
    cursor = Cursor(date(2025, 3, 3), {7: "ab"})
    assert Cursor.from_text(cursor.to_text()) == cursor
    assert Cursor.from_text(Cursor().to_text()) == Cursor()
    for wrong in ("", "{}", "[]", "7", '{"day": "soon", "seen": {}}', '{"day": null, "seen": [1]}'):
        with pytest.raises(ValidationError, match="no cursor"):
            Cursor.from_text(wrong)
