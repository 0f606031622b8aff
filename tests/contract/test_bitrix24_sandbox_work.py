"""People and work by the typed resources, against the emulated portal over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crmkit.bitrix24 import Bitrix24, F, File
from crmkit.bitrix24.resources.tasks import crm_link
from crmkit.exceptions import ApiError, NotFound, PermissionDenied, ValidationError
from crmkit.sandbox import Sandbox
from crmkit.sandbox.bitrix24.processes import Step
from crmkit.sandbox.faults import Fault


class Office(NamedTuple):
    box: Any
    b24: Bitrix24


@pytest.fixture
def office() -> Iterator[Office]:
    with (
        Sandbox.bitrix24(seed="deals", deals=20) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0, workers=1) as b24,
    ):
        yield Office(box, b24)


# People


def test_users_are_listed_whole_and_found(office: Office) -> None:
    _, b24 = office
    everybody = list(b24.users.list())
    assert [user.id for user in everybody] == sorted(user.id for user in everybody)
    active = list(b24.users.list({"ACTIVE": True}))
    assert {user.active for user in active} == {True}
    assert {user.id for user in everybody} - {user.id for user in active} == {15}
    assert b24.users.current().id == 1
    two = b24.users.get(2)
    assert (two.email, two.uf_department, two.is_extranet) == ("user2@example.com", (2,), False)
    with pytest.raises(NotFound):
        b24.users.get(4711)


def test_colleagues_and_partners_are_invited(office: Office) -> None:
    _, b24 = office
    new = b24.users.invite("new@example.com", departments=[2], name="Анна", last_name="Новая")
    b24.users.update(new, work_position="Менеджер")
    assert (b24.users.get(new).name, b24.users.get(new).work_position) == ("Анна", "Менеджер")
    group = b24.groups.create("С партнёром")
    partner = b24.users.invite_extranet("partner@example.com", groups=[group], message="Здравствуйте")
    assert b24.users.get(partner).is_extranet
    assert [user.id for user in b24.users.list({"USER_TYPE": "extranet"})] == [partner]
    with pytest.raises(ValidationError, match="wrong_email"):
        b24.users.invite("nobody", departments=[1])


def test_departments(office: Office) -> None:
    first, second, third = office.b24.departments.list()
    assert (first.parent, second.parent, third.parent) == (None, 1, 1)
    assert (second.name, second.uf_head) == ("Отдел продаж 1", 2)


def test_a_notification_with_a_tag_replaces_the_one_before(office: Office) -> None:
    box, b24 = office
    assert b24.notifications.personal(4, "one", tag="deal-1")
    assert b24.notifications.system(4, "two", tag="deal-1")
    assert b24.notifications.personal(4, "three")
    assert b24.notifications.personal(15, "to somebody who has left") is None
    told = [note.text for note in box.portal.notifications.values() if note.user == 4]
    assert told == ["two", "three"]


def test_groups_and_their_members(office: Office) -> None:
    _, b24 = office
    group = b24.groups.create("Проект", owner=2, project="Y", description="Про сделки")
    b24.groups.update(group, name="Проект 2")
    (shown,) = b24.groups.list({"ID": group})
    assert (shown.name, shown.owner_id, shown.project, shown.is_extranet) == ("Проект 2", 2, True, False)
    assert b24.groups.add(group, [4, 5]) == (4, 5)
    assert b24.groups.add(group, [4]) == ()
    assert b24.groups.invite(group, [6], "Заходите") == (6,)
    b24.groups.remove(group, 5)
    assert [(one.user_id, one.role) for one in b24.groups.members(group)] == [(2, "A"), (4, "K")]
    b24.groups.delete(group)
    assert list(b24.groups.list({"ID": group})) == []
    with pytest.raises(ApiError):
        b24.groups.members(group)


def test_a_partner_makes_the_group_an_extranet_one(office: Office) -> None:
    _, b24 = office
    group = b24.groups.create("Внешняя", site_id=["s1", "co"])
    (before,) = b24.groups.list({"ID": group})
    assert before.is_extranet is False, "the wish is lost without a word on today's portals"
    partner = b24.users.invite_extranet("p@example.com", groups=[group])
    assert b24.groups.add(group, [partner]) == (partner,)
    assert [one.id for one in b24.groups.list({"IS_EXTRANET": "Y"})] == [group]


# Tasks


def test_a_task_from_beginning_to_end(office: Office) -> None:
    box, b24 = office
    deadline = box.clock.now() + timedelta(days=2)
    task = b24.tasks.create("Позвонить", 4, deadline=deadline, UF_CRM_TASK=[crm_link(2, 7)])
    assert (task.title, task.responsible_id, task.created_by, task.deadline) == (
        "Позвонить",
        4,
        1,
        deadline,
    )
    b24.tasks.update(task.id, title="Позвонить ещё раз", priority=2)
    changed = b24.tasks.get(task.id, ["id", "title", "priority", "UF_CRM_TASK"])
    assert (changed.title, changed.priority) == ("Позвонить ещё раз", 2)
    assert [one.id for one in b24.tasks.of(2, 7)] == [task.id]
    assert list(b24.tasks.of(2, 8)) == []
    b24.tasks.complete(task.id)
    assert b24.tasks.get(task.id).status == 5
    assert b24.tasks.get(task.id).closed_date is not None
    b24.tasks.renew(task.id)
    assert b24.tasks.get(task.id).status == 2
    b24.tasks.delete(task.id)
    assert list(b24.tasks.list()) == []
    with pytest.raises(ApiError):
        b24.tasks.get(task.id)


def test_more_tasks_than_a_page_and_changes_in_bulk(office: Office) -> None:
    _, b24 = office
    made = b24.batch(
        [("tasks.task.add", {"fields": {"TITLE": f"t{n}", "RESPONSIBLE_ID": 4}}) for n in range(120)]
    ).results()
    ids = [int(result["task"]["id"]) for result in made]
    assert [task.id for task in b24.tasks.list()] == ids
    result = b24.tasks.update_many([(number, {"responsible_id": 5}) for number in ids] + [(1, {"no": 1})])
    assert (len(result.done), len(result.failed)) == (120, 1)
    assert len(list(b24.tasks.list({"RESPONSIBLE_ID": 5}))) == 120
    assert len(list(b24.tasks.list(F.responsible_id == 5))) == 120
    with pytest.raises(ValidationError):
        b24.tasks.list({"NO_SUCH": 1})


def test_a_task_with_a_key_is_made_once_though_its_answer_is_lost(office: Office) -> None:
    box, b24 = office
    b24.tasks.update_many([])
    box.faults.add(Fault("drop_answer", "tasks.task.add"))
    task = b24.tasks.create("once", 4, key="round-1")
    assert [(one.id, one.xml_id) for one in b24.tasks.list()] == [(task.id, "round-1")]


def test_checklist(office: Office) -> None:
    _, b24 = office
    task = b24.tasks.create("x", 4).id
    first, second = b24.tasks.checklist.add(task, "один"), b24.tasks.checklist.add(task, "два")
    b24.tasks.checklist.complete(task, second)
    assert [(one.id, one.title, one.is_complete) for one in b24.tasks.checklist.list(task)] == [
        (first, "один", False),
        (second, "два", True),
    ]
    b24.tasks.checklist.delete(task, first)
    assert [one.id for one in b24.tasks.checklist.list(task)] == [second]


def test_time_spent(office: Office) -> None:
    _, b24 = office
    task = b24.tasks.create("x", 4).id
    record = b24.tasks.time.add(task, 600, "разговор", user_id=4)
    (one,) = b24.tasks.time.list(task)
    assert (one.id, one.seconds, one.minutes, one.comment_text, one.user_id) == (
        record,
        600,
        10,
        "разговор",
        4,
    )


# Business processes


def test_a_process_is_started_seen_and_stopped(office: Office) -> None:
    _, b24 = office
    template, *_ = b24.workflows.templates({"MODULE_ID": "crm"})
    running = b24.workflows.start(template.id, 2, 7, {"Reason": "скидка"})
    other = b24.workflows.start(template.id, 2, 8)
    assert [one.id for one in b24.workflows.running(2, 7)] == [running]
    assert {one.id for one in b24.workflows.running(template_id=template.id)} == {running, other}
    (seen,) = b24.workflows.running(2, 7, template_id=template.id)
    assert (seen.document_id, seen.template_id, seen.started_by) == ("DEAL_7", template.id, 1)
    assert seen.started is not None
    assert "скидка" in str(next(b24.comments.list(2, 7)).comment)
    b24.workflows.terminate(running, "передумали")
    b24.workflows.kill(other)
    assert list(b24.workflows.running()) == []


def test_a_process_ends_by_itself(office: Office) -> None:
    box, b24 = office
    template, *_ = b24.workflows.templates()
    b24.workflows.start(template.id, 2, 7)
    box.clock.advance(days=2)
    assert list(b24.workflows.running(2, 7)) == []
    assert [one.comment for one in b24.comments.list(2, 7)][-1] == "Согласование завершено"


def test_processes_refuse_what_is_wrong(office: Office) -> None:
    box, b24 = office
    template, *_ = b24.workflows.templates()
    with pytest.raises(ApiError):
        b24.workflows.start(4711, 2, 7)
    with pytest.raises(ApiError, match="DOCUMENT_ID"):
        b24.workflows.start(template.id, 2, 4711)
    with pytest.raises(ValidationError, match="drop such a filter"):
        b24.workflows.templates({"=ID": 1})
    with (
        Bitrix24(box.webhook("user:4"), clock=box.clock, random=lambda: 0.0) as manager,
        pytest.raises(PermissionDenied),
    ):
        list(manager.workflows.running())


# Lists and files


def test_elements_of_a_list(office: Office) -> None:
    box, b24 = office
    kind = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "tariffs"}
    number = b24.call("lists.add", {**kind, "FIELDS": {"NAME": "Тарифы"}})
    ids = [b24.lists.add(number, f"t{n}", {"NAME": f"Тариф {n}"}) for n in range(60)]
    assert [one.id for one in b24.lists.elements(number)] == ids
    box.faults.add(Fault("drop_answer", "lists.element.add"))
    once = b24.lists.add(number, "once", {"NAME": "один раз"})
    (found,) = b24.lists.elements(number, {"=CODE": "once"})
    assert (found.id, found.name, found.code) == (once, "один раз", "once")
    b24.lists.update(number, once, {"NAME": "другой"})
    b24.lists.delete(number, ids[0])
    assert [one.name for one in b24.lists.elements(number)][-1] == "другой"
    assert len([*b24.lists.elements(number)]) == 60


def test_files_go_up_and_come_down_whole(office: Office, tmp_path: Path) -> None:
    _, b24 = office
    storage = next(b24.disk.storages())
    root = int(storage.raw["ROOT_OBJECT_ID"])
    folder = b24.disk.make_folder(root, "Договоры")
    content = bytes(range(256)) * 1000
    made = b24.disk.upload(folder.id, File("договор & счёт.pdf", content))
    assert [one.name for one in b24.disk.children(folder.id)] == ["договор & счёт.pdf"]
    assert b24.disk.download(made.id, tmp_path / "x.pdf").read_bytes() == content
    with pytest.raises(ApiError):
        b24.disk.upload(folder.id, File("договор & счёт.pdf", b"y"))
    assert b24.disk.upload(folder.id, File("договор & счёт.pdf", b"y"), rename=True).name != made.name
    b24.disk.delete(made.id)
    assert made.id not in {one.id for one in b24.disk.children(folder.id)}


def test_a_calendar(office: Office) -> None:
    box, b24 = office
    start = box.clock.now() + timedelta(days=1)
    section = int(b24.call("calendar.section.get", {"type": "user", "ownerId": 1})[0]["ID"])
    made = b24.calendar.create(1, "Встреча", start, start + timedelta(hours=1), section=section)
    day = start.date()
    whole_day = b24.calendar.create(1, "Отпуск", day, day, section=section)
    found = {one.id: one for one in b24.calendar.list(1, day, day + timedelta(days=1))}
    assert (found[made].name, found[made].dt_skip_time) == ("Встреча", False)
    assert (found[whole_day].name, found[whole_day].dt_skip_time) == ("Отпуск", True)
    assert b24.calendar.list(1, day + timedelta(days=5), day + timedelta(days=6)) == ()
    b24.calendar.delete(made)
    assert [one.id for one in b24.calendar.list(1, day, day)] == [whole_day]


def test_a_process_waits_for_an_answer(office: Office) -> None:
    box, b24 = office
    ask = Step("assign", text="Утвердите скидку", user=1, otherwise=(Step("comment", text="Отклонено"),))
    template = box.portal.processes.add("Скидка", 2, (ask, Step("comment", text="Утверждено")))
    for item in (7, 8):
        b24.workflows.start(template.id, 2, item)
    first, second = b24.workflows.tasks()
    assert (first.name, first.document_id, first.user_id, first.status) == (
        "Утвердите скидку",
        "DEAL_7",
        1,
        0,
    )
    assert {one.document_id for one in b24.workflows.running(template_id=template.id)} == {"DEAL_7", "DEAL_8"}
    b24.workflows.complete(first.id, "yes")
    b24.workflows.complete(second.id, "no", "дорого")
    assert not list(b24.workflows.running())
    assert {row["ENTITY_ID"]: row["COMMENT"] for row in box.portal.comments} == {
        7: "Утверждено",
        8: "Отклонено",
    }
    assert [one.status for one in b24.workflows.tasks()] == [1, 2]


def test_a_task_is_handed_over(office: Office) -> None:
    _, b24 = office
    task = b24.tasks.create("x", 4)
    b24.tasks.delegate(task.id, 5)
    assert b24.tasks.get(task.id).responsible_id == 5


def test_a_message_in_a_task(office: Office) -> None:
    box, b24 = office
    task = b24.tasks.create("x", 4)
    assert b24.tasks.message(task.id, "Готово?") == {"result": True}
    assert [one["text"] for one in box.portal.beside_tasks.messages] == ["Готово?"]
    with pytest.raises(PermissionDenied):
        b24.tasks.message(4711, "x")
