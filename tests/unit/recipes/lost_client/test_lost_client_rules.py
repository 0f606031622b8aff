"""What the recipe decides about one client, from the first loss to the last change of mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.crm.models import TaskState
from recipes.lost_client import LostClientSettings

VIDEO = "https://example.com/why"
NO = {"no_money": {"months": 12}}


def test_a_deal_lost_for_lack_of_money_marks_the_contact_once(tale: Any) -> None:
    tale.deal("7", "no_money")
    assert tale.run() == "mark"
    assert tale.value == "НЕТ"
    assert [tale.run(), tale.run()] == ["marked", "marked"]
    assert tale.steps == ["mark", "mark_deal", "mark_client"]


def test_both_histories_tell_what_was_changed_why_and_where_the_video_is(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    places = [place for place, _ in tale.comments]
    assert places == ["deal:7", "contact:11"]
    for _, text in tale.comments:
        assert VIDEO in text
        assert "ПУСТО" in text
        assert "НЕТ" in text
        assert "отсутствия денег" in text


@pytest.mark.parametrize("stage", ["new", "won", "lost"])
def test_other_stages_mark_nobody(tale: Any, stage: str) -> None:
    tale.deal("7", stage)
    assert tale.run() == "not_concerned"
    assert tale.value is None


def test_another_open_deal_makes_it_a_persons_decision(tale: Any) -> None:
    tale.deal("7", "no_money").deal("8", "new")
    assert tale.run() == "ask"
    assert (tale.value, tale.comments) == (None, [])
    (task,) = tale.tasks.values()
    assert task.deal.id == "7"
    assert [one.id for one in task.assignees] == ["4"]
    assert tale.run() == "asked"
    assert len(tale.tasks) == 1


def test_a_won_deal_counts_for_the_months_of_the_settings(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(won_months=6)
    tale.deal("8", "won").wait(days=190).deal("7", "no_money")
    assert tale.run() == "mark"
    tale = make_tale(won_months=6)
    tale.deal("8", "won").wait(days=170).deal("7", "no_money")
    assert tale.run() == "ask"


def test_the_person_decides_no_and_the_question_closes(tale: Any) -> None:
    tale.deal("7", "no_money").deal("8", "new").run()
    tale.person_sets("НЕТ")
    assert tale.run() == "already"
    assert tale.tasks["t1"].state is TaskState.DONE
    assert tale.run() == "already"
    assert tale.steps == ["ask", "close"]


def test_a_completed_question_without_a_change_means_that_they_stay(tale: Any) -> None:
    tale.deal("7", "no_money").deal("8", "new").run()
    tale.decide("t1", TaskState.DONE)
    assert [tale.run(), tale.run()] == ["declined", "declined"]
    tale.wait(days=1).deal("8", "lost")
    assert tale.run() == "declined"
    assert tale.value is None
    tale.wait(days=1).deal("7", "new").wait(days=1).deal("7", "no_money")
    assert tale.run() == "mark"


def test_the_other_deal_is_lost_too_before_anybody_decided(tale: Any) -> None:
    tale.deal("7", "no_money").deal("8", "new").run()
    tale.wait(days=1).deal("8", "lost")
    assert tale.run() == "mark"
    assert tale.value == "НЕТ"
    assert tale.tasks["t1"].state is TaskState.DONE


@pytest.mark.parametrize("before", [None, "ДА"])
def test_reopening_puts_the_former_value_back(tale: Any, before: str | None) -> None:
    tale.person_sets(before).deal("7", "no_money").run()
    tale.wait(days=2).deal("7", "new")
    assert tale.run() == "restore"
    assert tale.value == before
    assert len(tale.comments) == 4
    assert "открыта снова" in tale.comments[-1][1]
    assert tale.run() == "not_concerned"


def test_lost_opened_and_lost_again(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    tale.wait(days=1).deal("7", "new").run()
    tale.wait(days=1).deal("7", "no_money")
    assert [tale.run(), tale.run()] == ["mark", "marked"]
    assert tale.value == "НЕТ"


@pytest.mark.parametrize("stage", ["new", "won"])
def test_a_new_or_won_deal_takes_the_mark_back(tale: Any, stage: str) -> None:
    tale.deal("7", "no_money").run()
    tale.wait(days=30).deal("9", stage)
    assert tale.run() == "restore"
    assert tale.value is None


def test_what_a_person_sets_after_us_stays(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    tale.person_sets("ДА")
    assert tale.run() == "human"
    assert [tale.run(), tale.value] == ["declined", "ДА"]
    tale.wait(days=1).deal("7", "new")
    assert [tale.run(), tale.value] == ["not_concerned", "ДА"]


def test_an_old_loss_would_not_hold_any_more(tale: Any) -> None:
    tale.deal("7", "no_money").wait(days=400)
    assert tale.run() == "too_old"


def test_after_the_months_a_person_is_asked_once(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    tale.wait(days=370)
    assert tale.run() == "review"
    assert tale.value == "НЕТ"
    assert [tale.run(), tale.run()] == ["too_old", "too_old"]
    assert len(tale.tasks) == 1
    assert tale.tasks["t1"].state is TaskState.OPEN


def test_after_the_months_the_former_value_comes_back_by_itself(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(on_expiry="clear")
    tale.person_sets("ДА").deal("7", "no_money").run()
    tale.wait(days=370)
    assert [tale.run(), tale.value, tale.run()] == ["restore", "ДА", "too_old"]


def test_the_reason_in_the_field_goes_before_the_stage(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(tells_reasons=True)
    assert tale.deal("7", "no_money", loss_reason="дубль").run() == "not_concerned"
    tale = make_tale(tells_reasons=True, reasons={"нет интереса": {}})
    assert tale.deal("7", "lost", loss_reason="нет интереса").run() == "mark"


def test_a_loss_without_a_reason_is_asked_about_and_the_question_closes_itself(
    make_tale: Callable[..., Any],
) -> None:
    tale = make_tale(tells_reasons=True, reasons={"нет денег": {}})
    tale.deal("7", "lost")
    assert [tale.run(), tale.run()] == ["no_reason", "no_reason"]
    assert [task.title for task in tale.tasks.values()] == ["Укажите причину проигрыша: Сделка 7"]
    tale.deal("7", "lost", loss_reason="спам")
    assert tale.run() == "not_concerned"
    assert tale.tasks["t1"].state is TaskState.DONE


def test_a_reason_that_was_corrected_takes_the_mark_back(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(tells_reasons=True, reasons={"нет денег": {}})
    tale.deal("7", "lost", loss_reason="нет денег").run()
    tale.deal("7", "lost", loss_reason="тест")
    assert [tale.run(), tale.value] == ["restore", None]


def test_another_lost_deal_keeps_the_mark(tale: Any) -> None:
    tale.deal("7", "no_money").deal("8", "no_money").run()
    tale.deal("7", "lost")
    assert [tale.run(), tale.value] == ["marked", "НЕТ"]


def test_a_value_that_is_there_already_is_left_alone(tale: Any) -> None:
    tale.person_sets("НЕТ").deal("7", "no_money")
    assert tale.run() == "already"
    assert tale.steps == []


def test_target_clients_can_be_kept(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(overwrite_yes=False)
    tale.person_sets("ДА").deal("7", "no_money")
    assert tale.run() == "kept"
    assert (tale.value, tale.look().attention) == ("ДА", True)


def test_the_first_contact_only(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(mark="primary")
    tale.deal("7", "no_money")
    other = tale.ref.model_copy(update={"id": "99"})
    tale.deals["7"] = tale.deals["7"].model_copy(update={"contacts": (other, tale.ref)})
    assert tale.run() == "not_concerned"
    tale.deals["7"] = tale.deals["7"].model_copy(update={"contacts": (tale.ref, other)})
    assert tale.run() == "mark"


@pytest.mark.parametrize("killed_after", [1, 2])
def test_killed_between_two_writes_it_goes_on_where_it_stopped(tale: Any, killed_after: int) -> None:
    tale.deal("7", "no_money")
    tale.run(killed_after=killed_after)
    tale.run()
    assert tale.steps == ["mark", "mark_deal", "mark_client"]
    assert tale.look().actions == ()


@pytest.mark.parametrize("killed_after", [1, 2])
def test_killed_while_taking_back(tale: Any, killed_after: int) -> None:
    tale.person_sets("ДА").deal("7", "no_money").run()
    tale.deal("7", "new").run(killed_after=killed_after)
    assert tale.run() == "restore"
    assert tale.steps[3:] == ["restore", "restore_deal", "restored"]
    assert tale.value == "ДА"


def test_nobody_to_ask_is_a_case_for_attention(tale: Any) -> None:
    tale.deal("7", "no_money", who="15").deal("8", "new")
    decision = tale.look()
    assert (decision.verdict, decision.actions, decision.attention) == ("ask", (), True)


def test_somebody_stands_in(make_tale: Callable[..., Any]) -> None:
    tale = make_tale(fallback="user:2")
    tale.deal("7", "no_money", who="15").deal("8", "new").run()
    assert [one.id for one in tale.tasks["t1"].assignees] == ["2"]


def test_a_deleted_client_is_forgotten(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    tale.gone = True
    assert [tale.run(), tale.run()] == ["gone", "gone"]
    assert tale.steps[3:] == ["released"]


def test_an_undone_mark_is_not_set_again(tale: Any) -> None:
    tale.deal("7", "no_money").run()
    tale.undo_mark()
    assert [tale.run(), tale.value] == ["declined", None]


def test_what_is_unsettled_waits_for_a_person(tale: Any) -> None:
    tale.deal("7", "no_money")
    tale.memory = tale.memory.model_copy(update={"unsettled": ("k",)})
    decision = tale.look()
    assert (decision.verdict, decision.actions) == ("unsettled", ())


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "video_url"),
        ({"video_url": "ролик"}, "no link"),
        ({"video_url": VIDEO, "harmless": ["no_money"]}, "reasons too"),
        ({"video_url": VIDEO, "yes": "НЕТ"}, "marked with"),
        ({"video_url": VIDEO, "fallback": "Петрова"}, "user:2"),
        ({"video_url": VIDEO, "reasons": {}}, "reasons"),
    ],
    ids=["no_video", "bad_link", "overlap", "yes_is_no", "bad_person", "no_reasons"],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        LostClientSettings(**values)
