"""The idle filter is right for every moment, span and zone: nothing missed, nothing vouched for wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit.config import DealMapping
from crmkit.crm.adapters.planfix.mapping import Stages
from crmkit.crm.adapters.planfix.query import Facts, Variant, split
from crmkit.crm.filters import terms_of
from crmkit.crm.models import Deal

ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/Moscow", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC")]
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001
SPANS = st.floats(0, 90, allow_nan=False)


def portal_selects(variant: Variant, touched: datetime, zone: ZoneInfo) -> bool:
    """Evaluate a filter as the vendor documents it: whole days of the token owner's zone."""
    (asked,) = variant.filters
    body: dict[str, Any] = asked.body(UTC)
    day = datetime.strptime(body["value"]["dateValue"], "%d-%m-%Y").date()  # noqa: DTZ007
    local: date = touched.astimezone(zone).date()
    assert body["type"] == 79
    return local < day if body["operator"] == "lt" else local == day


@settings(derandomize=True, deadline=None, max_examples=300)
@given(now=MOMENTS, days=SPANS, ago=st.floats(0, 100), zone=ZONES)
@example(
    # Summer time begins between the last touch and the threshold.
    now=datetime(2025, 3, 10, 3, 30, tzinfo=UTC),
    days=1.0,
    ago=1.0,
    zone=ZoneInfo("America/New_York"),
)
def test_every_idle_deal_is_found_and_every_guarantee_holds(
    now: datetime, days: float, ago: float, zone: ZoneInfo
) -> None:
    touched = now - timedelta(days=ago)
    facts = Facts(DealMapping(object=1), Stages({}, {}), _no_field, lambda: zone, now)
    variants = split(terms_of([Deal.idle_for(days=days)]), facts).variants
    chosen = [variant for variant in variants if portal_selects(variant, touched, zone)]

    idle = now - touched >= timedelta(days=days)
    assert len(chosen) == 1 or not idle
    for variant in chosen:
        assert variant.untouched_since
        assert touched < variant.untouched_since
        threshold = now - timedelta(days=days)
        if variant.untouched_since <= threshold:
            assert idle
        # Nothing is selected that was touched more than the boundary day too late.
        assert variant.untouched_since <= threshold + timedelta(hours=25)


def _no_field(key: str) -> Any:
    raise KeyError(key)
