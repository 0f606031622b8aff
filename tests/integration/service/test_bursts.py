"""52 events for one deal: in two seconds, in reverse order, after an hour's stall, three deliveries each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.models import Contact
from crmkit.testing import bitrix24

from .conftest import SECRET, Running

MANAGER = "user:4"
EVENTS, COPIES = 52, 3
SETTINGS = {"lost_client": {"video_url": "https://video.example.com/why"}}
SERVED = {"recipes": {"lost_client": {"quiet": 60, "longest": 600}}}
BITRIX24_FIELD, BITRIX24_NO = "UF_CRM_TARGET_CLIENT", 56


class PlanfixOffice:
    """An account with a client and a deal; its scenario calls us."""

    def __init__(self, box: Any, make_service: Callable[..., Running]) -> None:
        self.box = box
        webhook = {"secret": SECRET}
        portal = {**box.portal_config, "token": box.tokens["user:90"], "webhook": webhook}
        self.service = make_service(box, portals={"main": portal}, serve=SERVED, recipes=SETTINGS)
        template = box.account.contacts[5001].template
        box.account.contacts[9001] = Contact(
            9001, "Анна", "Смирнова", template=template, supervisors=[MANAGER]
        )
        self.deal = int(box.act.create_task(MANAGER, "Семинар", assignees=(MANAGER,)))
        box.account.tasks[self.deal].counterparty = 9001

    def lose(self) -> None:
        self.box.act.set_status(MANAGER, self.deal, 7)

    def event(self, number: int) -> int:
        body = urlencode({"task": self.deal, "event": "deal_closed", "changed": number}).encode()
        return self.service.web.post("/hooks/main", body, x_crmkit_secret=SECRET)

    def marked(self) -> bool:
        return "НЕТ" in self.box.account.contacts[9001].fields.values()

    def notes(self) -> int:
        comments = [self.box.account.comments[one] for one in self.box.account.tasks[self.deal].comments]
        return sum(one.owner == "user:90" and bool(one.text) for one in comments)


class Bitrix24Office:
    """A portal with a client and a deal; its outgoing webhook calls us."""

    def __init__(self, box: Any, make_service: Callable[..., Running]) -> None:
        self.box = box
        webhook = {"secret": SECRET}
        portal = {**box.portal_config, "token": bitrix24.portal_of(box).secret(), "webhook": webhook}
        self.service = make_service(box, portals={"main": portal}, serve=SERVED, recipes=SETTINGS)
        named = {"NAME": "Анна", "LAST_NAME": "Смирнова", "ASSIGNED_BY_ID": 4}
        self.contact = int(box.act.create(MANAGER, entity_type=3, **named))
        own = {"TITLE": "Семинар", "CATEGORY_ID": 3, "ASSIGNED_BY_ID": 4}
        self.deal = int(box.act.create(MANAGER, CONTACT_IDS=[self.contact], **own))

    def lose(self) -> None:
        self.box.act.set_stage(MANAGER, self.deal, "C3:NO_MONEY")

    def event(self, number: int) -> int:
        form = {
            "event": "ONCRMDEALUPDATE",
            "data[FIELDS][ID]": self.deal,
            "ts": 1_740_000_000 + number,
            "auth[application_token]": SECRET,
        }
        return self.service.web.post("/hooks/main", urlencode(form).encode())

    def marked(self) -> bool:
        return int(self.box.portal.items[3].get(self.contact)[BITRIX24_FIELD] or 0) == BITRIX24_NO

    def notes(self) -> int:
        comments = self.box.portal.comments.having("OWNER", f"2:{self.deal}")
        return sum(row["AUTHOR_ID"] == 90 for row in comments)


Office = PlanfixOffice | Bitrix24Office


@pytest.fixture(params=["planfix", "bitrix24"])
def office(request: pytest.FixtureRequest, make_service: Callable[..., Running]) -> Iterator[Office]:
    if request.param == "planfix":
        with Sandbox.planfix(seed="crm_cases", clock="frozen", companies=2, deals=0) as box:
            yield PlanfixOffice(box, make_service)
    else:
        with Sandbox.bitrix24(seed="crm_cases", clock="frozen", companies=3, deals=0) as box:
            yield Bitrix24Office(box, make_service)


@pytest.mark.parametrize("stall", [0, 3600], ids=["at_once", "after_an_hour"])
@pytest.mark.parametrize("order", [1, -1], ids=["in_order", "reversed"])
def test_52_events_each_told_three_times_are_one_action(office: Office, order: int, stall: int) -> None:
    service, clock = office.service, office.box.clock
    office.lose()
    clock.advance(seconds=stall)
    for number in range(EVENTS)[::order]:
        for _ in range(COPIES):
            assert office.event(number) == 200
        clock.advance(seconds=2 / EVENTS)
    assert service.later(seconds=50) == 0  # still quiet time
    assert service.later(seconds=20) == 1
    assert office.marked()
    assert office.notes() == 1
    (run,) = service.ledger.runs.list()
    assert run.counts == {"done": 1}

    # our own writes come back as events, and the portal tells everything once more
    sent = service.engine.counters().totals["new"]
    for number in range(EVENTS):
        assert office.event(number) == 200
    assert service.engine.counters().totals["new"] == sent
    assert service.later(minutes=2) == 1
    assert len(list(service.ledger.runs.list())) == 1
    assert office.notes() == 1
    numbers = service.engine.counters()
    assert (numbers.waiting, numbers.dead_letters) == (0, 0)
