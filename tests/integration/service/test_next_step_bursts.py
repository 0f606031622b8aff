"""A result typed in a stalled hour, told by 52 events three times over: one closed step, one comment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import DealChanges, Ref
from crmkit.crm.registry import connect
from crmkit.sandbox import Sandbox

from .conftest import SECRET, Running

SERVED = {"recipes": {"next_step": {"quiet": 5, "longest": 600}}}
MANAGER = "user:4"
DEALS = {"planfix": "70001", "bitrix24": "1"}


class Office:
    """A portal with one deal, a manager with a token of his own, and the service."""

    def __init__(self, provider: str, box: Any, manager: Crm, make_service: Callable[..., Running]) -> None:
        self.provider, self.box, self.manager = provider, box, manager
        self.deal = Ref(kind="deal", id=DEALS[provider])
        portal = {**box.portal_config, "token": box.tokens["user:90"], "webhook": {"secret": SECRET}}
        self.service = make_service(box, portals={"main": portal}, serve=SERVED, recipes={"next_step": {}})

    def set(self, **fields: Any) -> None:
        self.manager.deals.update(self.deal.id, DealChanges(fields=fields))
        self.event(0)

    def event(self, number: int) -> None:
        if self.provider == "planfix":
            body = urlencode({"task": self.deal.id, "event": "step_changed", "changed": number}).encode()
            assert self.service.web.post("/hooks/main", body, x_crmkit_secret=SECRET) == 200
            return
        form = {
            "event": "ONCRMDEALUPDATE",
            "data[FIELDS][ID]": self.deal.id,
            "ts": 1_740_000_000 + number,
            "auth[application_token]": SECRET,
        }
        assert self.service.web.post("/hooks/main", urlencode(form).encode()) == 200

    def pass_time(self, seconds: int, step: int = 5) -> None:
        for _ in range(0, seconds, step):
            self.service.later(seconds=step)

    def comments(self) -> list[str]:
        """Return what our robot has written for people."""
        if self.provider == "planfix":
            found = [one for one in self.box.account.comments.values() if one.task == int(self.deal.id)]
            return [one.text for one in found if one.owner == "user:90" and one.text.strip()]
        rows = self.box.portal.comments.having("OWNER", f"2:{self.deal.id}")
        return [row["COMMENT"] for row in rows if row["AUTHOR_ID"] == 90]


@pytest.fixture(params=["planfix", "bitrix24"])
def office(request: pytest.FixtureRequest, make_service: Callable[..., Running]) -> Iterator[Office]:
    options = {"rate": 50.0} if request.param == "planfix" else {}
    with getattr(Sandbox, request.param)(seed="next_step", clock="frozen", deals=1, **options) as box:
        own = {"token": box.tokens[MANAGER], "user": MANAGER}
        config = PortalConfig.model_validate({**box.portal_config, **own})
        with connect(config, clock=box.clock) as manager:
            yield Office(request.param, box, manager, make_service)


def test_the_minute_is_kept_by_a_timer_of_the_service(office: Office) -> None:
    """Edits at 0, 20 and 50 seconds: nobody asks again, and after the quiet minute the step is there."""
    office.set(step_kind="звонок", step_goal="первое")
    office.pass_time(20)
    office.set(step_date=date(2025, 3, 5))
    office.pass_time(30)
    office.set(step_goal="последнее")
    office.pass_time(45)
    assert list(office.manager.steps.of_deals(office.deal)) == []
    office.pass_time(30)
    (record,) = office.manager.steps.of_deals(office.deal)
    assert (record.kind, record.goal) == ("звонок", "последнее")


@pytest.mark.parametrize("order", [1, -1], ids=["in_order", "reversed"])
def test_52_events_of_a_stalled_hour_close_the_step_once(office: Office, order: int) -> None:
    office.set(step_kind="звонок", step_goal="уточнить", step_date=date(2025, 3, 4))
    office.pass_time(120)
    for _ in range(3):
        office.manager.deals.update(office.deal.id, DealChanges(fields={"step_result": "Договорились"}))
        office.box.clock.advance(minutes=20)
    for number in range(52)[::order]:
        for _ in range(3):
            office.event(number)
    office.pass_time(30)
    (record,) = office.manager.steps.of_deals(office.deal)
    assert (record.open, record.result) == (False, "Договорились")
    assert len([one for one in office.comments() if "Результат: Договорились" in one]) == 1
    office.pass_time(180)
    for _ in range(20):
        office.pass_time(86400, step=43200)
    assert len([one for one in office.comments() if "нет следующего шага" in one]) == 1
    assert len(office.comments()) == 2
