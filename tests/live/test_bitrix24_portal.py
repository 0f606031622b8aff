"""What only a real portal can tell. Reads only; give it a webhook of a throw-away portal.

``CRMKIT_LIVE_BITRIX24`` holds the address of an incoming webhook with the scopes ``crm`` and ``user``. Each
test asks one of the questions that the vendor's documents and source answer differently.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from crmkit.bitrix24 import Bitrix24, F
from crmkit.exceptions import AuthenticationError, NotFound, ValidationError

URL = os.environ.get("CRMKIT_LIVE_BITRIX24", "")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not URL, reason="CRMKIT_LIVE_BITRIX24 is not set: no real portal to ask"),
]


@pytest.fixture
def b24() -> Iterator[Bitrix24]:
    with Bitrix24(URL) as client:
        yield client


def test_a_deal_list_is_as_long_as_its_count(b24: Bitrix24) -> None:
    rows = list(b24.deals.rows(select=["id"]))
    assert len(rows) >= b24.deals.count() - 5, "somebody may have deleted a few meanwhile"


def test_batch_and_single_call_return_the_same(b24: Bitrix24) -> None:
    params = {"entityTypeId": 2, "filter": {">id": 0}, "order": {"id": "ASC"}, "select": ["id", "title"]}
    assert b24.batch([("crm.item.list", params)]).results() == [b24.call("crm.item.list", params)]


def test_unknown_filter_is_refused_before_sending(b24: Bitrix24) -> None:
    b24.deals.fields()
    sent = b24.requests_sent
    with pytest.raises(ValidationError):
        b24.deals.list(F.no_such_field == 1)
    assert b24.requests_sent == sent


def test_missing_object_and_wrong_key_have_their_classes(b24: Bitrix24) -> None:
    with pytest.raises(NotFound):
        b24.deals.get(2_000_000_000)
    head, _, _ = URL.rstrip("/").rpartition("/")
    with Bitrix24(f"{head}/nosuchkey00/") as stranger, pytest.raises(AuthenticationError):
        stranger.users.current()


def test_failed_command_of_a_batch_keeps_the_others(b24: Bitrix24) -> None:
    result = b24.batch([("crm.item.get", {"entityTypeId": 2, "id": 2_000_000_000}), ("user.current", {})])
    assert isinstance(result[0].error, NotFound)
    assert result[1].value()["ID"]
