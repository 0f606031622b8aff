"""Whom a sweep looks at, and what it costs: the portal's own filters, no full scan, each deal judged once."""

from datetime import date
from typing import Any

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import DealChanges, Person, TaskState
from crmkit.exceptions import ConfigurationError, Unsupported
from crmkit.runtime.likeness import same_actions

HEAD, MANAGER, COLLEAGUE = "2", "5", "6"
ROBOT, NOISE = "90", "91"


def user(number: str) -> Person:
    return Person(id=number)


def verdicts(story: Any) -> dict[str, str]:
    return {item.entity.id: item.verdict for item in story.plan().items}


def test_deals_that_the_portal_vouches_for_are_judged_without_their_history(story: Any) -> None:
    for number in range(100, 350):
        story.crm.add(str(number))
    story.wait(days=20)
    story.crm.requests = 0
    plan = story.plan()
    assert plan.verdicts() == {"warn": 251}
    assert story.crm.histories == []
    # people, fields; three pages of idle deals; deals with comments of robots; refusals without a reason
    assert plan.requests_used == 2 + 3 + 1 + 1
    assert plan.items[0].evidence[0].render("en") == "no activity of anybody since 2025-03-08"


def test_only_deals_of_the_boundary_day_have_their_history_read(story: Any) -> None:
    story.crm.add("8")
    story.wait(hours=5)
    story.crm.add("9")
    story.wait(days=15, hours=-5)
    assert verdicts(story) == {"7": "warn", "8": "warn", "9": "active"}
    assert sorted(story.crm.histories) == ["7", "8", "9"]


def test_a_warned_deal_is_found_again_although_the_warning_made_it_look_active(story: Any) -> None:
    story.wait(days=15).run()
    story.wait(days=7)
    story.crm.asked.clear()
    assert verdicts(story) == {"7": "return"}
    assert story.crm.asked[0] == "with_ids(7)"


def test_a_deal_whose_round_has_ended_is_not_read_again(story: Any) -> None:
    story.returned()
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    story.run()
    story.crm.asked.clear()
    story.recipe = type(story.recipe)(story.recipe.settings.model_copy(update={"look_behind_robots": False}))
    assert verdicts(story) == {}
    assert not any(question.startswith("with_ids") for question in story.crm.asked)


def test_rounds_that_are_open_are_judged_even_if_the_deal_is_deleted(story: Any) -> None:
    story.wait(days=15).run()
    del story.crm.sheets["7"]
    assert verdicts(story) == {"7": "gone"}


def test_returns_come_before_warnings_so_that_a_cap_does_not_hold_them_back(make_story: Any) -> None:
    story = make_story(daily_cap=2).wait(days=15)
    story.run()
    for number in ("1", "2", "3"):
        story.crm.add(number)
        story.crm.sheets[number].deal = story.crm.sheets[number].deal.model_copy(
            update={"created_at": story.crm.sheets["7"].deal.created_at, "updated_at": None}
        )
        story.crm.sheets[number].touched = story.crm.sheets["7"].deal.created_at
    plan = story.wait(days=7).plan()
    assert [(item.entity.id, item.verdict, bool(item.actions)) for item in plan.items] == [
        ("7", "return", True),
        ("1", "warn", True),
        ("2", "warn", False),
        ("3", "warn", False),
    ]
    assert all(item.deferred and item.not_before is None for item in plan.items[2:])


def test_deals_behind_comments_of_robots_are_found(story: Any) -> None:
    for _ in range(15):
        story.wait(days=1)
        story.crm.note("7", user(NOISE), text="пересчёт")
    assert verdicts(story) == {"7": "warn"}
    assert story.crm.histories == ["7"]


@pytest.mark.parametrize("how", ["setting", "capability"])
def test_looking_behind_robots_needs_the_setting_and_the_portal(
    make_story: Any, make_portal: Any, how: str
) -> None:
    without = [Capability.ROBOT_NOISE_FILTER] if how == "capability" else []
    story = make_story(make_portal(without=without), look_behind_robots=how == "capability")
    story.wait(days=15)
    story.crm.note("7", user(NOISE))
    assert verdicts(story) == {}


def test_each_deal_is_judged_once_even_if_two_questions_bring_it(story: Any) -> None:
    story.wait(hours=12)
    story.crm.note("7", user(NOISE))
    story.wait(days=15)  # idle to the portal, and commented by a robot on the boundary day
    assert [item.entity.id for item in story.plan().items] == ["7"]
    assert story.crm.histories == ["7"]


def test_refusals_without_a_reason_are_listed_however_fresh(story: Any) -> None:
    story.crm.add("8", stage="refused")
    story.crm.add("9", stage="refused", refusal_reason="дорого")
    plan = story.plan()
    assert [(item.entity.id, item.verdict, item.attention) for item in plan.items] == [
        ("8", "refused_without_reason", True)
    ]


def test_stages_with_other_limits_are_asked_for_by_themselves(make_story: Any) -> None:
    story = make_story(stage_limits={"work": {"warn_after": 5, "return_after": 9}})
    story.crm.add("8", stage="new")
    story.wait(days=6)
    assert verdicts(story) == {"7": "warn"}
    idle = [question for question in story.crm.asked if "idle_for" in question]
    assert idle == ["in_stage(2) and idle_for(5 days)", "in_stage(1, 3) and idle_for(15 days)"]


def test_excluded_stages_are_not_even_asked_for(make_story: Any) -> None:
    story = make_story(excluded_stages=("new", "3"))
    story.wait(days=20).plan()
    assert [question for question in story.crm.asked if "idle_for" in question] == [
        "in_stage(2) and idle_for(15 days)"
    ]


def test_an_excluded_pipeline_leaves_nothing_to_ask(make_story: Any) -> None:
    story = make_story(excluded_pipelines=("sales",))
    assert verdicts(story.wait(days=20)) == {}
    assert not any("idle_for" in question for question in story.crm.asked)


def test_working_days_are_translated_for_the_portal(make_story: Any) -> None:
    story = make_story(days="working", warn_after=5, return_after=7)
    story.wait(days=7, seconds=-1)
    assert verdicts(story) == {"7": "active"}
    assert verdicts(story.wait(seconds=1)) == {"7": "warn"}


def test_a_paused_deal_has_its_history_read_because_its_pause_is_measured_from_the_last_touch(
    make_story: Any,
) -> None:
    story = make_story(snooze_max_days=30)
    story.crm.add("7", snooze_until=date(2099, 1, 1), snooze_reason="потом")
    assert verdicts(story.wait(days=31)) == {"7": "warn"}
    assert story.crm.histories == ["7"]


def test_a_held_deal_costs_no_history(make_story: Any) -> None:
    story = make_story(manual_edit="block_until_released", look_behind_robots=False).wait(days=15)
    story.run()
    story.wait(days=1)
    story.crm.note("7", user(MANAGER))
    story.wait(days=1).run()
    story.crm.histories.clear()
    assert verdicts(story.wait(days=30)) == {"7": "held"}
    assert story.crm.histories == []
    story.crm.change("7", DealChanges(fields={"release_hold": True}))
    assert verdicts(story) == {"7": "released"}


def test_a_plan_and_a_fresh_look_agree(story: Any) -> None:
    story.wait(days=20)
    (item,) = story.plan().to_do
    decision = story.look()
    assert decision.verdict == item.verdict
    assert same_actions(item.actions, decision.actions)
    assert item.reason.render("en") == "at least 15 days without activity"
    assert decision.reason.render("en") == "20 days without activity"


def test_people_and_fields_are_read_once_for_many_deals(story: Any) -> None:
    story.wait(days=15).plan()
    before = story.crm.requests
    for _ in range(5):
        story.look()
    assert story.crm.requests - before == 5 * 2  # the deal and its history
    story.wait(minutes=10).look()
    assert story.crm.requests - before == 6 * 2 + 2


@pytest.mark.parametrize("missing", ["return_state", "previous_assignee", "new_assignee"])
def test_a_field_that_is_not_bound_is_named(make_story: Any, make_portal: Any, missing: str) -> None:
    fields = [name for name in ("return_state", "previous_assignee", "new_assignee") if name != missing]
    story = make_story(make_portal(fields=fields))
    with pytest.raises(ConfigurationError, match=f"need the fields {missing} .*crmkit.toml"):
        story.plan()


@pytest.mark.parametrize("name", ["return_state", "label"])
def test_a_field_that_cannot_be_written_is_named(make_story: Any, make_portal: Any, name: str) -> None:
    story = make_story(make_portal(fixed=[name]))
    with pytest.raises(ConfigurationError, match=f"the field {name} «.*» cannot be written"):
        story.plan()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"new_stage": "inbox"}, "no stage of the deals is called 'inbox'"),
        (
            {"states": {"free": "Свободная"}},
            "the field return_state «Состояние возврата» has no option 'Свободная'",
        ),
        ({"label": "Ничья"}, "the field label «Метка» has no option 'Ничья'"),
        ({"supervisor": "user:99"}, "supervisor: there is no user:99 on the portal"),
        ({"supervisors": {"group:1": "user:98"}}, "supervisors: there is no user:98 on the portal"),
        ({"approvers": ("user:97",)}, "approvers: there is no user:97 on the portal"),
        ({"fallback_owner": "user:96"}, "fallback_owner: there is no user:96 on the portal"),
    ],
)
def test_what_the_portal_does_not_have_is_named_before_anything_is_planned(
    make_story: Any, settings: Any, told: str
) -> None:
    story = make_story(**settings)
    with pytest.raises(ConfigurationError, match=told):
        story.plan()


def test_a_held_deal_that_was_deleted_is_forgotten(make_story: Any) -> None:
    story = make_story(manual_edit="block_until_released", look_behind_robots=False).wait(days=15)
    story.run()
    story.wait(days=1)
    story.crm.note("7", user(MANAGER))
    story.wait(days=1).run()
    del story.crm.sheets["7"]
    assert verdicts(story) == {"7": "gone"}
    story.run()
    assert verdicts(story) == {}


@pytest.mark.parametrize("capability", [Capability.SERVER_SIDE_IDLE_FILTER, Capability.TASKS])
def test_a_portal_that_cannot_do_it_is_refused(
    make_story: Any, make_portal: Any, capability: Capability
) -> None:
    story = make_story(make_portal(without=[capability]))
    with pytest.raises(Unsupported, match=capability.value):
        story.plan()
