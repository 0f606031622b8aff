"""Processes and spaces of Bitrix24: limits, lost answers, guests, what the vendor may have switched off."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.crm.models import Invitation, NewWorkspace, Person, Ref, WorkflowStart, WriteResult, WriteStatus
from crmkit.exceptions import (
    ApiError,
    ConfigurationError,
    OutcomeUnknown,
    PermissionDenied,
    Unsupported,
    ValidationError,
)
from crmkit.sandbox import Fault, Sandbox
from crmkit.testing.bitrix24 import Bitrix24Bench, open_crm

GUEST = Invitation(email="anna@example.net", name="Анна", last_name="Петрова")


@pytest.fixture
def bitrix24_options() -> dict[str, Any]:
    return {"seed": "crm_cases", "companies": 12, "deals": 240}


@pytest.fixture
def bench(bitrix24_bench: Bitrix24Bench) -> Bitrix24Bench:
    return bitrix24_bench


def starts(bench: Bitrix24Bench, count: int) -> list[WorkflowStart]:
    deals = sorted(bench.deal_ids(), key=int)[:count]
    return [WorkflowStart(entity=Ref(kind="deal", id=one), template="approval") for one in deals]


def test_no_process_is_started_twice_whatever_is_lost(bench: Bitrix24Bench) -> None:
    """What the answers do not tell is unknown, and the list of running processes tells it apart."""
    wanted = starts(bench, 200)
    bench.box.faults.add(Fault("drop_answer", "batch", after=1))
    bench.box.faults.add(Fault("reset", "batch", after=2))
    outcomes = bench.crm.workflows.start_many(wanted)
    running = {one.entity for one in bench.crm.workflows.running()}
    unknown = [
        one for one, outcome in zip(wanted, outcomes, strict=True) if isinstance(outcome, OutcomeUnknown)
    ]
    assert len(unknown) == 100
    assert sum(isinstance(one, WriteResult) for one in outcomes) == 100
    lost = [one for one in unknown if one.entity not in running]
    assert len(lost) == 50
    again = bench.crm.workflows.start_many(lost)
    assert all(isinstance(one, WriteResult) for one in again)
    per_deal = [one.entity for one in bench.crm.workflows.running()]
    assert len(per_deal) == len(set(per_deal)) == 200


def test_a_deal_on_which_enough_processes_run(bench: Bitrix24Bench) -> None:
    """The portal refuses the third one, and says so."""
    (start,) = starts(bench, 1)
    outcomes = bench.crm.workflows.start_many([start] * 3)
    assert [isinstance(one, WriteResult) for one in outcomes] == [True, True, False]
    assert isinstance(outcomes[2], ApiError)


def test_parameters_and_people(bench: Bitrix24Bench) -> None:
    """A process gets its parameters; people and objects as it writes them."""
    (start,) = starts(bench, 1)
    parameters = {"Reason": "тариф & срок", "Boss": Person(id="2"), "Both": (Person(id="2"), "x"), "Other": 1}
    bench.crm.workflows.start(start.model_copy(update={"parameters": parameters}))
    (entry,) = [one for one in bench.writes() if "bizproc.workflow.start" in str(one.body) + one.operation]
    assert "user_2" in str(entry.body)
    (instance,) = bench.box.portal.processes.running.values()
    assert instance.parameters == {"Reason": "тариф & срок"}


def test_required_parameters_are_told(bench: Bitrix24Bench) -> None:
    templates = {one.name: one for one in bench.crm.workflows.templates()}
    assert templates["Согласование"].parameters == ("Reason",)
    assert templates["Согласование"].required == ()


def test_a_process_by_its_number(bench: Bitrix24Bench) -> None:
    """Names are for people; the number will do."""
    (start,) = starts(bench, 1)
    bench.crm.workflows.start(start.model_copy(update={"template": "1"}))
    assert [one.template for one in bench.crm.workflows.running(start.entity)] == ["1"]


def test_only_objects_of_the_crm_have_processes(bench: Bitrix24Bench) -> None:
    with pytest.raises(ValidationError):
        bench.crm.workflows.start(WorkflowStart(entity=Ref(kind="task", id="1"), template="1"))


@pytest.mark.parametrize("honoured", [True, False], ids=["honoured", "dropped"])
def test_whether_the_wish_for_an_external_group_is_honoured(
    bitrix24_options: dict[str, Any], honoured: bool
) -> None:
    """If it is dropped, that is told, and the first guest makes the group an external one."""
    with Sandbox.bitrix24(**bitrix24_options, extranet_groups=honoured) as box, open_crm(box) as crm:
        made = crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
        assert made.status is (WriteStatus.DONE if honoured else WriteStatus.PARTIAL)
        assert set(made.failures) == (set() if honoured else {"external"})
        assert crm.workspaces.get(made.id).external is honoured
        guest = crm.workspaces.invite(made.id, GUEST)
        space = crm.workspaces.get(made.id)
        assert space.external
        assert {one.id for one in space.members} >= (set() if honoured else {guest.id})


def test_an_invitation_whose_answer_is_lost_is_settled(bench: Bitrix24Bench) -> None:
    """The guest is there once, with the same number."""
    made = bench.crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
    bench.box.faults.add(Fault("drop_answer", "user.add"))
    first = bench.crm.workspaces.invite(made.id, GUEST)
    assert bench.crm.workspaces.invite(made.id, GUEST).id == first.id
    assert sum(one.email == GUEST.email for one in bench.box.portal.users.values()) == 1


def test_a_guest_of_another_space_is_added(bench: Bitrix24Bench) -> None:
    """Guest 40 is in group 1 already; the portal would refuse the address as taken."""
    made = bench.crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
    invited = bench.crm.workspaces.invite(made.id, Invitation(email="Guest@example.org"))
    assert invited.id == "40"
    assert Person(id="40") in bench.crm.workspaces.get(made.id).members
    assert bench.crm.users.get("40").is_external


@pytest.mark.parametrize(
    ("email", "error"), [("no address", ValidationError), ("user4@example.com", ValidationError)]
)
def test_who_cannot_be_invited(bench: Bitrix24Bench, email: str, error: type[Exception]) -> None:
    made = bench.crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
    with pytest.raises(error):
        bench.crm.workspaces.invite(made.id, Invitation(email=email))


def test_no_seat_is_left(bench: Bitrix24Bench) -> None:
    """That is a matter of the tariff, not of the address."""
    made = bench.crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
    bench.box.portal.settings.seats = 5
    with pytest.raises(PermissionDenied) as caught:
        bench.crm.workspaces.invite(made.id, GUEST)
    assert "seat" in caught.value.hint


def test_a_portal_that_lets_nobody_in(bench: Bitrix24Bench) -> None:
    """It has extranet groups from earlier days, so only the invitation tells."""
    made = bench.crm.workspaces.create(NewWorkspace(title="Пространство"), key="run:1")
    bench.box.portal.settings.guests = False
    with pytest.raises(Unsupported, match="nobody in from outside"):
        bench.crm.workspaces.invite(made.id, GUEST)


def test_a_space_with_its_company_and_key(bench: Bitrix24Bench) -> None:
    """Both are kept among the keywords; nobody has to see them in the description."""
    new = NewWorkspace(
        title="Альфа & партнёры",
        description="Документы и задачи",
        company=Ref(kind="company", id="3"),
        owner=bench.manager,
        members=(bench.manager, bench.other_manager),
        external=False,
    )
    made = bench.crm.workspaces.create(new, key="bulk_bp:space:3")
    space = bench.crm.workspaces.get(made.id)
    assert (space.company, space.key, space.owner) == (new.company, "bulk_bp:space:3", bench.manager)
    assert set(space.members) == {bench.manager, bench.other_manager}
    assert space.raw["DESCRIPTION"] == "Документы и задачи"
    assert space.url.endswith(f"/workgroups/group/{made.id}/")


def test_two_names_for_one_process_are_refused_before_a_start() -> None:
    """What runs is told by one name: under the other one a start would seem never to have happened."""
    same = {"first": {"id": "1", "name": "Согласование"}, "second": {"id": "1", "name": "Согласование"}}
    with Sandbox.bitrix24(seed="deals", deals=1) as box, open_crm(box, workflows=same) as crm:
        deal = next(iter(crm.deals.find())).ref
        with pytest.raises(ConfigurationError, match="first and second are the same process"):
            crm.workflows.start(WorkflowStart(entity=deal, template="first"))
        started = crm.workflows.start(WorkflowStart(entity=deal, template="second"))
        (running,) = crm.workflows.running(deal)
        assert (running.id, running.template_key) == (started.id, "second")
