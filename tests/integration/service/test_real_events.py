"""From what a person does in the portal to what we do: real events over HTTP, our own writes among them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crmkit.crm.setup import Handler
from crmkit.runtime.service.counts import Outcome
from crmkit.testing.planfix import open_crm
from recipes.lost_client import LostClient

from .conftest import SECRET, Running
from .test_bursts import Office, PlanfixOffice, office

uvicorn = pytest.importorskip("uvicorn", reason="the receiver needs a web server")
__all__ = ["office"]


@contextmanager
def listening(service: Running) -> Iterator[str]:
    """Serve the application on a port of this machine; yield the address of the portal's handler."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(service.receiver.app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hooks/main"
        finally:
            server.should_exit = True
            thread.join()


def set_up(office: Office, address: str) -> Callable[[], object]:
    """Let the portal call us as ``crmkit setup`` says; return what delivers its events."""
    if isinstance(office, PlanfixOffice):
        with open_crm(office.box) as crm:
            guide = crm.setup_guide(LostClient.watches, Handler(address, "header"))
        (call,) = (one for one in guide.calls if one.event == "deal_closed")
        request = {
            "url": call.url,
            "headers": {name: value.replace("SECRET", SECRET) for name, value in call.headers.items()},
            "form": dict(call.form),
        }
        events = ["status", "changed", "comment"]
        office.box.act.add_scenario("crmkit", events=events, request=request, object=1)
        return office.box.act.deliver
    office.box.act.outgoing_webhook(address, "ONCRMDEALUPDATE", "ONCRMCONTACTUPDATE")
    for handler in office.box.portal.events.handlers.values():
        handler.token = SECRET  # the portal has made another one
    return office.box.portal.events.wait


def test_a_lost_deal_marks_the_client_and_our_own_writes_come_back_to_nothing(office: Office) -> None:
    service = office.service
    with listening(service) as address:
        deliver = set_up(office, address)
        office.lose()
        deliver()
        told = service.receiver.counts.of(Outcome.ACCEPTED)
        assert told >= 1
        assert service.later(minutes=1) == 1
        assert office.marked()
        deliver()
        assert service.receiver.counts.of(Outcome.ACCEPTED) > told  # our own writes
        while service.later(minutes=1):
            deliver()
    assert office.notes() == 1
    assert len(list(service.ledger.runs.list())) == 1
    assert {outcome for _, outcome in service.receiver.counts.requests} <= {Outcome.ACCEPTED, Outcome.IGNORED}
