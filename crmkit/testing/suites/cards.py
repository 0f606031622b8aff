"""Users, companies, contacts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.crm.models import Company
from crmkit.exceptions import ConfigurationError, NotFound
from crmkit.testing.bench import Bench

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
