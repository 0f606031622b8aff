"""What is particular to Bitrix24: inactivity, histories, notifications, tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crmkit.crm.models import (
    ActivityKind,
    AuthorKind,
    Deal,
    EntityKind,
    NewTask,
    Person,
    Ref,
    TaskState,
    WriteStatus,
)
from crmkit.exceptions import ConfigurationError, NotFound, OutcomeUnknown, ValidationError
from crmkit.sandbox.bitrix24 import timeline
from crmkit.sandbox.bitrix24.kinds import DEAL
from crmkit.testing.bitrix24 import Bitrix24Bench

CARDS: tuple[EntityKind, ...] = ("company", "contact")


@pytest.fixture
def bitrix24_options() -> dict[str, Any]:
    return {"seed": "stale_deals", "deals": 60, "stalled": 20, "refused": 2, "snoozed": 2}


@pytest.fixture
def bench(bitrix24_bench: Bitrix24Bench) -> Bitrix24Bench:
    return bitrix24_bench


def call_out(bench: Bitrix24Bench, deal: str, who: Person) -> None:
    """Let somebody call the client: no stamp of the deal moves."""
    portal = bench.box.portal
    with portal.lock:
        row = portal.items[DEAL].get(int(deal))
        assert row
        call: dict[str, Any] = {
            "TYPE_ID": 2,
            "PROVIDER_ID": "VOXIMPLANT_CALL",
            "DIRECTION": 2,
            "SUBJECT": "Звонок",
        }
        timeline.activity(portal, portal.kinds[DEAL], row, int(who.id), **call)


# Inactivity


@pytest.mark.parametrize("what", ["comment", "call"])
def test_what_the_stamps_leave_out_still_counts(bench: Bitrix24Bench, what: str) -> None:
    """Neither a comment of the responsible person nor an outgoing call moves a stamp of the deal."""
    deal = bench.new_deal()
    bench.advance(days=20)
    before = bench.crm.deals.get(deal).updated_at
    moment = bench.now()
    if what == "comment":
        bench.comment(bench.manager, deal, "Созвонились")
    else:
        call_out(bench, deal, bench.manager)
    bench.advance(days=1)
    after = bench.crm.deals.get(deal)
    assert after.updated_at == before
    assert deal not in {one.id for one in bench.crm.deals.find(Deal.idle_for(days=15))}
    assert deal in {one.id for one in bench.crm.deals.find(Deal.touched_since(moment))}
    assert [one.id for one in bench.crm.deals.find(Deal.with_ids(deal), Deal.touched_since(moment))] == [deal]
    newest = bench.crm.deals.history(deal)[0]
    assert (newest.at, newest.author, newest.author_kind) == (moment, bench.manager, AuthorKind.HUMAN)


def test_an_idle_deal_is_vouched_for_to_the_second(bench: Bitrix24Bench) -> None:
    """So its history has to be read only if the last touch lies in the very second."""
    found = list(bench.crm.deals.find(Deal.is_open, Deal.idle_for(days=15)))
    assert found
    for deal in found:
        assert deal.untouched_since == bench.last_touch(deal.id) + timedelta(seconds=1)


def test_what_inactivity_costs(bench: Bitrix24Bench) -> None:
    """One page, and two questions per deal that the stamps leave in doubt, fifty per request."""
    crm = bench.crm
    list(crm.deals.find(Deal.with_ids("1")))  # people, pipelines and fields are known now
    before = crm.requests_sent()
    found = list(crm.deals.find(Deal.is_open, Deal.idle_for(days=15)))
    assert crm.requests_sent() - before <= 2 + len(found) / 25 + 1


# Histories


def test_a_call_and_a_mail_are_in_the_history(bench: Bitrix24Bench) -> None:
    """What comes in is the client's doing, what goes out that of a colleague."""
    deal = bench.new_deal()
    client = bench.client_of(deal)
    bench.advance(minutes=1)
    call_out(bench, deal, bench.other_manager)
    bench.advance(minutes=1)
    bench.box.act.call_in(int(deal))
    newest, older = bench.crm.deals.history(deal)[:2]
    assert (newest.author, newest.author_kind, newest.kind) == (
        client,
        AuthorKind.CLIENT,
        ActivityKind.MESSAGE,
    )
    assert (older.author, older.author_kind, older.text) == (bench.other_manager, AuthorKind.HUMAN, "Звонок")


def test_only_the_last_move_has_an_author(bench: Bitrix24Bench) -> None:
    """The portal does not tell who made the others; they are nobody's, not a robot's."""
    deal = bench.new_deal()
    for who, stage in ((bench.manager, "working"), (bench.other_manager, "new"), (bench.robot, "working")):
        bench.advance(hours=1)
        bench.move(who, deal, stage)
    moves = [one for one in bench.crm.deals.history(deal) if one.kind is ActivityKind.STAGE]
    assert [(one.author, one.author_kind) for one in moves] == [
        (bench.robot, AuthorKind.ROBOT),
        (None, AuthorKind.UNKNOWN),
        (None, AuthorKind.UNKNOWN),
    ]
    assert [(one.stage_from, one.stage_to) for one in moves][::-1] == [
        ("NEW", "PREPARATION"),
        ("PREPARATION", "NEW"),
        ("NEW", "PREPARATION"),
    ]


def test_the_last_change_of_a_field_is_in_the_history(bench: Bitrix24Bench) -> None:
    """With its author; a robot's comment at the same moment does not explain a person's change."""
    deal = bench.new_deal()
    bench.advance(hours=1)
    bench.comment(bench.noisy_robot, deal, "Шум")
    bench.box.act.set_fields(str(bench.manager), int(deal), {"UF_CRM_SNOOZE_REASON": "отпуск"})
    history = bench.crm.deals.history(deal)
    changes = [one for one in history if one.kind is ActivityKind.FIELDS]
    assert [(one.author, one.at) for one in changes] == [(bench.manager, bench.now())]
    assert {one.author for one in history if one.at == bench.now()} == {bench.manager, bench.noisy_robot}


def test_a_stamp_that_an_entry_explains_is_no_entry(bench: Bitrix24Bench) -> None:
    """A comment moves two stamps of the deal; it is still one thing that happened."""
    deal = bench.new_deal()
    before = len(bench.crm.deals.history(deal))
    bench.advance(hours=1)
    bench.comment(bench.other_manager, deal, "Вопрос")
    assert len(bench.crm.deals.history(deal)) == before + 1


def test_a_long_history_is_one_request_until_a_person(bench: Bitrix24Bench) -> None:
    """As long as a page is known to hold the newest word of a person."""
    deal = bench.new_deal()
    for number in range(70):
        bench.comment(bench.noisy_robot, deal, f"Шум {number}")
    bench.advance(minutes=1)
    bench.comment(bench.manager, deal, "Последнее слово")
    bench.crm.deals.history(deal)
    before = bench.crm.requests_sent()
    assert bench.crm.deals.history(deal, until_human=True)[0].text == "Последнее слово"
    assert bench.crm.requests_sent() == before + 1
    assert sum(one.kind is ActivityKind.COMMENT for one in bench.crm.deals.history(deal)) == 71


def test_somebody_whom_the_portal_does_not_list_is_unknown(bench: Bitrix24Bench) -> None:
    """Neither a robot, so that a person's work is not overlooked, nor a person."""
    deal = bench.new_deal()
    bench.advance(minutes=1)
    bench.comment(bench.other_manager, deal, "Вопрос")
    del bench.box.portal.users[int(bench.other_manager.id)]
    newest = bench.crm.deals.history(deal)[0]
    assert (newest.author, newest.author_kind) == (bench.other_manager, AuthorKind.UNKNOWN)


# Comments


def test_who_could_not_be_notified_is_told(bench: Bitrix24Bench) -> None:
    """The comment is there; the warning was not delivered to everybody."""
    deal = Ref(kind="deal", id=bench.new_deal())
    people = (bench.manager, bench.dismissed)
    result = bench.crm.comments.add(deal, "Через 7 дней", notify=people, key="run:1")
    assert (result.status, set(result.failures)) == (WriteStatus.PARTIAL, {str(bench.dismissed)})
    assert bench.crm.deals.history(deal.id)[0].id == result.id


def test_a_repeated_comment_does_not_notify_twice(bench: Bitrix24Bench) -> None:
    """The second notification with the same key replaces the first."""
    deal = Ref(kind="deal", id=bench.new_deal(), name="ООО [Рога]")
    before = bench.notified(bench.manager)
    bench.swallow("comment")
    with pytest.raises(OutcomeUnknown):
        bench.crm.comments.add(deal, "Через 7 дней", notify=[bench.manager], key="run:1")
    bench.crm.comments.add(deal, "Через 7 дней", notify=[bench.manager], key="run:1")
    assert bench.notified(bench.manager) == before + 1
    (note,) = [one for one in bench.box.portal.notifications.values() if one.user == int(bench.manager.id)]
    assert note.text.startswith("Через 7 дней\n[URL=")
    assert note.text.endswith(f"/crm/deal/details/{deal.id}/]ООО (Рога)[/URL]")


def test_only_users_can_be_notified(bench: Bitrix24Bench) -> None:
    """A contact of the client has no account; nothing is sent."""
    deal = Ref(kind="deal", id=bench.new_deal())
    before = len(bench.writes())
    with pytest.raises(NotFound):
        bench.crm.comments.add(deal, "Привет", notify=[Person(kind="contact", id="1")])
    with pytest.raises(ValidationError):
        bench.crm.comments.add(Ref(kind="workspace", id="1"), "Привет")
    assert len(bench.writes()) == before


def test_comments_of_cards_and_tasks(bench: Bitrix24Bench) -> None:
    """Companies and contacts have timelines, tasks a chat."""
    for kind in CARDS:
        card = Ref(kind=kind, id="1")
        since = bench.now()
        made = bench.crm.comments.add(card, "Отметка", key="run:1")
        found = bench.crm.comments.find_own(card, text="Отметка", key="run:1", since=since)
        assert found
        assert found.id == made.id
    task = bench.crm.tasks.create(NewTask(title="Задача"), key="run:1").id
    bench.crm.comments.add(Ref(kind="task", id=task), "Вопрос", key="run:2")
    sent = [one.body for one in bench.writes() if one.operation == "tasks.task.chat.message.send"]
    assert [one["fields"]["text"] for one in sent] == ["Вопрос"]


# Tasks


def test_people_are_told_how_to_reject(bench: Bitrix24Bench) -> None:
    """Under the text of a task whose kind has a tag for it, in the portal's language."""
    task = bench.crm.tasks.create(
        NewTask(title="Согласовать", text="Сделка 7", kind="approval"), key="run:1"
    ).id
    assert bench.crm.tasks.get(task, kind="approval").text == (
        "Сделка 7\n\nЧтобы отклонить: поставьте тег «отклонено» и завершите задачу."
    )
    plain = bench.crm.tasks.create(NewTask(title="Позвонить", text="Сделка 7"), key="run:2").id
    assert bench.crm.tasks.get(plain).text == "Сделка 7"


def test_other_tags_of_a_task_stay(bench: Bitrix24Bench) -> None:
    """Only ours come and go."""
    task = bench.crm.tasks.create(NewTask(title="Согласовать", kind="approval"), key="run:1").id
    row = bench.box.portal.tasks.get(int(task))
    assert row
    bench.box.portal.tasks.put(row | {"TAGS": ["срочно"]})
    for state, tags in ((TaskState.REJECTED, ["срочно", "отклонено"]), (TaskState.DONE, ["срочно"])):
        bench.crm.tasks.set_state(task, state, kind="approval")
        row = bench.box.portal.tasks.get(int(task))
        assert row
        assert (row["TAGS"], row["STATUS"]) == (tags, 5)


def test_a_kind_that_has_no_settings(bench: Bitrix24Bench) -> None:
    """A plain task is done when it is completed; nothing else can be said with it."""
    assert bench.crm.tasks.states() == {TaskState.OPEN, TaskState.DONE}
    task = bench.crm.tasks.create(NewTask(title="Позвонить", assignees=(bench.manager,)), key="run:1").id
    with pytest.raises(ConfigurationError, match="rejected"):
        bench.crm.tasks.set_state(task, TaskState.REJECTED)
    bench.box.act.complete_task(str(bench.manager), int(task))
    found = bench.crm.tasks.get(task)
    assert (found.state, found.decided_by, found.key) == (TaskState.DONE, bench.manager, "run:1")


def test_a_task_in_a_space_of_a_client(bench: Bitrix24Bench) -> None:
    """It belongs to the group and to the deal; several people take part."""
    bench.let_guests_in()
    group = next(iter(bench.box.portal.groups))
    deal = Ref(kind="deal", id=bench.new_deal())
    new = NewTask(
        title="Документы",
        assignees=(bench.manager, bench.other_manager),
        deal=deal,
        workspace=Ref(kind="workspace", id=str(group)),
    )
    task = bench.crm.tasks.get(bench.crm.tasks.create(new, key="run:1").id)
    assert (task.assignees, task.deal) == ((bench.manager, bench.other_manager), deal)
    row = bench.box.portal.tasks.get(int(task.id))
    assert row
    assert (row["GROUP_ID"], row["RESPONSIBLE_ID"]) == (group, int(bench.manager.id))


def test_more_records_of_time_than_a_page(bench: Bitrix24Bench) -> None:
    """A page has fifty."""
    deal = Ref(kind="deal", id=bench.new_deal())
    task = bench.crm.tasks.create(NewTask(title="Отчёт", deal=deal), key="run:1").id
    for _ in range(103):
        bench.spend(bench.manager, task, 2)
    assert bench.crm.tasks.minutes_spent(deal) == {deal: 206.0}
