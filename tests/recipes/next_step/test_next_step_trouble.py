"""next_step where things go wrong: lost answers, imports, people who left; sweeps, undo, calendars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import icalendar
import pytest

from crmkit.automation.recipe import Context
from crmkit.crm.models import DealChanges, Person, Ref
from crmkit.exceptions import ConfigurationError, NotFound
from crmkit.reports.calendar import Feed, feed, new_token
from crmkit.runtime.undo import undo
from crmkit.sandbox import Fault

from .conftest import CALL, COLLEAGUE, Live, Paper

QUIET = {"seconds": 61}
Make = Callable[..., Any]
WRITES = {
    "planfix": {
        "record": "POST /task/{id}/datatags/",
        "close": "POST /datatag/entry/{key}",
        "comment": "POST /task/{id}/comments/",
        "clear": "POST /task/{id}",
    },
    "bitrix24": {
        "record": "crm.activity.todo.add",
        "close": "crm.activity.update",
        "comment": "crm.timeline.comment.add",
        "clear": "crm.item.update",
    },
}


@pytest.fixture(params=["planfix", "bitrix24"])
def make_live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Open a sandbox; keywords are settings of the recipe."""
    with ExitStack() as stack:
        yield lambda **settings: Live(stack, tmp_path, request.param, **settings)


@pytest.fixture
def live(make_live: Make) -> Live:
    world: Live = make_live()
    return world


def planned(world: Any, **form: Any) -> str:
    deal: str = world.new_deal(**{**CALL, **form})
    world.wait(**QUIET)
    assert world.look(deal).verdict == "record"
    return deal


def apply(world: Live, *deals: str) -> Any:
    """Plan and apply, whatever comes of it."""
    entities = [Ref(kind="deal", id=deal) for deal in deals] or None
    return world.recipe.plan(world.crm, memory=world.ledger, entities=entities).apply()


@pytest.mark.parametrize("write", ["record", "close", "comment", "clear"])
def test_an_answer_that_is_lost_does_nothing_twice(live: Live, write: str) -> None:
    """The portal took the write, the line broke before it could say so."""
    fault = Fault(match=WRITES[live.provider][write], kind="drop_answer", times=1)
    live.box.faults.add(fault)
    deal = live.new_deal(**CALL)
    live.wait(**QUIET)
    apply(live, deal)
    live.wait(minutes=30)
    live.set(deal, result="Договорились")
    for _ in range(4):
        live.wait(minutes=30)
        apply(live, deal)
    (record,) = live.records(deal)
    assert (record.open, record.result) == (False, "Договорились")
    assert len([one for one in live.comments(deal) if "Результат: Договорились" in one]) == 1
    assert live.fields(deal) == {}
    assert fault.hits == 1


@pytest.mark.parametrize("noise", ["none", "card", "log", "all"])
def test_a_second_apply_writes_nothing(make_live: Make, noise: str) -> None:
    live = make_live(noise=noise)
    deal = planned(live)
    live.set(deal, result="Готово")
    live.wait(**QUIET)
    apply(live, deal)
    before = (live.comments(deal), live.records(deal), live.fields(deal))
    assert apply(live, deal).counts == {}
    assert (live.comments(deal), live.records(deal), live.fields(deal)) == before


def test_a_sweep_finds_what_no_event_told(live: Live) -> None:
    quick, planned_one, done = live.new_deal(), live.new_deal(**CALL), planned(live)
    live.set(done, result="Готово")
    closed = planned(live)
    live.close(closed)
    live.wait(minutes=10)
    verdicts = {item.entity.id: item.verdict for item in live.recipe.plan(live.crm, memory=live.ledger).items}
    assert verdicts == {quick: "record", planned_one: "record", done: "done", closed: "cancel"}
    assert apply(live).exit_code == 0
    assert all(one.open is False for one in live.records(closed))


def test_an_undo_completes_the_record_and_puts_the_fields_back(live: Live) -> None:
    deal = live.new_deal()
    live.wait(**QUIET)
    run = apply(live, deal).run
    assert live.fields(deal) != {}
    undo(run, live.crm, live.ledger)
    assert live.fields(deal) == {}
    assert [(one.open, one.result) for one in live.records(deal)] == [(False, "—")]
    live.wait(minutes=5)
    apply(live, deal)
    assert len(live.records(deal)) == 1, "what a person took back is not done again"


def test_a_person_who_works_on_the_deal_during_the_run_is_not_overwritten(live: Live) -> None:
    deal = live.new_deal(**CALL)
    live.wait(**QUIET)
    plan = live.recipe.plan(live.crm, memory=live.ledger, entities=[Ref(kind="deal", id=deal)])
    live.set(deal, goal="нет, другое")
    plan.apply()
    assert live.records(deal) == []
    live.wait(**QUIET)
    live.look(deal)
    assert [one.goal for one in live.records(deal)] == ["нет, другое"]


def test_R2_08_the_calendar_of_a_person_shows_the_colour_of_the_type(live: Live) -> None:
    mine, other = planned(live), live.new_deal(**CALL)
    live.boss.deals.update(other, DealChanges(assignees=(COLLEAGUE,)))
    live.wait(**QUIET)
    live.look(other)
    ctx = Context(live.crm, live.recipe.settings, live.ledger)
    token = new_token("test-secret", live.crm.portal, "next_step", Feed("user:4", "звонок", "0a0b0c0d"))
    sent = live.crm.requests_sent()
    data = feed(ctx, token, live.recipe, secret="test-secret")
    assert live.crm.requests_sent() == sent, "a subscription costs the portal nothing"
    (event,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert str(event["UID"]).startswith(f"{mine}.1@")
    assert (str(event["COLOR"]), str(event["SUMMARY"])) == ("green", "звонок: уточнить бюджет")
    with pytest.raises(NotFound):
        feed(ctx, token, live.recipe, secret="test-secret", revoked=["0a0b0c0d"])
    live.set(mine, result="Готово")
    live.wait(**QUIET)
    live.look(mine)
    assert b"BEGIN:VEVENT" not in feed(ctx, token, live.recipe, secret="test-secret")


def test_R2_08_the_portal_is_told_the_colour_of_the_type(tmp_path: Path) -> None:
    with ExitStack() as stack:
        live = Live(stack, tmp_path, "bitrix24")
        planned(live, kind="встреча")
        asked = [one.body for one in live.box.requests if one.operation == "crm.activity.todo.add"]
        assert [one["colorId"] for one in asked] == ["6"]


def test_R2_14_deals_of_all_processes_of_an_object_share_one_set_of_rules(tmp_path: Path) -> None:
    """In Planfix deals are an object; what process its tasks go through does not matter."""
    with ExitStack() as stack:
        live = Live(stack, tmp_path, "planfix")
        deals = [live.new_deal(**CALL) for _ in range(2)]
        live.box.account.tasks[int(deals[1])].process = 2
        live.wait(**QUIET)
        assert apply(live).counts == {"done": 2}
        assert all(live.records(deal) for deal in deals)


def test_a_field_that_is_not_bound_is_told_before_anything_is_written(live: Live) -> None:
    fields = live.box.portal_config["deals"]["fields"]
    short = {key: value for key, value in fields.items() if key != "step_goal"}
    deals = {**live.box.portal_config["deals"], "fields": short}
    with live.open("user:90", deals=deals) as crm, pytest.raises(ConfigurationError, match="step_goal"):
        live.recipe.plan(crm, memory=live.ledger)


def test_an_import_does_not_cause_thousands_of_reminders(tmp_path: Path) -> None:
    with ExitStack() as stack:
        live = Live(stack, tmp_path, "bitrix24", daily_cap=5)
        for _ in range(12):
            live.new_deal()
        live.wait(days=2)
        assert apply(live).counts["done"] == 5
        assert apply(live).counts == {"deferred": 7}
        live.wait(days=1)
        assert apply(live).counts["done"] == 5
        live.wait(days=1)
        assert apply(live).counts == {"done": 2}


def test_a_dismissed_owner_is_shown_and_the_head_is_reminded(paper: Paper) -> None:
    deal = paper.new_deal(created_days_ago=5)
    paper.assign(deal, Person(id="15"))
    paper.wait(minutes=5)
    assert paper.look(deal).verdict == "remind"
    alone = Paper(supervisor=None)
    other = alone.new_deal(created_days_ago=5)
    alone.assign(other, Person(id="15"))
    alone.wait(minutes=5)
    assert alone.look(other).actions == ()


def test_R2_14_steps_of_several_pipelines_share_one_set_of_rules(tmp_path: Path) -> None:
    """All deals by default; only those of a pipeline if it is named."""
    with ExitStack() as stack:
        live = Live(stack, tmp_path, "bitrix24")
        for pipeline in (0, 1):
            live.box.act.create("user:4", TITLE="Сделка", CATEGORY_ID=pipeline, ASSIGNED_BY_ID=4)
        assert len(live.recipe.plan(live.crm, memory=live.ledger).items) == 2
        only = type(live.recipe)(live.recipe.settings.model_copy(update={"pipelines": ("1",)}))
        assert len(only.plan(live.crm, memory=live.ledger).items) == 1
