"""Business processes, and the spaces for the work with a client."""

from __future__ import annotations

import contextlib

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Invitation, NewWorkspace, Ref, WorkflowStart, WriteResult
from crmkit.exceptions import ConfigurationError, CrmkitError, NotFound, OutcomeUnknown, Unsupported
from crmkit.testing.bench import Bench
from crmkit.testing.suites.guards import needs

__all__ = ["WorkSuite"]

TITLE = "ООО «Ромашка» & партнёры"


def deal_of(bench: Bench) -> Ref:
    """Return a new deal."""
    return Ref(kind="deal", id=bench.new_deal())


class WorkSuite:
    """What an adapter has to do with processes and spaces, where the provider has them."""

    def test_processes_can_be_chosen(self, bench: Bench) -> None:
        """By name, with the kind of objects that they run on."""
        needs(bench, Capability.WORKFLOWS)
        templates = bench.crm.workflows.templates()
        assert templates
        assert all(one.name and one.kind == "deal" for one in templates)
        assert bench.process in {one.key for one in templates}

    def test_a_process_runs_and_is_stopped(self, bench: Bench) -> None:
        """It is listed while it runs; stopping it twice is no error."""
        needs(bench, Capability.WORKFLOWS)
        deal, other = deal_of(bench), deal_of(bench)
        since = bench.now()
        started = bench.crm.workflows.start(WorkflowStart(entity=deal, template=bench.process))
        bench.crm.workflows.start(WorkflowStart(entity=other, template=bench.process))
        (running,) = bench.crm.workflows.running(deal)
        assert bench.process in (running.template, running.template_key)
        assert (running.id, running.entity, running.started_by) == (started.id, deal, bench.robot)
        assert running.started_at
        assert running.started_at >= since.replace(microsecond=0)
        assert {one.entity for one in bench.crm.workflows.running()} == {deal, other}
        for _ in range(2):
            assert bench.crm.workflows.terminate(started.id, reason="хватит").id == started.id
        assert [one.entity for one in bench.crm.workflows.running(deal, other)] == [other]

    def test_processes_that_began_earlier_are_left_out(self, bench: Bench) -> None:
        """Only what was started since then."""
        needs(bench, Capability.WORKFLOWS)
        deal = deal_of(bench)
        start = WorkflowStart(entity=deal, template=bench.process)
        bench.crm.workflows.start(start)
        bench.advance(minutes=5)
        since = bench.now()
        second = bench.crm.workflows.start(start)
        assert [one.id for one in bench.crm.workflows.running(deal, since=since)] == [second.id]

    def test_a_start_whose_answer_is_lost_is_unknown_and_seen_running(self, bench: Bench) -> None:
        """It is not started a second time."""
        needs(bench, Capability.WORKFLOWS)
        deal = deal_of(bench)
        bench.lose_answer("start")
        with pytest.raises(OutcomeUnknown):
            bench.crm.workflows.start(WorkflowStart(entity=deal, template=bench.process))
        assert len([*bench.crm.workflows.running(deal)]) == 1

    def test_a_start_that_was_lost_on_its_way_is_unknown_and_not_running(self, bench: Bench) -> None:
        """Then it may be started again."""
        needs(bench, Capability.WORKFLOWS)
        deal = deal_of(bench)
        bench.swallow("start")
        with pytest.raises(OutcomeUnknown):
            bench.crm.workflows.start(WorkflowStart(entity=deal, template=bench.process))
        assert [*bench.crm.workflows.running(deal)] == []

    def test_many_starts_have_an_outcome_each(self, bench: Bench) -> None:
        """In order, each object once, in few requests."""
        needs(bench, Capability.WORKFLOWS)
        deals = [Ref(kind="deal", id=number) for number in sorted(bench.deal_ids(), key=int)[:60]]
        starts = [WorkflowStart(entity=deal, template=bench.process) for deal in deals]
        starts[5:5] = [
            WorkflowStart(entity=Ref(kind="deal", id="999999999"), template=bench.process),
            WorkflowStart(entity=deals[0], template="no such process"),
        ]
        before = len(bench.writes())
        outcomes = bench.crm.workflows.start_many(starts)
        assert len(bench.writes()) - before <= 62 / bench.crm.batch_size + 1
        assert isinstance(outcomes[5], CrmkitError)
        assert isinstance(outcomes[6], ConfigurationError)
        ids = {one.id for one in outcomes if isinstance(one, WriteResult)}
        running = [*bench.crm.workflows.running(*deals)]
        assert len(ids) == len(running) == 60
        assert {one.id for one in running} == ids
        assert [one.entity for one in sorted(running, key=lambda one: int(one.entity.id))] == deals

    def test_a_process_that_is_not_known_is_refused_before_it_is_sent(self, bench: Bench) -> None:
        """A mistake of the settings."""
        needs(bench, Capability.WORKFLOWS)
        before = len(bench.writes())
        with pytest.raises(ConfigurationError):
            bench.crm.workflows.start(WorkflowStart(entity=deal_of(bench), template="no such process"))
        assert len(bench.writes()) == before

    def test_a_space_is_made_and_found(self, bench: Bench) -> None:
        """With its company and people, by its id and its key."""
        needs(bench, Capability.WORKSPACES)
        company = next(iter(bench.crm.companies.find())).ref
        new = NewWorkspace(
            title=TITLE, company=company, owner=bench.manager, members=(bench.other_manager,), external=False
        )
        made = bench.crm.workspaces.create(new, key="run:space:1")
        space = bench.crm.workspaces.get(made.id)
        assert (space.title, space.company, space.owner, space.external) == (
            TITLE,
            company,
            bench.manager,
            False,
        )
        assert {bench.manager, bench.other_manager} <= set(space.members)
        assert space.key == "run:space:1"
        assert bench.crm.workspaces.find_by_key("run:space:1") == space
        assert bench.crm.workspaces.find_by_key("run:space:2") is None

    def test_a_space_whose_answer_is_lost_can_be_found(self, bench: Bench) -> None:
        """It is there once."""
        needs(bench, Capability.WORKSPACES)
        bench.lose_answer("workspace")
        with contextlib.suppress(OutcomeUnknown):
            bench.crm.workspaces.create(NewWorkspace(title=TITLE, external=False), key="run:1")
        found = bench.crm.workspaces.find_by_key("run:1")
        assert found
        assert found.title == TITLE

    def test_a_space_that_does_not_exist(self, bench: Bench) -> None:
        """It is not found, not empty."""
        needs(bench, Capability.WORKSPACES)
        with pytest.raises(NotFound):
            bench.crm.workspaces.get("999999999")

    def test_why_there_can_be_no_external_space(self, bench: Bench) -> None:
        """The reason is told before anything is made."""
        needs(bench, Capability.WORKSPACES, Capability.EXTRANET_GROUPS)
        bench.keep_guests_out()
        before = len(bench.writes())
        reason = bench.crm.workspaces.why_not_external()
        assert reason
        with pytest.raises(Unsupported) as caught:
            bench.crm.workspaces.create(NewWorkspace(title=TITLE), key="run:1")
        assert reason in str(caught.value)
        assert len(bench.writes()) == before

    def test_a_guest_is_invited_once(self, bench: Bench) -> None:
        """Into an external space, by mail address; inviting again changes nothing."""
        needs(bench, Capability.WORKSPACES, Capability.EXTRANET_GROUPS)
        bench.let_guests_in()
        assert bench.crm.workspaces.why_not_external() == ""
        space = bench.crm.workspaces.create(NewWorkspace(title=TITLE), key="run:1")
        guest = Invitation(email="anna.petrova@example.net", name="Анна", last_name="Петрова")
        first = bench.crm.workspaces.invite(space.id, guest)
        assert bench.crm.workspaces.invite(space.id, guest).id == first.id
        assert bench.crm.workspaces.get(space.id).external
        users = {user.id: user for user in bench.crm.users.list()}
        assert users[first.id].is_external
        assert users[first.id].email == guest.email

    def test_an_employee_is_no_guest(self, bench: Bench) -> None:
        """Their address is refused, with their number."""
        needs(bench, Capability.WORKSPACES, Capability.EXTRANET_GROUPS)
        bench.let_guests_in()
        space = bench.crm.workspaces.create(NewWorkspace(title=TITLE), key="run:1")
        email = bench.crm.users.get(bench.manager.id).email
        with pytest.raises(CrmkitError, match=str(bench.manager)):
            bench.crm.workspaces.invite(space.id, Invitation(email=email))
