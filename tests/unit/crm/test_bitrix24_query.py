"""How a neutral filter is split for ``crm.item.list``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.bitrix24.fields import FieldInfo
from crmkit.config import PortalConfig
from crmkit.crm.adapters.bitrix24.account import Stages
from crmkit.crm.adapters.bitrix24.query import Facts, Query, split
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import Deal, Person, Pipeline, Ref, Stage
from crmkit.exceptions import ConfigurationError, NotFound, ValidationError

NOW = datetime(2025, 3, 3, 6, tzinfo=UTC)
PORTAL = PortalConfig.model_validate(
    {
        "provider": "bitrix24",
        "url": "http://127.0.0.1:9/rest",
        "token": "1/key",
        "robots": ["user:90", "user:91"],
        "deals": {
            "stages": {"new": {"id": "NEW"}, "repeat_new": {"id": "C1:NEW"}},
            "pipelines": {"sales": {"id": "0"}, "repeat": {"id": "1"}},
        },
    }
)
FIELDS = {
    "tariff": FieldInfo("UF_CRM_TARIFF", "enumeration", items={"41": "Базовый"}),
    "label": FieldInfo("UF_CRM_LABEL", "enumeration", multiple=True, items={"1": "VIP", "2": "Тендер"}),
    "hold": FieldInfo("UF_CRM_HOLD", "boolean"),
}


def stages() -> Stages:
    known = [Stage(id="NEW", key="new", pipeline="0"), Stage(id="C1:NEW", key="repeat_new", pipeline="1")]
    lines = (Pipeline(id="0", key="sales"), Pipeline(id="1", key="repeat"))
    return Stages({one.id: one for one in known}, lines)


def query(*conditions: Expression) -> Query:
    return split(terms_of(conditions), Facts(PORTAL, stages, FIELDS.__getitem__, NOW))


def deal(**values: Any) -> Deal:
    return Deal.model_validate({"id": "1", "title": "", "open": True, **values})


DAY = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (Deal.is_open, {"=stageSemanticId": "P"}),
        (Deal.in_stage("new", "C1:NEW"), {"@stageId": ["C1:NEW", "NEW"]}),
        (Deal.in_pipeline("repeat", "0"), {"@categoryId": [0, 1]}),
        (Deal.idle_for(days=1), {"<=updatedTime": DAY, "<=lastActivityTime": DAY}),
        (Deal.touched_since(DAY), {}),
        (Deal.created_since(DAY), {">=createdTime": DAY}),
        (Deal.closed_since(DAY), {"@stageSemanticId": ["S", "F"], ">=movedTime": DAY}),
        (Deal.assigned_to(Person(id="5"), Person(id="4")), {"@assignedById": [4, 5]}),
        (Deal.of_company(Ref(kind="company", id="7")), {"@companyId": [7]}),
        (Deal.of_contact(Ref(kind="contact", id="7")), {"@contactIds": [7]}),
        (Deal.field("tariff", "Базовый"), {"=UF_CRM_TARIFF": 41}),
        (Deal.field("label", ("Тендер", "VIP")), {"=UF_CRM_LABEL": 2}),
        (Deal.field("hold", True), {"=UF_CRM_HOLD": 1}),
        (Deal.field("tariff", None), {}),
        (
            Deal.commented_by_robot_since(DAY),
            {
                "0": {
                    "logic": "OR",
                    "0": {"@lastActivityBy": [90, 91], ">=lastActivityTime": DAY},
                    "1": {"@updatedBy": [90, 91], ">=updatedTime": DAY},
                }
            },
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Expression) else "",
)
def test_what_the_portal_evaluates(condition: Expression, asked: dict[str, Any]) -> None:
    assert query(condition).filter == asked
    shown = str(query(condition).explanation)
    assert str(condition).partition("(")[0] in shown


def test_conditions_with_the_same_key_do_not_hide_each_other() -> None:
    later = NOW - timedelta(hours=1)
    asked = query(Deal.created_since(DAY), Deal.created_since(later), Deal.is_open).filter
    assert asked == {">=createdTime": DAY, "=stageSemanticId": "P", "0": {">=createdTime": later}}


def test_the_strictest_of_several_moments_counts() -> None:
    both = query(
        Deal.idle_for(days=2), Deal.idle_for(days=5), Deal.touched_since(DAY), Deal.touched_since(NOW)
    )
    assert both.idle_until == NOW - timedelta(days=5)
    assert both.touched_from == NOW


@pytest.mark.parametrize(
    "condition",
    [Deal.with_ids(), Deal.with_ids("x"), Deal.in_stage(), Deal.assigned_to(), Deal.of_company()],
    ids=str,
)
def test_nothing_is_not_everything(condition: Expression) -> None:
    """An empty list of values would be no condition at all to the portal."""
    assert query(condition).impossible


def test_without_robots_no_robot_has_commented() -> None:
    portal = PORTAL.model_copy(update={"robots": ()})
    terms = terms_of([Deal.commented_by_robot_since(DAY)])
    assert split(terms, Facts(portal, stages, FIELDS.__getitem__, NOW)).impossible


def test_ids_are_cut_down() -> None:
    found = query(Deal.with_ids("1", "2", "3"), Deal.with_ids("3", "2", "no id"))
    assert (found.ids, found.impossible) == (frozenset({2, 3}), False)
    assert query(Deal.with_ids("1"), Deal.with_ids("2")).impossible


def test_what_a_row_tells_is_checked_again() -> None:
    """A filter that the portal drops returns everything."""
    company = Ref(kind="company", id="7")
    checks: list[tuple[Expression, Deal, Deal]] = [
        (Deal.is_open, deal(), deal(open=False)),
        (Deal.in_stage("new"), deal(stage=Stage(id="NEW")), deal(stage=Stage(id="WON"))),
        (Deal.of_company(company), deal(company=company), deal()),
        (
            Deal.of_contact(Ref(kind="contact", id="2")),
            deal(contacts=[{"kind": "contact", "id": "2"}]),
            deal(),
        ),
        (Deal.assigned_to(Person(id="5")), deal(assignees=[{"id": "5"}]), deal(assignees=[{"id": "6"}])),
        (Deal.created_since(DAY), deal(created_at=NOW), deal(created_at=DAY - timedelta(seconds=1))),
        (Deal.closed_since(DAY), deal(closed_at=NOW), deal(closed_at=None)),
        (Deal.field("tariff", "Базовый"), deal(fields={"tariff": "Базовый"}), deal(fields={"tariff": "x"})),
        (Deal.field("tariff", None), deal(), deal(fields={"tariff": "Базовый"})),
        (
            Deal.field("label", ("Тендер", "VIP")),
            deal(fields={"label": ("VIP", "Тендер")}),
            deal(fields={"label": ("VIP",)}),
        ),
    ]
    for condition, fits, misfits in checks:
        assert query(condition).accepts(fits), condition
        assert not query(condition).accepts(misfits), condition


@pytest.mark.parametrize(
    ("condition", "error", "words"),
    [
        (Deal.in_stage("nwe"), ConfigurationError, "did you mean new?"),
        (Deal.in_pipeline("7"), ConfigurationError, "there is no pipeline '7'"),
        (Deal.of_company(Ref(kind="contact", id="7")), NotFound, "is no company"),
        (Deal.field("tariff", "Иной"), ValidationError, "has no option"),
        (Term("no_such"), ValidationError, "is not known"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(condition: Expression, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words.replace("?", r"\?")):
        query(condition)
