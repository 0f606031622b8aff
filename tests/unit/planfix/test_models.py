"""Models: strange, missing and unknown things are read and kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType, Ref, contact, group, user
from crmkit.planfix.models import (
    Comment,
    CommentType,
    Contact,
    CustomField,
    FieldValue,
    People,
    Priority,
    Role,
    SavedFilter,
    Status,
    Task,
    User,
)
from crmkit.planfix.models.outcome import FieldFailure, Updated, WriteState, read_failures

CONTEXT = {"timezone": ZoneInfo("Europe/Moscow")}


def task(**data: Any) -> Task:
    return Task.model_validate({"id": 1, **data}, context=CONTEXT)


class TestTask:
    def test_what_was_not_asked_for_has_a_default(self) -> None:
        bare = task()
        assert (bare.name, bare.status, bare.is_open, bare.assignees.everyone, bare.custom_fields) == (
            "",
            None,
            None,
            (),
            {},
        )

    def test_unknown_keys_and_words_are_kept(self) -> None:
        read = task(priority="Critical", type="Epic", novelty={"x": 1})
        assert (read.priority, read.type) == ("Critical", "Epic")
        assert read.model_extra == {"novelty": {"x": 1}}
        assert task(priority="Urgent").priority is Priority.URGENT

    def test_raw_is_the_payload_as_it_came_nulls_included(self) -> None:
        data = {"id": 1, "parent": None, "name": "x", "novelty": 5}
        read = Task.model_validate(data, context=CONTEXT)
        assert read.raw == {"id": 1, "parent": None, "name": "x", "novelty": 5}
        assert read.parent is None

    def test_people(self) -> None:
        read = task(
            assigner={"id": 3},
            counterparty={"id": 7, "name": "Romashka"},
            assignees={
                "users": [{"id": "user:5", "name": "Anna"}, {"id": "contact:1"}],
                "groups": [{"id": 3}],
            },
        )
        assert read.assigner == user(3)
        assert read.counterparty == contact(7)
        assert read.assignees.everyone == (user(5), contact(1), group(3))
        assert read.assignees.users[0].name == "Anna"

    def test_moments(self) -> None:
        read = task(
            dateTime={"date": "03-03-2025", "time": "09:00"},
            dateOfLastUpdate={"date": "x", "dateTimeUtcSeconds": "2025-03-03T06:30:00+0000"},
            endDateTime={"date": "", "time": ""},
        )
        assert read.created_at == datetime(2025, 3, 3, 6, 0, tzinfo=UTC)
        assert read.updated_at == datetime(2025, 3, 3, 6, 30, tzinfo=UTC)
        assert read.end_date_time is None

    def test_status_tells_whether_it_is_open(self) -> None:
        assert task(status={"id": 4, "name": "New", "isActive": True}).is_open is True
        assert task(status={"id": 4, "isActive": False}).is_open is False
        assert task(status={"id": 4}).is_open is None

    def test_references_and_text(self) -> None:
        read = task(
            parent={"id": 5}, project={"id": 0}, template={"id": 7, "name": "T"}, description="a<br>b"
        )
        assert (read.parent, read.project, read.template) == (Ref(5), None, Ref(7))
        assert read.text == "a\nb"

    def test_repr_shows_what_was_told_and_no_long_texts(self) -> None:
        assert repr(task(name="x", description="<p>secret</p>")) == "Task(id=1, name='x')"

    def test_it_does_not_change(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            setattr(task(), "name", "y")  # noqa: B010  (mypy knows it too)


class TestCustomValues:
    ROW = (
        {
            "field": {"id": 101, "name": "State", "type": 8, "typeName": "List", "objectType": 1},
            "value": "new",
        },
        {"field": {"id": 103, "name": "Before", "type": 11}, "value": {"id": "user:3", "name": "Petr"}},
        {"field": {"id": 106, "name": "Until", "type": 5}, "value": {"date": "03-03-2025", "time": "09:00"}},
        {"field": {"id": 107, "name": "Total", "type": 23}, "value": 1800, "stringValue": "30 ч"},
        {"field": {"id": 108, "name": "Empty", "type": 0}, "value": None},
        {"field": {"id": 109, "name": "Odd", "type": 3}, "value": {"date": "today"}},
        {"field": {"id": 110, "name": "New kind", "type": 77}, "value": {"a": 1}},
    )

    @pytest.fixture
    def read(self) -> Task:
        return task(customFieldData=list(self.ROW))

    def test_by_number_name_and_definition(self, read: Task) -> None:
        assert read.custom(101) == read.custom("State") == read.custom(CustomField(id=101)) == "new"
        assert read.custom(103) == user(3)
        assert read.custom(106) == datetime(2025, 3, 3, 6, 0, tzinfo=UTC)
        assert read.custom(110) == {"a": 1}

    def test_empty_and_absent_are_the_default(self, read: Task) -> None:
        assert read.custom(108) is None
        assert read.custom(108, "") == ""
        assert read.custom(999, 5) == 5

    def test_the_whole_value(self, read: Task) -> None:
        total = read.custom_fields[107]
        assert (total.field.type, total.value, total.string_value) == (
            FieldType.DATATAG_SUMMARY,
            1800,
            "30 ч",
        )
        assert not total.field.writable
        assert read.custom_fields[110].field.type == 77

    def test_one_odd_value_does_not_spoil_the_rest(self, read: Task) -> None:
        odd = read.custom_fields[109]
        with pytest.raises(ValidationError, match="custom field Odd of type date"):
            odd.value  # noqa: B018  (reading it is what is tested)
        assert odd.raw_value == {"date": "today"}

    def test_options_of_a_definition(self) -> None:
        plain = CustomField.model_validate({"id": 1, "type": 8, "enumValues": ["a", "b"]})
        rich = CustomField.model_validate({"id": 1, "type": 8, "enumValues": [{"value": "a"}]})
        assert (plain.options, rich.options) == (("a", "b"), ("a",))
        assert FieldValue.model_validate({"field": {"id": 1, "type": 1}, "value": 5}).value == 5


class TestOthers:
    def test_comment_with_history(self) -> None:
        read = Comment.model_validate(
            {
                "id": 9,
                "type": "None",
                "fromType": "Carrier pigeon",
                "description": "a &lt; b",
                "owner": {"id": "user:90", "name": "Robot"},
                "changeStatus": {"oldStatusId": 1, "newStatusId": 2},
                "changeTaskExpectDate": {
                    "newDateTime": {"date": "03-03-2025", "time": "09:00"},
                    "hasNewDate": True,
                },
                "recipients": {"users": [], "groups": [{"id": 1}], "roles": "assignee"},
            },
            context=CONTEXT,
        )
        assert (read.type, read.from_type, read.text, read.owner) == (
            CommentType.NONE,
            "Carrier pigeon",
            "a < b",
            user(90),
        )
        assert read.change_status
        assert (read.change_status.old_status_id, read.change_status.new_status_id) == (1, 2)
        assert read.change_task_expect_date
        assert read.change_task_expect_date.new_date_time == datetime(2025, 3, 3, 6, tzinfo=UTC)
        assert read.recipients == People(groups=(group(1),), roles=("assignee",))
        assert read.created_at is None

    def test_contact_with_prefixed_id_and_empty_texts(self) -> None:
        read = Contact.model_validate(
            {
                "id": "contact:12",
                "name": "Ivan",
                "lastname": "Petrov",
                "email": "",
                "site": "",
                "sourceObjectId": "",
                "birthDate": {"date": "01-12-1995", "time": "00:00", "datetime": "1995-12-01T00:00Z"},
                "phones": [{"number": "8", "maskedNumber": "+8", "type": 1}],
                "companies": [{"id": 5, "name": "R"}],
            }
        )
        assert (read.id, read.full_name, read.person) == (12, "Ivan Petrov", contact(12))
        assert (read.birth_date, read.phones[0].type, read.companies) == (date(1995, 12, 1), 1, (Ref(5),))

    def test_user(self) -> None:
        robot = User.model_validate({"id": "user:90", "name": "Robot", "role": "Robot", "status": "Active"})
        assert (robot.is_robot, robot.is_active, robot.person, robot.role) == (
            True,
            True,
            user(90),
            Role.ROBOT,
        )
        gone = User.model_validate(
            {"id": 5, "name": "A", "lastname": "B", "role": "Janitor", "status": "Inactive"}
        )
        assert (gone.is_active, gone.role, gone.full_name) == (False, "Janitor", "A B")
        assert not User.model_validate({"id": 5, "isDeleted": True}).is_active

    def test_group_and_saved_filter(self) -> None:
        read = User.model_validate({"id": 5, "groups": [{"id": 1, "name": "Sales"}]})
        assert read.groups[0].person == group(1)
        assert SavedFilter.model_validate({"id": ":all", "name": "All"}).id == ":all"

    def test_status_zero_is_a_status(self) -> None:
        assert Status.model_validate({"id": 0, "name": "Draft"}).id == 0


class TestOutcomes:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"field": "name", "error": "no"}, (FieldFailure("name", "no"),)),
            (
                [{"field": "name", "error": "no"}, "what"],
                (FieldFailure("name", "no"), FieldFailure("", "what")),
            ),
            (None, ()),
            ([], ()),
        ],
    )
    def test_failures_come_as_array_or_object(self, data: Any, expected: tuple[FieldFailure, ...]) -> None:
        assert read_failures(data) == expected

    def test_complete_means_applied_and_whole(self) -> None:
        assert Updated().complete
        assert not Updated(WriteState.QUEUED).complete
        assert not Updated(failures=(FieldFailure("name", "no"),)).complete
