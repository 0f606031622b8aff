"""Business processes that run, pause, can be seen and ended."""

from __future__ import annotations

import pytest


@pytest.fixture
def deal(api):
    return api.deal(assignedById=4)


def start(api, deal, **more):
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    return api.call("bizproc.workflow.start", TEMPLATE_ID=1, DOCUMENT_ID=document, **more)


def comments(api, deal):
    found = api.call("crm.timeline.comment.list", filter={"ENTITY_TYPE": "deal", "ENTITY_ID": deal})
    return [one["COMMENT"] for one in found]


def test_a_process_runs_pauses_and_is_seen_while_it_does(api, box, deal):
    number = start(api, deal, PARAMETERS={"Reason": "скидка", "NoSuch": "lost"})
    assert comments(api, deal) == ["Запущено согласование: скидка"]
    assert [one.user for one in box.portal.notifications.values()] == [4]
    found = api.call(
        "bizproc.workflow.instances", SELECT=["ID", "TEMPLATE_ID", "DOCUMENT_ID"], FILTER={"TEMPLATE_ID": 1}
    )
    assert found == [{"ID": number, "TEMPLATE_ID": "1", "DOCUMENT_ID": f"DEAL_{deal}"}]
    box.clock.advance(hours=24)
    assert api.call("bizproc.workflow.instances") == []
    assert comments(api, deal)[1:] == ["Согласование завершено"]
    assert box.portal.processes.ended == [(number, "completed")]


def test_the_same_one_may_run_twice_a_third_is_refused(api, deal, bench):
    assert start(api, deal) != start(api, deal)
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    assert api.refused("bizproc.workflow.start", TEMPLATE_ID=2, DOCUMENT_ID=document)[1] == ""
    free = bench.api(simultaneous_processes=0)
    other = free.deal()
    assert len({start(free, other) for _ in range(5)}) == 5


def test_filters_that_the_portal_does_not_understand_give_everything(api, deal):
    start(api, deal)
    start(api, api.deal())

    def count(**given):
        return len(api.call("bizproc.workflow.instances", FILTER=given))

    assert count(DOCUMENT_ID=f"DEAL_{deal}") == 1
    assert count(DOCUMENT_ID=[f"DEAL_{deal}"]) == 1
    assert count(document_id=f"DEAL_{deal}") == 2
    assert count(**{"=DOCUMENT_ID": f"DEAL_{deal}"}) == 2
    assert count(**{"!DOCUMENT_ID": f"DEAL_{deal}"}) == 1


def test_an_odd_next(api):
    told = api.answer("bizproc.workflow.instances", start=-1)
    assert (told["result"], told["total"], told["next"]) == ([], 0, -1)


def test_ending(api, box, deal):
    first, second = start(api, deal), start(api, deal)
    assert api.call("bizproc.workflow.terminate", ID=first, STATUS="хватит") is True
    assert api.call("bizproc.workflow.kill", ID=second) is True
    assert box.portal.processes.ended == [(first, "terminated"), (second, "killed")]
    assert api.refused("bizproc.workflow.terminate", ID=first)[1] == "ERROR_WRONG_WORKFLOW_ID"
    assert api.refused("bizproc.workflow.terminate")[1] == "ERROR_WRONG_WORKFLOW_ID"
    third = start(api, deal)
    api.call("crm.deal.delete", id=deal)
    assert box.portal.processes.ended[-1] == (third, "killed")


def test_refusals(api, bench, box, deal):
    def refused(template, *document):
        return api.refused("bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=list(document))[1:]

    assert refused(0)[0] == "ERROR_WRONG_WORKFLOW_ID"
    assert refused(99)[0] == "ERROR_WRONG_WORKFLOW_ID"
    assert refused(1, "crm", "CCrmDocumentDeal", "DEAL_999") == ("", "Wrong DOCUMENT_ID!")
    assert refused(1, "crm", "CCrmDocumentDeal") == ("", "Wrong DOCUMENT_ID!")
    assert refused(1, "crm", "Nonsense", "DEAL_1") == ("", "Incorrect document type!")
    lead = api.call("crm.lead.add", fields={"TITLE": "Л"})
    assert (
        refused(1, "crm", "CCrmDocumentLead", f"LEAD_{lead}")[1] == "Template type and DOCUMENT_ID mismatch!"
    )
    assert bench.api(box, "user:4").refused("bizproc.workflow.instances")[:2] == (403, "ACCESS_DENIED")
    assert bench.api(bizproc=False).refused("bizproc.workflow.instances")[:2] == (
        404,
        "ERROR_METHOD_NOT_FOUND",
    )


def test_templates_and_automation(api, box, deal):
    from crmkit.sandbox.bitrix24.processes import Step

    portal = box.portal
    portal.processes.add("Робот", 2, (Step("set", values={"ADDITIONAL_INFO": "робот"}),), auto_execute=8 + 2)
    found = api.call("bizproc.workflow.template.list", SELECT=["ID", "NAME", "PARAMETERS", "DOCUMENT_TYPE"])
    assert [one["NAME"] for one in found] == ["Согласование", "Пометить VIP"]
    assert found[0]["PARAMETERS"]["Reason"]["Default"] == "без причины"
    assert found[1]["PARAMETERS"] == []
    assert api.call("bizproc.workflow.template.list")[0] == {"ID": "1"}
    api.call("crm.deal.update", id=deal, fields={"TITLE": "y"})
    assert api.call("crm.deal.get", id=deal)["ADDITIONAL_INFO"] == "робот"


def test_smart_processes_are_documents_too(api, box):
    from crmkit.sandbox.bitrix24.processes import Step

    box.portal.add_smart_process(1042, 7, "Ремонт")
    api.call("crm.category.add", entityTypeId=1042, fields={"name": "Основная"})
    category = api.call("crm.category.list", entityTypeId=1042)["categories"][0]["id"]
    number = api.call("crm.item.add", entityTypeId=1042, fields={"title": "Р", "categoryId": category})[
        "item"
    ]["id"]
    template = box.portal.processes.add("Шаги", 1042, (Step("pause", seconds=60),))
    document = ["crm", "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic", f"DYNAMIC_1042_{number}"]
    assert api.call("bizproc.workflow.start", TEMPLATE_ID=template.id, DOCUMENT_ID=document)


def test_steps_that_nobody_knows_are_refused_when_the_template_is_added(box):
    from crmkit.sandbox.bitrix24.processes import Step

    with pytest.raises(ValueError, match="a template cannot dance"):
        box.portal.processes.add("Танец", 2, (Step("dance"),))
