"""Tasks: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from responses import matchers

from crmkit.clock import ManualClock
from crmkit.exceptions import NotFound, OutcomeUnknown, ServerError, ValidationError
from crmkit.planfix import FieldType, Planfix, Ref, contact, external_id, filters, group, user
from crmkit.planfix.models import CustomField, WriteState
from crmkit.planfix.models.task import TASK_FIELDS, TASK_LIST_FIELDS

BASE = "https://acme.planfix.ru/rest"
OK = {"result": "success"}
FIELDS = {
    "result": "success",
    "customfields": [
        {"id": 101, "name": "State", "type": 8, "enumValues": ["new", "old"]},
        {"id": 103, "name": "Before", "type": 11},
        {"id": 106, "name": "Until", "type": 3},
        {"id": 108, "name": "Sum", "type": 23},
        {"id": 109, "name": "Released", "type": 7},
    ],
}
Bodies = Callable[[], list[Any]]


@pytest.fixture
def with_fields(server: responses.RequestsMock) -> None:
    server.get(f"{BASE}/customfield/task", json=FIELDS)


class TestTasks:
    def test_list_walks_the_pages(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        rows = [{"id": number} for number in range(1, 6)]
        for offset, page in ((0, rows[:3]), (2, rows[2:5]), (4, rows[4:])):
            server.post(
                f"{BASE}/task/list",
                json=OK | {"tasks": page},
                match=[matchers.json_params_matcher({"offset": offset, "pageSize": 3}, strict_match=False)],
            )
        found = planfix.tasks.list(
            filters=[filters.last_activity.before(date(2025, 2, 16)), filters.status.none_of(5, 6)],
            filter_id=":all",
            fields=["name", 101],
            custom_fields=[CustomField(id=102), 101],
            page_size=3,
            run_as="user:2",
        )
        assert [task.id for task in found] == [1, 2, 3, 4, 5]
        first = bodies()[0]
        assert first["fields"] == "id,name,101,102"
        assert (first["filterId"], first["runAsUserId"]) == (":all", "user:2")
        assert [one["type"] for one in first["filters"]] == [79, 10, 10]

    def test_a_plain_page_sends_nothing_that_was_not_asked_for(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/list", json=OK | {"tasks": []})
        assert planfix.tasks.page(200, 50, fields=[]) == ()
        assert bodies() == [{"offset": 200, "pageSize": 50, "fields": "id"}]

    def test_by_default_all_fields_are_read(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/list", json=OK | {"tasks": []})
        assert list(planfix.tasks.list()) == []
        assert bodies()[0]["fields"].split(",") == list(TASK_LIST_FIELDS)

    def test_only_what_differs_from_a_source(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/list", json=OK | {"tasks": []})
        server.post(f"{BASE}/contact/list", json=OK | {"contacts": []})
        source = external_id("1C")
        assert list(planfix.tasks.list(only_changed=True, source_id=source)) == []
        assert list(planfix.contacts.list(only_changed=True, source_id=source)) == []
        assert [(one["onlyChanged"], one["sourceId"]) for one in bodies()] == [(True, source)] * 2

    def test_mistakes_are_found_when_the_list_is_asked_for(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="customFieldData returns nothing"):
            planfix.tasks.list(fields=["name", "customFieldData"])
        with pytest.raises(ValidationError, match="one text where a list is expected"):
            planfix.tasks.list(fields="name")
        with pytest.raises(ValidationError, match="page_size"):
            planfix.tasks.list(page_size=1000)
        with pytest.raises(ValidationError, match="run_as: group:3"):
            planfix.tasks.list(run_as=group(3))
        assert planfix.requests_sent == 0

    def test_a_list_without_rows_is_not_an_empty_list(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/list", json=OK)
        with pytest.raises(ServerError, match="there is no list under 'tasks'"):
            list(planfix.tasks.list())

    def test_a_row_that_cannot_be_read_is_named_without_its_value(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/list", json=OK | {"tasks": [{"id": 1, "dateTime": {"date": "Ivanov"}}]})
        with pytest.raises(
            ServerError, match=r"Task: the answer has an unexpected shape: dateTime"
        ) as caught:
            planfix.tasks.page()
        error: BaseException | None = caught.value
        while error is not None:
            assert "Ivanov" not in str(error)
            error = error.__cause__ or error.__context__

    def test_get(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        query = {"fields": ",".join((*TASK_FIELDS, "101"))}
        server.get(
            f"{BASE}/task/5",
            json=OK | {"task": {"id": 5, "name": "x"}},
            match=[matchers.query_param_matcher(query)],
        )
        assert planfix.tasks.get(5, custom_fields=[101]).name == "x"
        for wrong in (0, -1, True, "5", "../user/1"):
            with pytest.raises(ValidationError, match="is no id"):
                planfix.tasks.get(wrong)  # type: ignore[arg-type]

    def test_get_of_nothing(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.get(
            f"{BASE}/task/5", status=404, json={"result": "fail", "code": 1000, "error": "Task not found"}
        )
        with pytest.raises(LookupError) as caught:
            planfix.tasks.get(5)
        assert isinstance(caught.value, NotFound)

    @pytest.mark.usefixtures("with_fields")
    def test_update_writes_every_kind_of_value(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/5", json=OK, match=[matchers.query_param_matcher({"silent": "true"})])
        outcome = planfix.tasks.update(
            5,
            silent=True,
            name="New name",
            description="a\nb",
            priority="Urgent",
            status=1,
            assigner="user:1",
            assignees=[user(5), "contact:1", group(3)],
            participants=(),
            counterparty=contact(5),
            parent=Ref(1),
            process_id=1,
            start_date_time=datetime(2025, 3, 3, 6, 0, tzinfo=UTC),
            end_date_time=None,
            delayed_till_date=date(2025, 3, 9),
            duration_unit="Day",
            in_favorites=True,
            files=[10, 15],
            custom_fields={101: "new", 103: user(4), 106: None},
        )
        assert outcome.complete
        assert bodies()[-1] == {
            "name": "New name",
            "description": "a<br>b",
            "priority": "Urgent",
            "status": {"id": 1},
            "assigner": {"id": "user:1"},
            "assignees": {"users": [{"id": "user:5"}, {"id": "contact:1"}], "groups": [{"id": 3}]},
            "participants": {"users": [], "groups": []},
            "counterparty": {"id": "contact:5"},
            "parent": {"id": 1},
            "processId": 1,
            "startDateTime": {"date": "03-03-2025", "time": "09:00"},
            "hasEndDate": False,
            "delayedTillDate": {"date": "09-03-2025"},
            "durationUnit": "Day",
            "inFavorites": True,
            "files": [{"id": 10}, {"id": 15}],
            "customFieldData": [
                {"field": {"id": 101}, "value": "new"},
                {"field": {"id": 103}, "value": {"id": "user:4"}},
                {"field": {"id": 106}, "value": None},
            ],
        }

    @pytest.mark.usefixtures("with_fields")
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({}, "nothing to change"),
            ({"titel": "x"}, "there is no attribute 'titel' to set (allowed: assignees, assigner"),
            ({"name": 5}, "name: 5 does not fit (allowed: text)"),
            ({"priority": "urgent"}, "priority: 'urgent' does not fit (allowed: NotUrgent, Urgent)"),
            ({"status": "New"}, "status: 'New' does not fit"),
            ({"status": True}, "status: True does not fit"),
            ({"assignees": [5]}, "assignees: 5 does not say whether it is a user"),
            ({"assignees": user(5)}, "assignees: one person where a list is expected"),
            ({"assigner": 5}, "assigner: 5 does not say"),
            ({"counterparty": user(5)}, "counterparty: user:5 does not fit here"),
            ({"start_date_time": datetime(2025, 3, 3)}, "start_date_time: a datetime without"),  # noqa: DTZ001
            ({"duration_unit": "Year"}, "allowed: Minute, Hour, Day, Week, Month"),
            ({"process_id": True}, "process_id: True does not fit"),
            ({"files": 10}, "files: 10 does not fit"),
            ({"custom_fields": [101]}, "custom_fields: a mapping is expected"),
            (
                {"custom_fields": {101: "fresh"}},
                "custom field 101 «State»: 'fresh' is not one of its options",
            ),
            ({"custom_fields": {103: 4}}, "custom field 103 «Before»: 4 does not say whether"),
            (
                {"custom_fields": {108: 5}},
                "custom field 108 «Sum»: datatag summary (23) is computed by Planfix",
            ),
            ({"custom_fields": {999: 5}}, "there is no custom field 999 of a task"),
            ({"custom_fields": {"State": "new"}}, "custom field 'State': no number"),
        ],
    )
    def test_what_does_not_fit_is_refused_before_it_is_sent(
        self, planfix: Planfix, server: responses.RequestsMock, values: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            planfix.tasks.update(5, **values)
        assert words in str(caught.value)
        assert not [call for call in server.calls if call.request.method == "POST"]

    @pytest.mark.parametrize(
        ("status", "answer", "state", "failed"),
        [
            (200, OK, WriteState.APPLIED, []),
            (200, None, WriteState.APPLIED, []),
            (202, None, WriteState.QUEUED, []),
            (
                200,
                {"failures": {"field": "counterparty", "error": "no"}},
                WriteState.APPLIED,
                ["counterparty"],
            ),
            (200, OK | {"failures": [{"field": "name", "error": "no"}]}, WriteState.APPLIED, ["name"]),
        ],
    )
    def test_outcomes_of_an_update(
        self,
        planfix: Planfix,
        server: responses.RequestsMock,
        status: int,
        answer: Any,
        state: WriteState,
        failed: list[str],
    ) -> None:
        server.post(f"{BASE}/task/5", status=status, **({"json": answer} if answer else {"body": b""}))
        outcome = planfix.tasks.update(5, name="x")
        assert (outcome.status, [one.field for one in outcome.failures]) == (state, failed)

    def test_definitions_are_read_once_and_again_for_a_new_field(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.get(f"{BASE}/customfield/task", json=FIELDS)
        later = FIELDS["customfields"] + [{"id": 200, "name": "Fresh", "type": 0}]  # type: ignore[operator]
        server.get(f"{BASE}/customfield/task", json=OK | {"customfields": later})
        server.post(f"{BASE}/task/5", json=OK)
        planfix.tasks.update(5, custom_fields={101: "new"})
        planfix.tasks.update(5, custom_fields={101: "old"})
        assert planfix.requests_sent == 3
        planfix.tasks.update(5, custom_fields={200: "x"})
        assert planfix.requests_sent == 5

    def test_a_definition_at_hand_needs_no_request(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/5", json=OK)
        planfix.tasks.update(5, custom_fields={CustomField(id=7, type=FieldType.NUMBER): 5})
        planfix.custom_fields.remember("task", [CustomField(id=8, type=FieldType.LINE)])
        planfix.tasks.update(5, custom_fields={8: "x"})
        assert [body["customFieldData"][0]["value"] for body in bodies()] == [5, "x"]
        assert planfix.requests_sent == 2

    def test_create_carries_the_key(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/", status=201, json=OK | {"id": "77"})
        created = planfix.tasks.create(name="Approve", template=Ref(3), assignees=[user(2)], key="a/1")
        assert (created.id, created.external_id) == (77, external_id("a/1"))
        assert bodies()[0]["sourceObjectId"] == external_id("a/1")
        assert planfix.tasks.create(name="x").external_id == ""
        assert "sourceObjectId" not in bodies()[1]
        with pytest.raises(ValidationError, match="task: no name"):
            planfix.tasks.create(description="x")

    def test_a_create_without_an_id_in_the_answer_is_no_success_and_no_failure(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/", status=201, body=b"")
        with pytest.raises(OutcomeUnknown, match="did not say which id"):
            planfix.tasks.create(name="x")

    def test_find_by_key(self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies) -> None:
        rows = [{"id": 1, "sourceObjectId": ""}, {"id": 2, "sourceObjectId": external_id("a/1")}]
        server.post(f"{BASE}/task/list", json=OK | {"tasks": rows})
        found = planfix.tasks.find_by_key("a/1", since=date(2025, 3, 3), filters=[filters.task_object.is_(2)])
        assert found is not None
        assert found.id == 2
        assert planfix.tasks.find_by_key("a/2") is None
        assert [one["type"] for one in bodies()[0]["filters"]] == [325, 12]
        assert "sourceObjectId" in bodies()[0]["fields"]

    def test_saved_filters(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.post(f"{BASE}/task/filters", json=OK | {"filters": [{"id": ":all", "name": "All"}]})
        assert [one.id for one in planfix.tasks.saved_filters()] == [":all"]


@pytest.mark.usefixtures("with_fields")
class TestReadBack:
    RAW: ClassVar[dict[str, Any]] = {
        "id": 5,
        "name": "x",
        "description": "a &lt; b<br>c",
        "status": {"id": 1, "name": "New"},
        "assignees": {"users": [{"id": "user:5", "name": "Anna"}], "groups": [{"id": 3, "name": "Sales"}]},
        "endDateTime": {"date": "03-03-2025", "time": "09:00"},
        "hasStartDate": False,
        "counterparty": {"id": "contact:7", "name": "R"},
        "files": [{"id": 1, "name": "f"}],
        "customFieldData": [
            {"field": {"id": 101, "type": 8}, "value": "new"},
            {"field": {"id": 103, "type": 11}, "value": {"id": "user:4", "name": "B"}},
        ],
    }
    WANTED: ClassVar[dict[str, Any]] = {
        "name": "x",
        "description": "a < b\nc",
        "status": 1,
        "assignees": [group(3), user(5)],
        "end_date_time": datetime(2025, 3, 3, 6, 0, tzinfo=UTC),
        "start_date_time": None,
        "counterparty": contact(7),
        "files": [1],
        "custom_fields": {101: "new", 103: user(4), 106: None, 109: False},
    }

    def test_all_is_there(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.get(f"{BASE}/task/5", json=OK | {"task": self.RAW})
        seen = planfix.tasks.read_back(5, **self.WANTED)
        assert (seen.visible, seen.pending, seen.entity.id) == (True, (), 5)
        asked = parse_qs(urlsplit(str(server.calls[0].request.url)).query)["fields"][0].split(",")
        assert {"id", "name", "status", "hasStartDate", "startDateTime", "101", "109"} <= set(asked)

    @pytest.mark.parametrize(
        ("values", "pending"),
        [
            ({"name": "y"}, "name"),
            ({"description": "other"}, "description"),
            ({"status": 2}, "status"),
            ({"assignees": [user(5)]}, "assignees"),
            ({"assignees": []}, "assignees"),
            ({"end_date_time": None}, "end_date_time"),
            ({"end_date_time": date(2025, 3, 4)}, "end_date_time"),
            ({"counterparty": contact(8)}, "counterparty"),
            ({"files": []}, "files"),
            ({"parent": 5}, "parent"),
            ({"custom_fields": {101: "old"}}, "custom field 101"),
            ({"custom_fields": {103: None}}, "custom field 103"),
            ({"custom_fields": {109: True}}, "custom field 109"),
        ],
    )
    def test_what_is_missing_is_named(
        self, planfix: Planfix, server: responses.RequestsMock, values: dict[str, Any], pending: str
    ) -> None:
        server.get(f"{BASE}/task/5", json=OK | {"task": self.RAW})
        seen = planfix.tasks.read_back(5, timeout=0, **values)
        assert (seen.visible, seen.pending) == (False, (pending,))

    def test_it_waits_until_the_portal_has_caught_up(
        self, planfix: Planfix, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        for status in (1, 1, 2):
            server.get(f"{BASE}/task/5", json=OK | {"task": {"id": 5, "status": {"id": status}}})
        seen = planfix.tasks.read_back(5, status=2)
        assert seen.visible
        assert seen.waited == 4.0

    def test_it_gives_up_in_time(
        self, planfix: Planfix, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.get(f"{BASE}/task/5", json=OK | {"task": {"id": 5, "status": {"id": 1}}})
        begun = clock.now()
        seen = planfix.tasks.read_back(5, timeout=10, pause=3, status=0)
        assert not seen.visible
        assert (clock.now() - begun).total_seconds() <= 10
        assert len(server.calls) == 4
