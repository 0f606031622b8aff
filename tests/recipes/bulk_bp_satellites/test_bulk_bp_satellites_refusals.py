"""R4.8 on the real chain: a refused deal stays where it is, and its copy fails instead and starts nothing."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.exceptions import ConfigurationError
from crmkit.runtime.undo import undo
from crmkit.sandbox import Fault

NAME, FIELD, COPY_OF = "bulk_bp_refusals", "UF_CRM_REFUSAL", "UF_CRM_COPY_OF"
FAILED = "C2:LOSE"


def copies(portal: Any) -> list[Any]:
    return [row for row in portal.deals() if row[COPY_OF]]


def refuse(portal: Any, deal: int, value: str = "Y") -> None:
    portal.edit(deal, **{FIELD: value})


def test_R4_08_the_deal_is_copied_and_stays_on_its_stage(b24: Any) -> None:
    deal = b24.deal("C2:CALLBACK", OPPORTUNITY=12500, CONTACT_IDS=[3], UF_CRM_COST="12500|RUB")
    refuse(b24, deal)
    recipe = b24.recipe(NAME)
    assert b24.run(recipe).counts == {"done": 1}
    (copy,), original = copies(b24), b24.row(deal)
    assert (original["STAGE_ID"], copy["STAGE_ID"]) == ("C2:CALLBACK", FAILED)
    same = ("TITLE", "COMPANY_ID", "CONTACT_ID", "OPPORTUNITY", "ASSIGNED_BY_ID", "UF_CRM_COST", FIELD)
    assert {name: copy[name] for name in same} == {name: original[name] for name in same}
    before = b24.writes()
    assert b24.run(recipe).counts == {}
    assert b24.writes() == before


def test_R4_08_products_are_copied_and_activities_are_not(b24: Any) -> None:
    deal = b24.deal("C2:CALLBACK")
    rows = [{"productName": "Аудит", "price": 1000, "quantity": 2}]
    b24.crm.native().products.set(2, deal, rows)
    b24.box.act.comment("user:4", deal, "Звонил, просили перезвонить")
    refuse(b24, deal)
    b24.run(b24.recipe(NAME))
    (copy,) = copies(b24)
    sold = [(row.product_name, row.quantity) for row in b24.crm.native().products.list(2, copy["ID"])]
    assert sold == [("Аудит", 2)]
    texts = [row["COMMENT"] for row in b24.box.portal.comments.having("OWNER", f"2:{copy['ID']}")]
    assert len(texts) == 1
    assert "перезвонить" not in texts[0]


def test_R4_08_both_tell_of_each_other(b24: Any) -> None:
    deal = b24.deal("C2:CALLBACK")
    refuse(b24, deal)
    b24.run(b24.recipe(NAME))
    (copy,) = copies(b24)
    assert str(copy[COPY_OF]).removeprefix("D_") == str(deal)
    (in_original,), (in_copy,) = b24.comments(deal), b24.comments(copy["ID"])
    assert f"сделка № {copy['ID']}" in in_original
    assert f"/crm/deal/details/{deal}/" in in_copy
    assert b24.records(b24.recipe(NAME), "copies")[0]["copy"] == str(copy["ID"])


@pytest.mark.parametrize(("repeat", "count"), [("once", 1), ("each", 2)], ids=["once", "each"])
def test_T4_yes_no_yes_is_as_many_copies_as_the_policy_says(b24: Any, repeat: str, count: int) -> None:
    deal, recipe = b24.deal("C2:CALLBACK"), b24.recipe(NAME, repeat=repeat)
    refuse(b24, deal)
    b24.run(recipe)
    refuse(b24, deal, "N")
    item = b24.item(recipe, deal)
    assert (item.verdict, item.attention) == ("withdrawn", True)
    b24.run(recipe)
    refuse(b24, deal)
    b24.run(recipe)
    b24.run(recipe)
    assert len(copies(b24)) == count


def test_T4_the_copy_starts_nothing(b24: Any) -> None:
    deal, calls, recipe = b24.deal("C2:NEW"), b24.recipe("bulk_bp_calls"), b24.recipe(NAME, stage="C2:NEW")
    b24.run(calls)
    b24.edit(deal, **{FIELD: "Y", "UF_CRM_CALLBACK_AT": "2025-03-05T10:00:00+03:00"})
    b24.run(calls)
    before = len(b24.tasks())
    b24.run(recipe)
    (copy,) = copies(b24)
    assert (copy["STAGE_ID"], b24.row(copy["ID"])["UF_CRM_CALLBACK_AT"] is None) == ("C2:NEW", False)
    number = str(copy["ID"])
    assert b24.verdicts(calls)[number] == "copy"
    assert b24.verdicts(recipe)[number] == "copy"
    b24.run(calls)
    b24.run(recipe)
    assert len(b24.tasks()) == before
    assert len(copies(b24)) == 1


def test_R4_08_reports_do_not_count_it_twice(b24: Any) -> None:
    deal = b24.deal("C2:CALLBACK", OPPORTUNITY=5000)
    refuse(b24, deal)
    b24.run(b24.recipe(NAME))
    file = b24.folder / "base.csv"
    file.write_text("Номер;Название\n1;Импорт\n", encoding="utf-8")
    stages = b24.records(b24.recipe("bulk_bp", file=str(file)), "stages")
    assert [(row["deals"], row["entered"]) for row in stages if row["entered"] or row["deals"]] == [(1, 1)]
    rows = b24.records(b24.recipe("bulk_bp", file=str(file)), "responsible")
    assert [(row["deals"], row["amount"]) for row in rows] == [(1, 5000.0)]


def test_R4_08_by_pipeline(b24: Any) -> None:
    deal, other = b24.deal("C3:NEW"), b24.deal("C2:NEW")
    for number in (deal, other):
        refuse(b24, number)
    b24.run(b24.recipe(NAME, stages={"seminars": "no_interest"}))
    assert sorted(row["STAGE_ID"] for row in copies(b24)) == [FAILED, "C3:LOSE"]


def test_R4_08_what_was_undone_is_not_done_again(b24: Any) -> None:
    deal, recipe = b24.deal("C2:CALLBACK"), b24.recipe(NAME)
    refuse(b24, deal)
    run = b24.run(recipe).run
    undo(run, b24.crm, b24.ledger)
    assert b24.verdicts(recipe).get(str(deal)) in {"undone", "copied"}
    count = len(copies(b24))
    b24.run(recipe)
    assert len(copies(b24)) == count


def test_a_stage_that_is_not_there_is_refused_before_anything_is_written(b24: Any) -> None:
    with pytest.raises(ConfigurationError, match="no stage is called 'nowhere'"):
        b24.plan(b24.recipe(NAME, stage="nowhere"))


@pytest.mark.parametrize("operation", ["batch", "crm.timeline.comment.add"])
def test_a_lost_answer_is_settled_by_looking(b24: Any, operation: str) -> None:
    deal, recipe = b24.deal("C2:CALLBACK"), b24.recipe(NAME)
    refuse(b24, deal)
    b24.plan(recipe)
    b24.box.faults.add(Fault("drop_answer", operation))
    for _ in range(3):
        b24.run(recipe)
    assert len(copies(b24)) == 1
    assert [len(b24.comments(one)) for one in (deal, copies(b24)[0]["ID"])] == [1, 1]


def test_killed_before_and_after_every_write(b24: Any) -> None:
    deal, recipe = b24.deal("C2:CALLBACK"), b24.recipe(NAME)
    refuse(b24, deal)
    assert b24.killed_at_every_write(recipe) >= 3
    assert len(copies(b24)) == 1
    assert [len(b24.comments(one)) for one in (deal, copies(b24)[0]["ID"])] == [1, 1]


# Planfix


def test_R4_08_and_T4_on_planfix(pf: Any) -> None:
    deal, recipe = pf.deal(9), pf.recipe(NAME)
    for value in (True, False, True):
        pf.edit(deal, {117: value})
        pf.run(recipe)
    copy = next(one for one in pf.deals() if one.id != deal)
    assert len(pf.deals()) == 2
    assert (pf.box.account.tasks[deal].status, copy.status) == (9, 8)
    assert copy.fields[118] == deal
    assert copy.counterparty == 1003
    assert f"сделка № {copy.id}" in pf.comments(deal)[0]
    before = pf.writes()
    assert pf.run(recipe).counts == {}
    assert pf.writes() == before


@pytest.mark.parametrize("operation", ["POST /task/", "POST /task/{id}/comments/"])
def test_a_lost_answer_is_settled_on_planfix_too(pf: Any, operation: str) -> None:
    deal, recipe = pf.deal(9), pf.recipe(NAME)
    pf.edit(deal, {117: True})
    pf.box.faults.add(Fault("drop_answer", operation))
    for _ in range(2):
        pf.run(recipe)
    assert len(pf.deals()) == 2
    assert len(pf.comments(deal)) == 1


def test_killed_on_planfix(pf: Any) -> None:
    deal, recipe = pf.deal(9), pf.recipe(NAME)
    pf.edit(deal, {117: True})
    assert pf.killed_at_every_write(recipe) >= 3
    assert len(pf.deals()) == 2
    assert len(pf.comments(deal)) == 1
