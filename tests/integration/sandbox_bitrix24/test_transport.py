"""Addresses, bodies, credentials and envelopes of REST 2."""

from __future__ import annotations

import pytest


def test_a_method_answers_with_and_without_json_by_get_form_and_json_in_any_case(api):
    number = api.deal(title="Одна")
    url = f"{api.base}crm.deal.get"
    answers = [
        api.session.get(url, params={"id": number}, timeout=10),
        api.session.get(f"{url}.json", params={"ID": number}, timeout=10),
        api.session.post(url, data={"id": number}, timeout=10),
        api.session.post(url, files={"id": (None, str(number))}, timeout=10),
        api.post("CRM.Deal.GET", {"ID": number}),
    ]
    assert [answer.json()["result"]["TITLE"] for answer in answers] == ["Одна"] * 5


def test_the_body_wins_over_the_address(api):
    first, second = api.deal(title="Первая"), api.deal(title="Вторая")
    answer = api.post(f"crm.deal.get?id={first}", {"id": second})
    assert answer.json()["result"]["TITLE"] == "Вторая"


def test_malformed_json_is_ignored_and_the_method_runs_with_the_address_alone(api):
    api.deal(), api.deal()
    headers = {"Content-Type": "application/json"}
    answer = api.session.post(
        f"{api.base}crm.deal.list?select[]=ID", data='{"filter": {"ID": 1', headers=headers, timeout=10
    )
    assert answer.status_code == 200
    assert answer.json()["total"] == 2


def test_the_envelope_tells_about_time_and_budgets(api):
    told = api.answer("profile")
    assert told["result"]["ADMIN"] is True
    assert set(told["time"]) == {
        *("start", "finish", "duration", "processing", "date_start", "date_finish"),
        *("operating", "operating_reset_at"),
    }
    assert told["time"]["date_start"] == "2025-03-03T09:00:00+03:00"


def test_a_box_tells_no_budgets(bench):
    assert "operating" not in bench.api(operating_fields=False).answer("profile")["time"]


def test_unknown_methods_are_404_and_the_sandbox_says_aloud_which_it_does_not_emulate(api, box):
    assert api.refused("no.such.method") == (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    assert api.refused("disk.rights.getTasks")[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    unknown, documented = box.portal.notes
    assert "unknown to the vendor" in unknown
    assert "NOT EMULATED" in documented
    assert api.session.get(box.control_url, timeout=10).json()["notes"] == [unknown, documented]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/rest/1/wrongsecret/profile", 401, "INVALID_CREDENTIALS"),
        ("/rest/profile", 401, "NO_AUTH_FOUND"),
        ("/rest/profile?auth=nonsense", 401, "invalid_token"),
    ],
)
def test_who_is_not_known_is_refused_as_the_source_does(api, box, path, status, code):
    answer = api.session.get(box.portal.origin + path, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_the_secret_of_one_does_not_open_for_another(api, box):
    secret = box.tokens["user:4"].partition("/")[2]
    answer = api.session.get(f"{box.portal.origin}/rest/1/{secret}/profile", timeout=10)
    assert answer.json()["error"] == "INVALID_CREDENTIALS"


def test_a_dismissed_owner_takes_the_webhook_along(bench, box):
    api = bench.api(box, "user:4")
    assert api.call("profile")["ID"] == "4"
    box.act.dismiss("user:4")
    assert api.refused("profile")[1] == "INVALID_CREDENTIALS"


def test_scopes_close_whole_families(bench):
    api = bench.api(scopes=("crm",))
    assert api.refused("tasks.task.list")[:2] == (401, "insufficient_scope")
    assert api.call("scope") == ["crm"]
    assert api.call("method.get", name="tasks.task.list") == {"isExisting": True, "isAvailable": False}


def test_an_application_is_let_in_by_header_query_and_body(bench, box, api):
    token = box.app_token(4).access
    url = f"{box.portal.origin}/rest/user.current"
    answers = [
        api.session.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=10),
        api.session.get(url, params={"auth": token}, timeout=10),
        api.session.post(url, json={"access_token": token}, timeout=10),
    ]
    assert [answer.json()["result"]["ID"] for answer in answers] == ["4"] * 3


def test_a_token_expires_and_is_refreshed_once(api, box):
    old = box.app_token()
    url = f"{box.portal.origin}/rest/profile"
    box.clock.advance(seconds=3600)
    answer = api.session.get(url, params={"auth": old.access}, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, "expired_token")
    ask = {
        "grant_type": "refresh_token",
        "client_id": box.app.client_id,
        "client_secret": box.app.client_secret,
        "refresh_token": old.refresh,
    }
    told = api.session.get(box.oauth_url, params=ask, timeout=10).json()
    assert told["member_id"] == box.portal.member_id
    assert told["expires_in"] == 3600
    assert api.session.get(url, params={"auth": told["access_token"]}, timeout=10).status_code == 200
    again = api.session.get(box.oauth_url, params=ask, timeout=10)
    assert again.json()["error"] == "invalid_grant"
    assert box.portal.refreshes == 1


def test_a_code_is_exchanged_within_thirty_seconds(api, box):
    def code() -> str:
        asked = {"client_id": box.app.client_id, "state": "s1"}
        answer = api.session.get(
            f"{box.portal.origin}/oauth/authorize/", params=asked, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 302
        return answer.headers["Location"].partition("code=")[2].partition("&")[0]

    def exchange(code: str) -> dict:
        ask = {"grant_type": "authorization_code", "client_id": box.app.client_id, "code": code}
        ask["client_secret"] = box.app.client_secret
        return api.session.post(box.oauth_url, data=ask, timeout=10).json()

    late = code()
    box.clock.advance(seconds=31)
    assert exchange(late)["error"] == "invalid_grant"
    assert exchange(code())["access_token"]


def test_the_log_and_the_notes_hold_no_secret(api, box):
    token = box.app_token().access
    api.session.get(f"{box.portal.origin}/rest/profile", params={"auth": token}, timeout=10)
    api.session.post(f"{box.portal.origin}/rest/profile", json={"auth": token}, timeout=10)
    api.session.post(f"{box.portal.origin}/rest/profile", data={"auth": token}, timeout=10)
    api.call("profile")
    secret = box.tokens["admin"].partition("/")[2]
    told = (
        repr(list(box.requests)) + repr(box.app) + repr(box.app_token()) + repr(box.portal.webhooks.values())
    )
    told = told.replace(repr(set(box.portal.webhooks)), "")
    assert token not in told
    assert secret not in told
    assert [entry.operation for entry in box.requests] == ["profile"] * 4


def test_requests_beside_the_api_get_the_front_ends_page(api, box):
    answer = api.session.get(f"{box.portal.origin}/company/", timeout=10)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_renamed_portal_answers_302(api, box):
    from crmkit.sandbox import Fault

    box.faults.add(Fault("portal_moved", match="profile", body="http://127.0.0.1:9"))
    answer = api.session.post(f"{api.base}profile", allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http://127.0.0.1:9/rest/1/")


def test_system_methods(bench, box, api):
    assert api.call("server.time") == "2025-03-03T09:00:00+03:00"
    assert api.call("feature.get", CODE="rest_offline_extended") == {"value": "Y"}
    assert api.refused("feature.get")[1] == "CODE_EMPTY"
    assert "crm.item.batchImport" in api.call("methods")
    assert set(api.call("methods", scope="department")) == {"department.get"}
    assert "crm" in api.call("scope", full=True)
    assert "SCOPE" in api.call("app.info")
    assert bench.app(box).call("app.info")["INSTALLED"] is True


def test_a_list_as_a_body_is_an_array_with_numbers_for_keys(api):
    assert api.post("profile", [1, 2]).json()["result"]["ID"] == "1"
    assert api.post("crm.deal.list", "a text").json()["total"] == 0


def test_the_authorization_server_refuses(api, box):
    def ask(**more):
        known = {"client_id": box.app.client_id, "client_secret": box.app.client_secret}
        return api.session.get(box.oauth_url, params=known | more, timeout=10).json()["error"]

    assert ask(client_secret="wrong", grant_type="refresh_token") == "invalid_client"
    assert ask(grant_type="nonsense") == "invalid_request"
    assert ask(grant_type="refresh_token", refresh_token="wrong") == "invalid_grant"
    token = box.app_token()
    box.clock.advance(days=181)
    assert ask(grant_type="refresh_token", refresh_token=token.refresh) == "invalid_grant"
    asked = {"client_id": "nobody"}
    answer = api.session.get(f"{box.portal.origin}/oauth/authorize/", params=asked, timeout=10)
    assert answer.json()["error"] == "invalid_client"


def test_a_method_of_another_module_needs_its_scope_even_by_version_three(bench):
    box = bench.box(scopes=("crm",))
    answer = bench.v3(box).post("tasks.task.list", {})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "insufficient_scope"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.deal.list.xml", {}),
        ("tasks.task.list", {"filter": {"::SUBFILTER-1": {"ID": 1}}}),
        ("tasks.task.list", {"filter": {"!DEPENDS_ON": 1}}),
        ("tasks.task.add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 4, "REPLICATE": "Y"}}),
        (
            "calendar.event.add",
            {
                **{"type": "user", "ownerId": 1, "section": 3, "name": "x", "rrule": {"FREQ": "DAILY"}},
                **{"from": "2025-03-04T10:00:00+03:00", "to": "2025-03-04T11:00:00+03:00"},
            },
        ),
    ],
    ids=["xml", "subfilter", "dependencies", "recurring-task", "recurring-event"],
)
def test_what_the_vendor_can_and_the_sandbox_cannot_is_said_aloud(api, method, params):
    status, code, text = api.refused(method, **params)
    assert (status, code) == (501, "SANDBOX_NOT_EMULATED")
    assert "does not emulate" in text
