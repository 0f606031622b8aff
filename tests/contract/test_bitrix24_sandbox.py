"""The client against the emulated portal over HTTP: two readings of the documents that must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from crmkit.bitrix24 import Bitrix24, Command, Deal, F, FileTokens, MemoryTokens, Ref, Status, Tokens, custom
from crmkit.exceptions import IncompleteList, NotFound, OutcomeUnknown, ValidationError
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

Open = Callable[..., tuple[Any, Bitrix24]]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open a sandbox and a client of it that lives by the sandbox's clock."""
    with ExitStack() as stack:

        def make(*, workers: int = 1, **options: Any) -> tuple[Any, Bitrix24]:
            box: Any = stack.enter_context(Sandbox.bitrix24(**{"seed": "deals", "deals": 120, **options}))
            client = Bitrix24(box.url, clock=box.clock, random=lambda: 0.0, workers=workers)
            return box, stack.enter_context(client)

        yield make


class Mine(Deal):
    tariff: str | None = custom("UF_CRM_TARIFF")


def test_five_thousand_deals_in_three_requests(opened: Open) -> None:
    _, b24 = opened(deals=5000)
    assert [deal["id"] for deal in b24.deals.rows()] == list(range(1, 5001))
    assert b24.requests_sent <= 4  # one of them asks for the fields
    assert b24.deals.count() == 5000


@pytest.mark.parametrize("latency", [0.0, 0.5])
def test_five_thousand_updates_keep_the_strict_bucket(opened: Open, latency: float) -> None:
    box, b24 = opened(deals=5000, latency=latency)
    started = box.clock.monotonic()
    result = b24.deals.update_many((n, {"title": f"new {n}"}) for n in range(1, 5001))
    assert len(result.done) == 5000
    assert b24.requests_sent <= 102
    assert box.clock.monotonic() - started <= max(26.0, 101 * latency) * 1.05
    assert b24.deals.get(5000).title == "new 5000"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("command_error", "crm.item.list", times=1, after=17, body={"error": "OPERATION_TIME_LIMIT"}),
        Fault("command_error", "crm.item.list", times=1, after=30, body={"error": "ERROR_CORE"}),
        Fault("drop_answer", "batch", times=2),
        Fault("html", "batch", times=1, status=502),
        Fault("truncated", "batch", times=1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.after}",
)
def test_a_list_is_whole_whatever_breaks(opened: Open, fault: Fault) -> None:
    box, b24 = opened(deals=2600)
    box.faults.add(fault)
    assert [row["id"] for row in b24.deals.rows()] == list(range(1, 2601))
    assert fault.hits


def test_a_page_that_never_comes_is_an_incomplete_list(opened: Open) -> None:
    box, b24 = opened(deals=300)
    box.faults.add(
        Fault("command_error", "crm.item.list", times=None, after=3, body={"error": "ACCESS_DENIED"})
    )
    with pytest.raises(IncompleteList):
        list(b24.deals.rows())


def test_creates_with_keys_on_a_bad_line_happen_exactly_once(opened: Open) -> None:
    box, b24 = opened(deals=0)
    b24.deals.fields()
    box.faults.add(Fault("drop_answer", "batch", times=None, probability=0.2))
    box.faults.add(Fault("html", "batch", times=None, probability=0.05, status=502))
    box.faults.add(Fault("reset", "batch", times=None, probability=0.05))
    rows = [{"title": f"Deal {n}", "stage_id": "NEW"} for n in range(1000)]
    result = b24.deals.create_many(rows, key=lambda row: str(row["title"]))
    box.faults.clear()
    counts = Counter(row["originId"] for row in b24.deals.rows())
    assert len(result.done) == len(counts) == 1000
    assert set(counts.values()) == {1}


def test_a_create_without_a_key_is_unknown_when_its_answer_is_dropped(opened: Open) -> None:
    box, b24 = opened(deals=0)
    b24.deals.fields()
    box.faults.add(Fault("drop_answer", "crm.item.add"))
    with pytest.raises(OutcomeUnknown):
        b24.deals.create(title="once")
    assert b24.deals.count() == 1


def test_a_method_without_budget_waits_alone_and_ends_by_itself(opened: Open) -> None:
    box, b24 = opened(deals=300, cost={"crm.item.update": 5.0}, operating_limit=480.0, wall=0.0)
    commands: list[Any] = []
    for number in range(1, 301):
        fields = {"title": f"new {number}"}
        commands.append(Command("crm.item.update", {"entityTypeId": 2, "id": number, "fields": fields}))
        commands.append(Command("crm.item.get", {"entityTypeId": 2, "id": 301 - number}))
    moments: dict[str, float] = {}
    for outcome in b24.batch_stream(commands):
        assert outcome.status is Status.DONE
        moments.setdefault(outcome.command.method, box.clock.monotonic())
    assert {row["title"][:3] for row in b24.deals.rows()} == {"new"}
    assert box.clock.monotonic() > 600, "three hundred updates at five seconds need more than one budget"


def test_slow_commands_stay_under_the_wall(opened: Open) -> None:
    _, b24 = opened(deals=200, cost={"crm.item.update": 2.0}, operating_limit=0.0)
    assert len(b24.deals.update_many((n, {"title": "x"}) for n in range(1, 201)).done) == 200


def test_values_survive_single_and_batch_alike(opened: Open) -> None:
    _, b24 = opened(deals=2)
    b24.user_fields.create("UF_CRM_TARIFF", "string", label="Тариф")
    mine = b24.deals.of(Mine)
    values = {"title": "A & B + 50% #1 = «ёж»\n2", "opportunity": 19999.9, "tariff": "", "opened": False}
    mine.update(1, **values)
    assert len(mine.update_many([(2, values)]).done) == 1
    one, two = mine.list()
    assert one.title == two.title == values["title"]
    assert (one.opportunity, one.opened, one.tariff) == (two.opportunity, two.opened, two.tariff)
    assert one.opened is False
    assert [deal.id for deal in mine.list((F.title == values["title"]) & (F.opportunity > 19999))] == [1, 2]


def test_dates_mean_the_same_day_there_and_back(opened: Open) -> None:
    _, b24 = opened(deals=1)
    day = datetime(2025, 3, 31, tzinfo=UTC).date()
    assert b24.deals.update(1, closedate=day).closedate == day
    assert b24.deals.get(1).closedate == day


def test_what_the_portal_would_ignore_is_refused_before_it_is_sent(opened: Open) -> None:
    box, b24 = opened()
    assert len(b24.call("crm.deal.list", {"filter": {"NO_SUCH": 1}})) == 50, "the old list drops it"
    sent = len(box.requests)
    for act in (
        lambda: b24.deals.list(F.no_such == 1),
        lambda: b24.deals.list(None, ["no_such"]),
        lambda: b24.deals.update(1, no_such=1),
        lambda: b24.deals.update(1, created_time="2025-01-01"),
    ):
        with pytest.raises(ValidationError):
            act()
    assert len(box.requests) - sent == 1, "only the fields were asked for"


def test_a_chain_in_one_request(opened: Open) -> None:
    _, b24 = opened(deals=0)
    comment = {"ENTITY_TYPE": "deal", "ENTITY_ID": Ref("deal", ("item", "id")), "COMMENT": "hi"}
    chain = [
        Command("crm.item.add", {"entityTypeId": 2, "fields": {"title": "a"}}, key="deal"),
        Command("crm.timeline.comment.add", {"fields": comment}),
    ]
    deal, _ = b24.batch(chain, halt=True).results()
    assert [comment.comment for comment in b24.comments.list(2, deal["item"]["id"])] == ["hi"]


def test_moved_portal_and_missing_things(opened: Open) -> None:
    box, b24 = opened()
    port = urlsplit(box.url).port
    box.faults.add(Fault("portal_moved", body=f"http://localhost:{port}"))
    assert b24.deals.get(1).id == 1
    assert b24.host == f"localhost:{port}"
    with pytest.raises(NotFound):
        b24.deals.get(999)
    with pytest.raises(NotFound):
        b24.call("crm.no.such.method")


def test_application_refreshes_its_tokens(opened: Open, tmp_path: Any) -> None:
    box, _ = opened()
    token = box.app_token()
    store = FileTokens(tmp_path / "tokens.json")
    origin = box.oauth_url.removesuffix("/oauth/token/")
    given = Tokens(token.access, token.refresh, endpoint=f"{origin}/rest/")
    options: dict[str, Any] = {"client_id": box.app.client_id, "client_secret": box.app.client_secret}
    with Bitrix24.oauth(store=store, tokens=given, auth_server=origin, clock=box.clock, **options) as b24:
        assert b24.deals.get(1).id == 1
        box.clock.advance(hours=2)
        assert b24.deals.get(1).id == 1
        assert b24.member_id
    kept = store.load()
    assert kept is not None
    assert kept.access_token != token.access
    with Bitrix24.oauth(store=MemoryTokens(kept), auth_server=origin, clock=box.clock, **options) as again:
        assert again.deals.get(1).id == 1


def test_the_rest_of_the_crm(opened: Open) -> None:
    box, b24 = opened()
    assert [category.id for category in b24.categories.list()] == [0, 1]
    assert "WON" in {stage.status_id for stage in b24.stages.list() if stage.is_success}
    b24.deals.update(1, stage_id="WON")
    assert [move.stage_id for move in b24.stage_history.list(owners=[1])][-1] == "WON"
    b24.products.set(2, 1, [{"productName": "x", "price": 10, "quantity": 2}])
    assert [row.quantity for row in b24.products.list(2, 1)] == [2]
    assert b24.activities.todo(2, 1, deadline=box.clock.now(), title="Call") > 0
    contact = b24.contacts.create(
        name="Иван", fm=[{"typeId": "PHONE", "valueType": "WORK", "value": "+79001112233"}]
    )
    assert b24.duplicates.find("PHONE", ["+79001112233", "+7"]) == {
        "+79001112233": {"CONTACT": (contact.id,)},
        "+7": {},
    }
    assert len(b24.deals.import_many([{"title": f"i{n}"} for n in range(25)]).done) == 25
    b24.deals.delete(2)
    with pytest.raises(NotFound):
        b24.deals.get(2)
