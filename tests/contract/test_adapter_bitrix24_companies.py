"""New companies through the Bitrix24 adapter: everything arrives, the key makes a lost answer harmless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.crm.base import Crm
from crmkit.crm.models import NewCompany, Person
from crmkit.exceptions import ConfigurationError, ValidationError
from crmkit.sandbox import Fault, Sandbox
from crmkit.testing.bitrix24 import open_crm

COMPANY = 4


@pytest.fixture
def box() -> Iterator[Any]:
    with Sandbox.bitrix24(seed="crm_cases", clock="frozen", companies=2, deals=0) as box:
        yield box


@pytest.fixture
def crm(box: Any) -> Iterator[Crm]:
    with open_crm(box) as crm:
        yield crm


def test_a_company_is_created_with_all_that_is_known(crm: Crm) -> None:
    company = NewCompany(
        name="АО Лотос",
        is_client=True,
        email="lotos@example.org",
        phone="+79001234567",
        assignees=(Person(id="5"),),
        fields={"tariff": "Базовый", "cost": "9 000"},
    )
    made = crm.companies.get(crm.companies.create(company, key="import:1").id)
    assert (made.name, made.is_client, made.assignees) == ("АО Лотос", True, (Person(id="5"),))
    assert (made.fields["tariff"], made.fields["cost"]) == ("Базовый", "9 000")
    assert (made.raw["hasEmail"], made.raw["hasPhone"]) == ("Y", "Y")


def test_companies_are_found_by_their_keys_only(crm: Crm) -> None:
    """Long and unusual keys too; a company without a key, or with another's, is none of them."""
    keys = ["import:1", "ключ", "k" * 300]
    ids = {key: crm.companies.create(NewCompany(name=key[:9]), key=key).id for key in keys}
    found = {key: company.id for key, company in crm.companies.find_by_key(*keys, "import:2")}
    assert found == ids
    assert list(crm.companies.find_by_key()) == []


@pytest.mark.parametrize("kind", ["drop_answer", "reset"])
def test_a_lost_answer_makes_no_second_company(crm: Crm, box: Any, kind: str) -> None:
    crm.companies.create(NewCompany(name="Первая"), key="import:0")
    box.faults.add(Fault(kind, "crm.item.add"))
    made = crm.companies.create(NewCompany(name="АО Лотос"), key="import:1")
    rows = [row["ID"] for row in box.portal.items[COMPANY] if row["TITLE"] == "АО Лотос"]
    assert [str(number) for number in rows] == [made.id]


def test_what_does_not_fit_is_not_sent(crm: Crm, box: Any) -> None:
    with pytest.raises(ConfigurationError, match="nothing"):
        crm.companies.create(NewCompany(name="x", fields={"nothing": 1}), key="k")
    with pytest.raises(ValidationError, match="assignees"):
        crm.companies.create(NewCompany(name="x", assignees=(Person(id="777"),)), key="k")
    assert len(box.portal.items[COMPANY]) == 2
