"""Business processes that ask people and wait for them."""

from __future__ import annotations

import pytest

from crmkit.sandbox.bitrix24.assignments import INFORMATION, OPTIONAL, REVIEW
from crmkit.sandbox.bitrix24.processes import Step


@pytest.fixture
def ask(api, box):
    """Start a process that asks, and return the assignment's number."""

    def ask(user=1, **more):
        steps = (
            Step("assign", text="Подтвердите {=Template:What}", user=user, **more),
            Step("comment", text="Дальше"),
        )
        template = box.portal.processes.add("Вопрос", 2, steps, What="скидку")
        document = ["crm", "CCrmDocumentDeal", f"DEAL_{api.deal()}"]
        api.call("bizproc.workflow.start", TEMPLATE_ID=template.id, DOCUMENT_ID=document)
        return max(one.id for one in box.portal.processes.assignments)

    return ask


def comments(box):
    return [row["COMMENT"] for row in box.portal.comments]


def test_a_process_waits_for_the_answer_and_goes_on(api, box, ask):
    number = ask()
    box.clock.advance(days=30)
    assert len(api.call("bizproc.workflow.instances")) == 1
    (told,) = api.call("bizproc.task.list", SELECT=["ID", "NAME", "STATUS", "ACTIVITY", "PARAMETERS"])
    assert told == {
        "ID": str(number),
        "NAME": "Подтвердите скидку",
        "STATUS": "0",
        "ACTIVITY": "ApproveActivity",
        "PARAMETERS": [],
    }
    assert api.call("bizproc.task.complete", TASK_ID=number, STATUS="yes") is True
    assert comments(box) == ["Дальше"]
    assert api.call("bizproc.workflow.instances") == []
    assert api.call("bizproc.task.list", SELECT=["STATUS"])[0]["STATUS"] == "1"
    box.clock.advance(days=1, seconds=1)
    assert api.call("bizproc.task.list") == []


def test_a_no_takes_another_way(api, box, ask):
    number = ask(otherwise=(Step("comment", text="Отказано"),))
    api.call("bizproc.task.complete", TASK_ID=number, STATUS=2)
    assert comments(box) == ["Отказано"]


def test_questions_with_fields(api, box, ask):
    fields = [{"Id": "sum", "Name": "Сумма", "Type": "double", "Required": True}]
    number = ask(activity=INFORMATION, parameters={"Fields": fields, "CommentRequired": "Y"})

    def refused(**given):
        return api.refused("bizproc.task.complete", TASK_ID=number, STATUS="ok", **given)

    assert refused()[1:] == ("ERROR_TASK_EXECUTION", "Поле «Комментарий» обязательно для заполнения.")
    assert refused(COMMENT="вот")[2] == "Поле «Сумма» обязательно для заполнения."
    api.call("bizproc.task.complete", TASK_ID=number, STATUS="ok", COMMENT="вот", FIELDS={"sum": 5})
    assert comments(box) == ["Дальше"]


@pytest.mark.parametrize(("activity", "wrong"), [(REVIEW, "yes"), (OPTIONAL, "no"), (INFORMATION, "cancel")])
def test_answers_have_to_fit_the_kind(api, ask, activity, wrong):
    number = ask(activity=activity)
    assert api.refused("bizproc.task.complete", TASK_ID=number, STATUS=wrong)[1] == "ERROR_TASK_EXECUTION"


def test_refusals(api, box, bench, ask):
    def refused(caller=api, **given):
        return caller.refused("bizproc.task.complete", **given)[1:]

    number = ask()
    assert refused() == ("ERROR_TASK_VALIDATION", "empty TASK_ID")
    assert refused(TASK_ID=number, STATUS="perhaps") == ("ERROR_TASK_VALIDATION", "incorrect STATUS")
    assert refused(TASK_ID=4711, STATUS=1)[0] == "ERROR_TASK_NOT_FOUND"
    assert refused(bench.api(box, "user:4"), TASK_ID=number, STATUS=1)[0] == "ERROR_TASK_NOT_FOUND"
    api.call("bizproc.task.complete", TASK_ID=number, STATUS=1)
    assert refused(TASK_ID=number, STATUS=1)[0] == "ERROR_TASK_COMPLETED"
    wrong = api.refused("bizproc.task.list", SELECT="ID")[1]
    assert wrong == "ERROR_SELECT_VALIDATION_FAILURE"


def test_whose_assignments_somebody_sees(box, bench, ask):
    number = ask(user=4)
    manager, head, other = (bench.api(box, f"user:{user}") for user in (4, 2, 3))
    assert [one["ID"] for one in manager.call("bizproc.task.list")] == [str(number)]
    assert head.call("bizproc.task.list") == []
    assert len(head.call("bizproc.task.list", FILTER={"user_id": 4})) == 1
    assert other.refused("bizproc.task.list", FILTER={"USER_ID": 4})[1] == "ACCESS_DENIED"


def test_handing_over(api, box, bench, ask):
    number = ask(user=4)
    manager = bench.api(box, "user:4")

    def refused(caller=api, **given):
        return caller.refused("bizproc.task.delegate", **given)[1:]

    assert refused(FROM_USER_ID=4, TO_USER_ID=5)[0] == "ERROR_TASK_VALIDATION"
    assert refused(TASK_IDS=[number], FROM_USER_ID=99, TO_USER_ID=5)[0] == "ERROR_INVALID_USER_ID"
    assert refused(TASK_IDS=[number], FROM_USER_ID=5, TO_USER_ID=4)[0] == "ERROR_DELEGATION_NOT_ALLOWED"
    assert manager.call("bizproc.task.delegate", TASK_IDS=[number], FROM_USER_ID=4, TO_USER_ID=5) is True
    assert bench.api(box, "user:5").call("bizproc.task.complete", TASK_ID=number, STATUS=1) is True


def test_an_ended_process_asks_no_more(api, box, ask):
    ask()
    (running,) = api.call("bizproc.workflow.instances")
    api.call("bizproc.workflow.terminate", ID=running["ID"])
    assert api.call("bizproc.task.list") == []


def test_people_answer_in_the_portal(box, ask):
    number = ask(user=4)
    with pytest.raises(LookupError):
        box.act.answer("user:5", number, "yes")
    with pytest.raises(ValueError, match="no answer"):
        box.act.answer("user:4", number, "ok")
    box.act.answer("user:4", number, "yes")
    assert comments(box) == ["Дальше"]
