"""Users, companies, contacts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Company, Contact
from crmkit.exceptions import ConfigurationError, NotFound, ValidationError
from crmkit.testing.bench import Bench
from crmkit.testing.suites.guards import needs, writes_itself

__all__ = ["CardSuite"]


class CardSuite:
    """What an adapter has to do with people and companies."""

    def test_users_are_all_there(self, bench: Bench) -> None:
        """Those who have left and robots too, told apart."""
        users = {user.id: user for user in bench.crm.users.list()}
        assert users[bench.manager.id].is_active
        assert not users[bench.manager.id].is_robot
        assert not users[bench.dismissed.id].is_active
        assert users[bench.robot.id].is_robot
        assert users[bench.noisy_robot.id].is_robot
        assert all(user.name for user in users.values())
        assert bench.crm.users.get(bench.manager.id) == users[bench.manager.id]

    def test_a_user_that_does_not_exist(self, bench: Bench) -> None:
        """It is not found, not empty."""
        with pytest.raises(NotFound):
            bench.crm.users.get("999999999")

    def test_who_we_are(self, bench: Bench) -> None:
        """The owner of the credentials, or nothing if the portal does not tell."""
        assert bench.crm.me() in (bench.robot, None)

    def test_companies_are_listed_and_read(self, bench: Bench) -> None:
        """Companies only, in order, each once."""
        companies = list(bench.crm.companies.find())
        ids = [int(company.id) for company in companies]
        assert ids
        assert ids == sorted(set(ids))
        assert bench.crm.companies.get(companies[0].id).name == companies[0].name
        assert list(bench.crm.companies.find(Company.created_since(bench.now() + timedelta(days=1)))) == []

    def test_a_contact_is_read(self, bench: Bench) -> None:
        """A person at the client's side, not a company."""
        client = bench.client_of(bench.new_deal())
        assert client
        contact = bench.crm.contacts.get(client.id)
        assert contact.name
        assert contact.companies
        assert bench.crm.companies.get(contact.companies[0].id).name
        if bench.cards_share_numbers:
            with pytest.raises(NotFound):
                bench.crm.contacts.get(contact.companies[0].id)
            with pytest.raises(NotFound):
                bench.crm.companies.get(contact.id)

    def test_a_field_of_contacts_that_is_not_mapped(self, bench: Bench) -> None:
        """A mistake of the settings, told before anything is sent."""
        client = bench.client_of(bench.new_deal())
        assert client
        before = len(bench.writes())
        with pytest.raises(ConfigurationError):
            bench.crm.contacts.update(client.id, {"no_such_field": 1})
        assert len(bench.writes()) == before

    def test_heads_are_told(self, bench: Bench) -> None:
        """Who leads somebody, never themselves."""
        needs(bench, Capability.DEPARTMENT_HEADS)
        users = {user.id: user for user in bench.crm.users.list()}
        assert users[bench.manager.id].heads
        assert all(user.person not in user.heads for user in users.values())

    def test_companies_are_found_by_id_and_time(self, bench: Bench) -> None:
        """As far as the adapter has the conditions."""
        writes_itself(bench, bench.crm.companies, "update", "fields")
        everything = [company.id for company in bench.crm.companies.find()]
        assert len(everything) > 2
        found = bench.crm.companies.find(Company.with_ids(everything[2], everything[0], "999999999"))
        assert [company.id for company in found] == [everything[0], everything[2]]
        assert [*bench.crm.companies.find(Company.with_ids())] == []
        soon = bench.now() + timedelta(days=1)
        assert [*bench.crm.companies.find(Company.changed_since(soon))] == []

    def test_clients_are_told_apart(self, bench: Bench) -> None:
        """Where the portal has a mark for them."""
        needs(bench, Capability.COMPANY_TYPES)
        clients = {company.id for company in bench.crm.companies.find(Company.of_type_client())}
        assert clients == {company.id for company in bench.crm.companies.find() if company.is_client}

    @pytest.mark.parametrize("what", ["companies", "contacts"])
    def test_a_field_of_a_card_is_set_and_cleared(self, bench: Bench, what: str) -> None:
        """In one write, by its logical name; lists find it."""
        room = getattr(bench.crm, what)
        writes_itself(bench, room, "update", "fields", "find")
        choice = bench.card_choice(what)
        if choice is None:
            pytest.skip(f"{what} of this portal have no such field")
        key, option = choice
        expression = Company if what == "companies" else Contact
        card = [*room.find()][1]
        specs = {spec.key: spec for spec in room.fields() if spec.key}
        assert option in specs[key].options
        before = len(bench.writes())
        room.update(card.id, {key: option})
        assert len(bench.writes()) == before + 1
        assert room.get(card.id).fields[key] == option
        assert card.id in {one.id for one in room.find(expression.field(key, option))}
        assert card.id not in {one.id for one in room.find(expression.field(key, None))}
        room.update(card.id, {key: None})
        assert key not in room.get(card.id).fields
        assert card.id in {one.id for one in room.find(expression.field(key, None))}
        assert card.id not in {one.id for one in room.find(expression.field(key, option))}
        with pytest.raises(ValidationError):
            room.update(card.id, {key: "no such option"})
