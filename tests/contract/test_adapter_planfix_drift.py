"""What the doctor says when the settings and the portal have drifted apart."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.config import load_portal
from crmkit.crm.base import Crm
from crmkit.crm.registry import connect
from crmkit.exceptions import AuthenticationError, ConfigurationError, TransportError
from crmkit.sandbox import Fault
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.planfix import open_crm


@pytest.fixture
def planfix_options() -> dict[str, Any]:
    return {"deals": 5, "stalled": 2, "refused": 0, "snoozed": 0}


def mapped(box: PlanfixSandbox, **deals: Any) -> dict[str, Any]:
    """Return the mapping of deals with some of its parts replaced."""
    return {**box.portal_config["deals"], **deals}


def lines(box: PlanfixSandbox, **overrides: Any) -> list[str]:
    with open_crm(box, **overrides) as crm:
        return list(crm.check())


def test_all_is_well(planfix_crm: Crm) -> None:
    assert list(planfix_crm.check()) == []


def test_a_renamed_status(planfix_sandbox: PlanfixSandbox) -> None:
    planfix_sandbox.act.rename_status(1, "Новая заявка")
    assert lines(planfix_sandbox) == [
        "portal.deals.stages.new: status 1 is called «Новая заявка» now, not «Новая» "
        "(if it still means the same, change the name here)"
    ]


def test_a_status_that_is_not_there(planfix_sandbox: PlanfixSandbox) -> None:
    (line,) = lines(
        planfix_sandbox, deals=mapped(planfix_sandbox, stages={"new": {"id": 99, "name": "Новая"}})
    )
    assert line.startswith(
        "portal.deals.stages.new: the process has no status 99 (there are 1 «Новая», 2 «В работе»"
    )


def test_fields_that_do_not_fit_any_more(planfix_sandbox: PlanfixSandbox) -> None:
    planfix_sandbox.act.rename_field(105, "Почему отказ")
    planfix_sandbox.act.detach_field(1, 107)
    planfix_sandbox.act.remove_option(101, "подтверждено")
    fields = {
        "return_state": {"id": 101, "type": "choice", "options": ["свободная сделка", "подтверждено"]},
        "label": {"id": 102, "type": "text"},
        "refusal_reason": {"id": 105, "name": "Причина отказа"},
        "snooze_reason": {"id": 107},
        "amount": {"id": 777},
    }
    assert lines(planfix_sandbox, deals=mapped(planfix_sandbox, fields=fields)) == [
        "portal.deals.fields.return_state: field 101 «Состояние возврата» has no option «подтверждено» "
        "(add it in the portal)",
        "portal.deals.fields.label: field 102 «Метка» holds choices, not text (bind another field)",
        "portal.deals.fields.refusal_reason: field 105 is called «Почему отказ» now, not «Причина отказа» "
        "(if it still means the same, change the name here)",
        "portal.deals.fields.snooze_reason: field 107 «Причина паузы» is not attached to object 1 "
        "(attach it there, or the portal swallows its values)",
        "portal.deals.fields.amount: the portal has no field 777 (correct the number or remove the line)",
    ]


def test_deals_that_are_none(planfix_sandbox: PlanfixSandbox) -> None:
    assert lines(planfix_sandbox, deals={}) == [
        "portal.deals: which tasks are deals is not set (set object = N)"
    ]
    (line,) = lines(planfix_sandbox, deals={"object": 77})
    assert line.startswith("portal.deals: the statuses of object 77 cannot be read")


def test_deals_that_nobody_has_or_may_see(planfix_sandbox: PlanfixSandbox) -> None:
    for task in list(planfix_sandbox.account.tasks):
        planfix_sandbox.act.delete_task("user:1", task)
    assert lines(planfix_sandbox) == [
        "portal.deals: the token sees no deal (check the number of the object and the rights of its owner)"
    ]


def test_people_who_have_left_or_never_were(planfix_sandbox: PlanfixSandbox) -> None:
    assert lines(planfix_sandbox, robots=["user:15", "user:999"]) == [
        "portal.robots: user:15 «Роман Кравцов» is not active (name another one)".replace(
            "Роман Кравцов", planfix_sandbox.account.users[15].full_name
        ),
        "portal.robots: there is no user:999 (correct the number)",
    ]


def test_a_token_of_somebody_who_sees_little(planfix_sandbox: PlanfixSandbox) -> None:
    found = lines(planfix_sandbox, acting_as="user:4")
    assert found[0] == (
        "portal.user: the owner of the token has the role User and sees a part of the deals only "
        "(use a robot user)"
    )


def test_a_token_of_somebody_in_another_zone(planfix_sandbox: PlanfixSandbox) -> None:
    planfix_sandbox.account.users[90].timezone = "Asia/Vladivostok"
    assert lines(planfix_sandbox) == [
        "portal.user: the owner of the token lives in Asia/Vladivostok, the settings say Europe/Moscow "
        "(make them the same, or moments in fields are shifted)"
    ]


def test_a_token_without_a_scope(planfix_sandbox: PlanfixSandbox) -> None:
    """One line tells which, and the rest is looked at all the same."""
    scopes = {"common_metadata", "user_readonly", "task_readonly"}
    planfix_sandbox.act.narrow_token("user:90", scopes)
    found = lines(planfix_sandbox, deals=mapped(planfix_sandbox, process=1))
    assert found
    assert all("scope" in line for line in found)
    assert not any("\n" in line for line in found)


def test_a_token_that_is_refused(planfix_sandbox: PlanfixSandbox) -> None:
    """Nothing else makes sense then: it is an error, not a line."""
    planfix_sandbox.act.revoke_token("user:90")
    with pytest.raises(AuthenticationError):
        lines(planfix_sandbox)


def test_a_portal_that_ignores_the_filter(planfix_sandbox: PlanfixSandbox) -> None:
    tasks = [{"id": 1, "object": {"id": 2}}]
    body = {"result": "success", "tasks": tasks}
    planfix_sandbox.faults.add(Fault("error", "POST /task/list", status=200, body=body))
    assert lines(planfix_sandbox) == [
        "portal.deals: the portal ignores the filter by object (set another of them)"
    ]


def test_a_portal_that_goes_away_meanwhile(planfix_sandbox: PlanfixSandbox) -> None:
    """Being out of reach is no problem of the settings."""
    planfix_sandbox.faults.add(Fault("reset", "GET /object/{id}/statuses", times=None))
    with pytest.raises(TransportError):
        lines(planfix_sandbox)


def test_a_token_that_may_not_see_people(planfix_sandbox: PlanfixSandbox) -> None:
    planfix_sandbox.act.narrow_token("user:90", ["common_metadata", "object_readonly", "task_readonly"])
    (line,) = lines(planfix_sandbox)
    assert line.startswith("portal: POST /user/list: ")
    assert "scope" in line


def test_tasks_that_are_not_set_up(planfix_sandbox: PlanfixSandbox) -> None:
    tasks = {"approval": {"object": 2, "stages": {"open": 21}}, "call": {}}
    assert lines(planfix_sandbox, tasks=tasks) == [
        "portal.tasks.approval.stages: no status means done (add done = { id = N })",
        "portal.tasks.approval.stages: no status means rejected (add rejected = { id = N })",
        "portal.tasks.approval.stages: no status means cancelled (add cancelled = { id = N })",
        "portal.tasks.call: which tasks these are is not set (set object = N)",
    ]


def test_fields_of_cards(planfix_sandbox: PlanfixSandbox) -> None:
    assert lines(planfix_sandbox, contacts={"fields": {"target": 55}}) == [
        "portal.contacts.fields.target: the portal has no field 55 (correct the number or remove the line)"
    ]


def test_an_id_that_is_no_number_is_told_before_anything_is_sent(planfix_sandbox: PlanfixSandbox) -> None:
    deals = {"object": 1, "stages": {"new": "C1:NEW"}}
    portal = load_portal("main", "/dev/null", {**planfix_sandbox.portal_config, "deals": deals})
    with pytest.raises(ConfigurationError) as caught:
        connect(portal, clock=planfix_sandbox.clock)
    assert str(caught.value) == (
        "/dev/null: portals.main.deals.stages.new.id: 'C1:NEW' is no number "
        "(Planfix numbers its statuses and fields)"
    )
    assert len(planfix_sandbox.requests) == 0
