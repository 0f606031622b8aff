"""What is particular to Bitrix24: who is responsible, lost batches, tokens, drift of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import DealChanges, NewDeal, Person, WriteResult
from crmkit.crm.registry import connect
from crmkit.exceptions import AuthenticationError, ConfigurationError, ValidationError
from crmkit.sandbox import Fault, Sandbox
from crmkit.sandbox.bitrix24.kinds import DEAL
from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox
from crmkit.sandbox.bitrix24.userfields import change_enum
from crmkit.testing.bitrix24 import Bitrix24Bench, open_crm, portal_of


@pytest.fixture
def bitrix24_options() -> dict[str, Any]:
    return {"seed": "stale_deals", "deals": 60, "stalled": 20, "refused": 2, "snoozed": 2}


@pytest.fixture
def bench(bitrix24_bench: Bitrix24Bench) -> Bitrix24Bench:
    return bitrix24_bench


# Writing


def test_a_stage_of_another_pipeline_moves_the_deal_there(bench: Bitrix24Bench) -> None:
    """A stage belongs to one pipeline, so naming it says both."""
    deal = bench.new_deal()
    bench.crm.deals.update(deal, DealChanges(stage="C1:PREPARATION"))
    found = bench.crm.deals.get(deal)
    assert found.stage
    assert (found.stage.id, found.stage.pipeline) == ("C1:PREPARATION", "1")
    bench.crm.deals.update(deal, DealChanges(stage="new"))
    assert bench.crm.deals.get(deal).raw["categoryId"] == 0


def test_a_stage_of_another_pipeline_than_the_named_one_is_refused(bench: Bitrix24Bench) -> None:
    """Which of the two was meant nobody knows."""
    with pytest.raises(ValidationError, match="pipeline"):
        bench.crm.deals.create(NewDeal(title="x", pipeline="repeat", stage="new"), key="run:1")


@pytest.mark.parametrize("people", [(), ("4", "5")])
def test_exactly_one_is_responsible(bench: Bitrix24Bench, people: tuple[str, ...]) -> None:
    """Neither nobody nor two."""
    with pytest.raises(ValidationError, match="assignees"):
        bench.crm.deals.update(
            bench.new_deal(), DealChanges(assignees=tuple(Person(id=one) for one in people))
        )


def test_every_deal_is_made_once_whatever_is_lost(bench: Bitrix24Bench) -> None:
    """Answers of batches get lost before and after they were carried out."""
    crm, count = bench.crm, 230
    list(crm.pipelines())
    crm.deal_fields()
    before = len(bench.deal_ids())
    for kind in ("drop_answer", "reset", "drop_answer"):
        bench.box.faults.add(Fault(kind, "batch", after=1))
    deals = [(NewDeal(title=f"Сделка {n}", amount=Decimal(n)), f"run:{n}") for n in range(count)]
    outcomes = crm.deals.create_many(deals)
    assert all(isinstance(one, WriteResult) for one in outcomes)
    assert len(bench.deal_ids()) == before + count
    found = {deal.key: deal for deal in crm.deals.find_by_key(*(key for _, key in deals))}
    assert [found[key].id for _, key in deals] == [one.id for one in outcomes if isinstance(one, WriteResult)]
    assert [found[key].amount for _, key in deals] == [new.amount for new, _ in deals]


def test_refused_credentials_are_each_ones_outcome(bitrix24_sandbox: Bitrix24Sandbox) -> None:
    """Nothing is raised for a single deal of many."""
    with open_crm(bitrix24_sandbox) as crm:
        list(crm.pipelines())
        crm.deal_fields()
        bitrix24_sandbox.portal.webhooks.clear()
        outcomes = crm.deals.create_many([(NewDeal(title="x"), "1"), (NewDeal(title="y"), "2")])
    assert [type(one) for one in outcomes] == [AuthenticationError, AuthenticationError]


def test_what_changes_in_the_portal_is_noticed_after_a_while(bench: Bitrix24Bench) -> None:
    """A program that runs for weeks sees a new option of a list, a new colleague, a new stage name."""
    crm, portal = bench.crm, bench.box.portal
    key, _ = bench.choice
    deal = bench.new_deal()
    crm.deals.get(deal)
    spec = portal.kinds[DEAL].fields["UF_CRM_RETURN_STATE"]
    change_enum(portal, spec, [{"VALUE": "новое значение"}])
    with pytest.raises(ValidationError):
        crm.deals.update(deal, DealChanges(fields={key: "новое значение"}))
    portal.users[4].name = "Переименован"
    bench.rename_stage("new")
    bench.advance(minutes=20)
    crm.deals.update(deal, DealChanges(fields={key: "новое значение"}))
    found = crm.deals.get(deal)
    assert found.fields[key] == "новое значение"
    assert found.assignees[0].name.startswith("Переименован")
    assert found.stage
    assert found.stage.name == "Переименована"


# Connecting


@pytest.mark.parametrize(
    "token",
    ["{token}", "{token}/", "{url}/{token}/", " {url}/{token} "],
    ids=["end", "slash", "address", "blanks"],
)
def test_the_token_may_be_the_end_of_the_address_or_all_of_it(
    bitrix24_sandbox: Bitrix24Sandbox, token: str
) -> None:
    config = bitrix24_sandbox.portal_config
    given = token.format(token=config["token"], url=config["url"])
    portal = portal_of(bitrix24_sandbox, token=given)
    with connect(portal, clock=bitrix24_sandbox.clock) as crm:
        me = crm.me()
        assert (me, crm.portal) == (Person(id="90"), portal.key)
        assert me
        assert me.name


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"token": "s3cr3t"}, "portal.token: is no key of an incoming webhook"),
        (
            {"token": "https://other.bitrix24.ru/rest/1/s3cr3t/"},
            "portal.token: is the webhook of another portal",
        ),
        ({"token": "1/s3cr3t", "user": "user:90"}, "portal.user: the webhook belongs to user:1"),
    ],
    ids=["no key", "another portal", "another user"],
)
def test_a_wrong_token_is_told_without_showing_it(
    bitrix24_sandbox: Bitrix24Sandbox, overrides: dict[str, str], words: str
) -> None:
    portal = portal_of(bitrix24_sandbox, **overrides)
    with pytest.raises(ConfigurationError) as caught:
        connect(portal, clock=bitrix24_sandbox.clock)
    assert str(caught.value).startswith(words)
    assert "s3cr3t" not in str(caught.value)


def test_processes_share_their_pace(bitrix24_sandbox: Bitrix24Sandbox, tmp_path: Path) -> None:
    """Two connections through one file leave 50 requests at once to both together."""
    clock = bitrix24_sandbox.clock
    portal = portal_of(bitrix24_sandbox, limits_file=tmp_path / "limits.db", rate=2.0)
    with connect(portal, clock=clock) as one, connect(portal, clock=clock) as other:
        start = clock.monotonic()
        for _ in range(30):
            one.native().call("user.current")
            other.native().call("user.current")
    assert clock.monotonic() - start >= 4.0


# Drift


@pytest.fixture
def drifted(bitrix24_sandbox: Bitrix24Sandbox) -> Iterator[Crm]:
    """An adapter whose settings fit in nothing."""
    deals = {
        "object": 1,
        "pipelines": {"gone": {"id": "77", "name": "Нет"}},
        "stages": {"gone": {"id": "C7:NEW"}},
        "fields": {
            "gone": {"id": "UF_CRM_GONE"},
            "label": {"id": "ufCrmLabel", "type": "choice", "options": ["Тендер", "Аукцион"]},
        },
    }
    tasks = {"approval": {"object": 2, "stages": {"rejected": {"id": "отклонено"}}}}
    workflows = {"gone": {"id": "77"}, "approval": {"id": "1", "name": "Старое имя"}}
    config = {**bitrix24_sandbox.portal_config, "robots": ["user:15", "user:777"]}
    config |= {"deals": deals, "tasks": tasks, "workflows": workflows}
    with connect(PortalConfig.model_validate(config), clock=bitrix24_sandbox.clock) as crm:
        yield crm


def test_all_that_does_not_fit_is_told_in_a_line_each(drifted: Crm) -> None:
    lines = list(drifted.check())
    expected = [
        "robots: user:15",
        "robots: there is no user:777",
        "robots: user:90, whose webhook it is",
        "deals.pipelines.gone: the portal has no pipeline 77",
        "deals.stages.gone: the portal has no stage C7:NEW",
        "deals: object means nothing",
        "deals.fields.gone: the portal has no field UF_CRM_GONE",
        "deals.fields.label: field UF_CRM_LABEL «Метка» holds choices, not choice",
        "deals.fields.label: field UF_CRM_LABEL «Метка» has no option «Аукцион»",
        "tasks.approval: object means nothing",
        "tasks.approval.stages.rejected: 'отклонено' is no status",
        "workflows.gone: the portal has no business process 77",
        "workflows.approval: business process 1 is called «Согласование» now",
    ]
    for words in expected:
        assert sum(words in line for line in lines) == 1, (words, lines)
    assert len(lines) == len(expected)


def test_a_missing_scope_is_a_line_and_not_the_end(bitrix24_options: dict[str, Any]) -> None:
    """What can be looked at is looked at."""
    options = {**bitrix24_options, "scopes": ("crm", "user")}
    with Sandbox.bitrix24(**options) as box, open_crm(box) as crm:
        lines = list(crm.check())
    assert len(lines) == 1
    assert "bizproc" in lines[0]


def test_stages_that_cannot_be_read_are_a_line(bench: Bitrix24Bench) -> None:
    """And the names of fields are compared all the same."""
    body = {"error": "ACCESS_DENIED", "error_description": "Access denied."}
    bench.box.faults.add(Fault("command_error", "crm.status.list", times=None, body=body))
    field = bench.rename_field(bench.text)
    lines = list(bench.crm.check())
    assert sum("crm.status.list" in line for line in lines) == len(lines) - 1
    assert field in lines[-1]


def test_a_refused_token_is_no_line(bitrix24_sandbox: Bitrix24Sandbox) -> None:
    """Then nothing can be said about the settings."""
    with open_crm(bitrix24_sandbox) as crm:
        bitrix24_sandbox.portal.webhooks.clear()
        with pytest.raises(AuthenticationError):
            list(crm.check())
