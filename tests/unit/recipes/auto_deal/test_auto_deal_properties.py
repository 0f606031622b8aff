"""What holds for every card that people may leave behind: judged on paper, without a portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.automation.actions import CreateDeal, CreateTask
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Company, Person, Task, TaskState
from recipes.auto_deal.verdicts import HAS_DEAL, Verdict

NOW = datetime(2025, 1, 15, 7, tzinfo=UTC)
CARDS = st.builds(
    lambda name, tariff, cost, who: Company(
        id="7",
        name=name,
        created_at=NOW,
        assignees=(Person(id=who),) if who else (),
        fields={key: value for key, value in {"tariff": tariff, "cost": cost}.items() if value is not None},
    ),
    name=st.text(max_size=300),
    tariff=st.sampled_from([None, "", "Базовый", " базовый", "Индивидуальный", "Премиум", ("А", "Б")]),
    cost=st.one_of(st.none(), st.text(max_size=15), st.integers(), st.sampled_from(["12 000,50 ₽", "много"])),
    who=st.sampled_from(["", "4", "15", "90", "999"]),
)
ON_PAPER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(company=CARDS, price=st.sampled_from([None, 5000]))
@ON_PAPER
def test_every_card_gets_a_deal_or_a_question_or_a_reason(
    judge: Callable[..., Decision], company: Company, price: int | None
) -> None:
    given_settings: dict[str, Any] = {"tariffs": {"Базовый": {"price": price}}} if price else {}
    decision = judge(company, now=NOW, settings=given_settings)
    kinds = [type(action) for action in decision.actions]
    assert kinds == {Verdict.CREATE: [CreateDeal], Verdict.ASK: [CreateTask]}.get(
        Verdict(decision.verdict), []
    )
    assert decision.verdict not in HAS_DEAL
    assert decision.reason.render("ru")
    assert decision.reason.render("en")
    assert decision == judge(company, now=NOW, settings=given_settings)


@given(company=CARDS)
@ON_PAPER
def test_what_was_asked_is_not_asked_again(judge: Callable[..., Decision], company: Company) -> None:
    first = judge(company, now=NOW)
    if first.verdict != Verdict.ASK:
        return
    (ask,) = first.actions
    effect = Effect(key=ask.key, step=ask.step, episode=1, at=NOW, data=ask.data, remote_id="501")
    assert isinstance(ask, CreateTask)
    task = Task(id="501", title=ask.task.title, state=TaskState.OPEN, company=company.ref)
    second = judge(company, now=NOW, memory=Memory(effects=(effect,)), task=task)
    assert (second.verdict, second.actions) == (Verdict.WAITING, ())
