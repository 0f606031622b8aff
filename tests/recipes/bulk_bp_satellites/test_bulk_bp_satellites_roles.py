"""R4.13 on the real chain: the matrix of roles, tried with a token of the role, without changing anything."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.exceptions import AuthenticationError, Unsupported
from crmkit.sandbox.bitrix24.models import Category

NAME = "bulk_bp_roles"
ALLOWED = ["contacts.view", "companies.view", "deals.view", "deals.change"]
FORBIDDEN = [
    "deals.add",
    "deals.import",
    "contacts.change",
    "companies.change",
    "invoices.view",
    "invoices.change",
    "quotes.change",
]
QUOTE, INVOICE = 7, 31


def matrix(portal: Any, who: str = "user:21", **rule: Any) -> Any:
    """Return the recipe with the matrix of the call centre, and a token of the role."""
    file = portal.folder / "token"
    file.write_text(portal.box.tokens[who], encoding="utf-8")
    given = {"allowed": ALLOWED, "forbidden": FORBIDDEN, "pipeline": "calls", **rule}
    return portal.recipe(NAME, roles={"Колл-центр": {"token": f"file:{file}", **given}}, adding=True)


@pytest.fixture
def office(b24: Any) -> Any:
    """A portal with a deal of the call centre, one of sales, a quote and an invoice."""
    b24.deal("C2:NEW")
    b24.deal("NEW")
    b24.box.portal.categories[INVOICE][1] = Category(1, INVOICE, "Счета", is_default=True)
    for kind in (QUOTE, INVOICE):
        b24.box.act.create("user:1", entity_type=kind, TITLE="Документ")
    return b24


def everything(portal: Any) -> Any:
    return copy.deepcopy({kind: list(table) for kind, table in portal.box.portal.items.items()})


def found(portal: Any, recipe: Any) -> dict[str, str]:
    return {key.partition("/")[2]: verdict for key, verdict in portal.verdicts(recipe).items()}


def test_R4_13_the_call_centre_may_what_it_should_and_no_more(office: Any) -> None:
    before = everything(office)
    assert found(office, matrix(office)) == dict.fromkeys([*ALLOWED, *FORBIDDEN], "as_expected")
    assert everything(office) == before, "the probe changes nothing"


def test_R4_13_somebody_without_a_role_may_too_much_and_the_probe_changes_nothing(office: Any) -> None:
    before = everything(office)
    verdicts = found(office, matrix(office, "user:4"))
    assert {verdicts[one] for one in FORBIDDEN} == {"too_much"}
    assert {verdicts[one] for one in ALLOWED} == {"as_expected"}
    assert everything(office) == before, "the probe changes nothing, although it might"


def test_R4_13_only_the_own_pipeline(office: Any) -> None:
    verdicts = found(office, matrix(office, pipeline="sales"))
    assert {verdicts[one] for one in ("deals.view", "deals.change")} == {"too_little"}
    others = matrix(office, pipeline="sales", allowed=[], forbidden=["deals.view", "deals.change"])
    assert set(found(office, others).values()) == {"as_expected"}


def test_R4_13_a_right_that_was_taken_away_is_seen(office: Any) -> None:
    office.box.act.give_role("user:21", "Колл-центр", {"2:2": {"read": "X"}, "3": {"read": "X"}})
    verdicts = found(office, matrix(office))
    assert {one for one, verdict in verdicts.items() if verdict == "too_little"} == {
        "deals.change",
        "companies.view",
    }


def test_R4_13_the_report_is_the_matrix(office: Any) -> None:
    rows = office.records(matrix(office, "user:4"), "matrix")
    row = next(one for one in rows if one["operation"] == "deals.add")
    assert (row["role"], row["expected"], row["seen"]) == ("Колл-центр", "нельзя", "можно")
    assert "crm.item.add" in row["how"]
    assert len(rows) == len(ALLOWED) + len(FORBIDDEN)


def test_R4_13_what_cannot_be_found_out_is_said(b24: Any) -> None:
    verdicts = found(b24, matrix(b24))
    assert {one for one, verdict in verdicts.items() if verdict == "untold"} == {
        "deals.view",
        "deals.change",
        "invoices.view",
        "invoices.change",
        "quotes.change",
    }
    recipe = matrix(b24)
    cautious = b24.recipe(NAME, **{**recipe.settings.model_dump(), "adding": False})
    assert found(b24, cautious)["deals.add"] == "untold"


def test_R4_13_a_run_writes_nothing(office: Any) -> None:
    before = everything(office)
    assert office.run(matrix(office)).counts == {}
    assert everything(office) == before


def test_R4_13_tokens_are_named_never_written_down(b24: Any) -> None:
    with pytest.raises(ValidationError, match="a token is only named here"):
        b24.recipe(NAME, roles={"A": {"token": "21/secret", "allowed": ["deals.view"]}})
    with pytest.raises(ValidationError, match="is no operation"):
        b24.recipe(NAME, roles={"A": {"token": "env:A", "allowed": ["deals.fly"]}})
    both = {"allowed": ["deals.view"], "forbidden": ["deals.view"]}
    with pytest.raises(ValidationError, match="is allowed and forbidden"):
        b24.recipe(NAME, roles={"A": {"token": "env:A", **both}})


def test_R4_13_a_token_that_is_refused_stops_the_probe(office: Any) -> None:
    recipe = matrix(office)
    (office.folder / "token").write_text("21/nobodyknowsthiskey", encoding="utf-8")
    with pytest.raises(AuthenticationError):
        office.plan(recipe)


def test_R4_13_planfix_says_why_it_cannot(pf: Any) -> None:
    recipe = pf.recipe(NAME, roles={"A": {"token": "env:A", "allowed": ["deals.view"]}})
    with pytest.raises(Unsupported) as caught:
        pf.plan(recipe)
    assert "for every object and field" in str(caught.value.hint)
