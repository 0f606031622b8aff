"""Whatever people do, in whatever order, looked at often or seldom: it comes to rest, with one step open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import COLLEAGUE, MANAGER, START, Paper

GOALS = st.sampled_from(["первое", "второе", None])
KINDS = st.sampled_from(["звонок", "встреча", "другое", None])
DAYS = st.sampled_from([date(2025, 3, 4), date(2025, 3, 8), None])
PERIODS = st.sampled_from(["10:00–10:30", "утром", None])
RESULTS = st.sampled_from(["Готово", "готово ", "Отказ", None])
DEEDS = st.one_of(
    st.tuples(st.just("set"), st.fixed_dictionaries({"kind": KINDS, "goal": GOALS})),
    st.tuples(st.just("set"), st.fixed_dictionaries({"date": DAYS, "period": PERIODS})),
    st.tuples(st.just("set"), st.fixed_dictionaries({"result": RESULTS})),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 61, 3600, 86400])),
    st.tuples(st.just("look"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["close", "reopen", "hand_over", "move", "tick", "open", "drop"]), st.none()),
)


def do(world: Paper, deal: str, what: str, value: Any) -> None:
    steps = world.records(deal)
    match what:
        case "set":
            world.set(deal, **value)
        case "wait":
            world.wait(seconds=value)
        case "look":
            for _ in range(value):
                world.look(deal)
        case "close":
            world.close(deal)
        case "reopen":
            world.reopen(deal)
        case "hand_over":
            world.assign(deal, COLLEAGUE if world.deals[deal].assignees == (MANAGER,) else MANAGER)
        case "move" if steps:
            start = START + timedelta(days=2, hours=len(world.memories))
            world.move_step(steps[-1].id, start, start + timedelta(minutes=30))
        case "tick" if steps:
            world.tick_off(steps[-1].id)
        case "open" if steps:
            world.open_again(steps[-1].id)
        case "drop" if steps:
            world.drop_step(steps[-1].id)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["none", "card", "log", "all"]), st.lists(DEEDS, max_size=14))
def test_it_comes_to_rest(noise: str, deeds: list[tuple[str, Any]]) -> None:
    world = Paper(noise=noise)
    deal = world.new_deal()
    for what, value in deeds:
        do(world, deal, what, value)
    for _ in range(12):
        world.wait(seconds=61)
        if not world.look(deal).actions:
            break
    world.wait(seconds=61)
    world.look(deal)
    world.wait(days=1)
    assert world.look(deal).actions == (), "nothing is said or written again and again"
    keys = [one.key for one in world.memories[deal].effects] if deal in world.memories else []
    assert len(keys) == len(set(keys)), "no effect happens twice"
    open_steps = [one for one in world.records(deal) if one.open]
    assert len(open_steps) <= 1
    if noise == "card":
        assert len(world.comments(deal)) <= 1
    if noise == "none":
        assert world.comments(deal) == []
