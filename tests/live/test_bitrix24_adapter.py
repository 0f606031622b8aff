"""The doubts of the adapter that a real portal can settle without a write; see docs/providers/bitrix24.md.

``CRMKIT_LIVE_BITRIX24`` holds the address of an incoming webhook with the scopes ``crm``, ``user``,
``department``, ``task`` and ``sonet_group``. A portal that has nothing to ask about makes a test skip.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import Deal
from crmkit.crm.registry import connect

URL = os.environ.get("CRMKIT_LIVE_BITRIX24", "").rstrip("/")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not URL, reason="CRMKIT_LIVE_BITRIX24 is not set: no real portal to ask"),
]
MANY = 20


@pytest.fixture
def crm() -> Iterator[Crm]:
    address, user, key = URL.rsplit("/", 2)
    portal = PortalConfig.model_validate(
        {
            "provider": "bitrix24",
            "url": address,
            "token": f"{user}/{key}" if "127.0.0.1" in address else "env:CRMKIT_LIVE_BITRIX24",
            "robots": [f"user:{user}"],
        }
    )
    with connect(portal) as crm:
        yield crm


def some(crm: Crm, *conditions: object) -> list[Deal]:
    found = list(islice(crm.deals.find(*conditions), MANY))  # type: ignore[arg-type]
    return found or pytest.skip("the portal has no such deal")


def test_settings_of_a_fresh_portal_fit(crm: Crm) -> None:
    assert list(crm.check()) == []


def test_deals_are_filtered_by_all_their_contacts(crm: Crm) -> None:
    """Is ``contactIds`` a filter of ``crm.item.list``?"""
    deal = next((one for one in some(crm) if len(one.contacts) > 1), None)
    if deal is None:
        pytest.skip("no deal has two contacts")
    native = crm.native()
    for contact in deal.contacts:
        rows = native.deals.list({"@contactIds": [int(contact.id)], "=id": int(deal.id)})
        assert [row.id for row in rows] == [int(deal.id)], contact


def test_other_contacts_are_filtered_out(crm: Crm) -> None:
    """A filter that is dropped returns everything."""
    some(crm)
    assert list(crm.native().deals.list({"@contactIds": [2_000_000_000]})) == []


def test_the_stamps_of_deals_explain_each_other(crm: Crm) -> None:
    """Does an echo of a comment come within seconds, and by the same person?"""
    for deal in some(crm, Deal.touched_since(crm.clock.now() - timedelta(days=3))):
        history = crm.deals.history(deal.id)
        assert [one.at for one in history] == sorted((one.at for one in history), reverse=True)
        echoes = [one for one in history if one.id.startswith(("update:", "activity:"))]
        for echo in echoes:
            near = [
                one for one in history if one is not echo and abs(one.at - echo.at) < timedelta(minutes=1)
            ]
            assert not near, f"deal {deal.id}: {echo} may be an echo of {near}"


def test_tasks_can_be_found_by_their_external_key(crm: Crm) -> None:
    """Is ``XML_ID`` a filter of ``tasks.task.list``, or is it dropped?"""
    rows = crm.native().page("tasks.task.list", {"filter": {"XML_ID": "crmkit:none:such"}}).rows
    assert rows == [], "the filter is dropped: finding a task by its key reads all that were made since then"


def test_groups_tell_their_keywords(crm: Crm) -> None:
    group = next(iter(crm.native().groups.list()), None)
    if group is None:
        pytest.skip("the portal has no group")
    assert "KEYWORDS" in group.raw
    assert "IS_EXTRANET" in group.raw


def test_external_groups_are_possible_or_it_is_told_why(crm: Crm) -> None:
    assert isinstance(crm.workspaces.why_not_external(), str)
