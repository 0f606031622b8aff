"""Roles of the CRM: what a token of an ordinary user is refused, and how."""

from __future__ import annotations

import pytest

from crmkit.sandbox.bitrix24.rights import ALL, DEPARTMENT, OWN, Role

CALLS = Role(
    "Колл-центр",
    {
        (2, 0): {"read": ALL, "update": ALL},
        3: {"read": ALL},
        4: {"read": OWN},
        7: {"read": ALL},
    },
)


@pytest.fixture
def caller(api, box, bench):
    """User 4 reads contacts, own companies and deals of the first pipeline, and changes the deals."""
    box.portal.roles[4] = CALLS
    return bench.api(box, "user:4")


def test_deals_of_the_own_pipeline_only(api, caller):
    seen, hidden = api.deal(), api.deal(categoryId=1)
    assert caller.ids() == [seen]
    assert [one["ID"] for one in caller.call("crm.deal.list")] == [str(seen)]
    assert caller.call("crm.item.get", entityTypeId=2, id=seen)["item"]["id"] == seen
    refused = caller.refused("crm.item.get", entityTypeId=2, id=hidden)
    assert refused == (400, "ACCESS_DENIED", "You do not have permission to view this item")
    assert caller.refused("crm.deal.get", id=hidden) == (400, "", "Access denied")
    history = caller.call("crm.stagehistory.list", entityTypeId=2)["items"]
    assert {one["OWNER_ID"] for one in history} == {str(seen)}


def test_writing_into_a_deal_but_not_adding_one(api, caller):
    deal = api.deal()
    fields = {"title": "Перезвонили"}
    assert (
        caller.call("crm.item.update", entityTypeId=2, id=deal, fields=fields)["item"]["title"]
        == "Перезвонили"
    )
    comment = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal, "COMMENT": "x"}
    assert caller.call("crm.timeline.comment.add", fields=comment)
    for name in ("crm.item.add", "crm.item.import"):
        assert caller.refused(name, entityTypeId=2, fields=fields)[:2] == (400, "ACCESS_DENIED")
    assert caller.refused("crm.deal.add", fields={"TITLE": "x"}) == (400, "", "Access denied")
    assert caller.refused("crm.item.delete", entityTypeId=2, id=deal)[1] == "ACCESS_DENIED"
    (outcome,) = caller.call("crm.item.batchImport", entityTypeId=2, data=[fields])["items"]
    assert outcome["error"] == "ACCESS_DENIED"
    assert len(api.ids()) == 1


def test_contacts_are_looked_at_and_quotes_are_not_changed(api, caller):
    contact = api.call("crm.item.add", entityTypeId=3, fields={"name": "Анна"})["item"]["id"]
    quote = api.call("crm.item.add", entityTypeId=7, fields={"title": "КП"})["item"]
    assert quote["stageId"] == "DRAFT"
    assert caller.call("crm.contact.get", id=contact)["NAME"] == "Анна"
    for type_, number in ((3, contact), (7, quote["id"])):
        refused = caller.refused("crm.item.update", entityTypeId=type_, id=number, fields={"comments": "x"})
        assert refused[:2] == (400, "ACCESS_DENIED")
    comment = {"ENTITY_TYPE": "contact", "ENTITY_ID": contact, "COMMENT": "x"}
    assert caller.refused("crm.timeline.comment.add", fields=comment)[1] == "ACCESS_DENIED"
    assert caller.refused("crm.contact.company.items.set", id=contact, items=[])[2] == "Access denied"


def test_activities_of_what_one_may_read(api, caller):
    seen, hidden = api.deal(), api.deal(categoryId=1)
    todos = [
        api.call("crm.activity.todo.add", ownerTypeId=2, ownerId=deal, deadline="2025-03-05T12:00:00+03:00")[
            "id"
        ]
        for deal in (seen, hidden)
    ]
    assert [one["ID"] for one in caller.call("crm.activity.list")] == [str(todos[0])]
    assert caller.refused("crm.activity.get", id=todos[1])[2] == "Access denied"
    assert caller.call("crm.activity.update", id=todos[0], fields={"COMPLETED": "Y"}) is True
    body = {"ownerTypeId": 2, "ownerId": hidden, "deadline": "2025-03-05T12:00:00+03:00"}
    assert caller.refused("crm.activity.todo.add", **body)[1] == "ACCESS_DENIED"


def test_own_items_and_no_access_at_all(api, caller):
    mine = api.call("crm.item.add", entityTypeId=4, fields={"title": "Моя", "assignedById": 4})["item"]["id"]
    api.call("crm.item.add", entityTypeId=4, fields={"title": "Чужая"})
    assert [one["id"] for one in caller.call("crm.item.list", entityTypeId=4)["items"]] == [mine]
    assert caller.call("crm.item.list", entityTypeId=1)["items"] == []
    assert caller.refused("crm.lead.list") == (400, "", "Access denied.")
    assert caller.refused("crm.item.fields", entityTypeId=1)[1] == "ACCESS_DENIED"


def test_a_department(api, box, bench):
    box.portal.roles[4] = Role("Менеджер", {2: {"read": DEPARTMENT}})
    department = box.portal.users[4].departments
    colleague = next(
        one.id for one in box.portal.users.values() if one.departments == department and one.id != 4
    )
    deals = [api.deal(assignedById=user) for user in (4, colleague, 1)]
    assert bench.api(box, "user:4").ids() == deals[:2]


def test_settings_are_for_administrators(caller):
    for name, body in {
        "crm.category.add": {"entityTypeId": 2, "fields": {"name": "x"}},
        "crm.category.update": {"entityTypeId": 2, "id": 1, "fields": {"name": "x"}},
        "crm.category.delete": {"entityTypeId": 2, "id": 1},
        "crm.status.add": {"fields": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "X", "NAME": "x"}},
        "crm.deal.userfield.add": {"fields": {"FIELD_NAME": "X", "USER_TYPE_ID": "string"}},
        "bizproc.workflow.start": {"TEMPLATE_ID": 1},
        "bizproc.workflow.template.list": {},
    }.items():
        assert caller.refused(name, **body)[1] == "ACCESS_DENIED", name


def test_guests_see_nothing(api, box, bench):
    deal = api.deal()
    box.portal.users[4].extranet = True
    guest = bench.api(box, "user:4")
    assert guest.refused("crm.item.get", entityTypeId=2, id=deal)[:2] == (403, "allowed_only_intranet_user")
    assert guest.refused("crm.item.list", entityTypeId=2)[1] == "allowed_only_intranet_user"
    api.call("crm.activity.todo.add", ownerTypeId=2, ownerId=deal, deadline="2025-03-05T12:00:00+03:00")
    assert guest.call("crm.activity.list") == []
    assert guest.refused("crm.deal.list")[2] == "Access denied."


def test_a_role_is_given_over_the_control_api(api, box, bench):
    deals = [api.deal(), api.deal(categoryId=1)]
    rights = {"2:1": {"read": "X"}}
    body = {"action": "give_role", "user": "user:4", "name": "Только вторые", "rights": rights}
    answer = api.session.post(f"{box.control_url}/act", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    assert bench.api(box, "user:4").ids() == deals[1:]
