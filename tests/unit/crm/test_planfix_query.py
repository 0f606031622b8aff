"""What of a neutral filter Planfix evaluates, and what is evaluated here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.config import DealMapping
from crmkit.crm.adapters.planfix.mapping import Stages
from crmkit.crm.adapters.planfix.query import Facts, Query, split
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import Deal, Person, Ref, Stage
from crmkit.exceptions import ConfigurationError, ValidationError
from crmkit.planfix import FieldType
from crmkit.planfix.models import CustomField, Status

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2025, 3, 20, 22, 30, tzinfo=UTC)  # 01:30 on the 21st in Moscow
MAPPING = DealMapping.model_validate(
    {
        "object": 1,
        "stages": {"new": 1, "refused": 6},
        "fields": {
            "state": 101,
            "previous": 103,
            "until": 106,
            "hold": 108,
            "team": 110,
            "box": 111,
            "at": 112,
        },
    }
)
FIELDS = {
    "state": CustomField(id=101, name="Состояние", type=FieldType.LIST, enum_values=("да", "нет")),
    "previous": CustomField(id=103, name="Предыдущий", type=FieldType.EMPLOYEE),
    "until": CustomField(id=106, name="До", type=FieldType.DATE),
    "hold": CustomField(id=108, name="Снять", type=FieldType.CHECKBOX),
    "team": CustomField(id=110, name="Команда", type=FieldType.PEOPLE),
    "at": CustomField(id=112, name="Когда", type=FieldType.DATETIME),
}
STATUSES = {
    1: Status(id=1, name="Новая", is_active=True),
    2: Status(id=2, name="В работе", is_active=True),
    6: Status(id=6, name="Отказ", is_active=False),
}
ANNA, BORIS = Person(id="5"), Person(id="7")


def asked(
    *expressions: Expression, statuses: dict[int, Status] | None = None, zone: ZoneInfo = MOSCOW, **facts: Any
) -> Query:
    stages = Stages(STATUSES if statuses is None else statuses, MAPPING.stages)
    given: dict[str, Any] = {"filter_zone": lambda: zone, "now": NOW, **facts}
    return split(terms_of(expressions), Facts(MAPPING, stages, FIELDS.__getitem__, **given))


def bodies(query: Query) -> list[list[tuple[Any, ...]]]:
    """Return type, operator, value of every filter of every variant."""
    return [
        [
            (body["type"], body["operator"], body["value"])
            for body in (one.body(UTC) for one in query.asked(variant))
        ]
        for variant in query.variants
    ]


def deal(**known: Any) -> Deal:
    return Deal(**{"id": "7", "title": "Сделка", "open": True, "stage": Stage(id="1"), **known})


OBJECT = (325, "equal", 1)


def day(text: str) -> dict[str, str]:
    return {"dateType": "otherDate", "dateValue": text}


def test_nothing_asked_is_every_deal() -> None:
    query = asked()
    assert bodies(query) == [[OBJECT]]
    assert query.accepts(deal())
    assert not query.accepts(deal(deleted=True))
    assert str(query.explanation) == "server: object = 1\nlocal: -"


def test_open_asks_for_the_active_statuses() -> None:
    query = asked(Deal.is_open)
    assert bodies(query) == [[OBJECT, (10, "equal", [1, 2])]]
    assert not query.accepts(deal(open=False))


def test_open_is_local_if_the_portal_does_not_tell() -> None:
    query = asked(Deal.is_open, statuses={1: Status(id=1)})
    assert bodies(query) == [[OBJECT]]
    assert query.explanation.local == ("is_open",)
    assert not query.accepts(deal(open=False))


def test_stages_narrow_each_other() -> None:
    assert bodies(asked(Deal.is_open, Deal.in_stage("new", "refused"))) == [[OBJECT, (10, "equal", [1])]]
    assert asked(Deal.is_open, Deal.in_stage("refused")).impossible
    assert bodies(asked(Deal.in_stage("2"))) == [[OBJECT, (10, "equal", [2])]]
    assert not asked(Deal.in_stage("new")).accepts(deal(stage=Stage(id="2")))


@pytest.mark.parametrize("name", ["nwe", "99", "Новая"])
def test_an_unknown_stage_is_a_mistake_of_the_settings(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"crmkit.toml: deals\.stages: there is no stage") as caught:
        asked(Deal.in_stage(name), where=lambda key: f"crmkit.toml: {key}")
    assert caught.value.hint == ("did you mean new?" if name == "nwe" else "stages there: new, refused")


def test_idle_is_two_queries_and_the_first_one_settles_it() -> None:
    query = asked(Deal.idle_for(days=15))
    # 15 days before 01:30 of the 21st in Moscow is the 6th there; in UTC it would be the 5th.
    assert bodies(query) == [
        [OBJECT, (79, "lt", day("06-03-2025"))],
        [OBJECT, (79, "equal", day("06-03-2025"))],
    ]
    assert [variant.untouched_since for variant in query.variants] == [
        datetime(2025, 3, 6, tzinfo=MOSCOW),
        datetime(2025, 3, 7, tzinfo=MOSCOW),
    ]
    assert "06.03.2025" in query.explanation.notes[0]


def test_the_days_are_those_of_the_owner_of_the_token() -> None:
    query = asked(Deal.idle_for(days=15), zone=ZoneInfo("America/New_York"))
    assert bodies(query)[0] == [OBJECT, (79, "lt", day("05-03-2025"))]


def test_the_stronger_proof_wins() -> None:
    query = asked(Deal.idle_for(days=15), Deal.idle_for(days=22))
    assert [variant.untouched_since for variant in query.variants] == [
        datetime(2025, 2, 27, tzinfo=MOSCOW),
        datetime(2025, 2, 28, tzinfo=MOSCOW),
        datetime(2025, 2, 27, tzinfo=MOSCOW),
        datetime(2025, 2, 28, tzinfo=MOSCOW),
    ]


def test_touched_and_created_start_with_the_day() -> None:
    moment = datetime(2025, 3, 10, 12, tzinfo=UTC)
    assert bodies(asked(Deal.touched_since(moment))) == [[OBJECT, (79, "gt", day("09-03-2025"))]]
    query = asked(Deal.created_since(moment))
    assert bodies(query) == [[OBJECT, (12, "gt", day("09-03-2025"))]]
    assert query.accepts(deal(created_at=moment))
    assert not query.accepts(deal(created_at=datetime(2025, 3, 10, 11, 59, 59, tzinfo=UTC)))
    assert not query.accepts(deal())


def test_people_are_asked_for_one_by_one() -> None:
    query = asked(Deal.assigned_to(BORIS, ANNA, ANNA))
    assert bodies(query) == [[OBJECT, (2, "equal", "user:5")], [OBJECT, (2, "equal", "user:7")]]
    assert query.accepts(deal(assignees=(ANNA,)))
    assert not query.accepts(deal(assignees=(Person(id="6"),)))
    assert asked(Deal.assigned_to()).impossible


def test_variants_multiply() -> None:
    query = asked(Deal.idle_for(days=1), Deal.assigned_to(ANNA, BORIS))
    assert len(query.variants) == 4
    assert all(variant.untouched_since for variant in query.variants)


def test_company() -> None:
    client = Ref(kind="company", id="9")
    query = asked(Deal.of_company(client))
    assert bodies(query) == [[OBJECT, (7, "equal", 9)]]
    assert query.accepts(deal(company=client))
    assert not query.accepts(deal())


def test_ids_narrow_each_other() -> None:
    assert asked(Deal.with_ids("1", "2", "x"), Deal.with_ids("2", "3")).ids == frozenset({2})
    assert asked(Deal.with_ids("1"), Deal.with_ids("2")).impossible
    assert asked(Deal.with_ids()).impossible


def test_robots_noise_is_left_to_be_resolved() -> None:
    earlier, later = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC)
    query = asked(Deal.commented_by_robot_since(later), Deal.commented_by_robot_since(earlier))
    assert query.robots_since == later


@pytest.mark.parametrize(
    ("key", "value", "condition", "fitting", "other"),
    [
        ("state", "да", (106, "equal", "да"), "да", "нет"),
        ("state", None, (153, "equal", 101), None, "да"),
        ("previous", ANNA, (109, "equal", "user:5"), ANNA, BORIS),
        ("previous", (ANNA, BORIS), (109, "equal", "user:5"), ANNA, BORIS),
        ("until", date(2025, 3, 9), (103, "equal", day("09-03-2025")), date(2025, 3, 9), date(2025, 3, 8)),
        (
            "at",
            datetime(2025, 3, 8, 22, tzinfo=UTC),
            (103, "equal", day("09-03-2025")),
            datetime(2025, 3, 9, 1, tzinfo=MOSCOW),
            datetime(2025, 3, 9, 2, tzinfo=MOSCOW),
        ),
        ("hold", True, (105, "equal", True), True, None),
        ("team", (ANNA, BORIS), (113, "equal", "user:5"), (BORIS, ANNA), (ANNA,)),
        ("team", (), (153, "equal", 110), None, (ANNA,)),
    ],
)
def test_fields(key: str, value: Any, condition: tuple[Any, ...], fitting: Any, other: Any) -> None:
    query = asked(Deal.field(key, value))
    assert bodies(query) == [[OBJECT, condition]]
    assert query.accepts(deal(fields={} if fitting is None else {key: fitting}))
    assert not query.accepts(deal(fields={} if other is None else {key: other}))


def test_an_unticked_box_is_looked_for_here() -> None:
    query = asked(Deal.field("hold", False))
    assert bodies(query) == [[OBJECT]]
    assert query.accepts(deal())
    assert not query.accepts(deal(fields={"hold": True}))
    assert query.explanation.local == ("field(hold, False)",)


def test_a_value_that_the_field_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationError, match="'может быть' is not one of its options"):
        asked(Deal.field("state", "может быть"))


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(ValidationError, match="the filter sleeps is not known"):
        asked(Term("sleeps"))
