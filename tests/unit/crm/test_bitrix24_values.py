"""Values of fields of Bitrix24: what comes out neutral goes back in, and what does not fit never leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.bitrix24.fields import FieldInfo
from crmkit.crm.adapters.bitrix24 import values
from crmkit.crm.models import Person, Ref
from crmkit.exceptions import ValidationError

MOSCOW = timezone(timedelta(hours=3))
NEW_YORK = timezone(timedelta(hours=-5))
LINKS = {"DEAL": "Y", "CONTACT": "Y", "COMPANY": "N"}


def field(kind: str, **more: Any) -> FieldInfo:
    return FieldInfo("UF_CRM_X", kind, "Поле", **more)


CHOICE = field("enumeration", items={"41": "свободная сделка", "42": "подтверждено"})


@pytest.mark.parametrize(
    ("info", "raw", "neutral"),
    [
        (field("string"), "слово", "слово"),
        (field("double"), 12.5, Decimal("12.5")),
        (field("double"), 0, Decimal(0)),
        (field("integer"), "7", Decimal(7)),
        (field("money"), "12000.50|RUB", Decimal("12000.50")),
        (field("money"), "300|USD", "300|USD"),
        (field("boolean"), "Y", True),
        (field("boolean"), "N", False),
        (field("date"), "2024-04-19T03:00:00+03:00", date(2024, 4, 19)),
        (field("date"), "2024-04-18T19:00:00-05:00", date(2024, 4, 19)),
        (field("date"), "2024-04-19", date(2024, 4, 19)),
        (
            field("datetime"),
            "2024-04-19T10:20:30+03:00",
            datetime(2024, 4, 19, 10, 20, 30, tzinfo=MOSCOW),
        ),
        (CHOICE, 41, "свободная сделка"),
        (CHOICE, "42", "подтверждено"),
        (field("employee"), 5, Person(id="5")),
        (field("crm_company"), 7, Ref(kind="company", id="7")),
        (field("crm"), "D_5", Ref(kind="deal", id="5")),
        (field("crm"), "CO_5", Ref(kind="company", id="5")),
        (field("crm"), "L_5", "L_5"),
        (field("crm", settings={"CONTACT": "Y"}), "5", Ref(kind="contact", id="5")),
        (field("crm", settings=LINKS), "5", "5"),
        (field("employee", multiple=True), [4, 5], (Person(id="4"), Person(id="5"))),
        (field("file"), {"id": 1}, {"id": 1}),
    ],
    ids=lambda value: value.type if isinstance(value, FieldInfo) else "",
)
def test_reading(info: FieldInfo, raw: Any, neutral: Any) -> None:
    assert values.read(info, raw) == neutral


@pytest.mark.parametrize("nothing", [None, "", False, [], {}], ids=repr)
@pytest.mark.parametrize("kind", ["string", "double", "enumeration", "employee", "date", "crm", "file"])
def test_the_many_nothings(kind: str, nothing: Any) -> None:
    assert values.read(field(kind), nothing) is None
    assert values.read(field(kind, multiple=True), nothing) is None


def test_no_amount_is_no_value_in_a_field_of_the_vendor() -> None:
    own, custom = FieldInfo("opportunity", "double"), field("double")
    row = {"opportunity": 0, "UF_CRM_X": 0}
    assert values.custom_values({"amount": own, "cost": custom}, row) == {"cost": Decimal(0)}


@pytest.mark.parametrize(
    ("info", "neutral", "written"),
    [
        (field("string"), "слово", "слово"),
        (field("double"), Decimal("12.5"), Decimal("12.5")),
        (field("integer"), 7, 7),
        (field("money"), Decimal("12000.50"), "12000.50|RUB"),
        (field("money"), "300|USD", "300|USD"),
        (field("boolean"), True, "Y"),
        (field("boolean"), False, "N"),
        (field("date"), date(2024, 4, 19), date(2024, 4, 19)),
        (CHOICE, "подтверждено", 42),
        (CHOICE, "41", 41),
        (field("employee"), (Person(id="5"), Person(id="6")), 5),
        (field("employee"), Person(id="user:5"), 5),
        (field("crm"), Ref(kind="deal", id="5"), "D_5"),
        (field("crm", settings={"CONTACT": "Y"}), Ref(kind="contact", id="5"), "5"),
        (field("crm", settings=LINKS), Ref(kind="contact", id="5"), "C_5"),
        (field("string"), None, ""),
        (field("string", multiple=True), None, []),
        (field("string", multiple=True), ("a", "b"), ["a", "b"]),
        (field("string", multiple=True), "a", ["a"]),
    ],
    ids=lambda value: value.type if isinstance(value, FieldInfo) else "",
)
def test_writing(info: FieldInfo, neutral: Any, written: Any) -> None:
    assert values.write(info, neutral) == written


@pytest.mark.parametrize(
    ("info", "wrong"),
    [
        (field("string"), 5),
        (field("string"), ("a", "b")),
        (field("double"), "5"),
        (field("double"), True),
        (field("integer"), 5.5),
        (field("money"), "много"),
        (field("boolean"), 1),
        (field("date"), datetime(2024, 4, 19, tzinfo=UTC)),
        (field("datetime"), datetime(2024, 4, 19)),  # noqa: DTZ001 (that is what is wrong with it)
        (field("datetime"), date(2024, 4, 19)),
        (CHOICE, "нет такого"),
        (CHOICE, 1),
        (field("employee"), Ref(kind="deal", id="1")),
        (field("employee"), Person(kind="contact", id="1")),
        (field("crm_company"), Ref(kind="contact", id="1")),
        (field("crm", settings={"CONTACT": "Y"}), Ref(kind="deal", id="1")),
        (field("crm"), Ref(kind="user", id="1")),
        (field("crm"), "D_1"),
        (field("file"), "x"),
        (field("string", read_only=True), "x"),
    ],
    ids=lambda value: value.type if isinstance(value, FieldInfo) else "",
)
def test_what_does_not_fit_is_refused(info: FieldInfo, wrong: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        values.write(info, wrong)
    assert "UF_CRM_X" in str(caught.value)
    assert caught.value.hint


def test_what_a_choice_offers_is_told() -> None:
    with pytest.raises(ValidationError) as caught:
        values.write(CHOICE, "отказ")
    assert caught.value.hint == "there are свободная сделка, подтверждено"


def test_filters_want_numbers_for_custom_booleans() -> None:
    assert values.for_filter(field("boolean"), True) == 1
    assert values.for_filter(FieldInfo("opened", "boolean"), True) == "Y"
    assert values.for_filter(FieldInfo("createdBy", "user", read_only=True), Person(id="5")) == 5


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_texts_survive(text: str) -> None:
    assert values.read(field("string"), values.write(field("string"), text)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_amounts_survive(amount: Decimal) -> None:
    assert values.read(field("money"), values.write(field("money"), amount)) == amount
    assert values.read(field("double"), str(values.write(field("double"), amount))) == amount


@given(st.dates(), st.sampled_from([MOSCOW, NEW_YORK, UTC]))
def test_days_survive_whatever_the_zone_of_the_server(day: date, zone: timezone) -> None:
    sent = values.write(field("date"), day)
    try:
        shown = datetime(sent.year, sent.month, sent.day, tzinfo=UTC).astimezone(zone).isoformat()
    except OverflowError:
        return  # the first and last days of all
    assert values.read(field("date"), shown) == day


@given(st.sampled_from(["deal", "contact", "company"]), st.integers(1, 10**9))
def test_links_survive(kind: Any, number: int) -> None:
    ref = Ref(kind=kind, id=str(number))
    for settings in (None, LINKS, {kind.upper(): "Y"}):
        info = field("crm", settings=settings)
        if settings == LINKS and kind == "company":
            continue
        assert values.read(info, values.write(info, ref)) == ref
