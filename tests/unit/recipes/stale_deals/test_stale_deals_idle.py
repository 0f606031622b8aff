"""What counts as activity and what does not; warnings; pauses; exclusions; the second round."""

from datetime import date, timedelta
from typing import Any

import pytest

from crmkit.automation.actions import Notify, Remember, UpdateDeal
from crmkit.automation.memory import Effect, Memory
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import AuthorKind, DealChanges, Person, TaskState
from recipes.stale_deals import Snapshot

DIRECTOR, HEAD, OTHER_HEAD, MANAGER, COLLEAGUE, DISMISSED = "1", "2", "3", "5", "6", "15"
ROBOT, NOISE = "90", "91"


def user(number: str) -> Person:
    return Person(id=number)


# Whose doings count


@pytest.mark.parametrize(
    ("author", "kind", "counts"),
    [
        (user(MANAGER), None, True),
        (user(HEAD), None, True),
        (Person(kind="contact", id="44", name="Клиент"), AuthorKind.CLIENT, True),
        (None, AuthorKind.UNKNOWN, True),
        (user(NOISE), None, False),
        (user(ROBOT), None, False),
    ],
)
def test_people_and_clients_count_robots_do_not(story: Any, author: Any, kind: Any, counts: bool) -> None:
    story.wait(days=10)
    story.crm.note("7", author, author_kind=kind)
    assert story.wait(days=5).look().verdict == ("active" if counts else "warn")


def test_an_unknown_author_is_ignored_if_so_set(make_story: Any) -> None:
    story = make_story(unexplained_change="ignore").wait(days=10)
    story.crm.note("7", None, author_kind=AuthorKind.UNKNOWN)
    assert story.wait(days=5).look().verdict == "warn"


def test_our_own_comments_do_not_count_even_with_the_token_of_a_person(
    make_story: Any, make_portal: Any
) -> None:
    story = make_story(make_portal(myself=HEAD), supervisor=f"user:{OTHER_HEAD}")
    story.wait(days=15).run()
    assert story.days(7)[-1] == "return"


def test_behind_our_own_comments_the_history_is_read_to_the_last_other_person(
    make_story: Any, make_portal: Any
) -> None:
    story = make_story(make_portal(myself=HEAD), supervisor=f"user:{OTHER_HEAD}")
    story.wait(days=4)
    story.crm.note("7", user(COLLEAGUE))
    story.wait(days=15).run()
    assert story.look().evidence[0].params["who"] == "Кузнецов"


def test_an_edit_without_a_trace_counts_as_a_persons(story: Any) -> None:
    story.wait(days=10)
    story.crm.change("7", DealChanges(fields={"amount": 5}))
    decision = story.wait(days=14).look()
    assert decision.verdict == "active"
    assert (
        decision.evidence[0]
        .render("en")
        .endswith("somebody unknown, a change that left no trace in the history")
    )


def test_an_edit_without_a_trace_is_ignored_if_so_set(make_story: Any) -> None:
    story = make_story(unexplained_change="ignore").wait(days=10)
    story.crm.change("7", DealChanges(fields={"amount": 5}))
    assert story.wait(days=5).look().verdict == "warn"


def test_an_edit_that_a_robots_entry_explains_does_not_count(story: Any) -> None:
    story.wait(days=10)
    story.crm.change("7", DealChanges(fields={"amount": 5}))
    story.crm.note("7", user(NOISE))
    assert story.wait(days=5).look().verdict == "warn"


def test_a_stamp_that_our_own_comment_moved_does_not_count(story: Any) -> None:
    story.wait(days=15).run()
    story.crm.change("7", DealChanges())  # the vendor stamps the deal when it is commented
    assert story.days(7)[-1] == "return"


@pytest.mark.parametrize("extra", [timedelta(minutes=2), timedelta(days=1)])
def test_an_edit_shortly_after_our_warning_is_still_seen(story: Any, extra: timedelta) -> None:
    story.wait(days=15).run()
    story.wait(seconds=extra.total_seconds())
    story.crm.change("7", DealChanges(fields={"amount": 5}))
    assert story.wait(days=1).run().verdict == "cancelled"


@pytest.mark.parametrize(("before", "verdict"), [(0, "cancelled"), (59, "cancelled"), (60, "warned")])
def test_a_comment_in_the_minute_of_the_warning_counts_as_after_it(
    story: Any, before: int, verdict: str
) -> None:
    """The portal shows 10:05 for both; when in doubt the deal is left alone."""
    story.wait(days=15).run()
    entry = story.crm.note("7", user(MANAGER))
    story.crm.sheets["7"].history[-1] = entry.model_copy(update={"at": entry.at - timedelta(seconds=before)})
    assert story.wait(days=1).run().verdict == verdict


def test_our_own_write_is_not_taken_for_a_change_of_somebody_unknown(story: Any) -> None:
    story.returned()
    story.wait(hours=1)
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    story.run(killed_after=1)  # the deal is put back; the note that would explain it comes an hour later
    story.wait(hours=1).run()
    assert (
        story.wait(days=1).look().evidence[0].render("en")
        == "last human touch: 2025-03-03 by Иванова, creation"
    )


@pytest.mark.parametrize(
    ("minutes", "whose"), [(-6, "unknown"), (-4, "Иванова"), (0.5, "Иванова"), (2, "unknown")]
)
def test_only_a_change_about_when_we_wrote_is_ours(story: Any, minutes: float, whose: str) -> None:
    story.returned()
    story.crm.change("7", DealChanges(fields={"new_assignee": user(COLLEAGUE)}))
    story.wait(hours=1).run()  # the state says that a candidate is checked: a write without a comment
    written = story.crm.clock.now() + timedelta(minutes=minutes)
    sheet = story.crm.sheets["7"]
    sheet.deal = sheet.deal.model_copy(update={"updated_at": written})
    assert whose in story.wait(days=1).look().evidence[0].render("en")


def test_a_deal_without_any_history_is_as_old_as_its_creation(story: Any) -> None:
    story.crm.sheets["7"].history.clear()
    assert story.wait(days=15, seconds=-1).look().verdict == "active"
    assert story.wait(seconds=1).look().verdict == "warn"


def test_the_end_of_a_round_counts_even_if_the_portal_saw_nothing_of_it(story: Any) -> None:
    deal = story.deal.model_copy(update={"untouched_since": story.crm.clock.now()})
    end = Effect(key="k", step="cancelled", episode=1, at=story.wait(days=30).crm.clock.now())
    snapshot = Snapshot(deal, story.recipe.observe(story.ctx, deal.ref).portal)
    decision = story.recipe.decide(snapshot, end.at + timedelta(days=14), Memory(effects=(end,)))
    assert decision.verdict == "active"


def test_a_client_who_writes_cancels_but_never_holds(make_story: Any) -> None:
    story = make_story(manual_edit="block_until_released").wait(days=15)
    story.run()
    story.wait(days=2)
    story.crm.note("7", Person(kind="contact", id="44", name="ООО Ромашка"), author_kind=AuthorKind.CLIENT)
    assert story.wait(days=1).run().verdict == "cancelled"
    assert story.look().verdict == "active"


# The warning


@pytest.mark.parametrize(
    ("assignees", "settings", "told", "attention"),
    [
        ((MANAGER,), {}, [MANAGER, HEAD], False),
        ((MANAGER, COLLEAGUE), {}, [MANAGER, COLLEAGUE, HEAD], False),
        ((HEAD,), {}, [HEAD], False),
        ((DISMISSED, MANAGER), {}, [MANAGER, HEAD], False),
        ((DISMISSED,), {}, [HEAD], True),
        ((), {}, [HEAD], True),
        ((DISMISSED,), {"fallback": "user:1"}, [HEAD, DIRECTOR], True),
        ((MANAGER,), {"supervisor": "user:15"}, [MANAGER], True),
        ((MANAGER,), {"supervisor": "user:15", "fallback": "user:1"}, [MANAGER, DIRECTOR], True),
        ((MANAGER,), {"supervisors": {"user:5": "user:3"}}, [MANAGER, OTHER_HEAD], False),
        ((MANAGER,), {"supervisors": {"group:1": "user:3"}}, [MANAGER, OTHER_HEAD], False),
        ((DIRECTOR,), {"supervisors": {"group:1": "user:3"}}, [DIRECTOR, HEAD], False),
        ((), {"supervisors": {"user:5": "user:3"}}, [HEAD], True),
    ],
)
def test_who_is_warned(make_story: Any, assignees: Any, settings: Any, told: Any, attention: bool) -> None:
    story = make_story(**settings)
    story.crm.add("7", assignees=tuple(map(user, assignees)))
    decision = story.wait(days=15).look()
    (warning,) = decision.actions
    assert isinstance(warning, Notify)
    assert [person.id for person in warning.people] == told
    assert decision.attention == attention


def test_if_nobody_can_be_warned_a_person_has_to_look(make_story: Any) -> None:
    story = make_story(supervisor=f"user:{DISMISSED}")
    story.crm.add("7", assignees=(user(DISMISSED),))
    decision = story.wait(days=15).look()
    assert (decision.verdict, decision.actions, decision.attention) == ("nobody_to_notify", (), True)


def test_a_warning_in_our_own_words(make_story: Any) -> None:
    story = make_story(texts={"warning": "Ещё {days:день|дня|дней}, и сделка уйдёт"}, return_after=17)
    story.wait(days=15).run()
    assert story.crm.notices[0] == (MANAGER, "Ещё 2 дня, и сделка уйдёт")


def test_what_is_written_into_an_english_portal_is_english(make_story: Any) -> None:
    story = make_story()
    story.language = "en"
    story.returned()
    assert story.crm.notices[0][1] == "In 7 days this deal will be moved to the new requests"
    assert story.comments[-1].startswith(
        "The deal went back to the new requests: last human touch: 2025-03-03"
    )


@pytest.mark.parametrize("hidden", [True, False])
def test_notices_are_hidden_from_clients_if_so_set(make_story: Any, hidden: bool) -> None:
    story = make_story(hidden_notices=hidden, hidden_notes=not hidden).returned()
    warning, note = list(story.crm.hidden.values())[-2:]
    assert (warning, note) == (hidden, not hidden)


# A ledger that was lost


def test_a_warning_that_only_the_history_knows_is_not_repeated(story: Any) -> None:
    story.wait(days=15).run()
    story.memory.memories.clear()
    decision = story.wait(days=3).run()
    assert decision.verdict == "warned"
    assert [type(action) for action in decision.actions] == [Remember]
    assert not decision.counted
    assert len(story.crm.notices) == 2
    assert story.days(4) == ["warned", "warned", "warned", "return"]


def test_with_a_lost_ledger_the_seven_days_still_count_from_the_delivery(story: Any) -> None:
    story.wait(days=18).run()
    story.memory.memories.clear()
    assert story.wait(days=6).look().verdict == "warned"
    assert story.wait(days=1).run().verdict == "return"
    assert story.steps == ["warn", "return", "approval", "note"]


def test_a_warning_from_before_the_last_touch_is_an_old_one(story: Any) -> None:
    story.wait(days=15).run()
    story.memory.memories.clear()
    story.wait(hours=2)
    story.crm.note("7", user(MANAGER))
    assert story.wait(days=15).look().verdict == "warn"


def test_a_warning_as_old_as_the_threshold_is_given_again(story: Any) -> None:
    """The sweep reads no history of a deal that nothing has touched for so long; both have to agree."""
    story.wait(days=15).run()
    story.memory.memories.clear()
    assert story.wait(days=15).look().verdict == "warn"


def test_a_free_deal_that_no_ledger_knows_is_shown_to_a_person(story: Any) -> None:
    story.returned()
    story.memory.memories.clear()
    decision = story.wait(days=30).look()
    assert (decision.verdict, decision.actions, decision.attention) == ("orphan", (), True)


# Manual edits


def test_held_until_the_field_is_set(make_story: Any) -> None:
    story = make_story(manual_edit="block_until_released").wait(days=15)
    story.run()
    story.wait(days=1)
    story.crm.note("7", user(MANAGER))
    assert story.wait(days=1).run().verdict == "cancelled"
    assert set(story.days(40)) == {"held"}
    story.crm.change("7", DealChanges(fields={"release_hold": True}))
    assert story.run().verdict == "released"
    assert "release_hold" not in story.deal.fields
    assert story.days(14) == ["active"] * 14
    assert story.wait(days=1).run().verdict == "warn"


def test_held_until_the_deal_is_listed(make_story: Any) -> None:
    story = make_story(manual_edit="block_until_released").wait(days=15)
    story.run()
    story.wait(days=1)
    story.crm.note("7", user(MANAGER))
    story.wait(days=1).run()
    freed = make_story(manual_edit="block_until_released", released_deals=("7",))
    freed.crm, freed.memory = story.crm, story.memory
    assert freed.run().verdict == "released"
    assert freed.look().verdict == "active"


# Pauses


def test_a_pause_with_a_reason_is_honoured_until_its_day(make_story: Any) -> None:
    story = make_story()
    story.crm.add("7", snooze_until=date(2025, 3, 28), snooze_reason="клиент в отпуске")
    assert story.wait(days=10).look().verdict == "snoozed"
    decision = story.wait(days=10).look()
    assert decision.verdict == "snoozed"
    assert decision.reason.render("ru") == "отложена до 28.03.2025: клиент в отпуске"
    assert story.wait(days=4, hours=13).look().verdict == "snoozed"  # 27 March, 23:00
    assert story.wait(hours=1).look().verdict == "warn"


def test_a_pause_without_a_reason_does_not_count_and_is_listed(make_story: Any) -> None:
    story = make_story()
    story.crm.add("7", snooze_until=date(2025, 6, 1))
    decision = story.wait(days=15).look()
    assert (decision.verdict, decision.attention) == ("warn", True)
    assert "пауза до 01.06.2025 без причины не учитывается" in [e.render("ru") for e in decision.evidence]


def test_no_pause_is_longer_than_allowed(make_story: Any) -> None:
    story = make_story(snooze_max_days=30)
    story.crm.add("7", snooze_until=date(2099, 1, 1), snooze_reason="потом")
    assert story.wait(days=29).look().verdict == "snoozed"
    decision = story.wait(days=1).look()
    assert (decision.verdict, decision.attention) == ("warn", True)
    assert "дольше 30 дней нельзя" in decision.evidence[-1].render("ru")


def test_a_pause_after_the_warning_cancels_the_transfer(make_story: Any) -> None:
    story = make_story(unexplained_change="ignore").wait(days=15)
    story.run()
    story.crm.change("7", DealChanges(fields={"snooze_until": date(2025, 4, 5), "snooze_reason": "ждём"}))
    assert story.wait(days=7).run().verdict == "snoozed"
    assert story.steps == ["warn", "cancelled"]


# What is left alone


@pytest.mark.parametrize(
    ("settings", "values", "verdict"),
    [
        ({"excluded_stages": ("work",)}, {}, "excluded_stage"),
        ({"excluded_stages": ("2",)}, {}, "excluded_stage"),
        ({"excluded_pipelines": ("sales",)}, {}, "excluded_pipeline"),
        ({"min_amount": 100}, {"amount": 99}, "excluded_amount"),
        ({"max_amount": 100}, {"amount": 100.5}, "excluded_amount"),
        ({"min_amount": 100, "max_amount": 200}, {"amount": 100}, "warn"),
        ({"min_amount": 100}, {}, "warn"),
        ({"min_amount": 100}, {"amount": "много"}, "warn"),
        ({}, {"stage": "won"}, "closed"),
        ({}, {"stage": "refused", "refusal_reason": "дорого"}, "closed"),
        ({}, {"stage": "refused"}, "refused_without_reason"),
        ({}, {"return_state": "свободная сделка"}, "orphan"),
        ({}, {"return_state": "подтверждено"}, "warn"),
    ],
)
def test_what_is_left_alone(make_story: Any, settings: Any, values: Any, verdict: str) -> None:
    story = make_story(**settings)
    story.crm.add("7", **values)
    decision = story.wait(days=15).look()
    assert decision.verdict == verdict
    assert bool(decision.actions) == (verdict == "warn")


def test_without_the_field_for_reasons_a_refusal_is_excluded_and_listed(
    make_story: Any, make_portal: Any
) -> None:
    fields = ("return_state", "previous_assignee", "new_assignee")
    story = make_story(make_portal(fields=fields))
    story.crm.add("7", stage="refused")
    decision = story.wait(days=15).look()
    assert (decision.verdict, decision.attention, decision.actions) == ("refused_without_reason", True, ())
    assert "no field for reasons is bound" in decision.reason.render("en")


@pytest.mark.parametrize("stage", ["won", "refused"])
def test_a_deal_that_is_closed_after_the_warning_ends_its_round(story: Any, stage: str) -> None:
    story.wait(days=15).run()
    story.crm.change("7", DealChanges(stage=stage))
    story.run()
    assert story.steps == ["warn", "cancelled"]
    assert story.wait(days=9).run().actions == ()


def test_a_deal_that_is_deleted_after_the_warning_ends_its_round(story: Any) -> None:
    story.wait(days=15).run()
    del story.crm.sheets["7"]
    assert story.run().verdict == "gone"
    assert story.steps == ["warn", "cancelled"]
    assert story.run().actions == ()


def test_an_effect_of_unknown_outcome_waits_for_a_person(story: Any) -> None:
    story.wait(days=15).run()
    ref, memory = next(iter(story.memory.memories.items()))
    story.memory.memories[ref] = memory.model_copy(update={"unsettled": ("stale_deals:7:1:return",)})
    decision = story.wait(days=7).look()
    assert (decision.verdict, decision.actions, decision.attention) == ("unsettled", (), True)


def test_a_deal_of_which_nothing_is_known_waits_for_a_person(story: Any) -> None:
    sheet = story.crm.sheets["7"]
    sheet.deal = sheet.deal.model_copy(update={"created_at": None, "updated_at": None})
    sheet.history.clear()
    decision = story.wait(days=30).look()
    assert (decision.verdict, decision.attention) == ("no_date", True)


# Limits and calendars


def test_a_stage_may_have_its_own_limits(make_story: Any) -> None:
    story = make_story(stage_limits={"work": {"warn_after": 3, "return_after": 5}})
    story.wait(days=3).run()
    assert story.crm.notices[0][1] == "Через 2 дня сделка будет переведена в новые запросы"
    assert story.days(2) == ["warned", "return"]


def test_working_days_leave_out_weekends_and_holidays(make_story: Any) -> None:
    story = make_story(days="working", warn_after=5, return_after=7, holidays=("2025-03-07",))
    # Monday 3 March 10:00 + 5 working days = Tuesday 11 March 10:00, as Friday is a holiday
    assert story.wait(days=8, seconds=-1).look().verdict == "active"
    assert story.wait(seconds=1).run().verdict == "warn"
    assert story.crm.notices[0][1] == "Через 2 рабочих дня сделка будет переведена в новые запросы"
    assert story.wait(days=2, seconds=-1).run().verdict == "warned"
    assert story.wait(seconds=1).run().verdict == "return"


def test_notices_wait_for_office_hours_and_are_not_lost(make_story: Any) -> None:
    story = make_story(office_hours="09:00-18:00").wait(days=19, hours=10)  # Saturday, 22 March, 20:00
    decision = story.run()
    assert decision.verdict == "warn"
    assert decision.not_before.isoformat() == "2025-03-24T09:00:00+03:00"
    assert story.crm.notices == []
    assert story.wait(days=1, hours=13).run().not_before is None  # Monday, 9:00
    assert len(story.crm.notices) == 2


def test_the_seven_days_count_from_the_delivery_after_a_deferral(make_story: Any) -> None:
    story = make_story(office_hours="09:00-18:00").wait(days=19, hours=10)
    story.run()
    story.wait(days=1, hours=13).run()
    assert story.wait(days=7, seconds=-1).run().verdict == "warned"
    assert story.wait(seconds=1).run().verdict == "return"


# Rounds


def test_a_deal_that_came_back_too_often_is_shown_to_the_supervisor_once(make_story: Any) -> None:
    story = make_story(max_returns=1).returned()
    story.crm.change("7", DealChanges(fields={"new_assignee": user(COLLEAGUE)}))
    story.crm.set_task(story.task.id, TaskState.DONE, HEAD)
    story.run()
    told = len(story.crm.notices)
    assert set(story.days(14)) == {"active"}
    assert story.days(20) == ["loop_guard"] * 20
    assert [person for person, _ in story.crm.notices[told:]] == [HEAD]
    assert "уже возвращалась в новые запросы 1 раз " in story.crm.notices[-1][1]


def test_after_an_undone_return_a_new_round_begins(story: Any) -> None:
    story.returned()
    ref = story.deal.ref
    was = story.recalled().last("return").before
    own = {"stage": was["stage"], "assignees": was["assignees"]}
    fields = {name: value for name, value in was.items() if name not in own}
    story.wait(hours=1)
    story.crm.change("7", DealChanges(**own, fields=fields))
    for step in ("return", "approval", "note"):
        story.memory.undo(ref, step, story.crm.clock.now())
    assert story.wait(days=1).look().evidence[0].params["who"] == "Иванова"  # an undo is no act of a person
    assert story.days(13) == ["active"] * 13
    assert story.wait(days=1).run().verdict == "warn"
    assert story.recalled().effects[-1].key == "stale_deals:7:2:warn"
    assert story.days(7)[-1] == "return"


def test_a_portal_that_knows_no_deals_without_executor_gives_them_to_the_supervisor(
    make_story: Any, make_portal: Any
) -> None:
    story = make_story(make_portal(without=[Capability.UNASSIGNED_DEALS])).wait(days=15)
    story.run()
    update = story.wait(days=7).look().actions[0]
    assert isinstance(update, UpdateDeal)
    assert update.changes.assignees == (user(HEAD),)


def test_the_supervisor_may_keep_free_deals_by_choice(make_story: Any) -> None:
    story = make_story(free_executor="supervisor").returned()
    assert story.deal.assignees == (user(HEAD),)
    assert story.run().verdict == "awaiting"
