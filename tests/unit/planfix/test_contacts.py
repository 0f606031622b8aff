"""Contacts and what is known of the account: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import responses

from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType, Planfix, external_id, filters, group, user
from crmkit.planfix.models import Phone, WriteState

BASE = "https://acme.planfix.ru/rest"
OK = {"result": "success"}
FIELDS = {
    "result": "success",
    "customfields": [
        {"id": 101, "name": "State", "type": 8, "enumValues": ["new", "old"]},
        {"id": 103, "name": "Before", "type": 11},
        {"id": 106, "name": "Until", "type": 3},
        {"id": 108, "name": "Sum", "type": 23},
        {"id": 109, "name": "Released", "type": 7},
    ],
}
Bodies = Callable[[], list[Any]]


class TestContacts:
    def test_list_of_companies(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/contact/list", json=OK | {"contacts": [{"id": 7, "isCompany": True}]})
        assert [one.id for one in planfix.contacts.list(companies=True)] == [7]
        assert planfix.contacts.page(fields=["name"])[0].is_company
        assert (bodies()[0]["isCompany"], "isCompany" in bodies()[1]) == (True, False)

    def test_get_create_update(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.get(f"{BASE}/contact/7", json=OK | {"contact": {"id": 7, "name": "Ivan"}})
        server.post(f"{BASE}/contact/", status=201, json=OK | {"id": 8})
        server.post(f"{BASE}/contact/7", status=202, body=b"")
        assert planfix.contacts.get(7).name == "Ivan"
        created = planfix.contacts.create(
            name="Ivan",
            template=1,
            is_company=False,
            birth_date=date(1990, 12, 1),
            phones=["89643752416", Phone(number="+7", type=2)],
            supervisors=[user(22)],
            companies=[5],
            gender="Male",
            key="c/1",
        )
        assert created.external_id == external_id("c/1")
        assert bodies()[0] == {
            "name": "Ivan",
            "template": {"id": 1},
            "isCompany": False,
            "birthDate": {"date": "01-12-1990"},
            "phones": [{"number": "89643752416", "type": 1}, {"number": "+7", "type": 2}],
            "supervisors": {"users": [{"id": "user:22"}], "groups": []},
            "companies": [{"id": 5}],
            "gender": "Male",
            "sourceObjectId": external_id("c/1"),
        }
        assert planfix.contacts.update(7, email="a@b.c", silent=True).status is WriteState.QUEUED
        for wrong in ({}, {"email": 5}, {"phones": "8"}, {"phones": ["none"]}, {"birth_date": "1990"}):
            with pytest.raises(ValidationError):
                planfix.contacts.update(7, **wrong)
        with pytest.raises(ValidationError, match="no name"):
            planfix.contacts.create(email="a@b.c")

    def test_custom_fields_of_contacts_are_their_own(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.get(f"{BASE}/customfield/contact", json=OK | {"customfields": [{"id": 5, "type": 7}]})
        server.post(f"{BASE}/contact/7", json=OK)
        planfix.contacts.update(7, custom_fields={5: True})
        assert bodies() == [{"customFieldData": [{"field": {"id": 5}, "value": True}]}]

    def test_read_back_compares_phones_by_their_digits(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        raw = {"id": 7, "phones": [{"number": "+7 (964) 1", "type": 1}], "birthDate": {"date": "01-12-1990"}}
        server.get(f"{BASE}/contact/7", json=OK | {"contact": raw})
        assert planfix.contacts.read_back(7, phones=["79641"], birth_date=date(1990, 12, 1)).visible
        assert planfix.contacts.read_back(7, timeout=0, phones=["1"]).pending == ("phones",)

    def test_the_rest(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.get(f"{BASE}/contact/groups", json=OK | {"groups": [{"id": 1, "name": "G"}]})
        server.get(f"{BASE}/contact/templates", json=OK | {"templates": [{"id": 1, "name": "T"}]})
        server.post(f"{BASE}/contact/filters", json=OK | {"filters": [{"id": "4115", "name": "F"}]})
        server.post(
            f"{BASE}/contact/list", json=OK | {"contacts": [{"id": 7, "sourceObjectId": external_id("c/1")}]}
        )
        assert planfix.contacts.groups()[0].name == "G"
        assert planfix.contacts.templates()[0].name == "T"
        assert planfix.contacts.saved_filters()[0].id == "4115"
        found = planfix.contacts.find_by_key("c/1", since=date(2025, 3, 3))
        assert found is not None
        assert planfix.contacts.find_by_key("c/2") is None


class TestDirectoryOfTheAccount:
    def test_users(self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies) -> None:
        server.post(f"{BASE}/user/list", json=OK | {"users": [{"id": 90, "role": "Robot"}]})
        server.get(f"{BASE}/user/90", json=OK | {"user": {"id": "user:90"}})
        server.get(f"{BASE}/user/groups", json=OK | {"groups": [{"id": 1, "name": "Sales"}]})
        assert [one.is_robot for one in planfix.users.list(filters=[filters.users.role.is_("Robot")])] == [
            True
        ]
        assert planfix.users.page(only_active=True)[0].id == 90
        assert [body["onlyActive"] for body in bodies()] == [False, True]
        assert planfix.users.get(90).id == 90
        assert planfix.users.groups()[0].person == group(1)

    def test_processes_and_objects(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        statuses = OK | {"statuses": [{"id": 1, "name": "New", "isActive": True, "texts": [{"lang": "Ru"}]}]}
        server.get(f"{BASE}/process/task", json=OK | {"processes": [{"id": 1, "name": "Deals"}]})
        server.get(f"{BASE}/process/contact", json=OK | {"processes": []})
        server.get(f"{BASE}/process/task/1/statuses", json=statuses)
        server.get(f"{BASE}/object/3/statuses", json=statuses)
        server.post(f"{BASE}/object/list", json=OK | {"objects": [{"id": 3, "name": "Deal"}]})
        server.get(f"{BASE}/object/3", json=OK | {"object": {"id": 3, "customFieldData": []}})
        assert planfix.processes.tasks()[0].name == "Deals"
        assert planfix.processes.contacts() == ()
        assert planfix.processes.task_statuses(1) == planfix.objects.statuses(3)
        assert [one.name for one in planfix.objects.list()] == ["Deal"]
        assert planfix.objects.get(3).custom_fields == {}
        assert bodies() == [{"offset": 0, "pageSize": 100}]

    def test_custom_fields(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        one = OK | {"customfields": [{"id": 5, "name": "F", "type": 0}]}
        for path in ("contact", "user", "project", "main", "datatag/1", "directory/1", "task/5"):
            server.get(f"{BASE}/customfield/{path}", json=one)
        server.get(f"{BASE}/customfield/type", json=OK | {"customFieldTypes": [{"id": 0, "name": "Line"}]})
        fields = planfix.custom_fields
        read = [fields.contacts(), fields.users(), fields.projects(), fields.main(), fields.datatag(1)]
        read += [fields.directory(1), fields.of_task(5)]
        assert [rows[0].type for rows in read] == [FieldType.LINE] * 7
        assert fields.types()[0].name == "Line"

    def test_forgotten_definitions_are_read_again(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.get(f"{BASE}/customfield/task", json=FIELDS)
        assert planfix.custom_fields.definition("task", 101).name == "State"
        planfix.custom_fields.forget()
        assert planfix.custom_fields.definition("task", 101).name == "State"
        assert planfix.requests_sent == 2
