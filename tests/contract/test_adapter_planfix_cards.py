"""The Planfix adapter with clients: fields of cards, clients who are people, copies, projects, tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from crmkit.crm import Crm
from crmkit.crm.models import (
    Company,
    Contact,
    Deal,
    DealChanges,
    Invitation,
    NewDeal,
    NewTask,
    NewWorkspace,
    Ref,
    TaskChanges,
)
from crmkit.exceptions import ConfigurationError, Unsupported, ValidationError
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.planfix import open_crm


@pytest.fixture
def box() -> Iterator[PlanfixSandbox]:
    with Sandbox.planfix(seed="crm_cases", clock="frozen", port=0) as box:
        yield box


@pytest.fixture
def crm(box: PlanfixSandbox) -> Iterator[Crm]:
    with open_crm(box) as crm:
        yield crm


def field_of(crm: Crm, what: str) -> tuple[str, str]:
    """Return a choice field of companies or contacts that the settings name, and one of its options."""
    room = crm.companies if what == "companies" else crm.contacts
    spec = next(spec for spec in room.fields() if spec.key and spec.type == "choice")
    return spec.key, spec.options[-1]


class TestCards:
    @pytest.mark.parametrize("what", ["companies", "contacts"])
    def test_a_field_is_set_found_and_cleared(self, crm: Crm, what: str) -> None:
        room, expression = (crm.companies, Company) if what == "companies" else (crm.contacts, Contact)
        key, option = field_of(crm, what)
        card = next(one for one in room.find() if one.fields.get(key) != option)
        room.update(card.id, {key: option})
        assert room.get(card.id).fields[key] == option
        assert card.id in {one.id for one in room.find(expression.field(key, option))}
        room.update(card.id, {key: None})
        assert key not in room.get(card.id).fields
        assert card.id in {one.id for one in room.find(expression.field(key, None))}
        with pytest.raises(ValidationError):
            room.update(card.id, {key: "no such option"})
        with pytest.raises(ConfigurationError):
            room.update(card.id, {"no_such_field": 1})

    def test_cards_by_number_and_time(self, crm: Crm, box: PlanfixSandbox) -> None:
        companies = [company.id for company in crm.companies.find()]
        people = [contact.id for contact in crm.contacts.find()]
        assert set(companies).isdisjoint(people)
        found = crm.companies.find(Company.with_ids(companies[3], companies[1], people[0], "x"))
        assert [one.id for one in found] == [companies[1], companies[3]]
        assert [one.id for one in crm.contacts.find(Contact.with_ids(people[2]))] == [people[2]]
        key, option = field_of(crm, "companies")
        box.clock.advance(days=2)
        crm.companies.update(companies[5], {key: option})
        since = box.clock.now() - timedelta(hours=1)
        assert [one.id for one in crm.companies.find(Company.changed_since(since))] == [companies[5]]

    def test_nothing_marks_a_client(self, crm: Crm) -> None:
        with pytest.raises(Unsupported, match="no mark for clients"):
            list(crm.companies.find(Company.of_type_client()))

    def test_a_note_on_a_card(self, crm: Crm) -> None:
        card = next(crm.contacts.find()).ref
        made = crm.comments.add(card, "Видео: https://example.com/v", key="run:1")
        found = crm.comments.find_own(card, text="", key="run:1", since=crm.clock.now())
        assert found
        assert found.id == made.id


class TestClients:
    def test_a_client_who_is_a_person_is_a_contact(self, crm: Crm) -> None:
        deals = list(crm.deals.find())
        of_people = [deal for deal in deals if deal.contacts]
        assert of_people
        assert len(of_people) < len(deals)
        deal = of_people[0]
        assert crm.contacts.get(deal.contacts[0].id).companies[:1] == (deal.company,)
        assert crm.deals.get(deal.id) == deal
        found = list(crm.deals.find(Deal.of_contact(deal.contacts[0])))
        assert deal.id in {one.id for one in found}
        assert {one.contacts for one in found} == {deal.contacts}

    def test_a_copy_keeps_the_person(self, crm: Crm) -> None:
        deal = next(deal for deal in crm.deals.find() if deal.contacts)
        crm.deals.update(deal.id, DealChanges(amount=Decimal("12000.50")))
        made = crm.deals.create(NewDeal(title="Копия", copy_of=deal.ref), key="run:1")
        copy = crm.deals.get(made.id)
        assert (copy.contacts, copy.company, copy.amount) == (
            deal.contacts,
            deal.company,
            Decimal("12000.50"),
        )

    def test_who_pays_no_attention_to_contacts_pays_no_request(self, box: PlanfixSandbox) -> None:
        with open_crm(box, contacts={}) as crm:
            before = crm.requests_sent()
            assert all(not deal.contacts for deal in crm.deals.find())
            plain = crm.requests_sent() - before
        with open_crm(box) as crm:
            before = crm.requests_sent()
            list(crm.deals.find())
            assert crm.requests_sent() - before > plain

    def test_a_key_is_looked_for_among_the_newest_first(self, crm: Crm) -> None:
        crm.deals.create(NewDeal(title="Новая"), key="run:1")
        before = crm.requests_sent()
        (found,) = crm.deals.find_by_key("run:1")
        assert found.title == "Новая"
        assert crm.requests_sent() - before <= 2

    def test_closed_deals(self, crm: Crm, box: PlanfixSandbox) -> None:
        box.clock.advance(days=2)
        moment = box.clock.now()
        box.clock.advance(hours=1)
        deal = next(deal for deal in crm.deals.find(Deal.is_open))
        crm.deals.update(deal.id, DealChanges(stage="won"))
        assert [one.id for one in crm.deals.find(Deal.closed_since(moment))] == [deal.id]


class TestWork:
    def test_a_task_of_a_client_in_a_project(self, crm: Crm) -> None:
        company = next(crm.companies.find()).ref
        space = crm.workspaces.create(
            NewWorkspace(title="Клиент", company=company, external=False), key="run:space"
        )
        new = NewTask(
            title="Заполнить",
            text="Не хватает:",
            company=company,
            workspace=Ref(kind="workspace", id=space.id),
            checklist=("Тариф", "Стоимость"),
        )
        task = crm.tasks.get(crm.tasks.create(new, key="run:task").id)
        assert (task.company, task.text) == (company, "Не хватает:\n\n• Тариф\n• Стоимость")
        crm.tasks.update(task.id, TaskChanges(checklist=("Стоимость",)))
        assert crm.tasks.get(task.id).text == "Не хватает:\n\n• Стоимость"
        crm.tasks.update(task.id, TaskChanges(text="Осталось:"))
        assert crm.tasks.get(task.id).text == "Осталось:\n\n• Стоимость"
        crm.tasks.update(task.id, TaskChanges(checklist=()))
        assert crm.tasks.get(task.id).text == "Осталось:"

    def test_nobody_is_let_in_from_outside(self, crm: Crm) -> None:
        reason = crm.workspaces.why_not_external()
        assert "contacts are given access to single tasks" in reason
        with pytest.raises(Unsupported, match="external=False"):
            crm.workspaces.create(NewWorkspace(title="Клиент"), key="run:1")
        with pytest.raises(Unsupported, match="single tasks"):
            crm.workspaces.invite("1", Invitation(email="a@b.example"))
        with pytest.raises(Unsupported, match="scenarios"):
            crm.workflows.templates()
