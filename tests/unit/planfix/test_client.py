"""The client itself: addresses, tokens, budget, any other operation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from crmkit.clock import ManualClock
from crmkit.exceptions import ConfigurationError, OutcomeUnknown, QuotaExhausted
from crmkit.planfix import Planfix
from crmkit.transport.rate_limit import PLANFIX, Limiter
from crmkit.transport.request import Effect

BASE = "https://acme.planfix.ru/rest"
OK = {"result": "success"}


class TestAddressAndToken:
    @pytest.mark.parametrize("url", [BASE, BASE + "/", f"  {BASE}/ ", "http://127.0.0.1:8000/rest"])
    def test_good_addresses(self, url: str) -> None:
        with Planfix(url, token="secret") as client:
            assert client.url == url.strip().rstrip("/")

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("acme", "no plain base URL"),
            ("", "no plain base URL"),
            ("https://user:hunter2@acme.planfix.ru/rest", "no plain base URL"),
            ("https://acme.planfix.ru/rest?access_token=hunter2", "no plain base URL"),
            ("http://acme.planfix.ru/rest", "does not begin with https"),
            ("ftp://acme.planfix.ru/rest", "does not begin with https"),
            ("https://acme.planfix.ru", "lacks its path"),
        ],
    )
    def test_bad_addresses_are_told_without_what_may_be_secret_in_them(self, url: str, words: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Planfix(url, token="secret")
        assert words in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert "https://acme.planfix.ru/rest" in caught.value.hint

    @pytest.mark.parametrize("token", ["", " secret", "sec\nret", "секрет"])
    def test_bad_tokens_are_not_shown(self, token: str) -> None:
        with pytest.raises(ConfigurationError, match="copy it again") as caught:
            Planfix(BASE, token=token)
        assert not token or token not in str(caught.value)

    def test_a_zone_that_does_not_exist(self) -> None:
        for zone in ("Europe/Moskva", "../etc", ""):
            with pytest.raises(ConfigurationError, match=r"there is no time zone .*IANA"):
                Planfix(BASE, token="secret", timezone=zone)

    def test_the_token_goes_into_the_header_only(
        self, planfix: Planfix, server: responses.RequestsMock, token: str
    ) -> None:
        server.get(f"{BASE}/ping", json=OK)
        planfix.ping()
        request = server.calls[0].request
        assert request.headers["Authorization"] == f"Bearer {token}"
        assert token not in str(request.url)
        assert repr(planfix) == "Planfix('https://acme.planfix.ru/rest')"

    def test_a_session_of_ones_own_stays_open(self, server: responses.RequestsMock) -> None:
        server.get(f"{BASE}/ping", json=OK)
        with requests.Session() as session:
            for _ in range(2):
                with Planfix(
                    BASE, token="secret", session=session, clock=ManualClock(datetime(2025, 3, 3, tzinfo=UTC))
                ) as client:
                    client.ping()


class TestPace:
    def test_one_request_a_second(
        self, planfix: Planfix, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.get(f"{BASE}/ping", json=OK)
        begun = clock.now()
        for _ in range(5):
            planfix.ping()
        assert (clock.now() - begun).total_seconds() == 4.0
        assert planfix.requests_sent == 5

    def test_clients_may_share_the_limits_of_an_account(
        self, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.get(f"{BASE}/ping", json=OK)
        limiter = Limiter(PLANFIX, clock, daily_limit=10)
        begun = clock.now()
        for _ in range(3):
            with Planfix(BASE, token="secret", clock=clock, limiter=limiter) as client:
                client.ping()
        assert (clock.now() - begun).total_seconds() == 2.0
        assert client.budget().left_today == 7


class TestBudget:
    def test_our_own_count_and_the_vendors_figure(
        self, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.get(f"{BASE}/ping", json=OK, headers={"X-RateLimit-Remaining": "120"})
        with Planfix(BASE, token="secret", clock=clock, daily_limit=20_000) as client:
            assert client.budget().left_today == 20_000
            client.ping()
            budget = client.budget()
        assert (budget.used_today, budget.left_today, budget.daily_limit) == (1, 120, 20_000)
        # 09:00 in Moscow, a second later
        assert budget.resets_in == pytest.approx(15 * 3600, abs=2)

    def test_forecast(self, server: responses.RequestsMock, clock: ManualClock) -> None:
        with Planfix(BASE, token="secret", clock=clock, daily_limit=1000) as client:
            budget = client.budget()
        assert budget.forecast(61) == "this run needs 61 of the 1,000 requests left today: about 0:01:00"
        assert budget.forecast(1500) == (
            "this run needs 1,500 requests, 1,000 are left today, the rest goes on tomorrow: about 15:00:00"
        )
        with Planfix(BASE, token="secret", clock=clock) as client:
            assert client.budget().forecast(1).endswith("what is left today is not known yet")

    def test_forecast_when_only_the_vendors_figure_is_known(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.get(f"{BASE}/ping", json=OK, headers={"X-RateLimit-Remaining": "5"})
        planfix.ping()
        assert planfix.budget().forecast(6) == (
            "this run needs 6 requests, 5 are left today; set daily_limit to plan beyond"
        )

    def test_the_forecast_believes_the_vendor_if_less_is_left(
        self, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.get(f"{BASE}/ping", json=OK, headers={"X-RateLimit-Remaining": "14870"})
        with Planfix(BASE, token="secret", clock=clock, daily_limit=20_000) as client:
            client.ping()
            said = client.budget().forecast(3200)
        assert said.startswith("this run needs 3,200 of the 14,870 requests left today: about 0:53:")

    def test_a_file_of_limits_is_shared(
        self, server: responses.RequestsMock, clock: ManualClock, tmp_path: Path
    ) -> None:
        server.get(f"{BASE}/ping", json=OK)
        file = tmp_path / "limits.db"
        with (
            Planfix(BASE, token="a", clock=clock, daily_limit=20_000, limits_file=file) as one,
            Planfix(BASE, token="b", clock=clock, daily_limit=20_000, limits_file=str(file)) as two,
        ):
            for client in (one, two, one):
                client.ping()
            assert (one.budget().used_today, two.budget().left_today) == (3, 19_997)
        assert clock.monotonic() == 2.0
        with pytest.raises(ConfigurationError, match="both given"):
            Planfix(BASE, token="a", clock=clock, limiter=Limiter(PLANFIX, clock), limits_file=file)

    def test_an_empty_budget_sends_nothing(self, server: responses.RequestsMock, clock: ManualClock) -> None:
        server.get(f"{BASE}/ping", json=OK)
        with Planfix(BASE, token="secret", clock=clock, daily_limit=1) as client:
            client.ping()
            with pytest.raises(QuotaExhausted):
                client.ping()
        assert len(server.calls) == 1


class TestCall:
    def test_any_operation(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Callable[[], list[Any]]
    ) -> None:
        server.post(f"{BASE}/project/list", json=OK | {"projects": [{"id": 1}]})
        answer = planfix.call("post", "project/list", {"fields": "id"}, params={"x": "1"})
        assert answer["projects"] == [{"id": 1}]
        assert bodies() == [{"fields": "id"}]
        assert str(server.calls[0].request.url).endswith("/project/list?x=1")

    def test_an_empty_answer_is_an_empty_envelope(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/7", status=202)
        assert planfix.call("POST", "/task/7", {"name": "x"}) == {}

    @pytest.mark.parametrize(
        ("verb", "path", "repeated"),
        [
            ("GET", "/task/7", True),
            ("POST", "/project/list", True),
            ("POST", "/task/filters", True),
            ("DELETE", "/file/7", True),
            ("POST", "/task/", False),
            ("POST", "/task/7", False),
        ],
    )
    def test_what_may_be_repeated(
        self, planfix: Planfix, server: responses.RequestsMock, verb: str, path: str, repeated: bool
    ) -> None:
        server.add(verb, BASE + path, body=ConnectionResetError("peer"))
        server.add(verb, BASE + path, json=OK)
        if repeated:
            assert planfix.call(verb, path) == OK
        else:
            with pytest.raises(OutcomeUnknown):
                planfix.call(verb, path)

    def test_the_caller_knows_better(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.post(f"{BASE}/task/7", body=ConnectionResetError("peer"))
        server.post(f"{BASE}/task/7", json=OK)
        assert planfix.call("POST", "/task/7", {"name": "x"}, effect=Effect.IDEMPOTENT) == OK

    def test_numbers_do_not_get_into_the_name_of_the_operation(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/contact/contact:7/comments/9", status=400, json={"result": "fail", "code": 5000})
        with pytest.raises(LookupError) as caught:
            planfix.call("POST", "/contact/contact:7/comments/9", {})
        assert "POST /contact/{id}/comments/{id}: " in str(caught.value)
