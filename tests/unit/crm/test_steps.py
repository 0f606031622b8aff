"""The room of next steps, the same for both providers, on their sandboxes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Deal, NewStep, Person, Ref, Step, StepChanges
from crmkit.crm.registry import connect
from crmkit.exceptions import ConfigurationError, NotFound
from crmkit.sandbox import Sandbox

MOSCOW = ZoneInfo("Europe/Moscow")
TEN = datetime(2025, 3, 4, 10, tzinfo=MOSCOW)


@pytest.fixture(params=["planfix", "bitrix24"])
def box(request: pytest.FixtureRequest) -> Iterator[Any]:
    options = {"rate": 50.0} if request.param == "planfix" else {}
    with getattr(Sandbox, request.param)(seed="next_step", clock="frozen", deals=60, **options) as found:
        yield found


@pytest.fixture
def crm(box: Any) -> Iterator[Crm]:
    config = {**box.portal_config, "token": box.tokens["user:90"], "user": "user:90"}
    with connect(PortalConfig.model_validate(config), clock=box.clock) as found:
        yield found


@pytest.fixture
def deals(crm: Crm) -> list[Ref]:
    return [deal.ref for deal in crm.deals.find(Deal.is_open)]


def call(deal: Ref, **values: Any) -> NewStep:
    given: dict[str, Any] = {
        "deal": deal,
        "kind": "звонок",
        "goal": "уточнить бюджет",
        "start": TEN,
        "end": TEN + timedelta(minutes=15),
        "assignee": Person(id="4"),
    }
    return NewStep(**{**given, **values})


def made(crm: Crm, step: NewStep, key: str = "test:1") -> Step:
    return crm.steps.get(crm.steps.create(step, key=key).id)


def test_the_capability_is_declared(crm: Crm) -> None:
    crm.capabilities.require(Capability.STEP_RECORDS)


def test_a_step_comes_back_as_it_was_recorded(crm: Crm, deals: list[Ref]) -> None:
    step = made(crm, call(deals[0]))
    assert (step.deal, step.kind, step.goal) == (deals[0], "звонок", "уточнить бюджет")
    assert (step.start, step.end) == (TEN, TEN + timedelta(minutes=15))
    assert (step.open, step.result, step.assignee) == (True, "", Person(id="4"))


def test_a_step_without_a_time_takes_the_day(crm: Crm, deals: list[Ref]) -> None:
    midnight = datetime(2025, 3, 4, tzinfo=MOSCOW)
    step = made(crm, call(deals[0], start=midnight, end=midnight + timedelta(days=1)))
    assert (step.start, step.end) == (midnight, midnight + timedelta(days=1))


def test_a_change_leaves_the_rest_alone(crm: Crm, deals: list[Ref]) -> None:
    step = made(crm, call(deals[0]))
    crm.steps.update(step.id, StepChanges(assignee=Person(id="6")))
    moved = crm.steps.get(step.id)
    assert (moved.start, moved.end, moved.goal) == (step.start, step.end, step.goal)
    assert moved.assignee == Person(id="6")
    later = TEN + timedelta(days=3)
    crm.steps.update(step.id, StepChanges(start=later, end=later + timedelta(hours=1), goal="подписать"))
    moved = crm.steps.get(step.id)
    assert (moved.start, moved.end, moved.goal) == (later, later + timedelta(hours=1), "подписать")
    assert moved.assignee == Person(id="6")


def test_a_closed_step_keeps_its_first_result(crm: Crm, deals: list[Ref]) -> None:
    step = made(crm, call(deals[0]))
    crm.steps.close(step.id, "Договорились:\nждём договор")
    crm.steps.close(step.id, "что-то другое")
    closed = crm.steps.get(step.id)
    assert closed.open is False
    assert closed.result.split() == ["Договорились:", "ждём", "договор"]
    assert (closed.kind, closed.start) == (step.kind, step.start)


@pytest.mark.parametrize("count", [3, 60])
def test_steps_of_many_deals_are_complete_and_of_these_deals_only(
    crm: Crm, deals: list[Ref], count: int
) -> None:
    for place, deal in enumerate(deals):
        crm.steps.create(call(deal, goal=f"цель {place}"), key=f"test:{place}")
    found = {step.deal: step.goal for step in crm.steps.of_deals(*deals[:count])}
    assert found == {deal: f"цель {place}" for place, deal in enumerate(deals[:count])}
    assert list(crm.steps.of_deals()) == []


def test_a_step_whose_answer_was_lost_is_found(crm: Crm, deals: list[Ref]) -> None:
    wanted, before = call(deals[0]), crm.clock.now()
    assert crm.steps.find_by_key("test:1", step=wanted, since=before) is None
    crm.steps.create(call(deals[0], goal="другая"), key="test:0")
    step = made(crm, wanted)
    found = crm.steps.find_by_key("test:1", step=wanted, since=before)
    assert found is not None
    assert found.id == step.id


def test_what_is_not_there_is_not_found(crm: Crm) -> None:
    with pytest.raises(NotFound):
        crm.steps.get("987654")


def test_a_record_may_live_in_a_comment_of_ours(crm: Crm, box: Any, deals: list[Ref]) -> None:
    note = crm.comments.add(deals[0], "Карточка", key="test:card")
    comment = Ref(kind="comment", id=note.id)
    assert made(crm, call(deals[0], comment=comment)).goal == "уточнить бюджет"
    gone = Ref(kind="comment", id="999999")
    assert made(crm, call(deals[0], comment=gone), key="test:2").open
    crm.comments.update(deals[0], note.id, "Карточка\nвторая строка")
    assert crm.comments.get(deals[0], note.id).text == "Карточка\nвторая строка"


@pytest.mark.parametrize("missing", ["datatag", "result"])
def test_planfix_tells_which_setting_is_missing(missing: str) -> None:
    with Sandbox.planfix(seed="next_step", clock="frozen", deals=1) as box:
        steps: dict[str, Any] = dict(box.portal_config["steps"])
        if missing == "datatag":
            del steps["datatag"]
        else:
            steps["fields"] = {key: one for key, one in steps["fields"].items() if key != missing}
        config = {**box.portal_config, "steps": steps}
        with (
            connect(PortalConfig.model_validate(config), clock=box.clock) as crm,
            pytest.raises(ConfigurationError, match=missing),
        ):
            crm.steps.create(call(Ref(kind="deal", id="70001")), key="test:1")


def test_planfix_without_a_field_for_keys_looks_at_what_an_entry_says() -> None:
    with Sandbox.planfix(seed="next_step", clock="frozen", deals=1) as box:
        fields = {key: one for key, one in box.portal_config["steps"]["fields"].items() if key != "key"}
        config = {**box.portal_config, "steps": {**box.portal_config["steps"], "fields": fields}}
        with connect(PortalConfig.model_validate(config), clock=box.clock) as crm:
            wanted = call(Ref(kind="deal", id="70001"))
            crm.steps.create(wanted, key="test:1")
            now = crm.clock.now()
            assert crm.steps.find_by_key("test:1", step=wanted, since=now) is not None
            other = wanted.model_copy(update={"goal": "другая"})
            assert crm.steps.find_by_key("test:1", step=other, since=now) is None


@pytest.mark.parametrize(
    ("field", "bound", "told"),
    [
        ("goal", {"id": 999}, "no field 999"),
        ("date", {"id": 522}, "is no date"),
        ("period", {"id": 523, "name": "Период"}, "is no period"),
        ("result", None, "steps.fields.result: not set"),
    ],
    ids=["unknown", "text for a date", "date for a period", "missing"],
)
def test_planfix_compares_the_settings_of_steps_with_the_analytics(
    field: str, bound: dict[str, Any] | None, told: str
) -> None:
    with Sandbox.planfix(seed="next_step", clock="frozen", deals=1) as box:
        steps = box.portal_config["steps"]
        fields = {**steps["fields"], field: bound}
        given = {key: one for key, one in fields.items() if one}
        config = {**box.portal_config, "steps": {**steps, "fields": given}}
        with connect(PortalConfig.model_validate(config), clock=box.clock) as crm:
            assert any(told in line for line in crm.check())
        with connect(PortalConfig.model_validate(box.portal_config), clock=box.clock) as crm:
            assert list(crm.check()) == []
