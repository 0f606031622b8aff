"""R4.9 to R4.11 on the real chain: a group for every client, once, and the client's person in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.sandbox import Fault

NAME, GROUP, CONTACT = "bulk_bp_spaces", "UF_CRM_GROUP_ID", "UF_CRM_CLIENT_CONTACT"
INVITED = "Z"
CLIENT, OTHER, WITH_EMPLOYEE, WITH_GROUP = 9, 12, 6, 3
"""Companies of the type «Клиент»; the contact of 6 has an employee's address, 3 has a group already."""


@pytest.fixture
def portal(make_bitrix24: Callable[..., Any]) -> Any:
    """A portal in which groups can still be made external, with four clients."""
    return make_bitrix24(companies=12, extranet_groups=True)


def settle(portal: Any, recipe: Any) -> None:
    """Run the sweep until it has nothing to do; it makes the group first and writes its number down next."""
    for _ in range(3):
        portal.run(recipe)


def group_of(portal: Any, company: int) -> Any:
    return portal.box.portal.groups.get(int(portal.row(company, 4)[GROUP] or 0))


def guest(portal: Any, email: str) -> Any:
    return next((one for one in portal.box.portal.users.values() if one.email == email), None)


def client_only(portal: Any, *companies: int) -> None:
    """Let only these companies be clients."""
    for number in (3, 6, 9, 12):
        if number not in companies:
            portal.box.act.set_fields("user:1", number, {"COMPANY_TYPE": "SUPPLIER"}, entity_type=4)


def test_R4_09_every_client_gets_one_external_group(portal: Any) -> None:
    recipe = portal.recipe(NAME)
    settle(portal, recipe)
    group = group_of(portal, CLIENT)
    assert (group.extranet, group.owner) == (True, portal.row(CLIENT, 4)["ASSIGNED_BY_ID"])
    assert portal.row(CLIENT, 4)["TITLE"] in group.name
    assert len(portal.box.portal.groups) == 4
    assert portal.row(1, 4)[GROUP] is None, "a supplier has none"
    before = portal.writes()
    assert portal.run(recipe).counts == {}
    assert portal.writes() == before


def test_T4_two_events_are_one_group(portal: Any) -> None:
    client_only(portal, CLIENT)
    recipe = portal.recipe(NAME)
    first, second = portal.plan(recipe), portal.plan(recipe)
    first.apply()
    second.apply()
    assert len(portal.box.portal.groups) == 2
    made = [one for one in portal.box.requests if one.operation == "sonet_group.create"]
    assert len(made) == 1


def test_R4_10_the_contact_with_an_address_is_invited(portal: Any) -> None:
    settle(portal, portal.recipe(NAME))
    person = guest(portal, "client9@example.org")
    assert person.extranet
    assert group_of(portal, CLIENT).members[person.id] == INVITED
    assert (person.name, person.last_name) == ("Контакт", "Клиентов 9")


def test_R4_10_whom_the_field_names_goes_first(portal: Any) -> None:
    client_only(portal, CLIENT)
    portal.edit_company(CLIENT, **{CONTACT: "C_7"})
    settle(portal, portal.recipe(NAME))
    assert guest(portal, "client7@example.org") is not None
    assert guest(portal, "client9@example.org") is None


def test_R4_10_one_person_of_several_companies_is_in_all_their_groups(portal: Any) -> None:
    client_only(portal, CLIENT, OTHER)
    portal.edit_company(OTHER, **{CONTACT: "C_9"})
    settle(portal, portal.recipe(NAME))
    person = guest(portal, "client9@example.org")
    assert all(person.id in group_of(portal, one).members for one in (CLIENT, OTHER))
    assert sum(one.email == "client9@example.org" for one in portal.box.portal.users.values()) == 1


def test_R4_10_an_employees_address_no_address_no_contact_are_listed(portal: Any) -> None:
    for number in (8, 10):
        portal.edit_company(number, COMPANY_TYPE="CUSTOMER")
    recipe = portal.recipe(NAME)
    settle(portal, recipe)
    found = {number: portal.item(recipe, number) for number in (WITH_EMPLOYEE, 8, 10)}
    assert {number: item.verdict for number, item in found.items()} == {
        WITH_EMPLOYEE: "employee",
        8: "no_email",
        10: "no_contact",
    }
    assert all(item.attention and not item.actions for item in found.values())
    assert all(group_of(portal, number) for number in found), "the space is there all the same"


def test_R4_10_no_seat_is_left_the_next_sweep_tries_again(make_bitrix24: Callable[..., Any]) -> None:
    portal = make_bitrix24(companies=12, extranet_groups=True)
    client_only(portal, CLIENT)
    settings = portal.box.portal.settings
    settings.seats = sum(one.active for one in portal.box.portal.users.values())
    recipe = portal.recipe(NAME)
    settle(portal, recipe)
    item = portal.item(recipe, CLIENT)
    assert (item.verdict, [one.kind for one in item.actions]) == ("invite", ["invite"])
    (row,) = [one for one in portal.records(recipe, "invitations") if one["id"] == str(CLIENT)]
    assert (row["state"], row["invited"]) == ("пригласить (в очереди)", None)
    settings.seats += 1
    portal.wait(days=1)
    assert portal.run(recipe).counts == {"done": 1}
    assert guest(portal, "client9@example.org") is not None


def test_R4_10_the_tracker_tells_who_was_invited_who_came_and_whom_to_ask_again(portal: Any) -> None:
    client_only(portal, CLIENT, WITH_GROUP)
    recipe = portal.recipe(NAME)
    settle(portal, recipe)

    def states() -> dict[str, str]:
        return {row["id"]: row["state"] for row in portal.records(recipe, "invitations")}

    assert states() == {"3": "в пространстве", "9": "приглашён"}
    portal.wait(days=8)
    assert states()["9"] == "пригласить ещё раз"
    person = guest(portal, "client9@example.org")
    portal.box.act.accept_invitation(person.id, group_of(portal, CLIENT).id)
    assert states()["9"] == "в пространстве"
    portal.run(recipe)
    (row,) = [one for one in portal.records(recipe, "invitations") if one["id"] == "9"]
    assert (row["invited"], row["accepted"]) == ("2025-03-03", "2025-03-11")
    sent = len(portal.box.requests)
    portal.plan(recipe)
    asked = {entry.operation for entry in [*portal.box.requests][sent:]}
    assert "sonet_group.user.get" not in asked, "what is settled is not read again"


def test_R4_09_where_the_portal_only_makes_normal_groups_the_guest_makes_it_external(
    make_bitrix24: Callable[..., Any],
) -> None:
    portal = make_bitrix24(companies=12, extranet_groups=False)
    client_only(portal, CLIENT)
    settle(portal, portal.recipe(NAME))
    person = guest(portal, "client9@example.org")
    assert person.id in group_of(portal, CLIENT).members
    assert group_of(portal, CLIENT).extranet
    assert len(portal.box.portal.groups) == 2


def without_guests(portal: Any) -> None:
    """Let the portal have neither extranet groups nor guests: then nobody knows that it still can."""
    portal.box.portal.groups.clear()
    portal.edit_company(WITH_GROUP, **{GROUP: ""})
    for user in portal.box.portal.users.values():
        user.active = user.active and not user.extranet


def test_R4_09_the_ladder_an_internal_group_and_a_guest_by_hand(portal: Any) -> None:
    without_guests(portal)
    recipe = portal.recipe(NAME)
    settle(portal, recipe)
    group = group_of(portal, CLIENT)
    assert not group.extranet
    item = portal.item(recipe, CLIENT)
    assert (item.verdict, item.attention, item.actions) == ("by_hand", True, ())
    assert "client9@example.org" in item.reason.render("ru")
    assert guest(portal, "client9@example.org") is None


def test_R4_09_the_last_rung_a_person_makes_the_space(portal: Any) -> None:
    without_guests(portal)
    recipe = portal.recipe(NAME, ladder=["external"])
    assert portal.run(recipe).counts == {}
    item = portal.item(recipe, CLIENT)
    assert (item.verdict, item.attention) == ("by_hand", True)
    assert "collab" in item.reason.render("en")


def test_R4_09_no_client_any_more_renamed_owner_dismissed(portal: Any) -> None:
    recipe = portal.recipe(NAME, look_at_settled=True)
    settle(portal, recipe)
    for number, email in ((CLIENT, "client9@example.org"), (OTHER, "client12@example.org")):
        portal.box.act.accept_invitation(guest(portal, email).id, group_of(portal, number).id)
    portal.wait(hours=1)  # who is there is believed for a quarter of an hour
    portal.edit_company(CLIENT, TITLE="ООО «Новое имя»")
    item = portal.item(recipe, CLIENT)
    assert (item.verdict, item.attention) == ("accepted", True)
    assert "названо по-старому" in item.reason.render("ru")
    portal.box.act.dismiss(group_of(portal, OTHER).owner)
    portal.wait(hours=1)
    assert portal.item(recipe, OTHER).verdict == "owner_gone"
    portal.edit_company(CLIENT, COMPANY_TYPE="PARTNER")
    assert portal.item(recipe, CLIENT).verdict == "former"
    count = len(portal.box.portal.groups)
    settle(portal, recipe)
    assert len(portal.box.portal.groups) == count


def test_R4_09_a_dismissed_responsible_person_owns_no_space(portal: Any) -> None:
    client_only(portal, CLIENT)
    portal.edit_company(CLIENT, ASSIGNED_BY_ID=15)
    recipe = portal.recipe(NAME)
    assert portal.item(recipe, CLIENT).verdict == "no_owner"
    settle(portal, portal.recipe(NAME, owner="user:2"))
    assert group_of(portal, CLIENT).owner == 2


def test_R4_09_a_number_without_a_space_is_listed(portal: Any) -> None:
    portal.edit_company(CLIENT, **{GROUP: 777})
    item = portal.item(portal.recipe(NAME), CLIENT)
    assert (item.verdict, item.attention, item.actions) == ("space_gone", True, ())


def test_R4_11_tasks_of_the_client_are_in_its_space(portal: Any) -> None:
    settle(portal, portal.recipe(NAME))
    portal.deal("C2:HANDOVER", COMPANY_ID=CLIENT)
    portal.run(portal.recipe("bulk_bp_handover", rules={"calls_handover": {"to": ["user:7"]}}))
    assert [row["GROUP_ID"] for row in portal.tasks()] == [group_of(portal, CLIENT).id]


@pytest.mark.parametrize("operation", ["sonet_group.create", "user.add", "crm.item.update"])
def test_a_lost_answer_is_settled_by_looking(portal: Any, operation: str) -> None:
    client_only(portal, CLIENT)
    recipe = portal.recipe(NAME)
    portal.box.faults.add(Fault("drop_answer", operation))
    settle(portal, recipe)
    assert len(portal.box.portal.groups) == 2
    assert guest(portal, "client9@example.org").id in group_of(portal, CLIENT).members
    assert portal.run(recipe).counts == {}


def test_killed_before_and_after_every_write(portal: Any) -> None:
    client_only(portal, CLIENT)
    recipe = portal.recipe(NAME)
    deaths = sum(portal.killed_at_every_write(recipe) for _ in range(2))
    assert deaths >= 3
    assert len(portal.box.portal.groups) == 2
    assert guest(portal, "client9@example.org").id in group_of(portal, CLIENT).members
    assert portal.run(recipe).counts == {}


# Planfix


def test_R4_09_on_planfix_the_space_is_a_project_and_clients_are_let_in_by_hand(pf: Any) -> None:
    client = next(one for one in pf.box.account.contacts.values() if one.id == 1002)
    client.fields[204] = "Клиент"
    recipe = pf.recipe(NAME, group_field="workspace")
    for _ in range(3):
        pf.run(recipe)
    number = client.fields[205]
    project = pf.box.account.projects[number]
    assert (project.counterparty, project.name) == (1002, f"{client.name}: совместная работа")
    item = pf.item(recipe, 1002)
    assert (item.verdict, item.attention, item.actions) == ("by_hand", True, ())
    before = pf.writes()
    assert pf.run(recipe).counts == {}
    assert pf.writes() == before
    assert len(pf.box.account.projects) == 2


def test_killed_and_answers_lost_on_planfix(pf: Any) -> None:
    client = next(one for one in pf.box.account.contacts.values() if one.id == 1002)
    client.fields[204] = "Клиент"
    recipe = pf.recipe(NAME, group_field="workspace")
    pf.box.faults.add(Fault("drop_answer", "POST /project/"))
    assert sum(pf.killed_at_every_write(recipe) for _ in range(2)) >= 2
    assert len(pf.box.account.projects) == 2
    assert client.fields[205]
