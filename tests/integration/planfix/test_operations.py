"""What the client does with every group of operations on an account that remembers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crmkit.exceptions import NotFound, PermissionDenied, RateLimited, ServerError, ValidationError
from crmkit.planfix import FieldType, Period, Planfix, contact, filters, user
from crmkit.planfix.models import ProjectStatus, Replacement
from crmkit.sandbox import Fault, Sandbox
from crmkit.sandbox.planfix.models import ObjectKind
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox


def new_task(planfix: Planfix) -> int:
    return planfix.tasks.create(name="Deal", object=1).id


class TestChecklists:
    def test_an_item_is_made_ticked_and_listed(self, planfix: Planfix) -> None:
        task = new_task(planfix)
        call = planfix.checklists.create(task, "Call", assignees=[user(4)]).id
        planfix.checklists.create(task, "Write", done=True)
        assert planfix.checklists.update(task, call, done=True, name="Call back").complete
        items = list(planfix.checklists.list(task))
        assert [(one.name, one.is_done) for one in items] == [("Call back", True), ("Write", True)]
        assert items[0].assignees.everyone == (user(4),)
        assert planfix.checklists.get(task, call) == items[0]

    def test_a_refused_field_is_a_failure_not_a_queue(self, planfix: Planfix) -> None:
        task = new_task(planfix)
        item = planfix.checklists.create(task, "Call").id
        outcome = planfix.checklists.update(task, item, done=True, assignees=[user(777)])
        assert not outcome.complete
        assert outcome.status == "applied"
        assert [one.field for one in outcome.failures] == ["assignees"]
        assert planfix.checklists.get(task, item).is_done

    def test_nothing_to_do_is_refused(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="no name"):
            planfix.checklists.create(1, " ")
        with pytest.raises(ValidationError, match="nothing to change"):
            planfix.checklists.update(1, 2)
        assert planfix.requests_sent == 0


class TestProjects:
    def test_a_project_is_made_changed_and_found(self, planfix: Planfix) -> None:
        day = date(2025, 4, 1)
        made = planfix.projects.create(
            name="Launch",
            description="one\ntwo",
            owner=user(2),
            status=ProjectStatus.ACTIVE,
            assignees=[user(4), "group:1"],
            start_date=day,
            end_date=day,
            key="launch",
        )
        project = planfix.projects.get(made.id)
        assert (project.name, project.text, project.owner) == ("Launch", "one\ntwo", user(2))
        assert project.is_active
        assert project.end_date is not None
        assert project.source_object_id == made.external_id
        assert planfix.projects.find_by_key("launch") == project
        assert planfix.projects.find_by_key("other") is None
        assert planfix.projects.update(made.id, status=ProjectStatus.DRAFT, end_date=None).complete
        project = planfix.projects.get(made.id)
        assert (project.is_active, project.end_date, project.has_end_date) == (False, None, False)
        back = planfix.projects.read_back(
            made.id, timeout=0, status=0, end_date=None, owner=user(2), assignees=[user(5)]
        )
        assert back.pending == ("assignees",)

    def test_filters(self, planfix: Planfix) -> None:
        terms = filters.projects
        one = planfix.projects.create(name="Alpha", owner=user(2), status=2).id
        two = planfix.projects.create(name="Beta", owner=user(4), parent=one, end_date=date(2025, 4, 1)).id

        def found(*conditions: filters.Filter) -> list[int]:
            return [project.id for project in planfix.projects.list(filters=conditions, fields=["name"])]

        assert found(terms.name.contains("alph")) == [one]
        assert found(terms.owner.is_(user(4))) == [two]
        assert found(terms.number.any_of(one, two)) == [one, two]
        assert found(terms.parent.is_(one)) == [two]
        assert found(terms.end_date.on(date(2025, 4, 1))) == [two]
        assert found(terms.created.on(filters.TODAY)) == [one, two]

    def test_what_create_alone_can_set(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="start_date can be set by create only"):
            planfix.projects.update(5, start_date=date(2025, 4, 1))
        with pytest.raises(ValidationError, match="no name"):
            planfix.projects.create(owner=user(1))
        assert planfix.requests_sent == 0

    def test_templates_and_groups(self, planfix: Planfix, box: PlanfixSandbox) -> None:
        box.account.project_templates[9] = ObjectKind(9, "Template", 1)
        assert [one.name for one in planfix.projects.templates()] == ["Template"]
        assert planfix.projects.groups()


class TestPeople:
    def test_an_employee_comes_moves_and_is_replaced(self, planfix: Planfix) -> None:
        position = planfix.positions.create("Lawyer").id
        planfix.positions.update(position, "Advocate")
        assert (position, "Advocate") in [(one.id, one.name) for one in planfix.positions.list()]
        olga = planfix.users.create(
            name="Olga", email="o@example.com", position="Advocate", birth_date=date(1990, 2, 1), role="User"
        ).id
        read = planfix.users.get(olga)
        assert (read.position and read.position.id, read.birth_date) == (position, date(1990, 2, 1))
        holiday = Replacement(employee=user(2), first=date(2025, 3, 10), last=date(2025, 3, 20))
        assert planfix.users.update(olga, temporary_replacement=holiday, position=None).complete
        read = planfix.users.get(olga)
        assert read.position is None
        assert read.temporary_replacement is not None
        assert read.temporary_replacement.employee == user(2)
        assert read.temporary_replacement.last == date(2025, 3, 20)
        written = {"temporary_replacement": holiday, "position": None, "secondary_emails": []}
        assert planfix.users.read_back(olga, password="unseen", timeout=0, **written).visible
        other = Replacement(employee=user(3), first=date(2025, 3, 10), last=date(2025, 3, 20))
        back = planfix.users.read_back(olga, temporary_replacement=other, position="Advocate", timeout=0)
        assert back.pending == ("temporary_replacement", "position")
        planfix.users.update(olga, temporary_replacement=None)
        assert planfix.users.read_back(olga, temporary_replacement=None, timeout=0).visible
        ended = planfix.users.get(olga).temporary_replacement
        assert ended is None or not ended.is_enabled

    def test_a_password_is_in_no_error(self, planfix: Planfix, box: PlanfixSandbox) -> None:
        secret = "s3cret-of-olga"
        box.faults.add(
            Fault(
                "error",
                "POST /user/",
                status=400,
                body={"result": "fail", "code": 4001, "error": f"bad password {secret}"},
            )
        )
        with pytest.raises(ValidationError) as caught:
            planfix.users.create(name="Olga", password=secret)
        assert secret not in str(caught.value)
        assert secret not in repr(vars(caught.value))

    def test_wrong_values_are_refused_here(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="position"):
            planfix.users.update(5, position=True)
        with pytest.raises(ValidationError, match="temporary_replacement can be set by update only"):
            planfix.users.create(name="x", temporary_replacement=None)
        with pytest.raises(ValidationError, match="temporary_replacement"):
            planfix.users.update(5, temporary_replacement=Replacement())
        with pytest.raises(ValidationError, match="secondary_emails"):
            planfix.users.update(5, secondary_emails=[""])
        with pytest.raises(ValidationError, match="language_code"):
            planfix.users.update(5, language_code="ru")
        assert planfix.requests_sent == 0

    def test_workspaces(self, planfix: Planfix) -> None:
        assert all(one.name for one in planfix.workspaces.list())

    def test_the_webhook_of_a_bot(self, planfix: Planfix, box: PlanfixSandbox) -> None:
        bot = next(iter(box.account.telegram_bots))
        answer = planfix.telegram.set_webhook(bot, secret_token="a" * 32)
        assert answer.webhook_secret_token_configured
        with pytest.raises(ValidationError, match="does not fit") as caught:
            planfix.telegram.set_webhook(bot, secret_token="short!")
        assert "short!" not in str(caught.value)


class TestDatatags:
    def test_entries_are_added_read_changed_and_deleted(self, planfix: Planfix) -> None:
        task = new_task(planfix)
        before = planfix.tasks.get(task).date_of_last_comment
        tag = planfix.datatags.get(2)
        fields = {field.id: field for field in tag.fields}
        number = next(one for one in fields.values() if one.type == FieldType.NUMBER)
        result = next(one for one in fields.values() if one.type == FieldType.LIST)
        reached = result.options[0]
        added = planfix.datatags.add(task, tag.id, [{number.id: 7, result.id: reached}, {number: 8}])
        assert len(added.keys) == 2
        assert added.comment_id is not None
        assert planfix.tasks.get(task).date_of_last_comment != before
        more = planfix.datatags.append(task, added.comment_id, tag.id, [{number: 9}])
        assert more.comment_id == added.comment_id
        wanted = [number.id, result.id]
        entries = list(planfix.datatags.entries(tag.id, on=task, custom_fields=wanted))
        assert [one.id for one in entries] == [*added.keys, *more.keys]
        assert [one.custom(number) for one in entries] == [7, 8, 9]
        assert entries[0].custom(result) == reached
        greater = filters.datatags.field(number).greater(7)
        found = planfix.datatags.entries(tag.id, filters=[greater], custom_fields=wanted)
        assert [one.custom(number) for one in found] == [8, 9]
        assert planfix.datatags.update_entry(added.keys[0], tag.id, {number: 70}).complete
        assert planfix.datatags.entry(added.keys[0], custom_fields=wanted).custom(number) == 70
        assert planfix.datatags.delete_entry(added.keys[0])
        assert not planfix.datatags.delete_entry(added.keys[0])
        with pytest.raises(NotFound):
            planfix.datatags.entry(added.keys[0])

    def test_entries_of_a_contact(self, planfix: Planfix) -> None:
        anna = planfix.contacts.create(name="Anna").id
        number = next(one for one in planfix.custom_fields.datatag(2) if one.type == FieldType.NUMBER)
        keys = planfix.datatags.add(contact(anna), 2, [{number: 5}]).keys
        assert [one.id for one in planfix.datatags.entries(2, on=contact(anna))] == list(keys)

    def test_periods_go_both_ways(self, planfix: Planfix, box: PlanfixSandbox) -> None:
        task = new_task(planfix)
        tag = next(
            one for one in planfix.datatags.list() if FieldType.PERIOD in [field.type for field in one.fields]
        )
        period = next(field for field in tag.fields if field.type == FieldType.PERIOD)
        spent = Period.between("09:15", "11:40")
        key = planfix.datatags.add(task, tag.id, [{period: spent}]).keys[0]
        assert planfix.datatags.entry(key, custom_fields=[period]).custom(period) == spent

    def test_an_entry_that_is_not_wrapped_is_read_too(self) -> None:
        with (
            Sandbox.planfix(seed="empty", entry_shape="flat") as box,
            Planfix(box.url, token=box.tokens["admin"], clock=box.clock) as planfix,
        ):
            number = next(one for one in planfix.custom_fields.datatag(2) if one.type == FieldType.NUMBER)
            key = planfix.datatags.add(new_task(planfix), 2, [{number: 5}]).keys[0]
            assert planfix.datatags.entry(key, custom_fields=[number]).custom(number) == 5

    def test_a_field_of_another_datatag_is_refused_here(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="there is no custom field 109 of a datatag:2"):
            planfix.datatags.add(5, 2, [{109: 5}])
        with pytest.raises(ValidationError, match="no rows"):
            planfix.datatags.add(5, 2, [])


class TestDirectories:
    def test_entries_are_added_found_changed_and_deleted(self, planfix: Planfix) -> None:
        directory = planfix.directories.get(1)
        text = next(one for one in directory.fields if one.type == FieldType.LINE)
        planfix.directories.add_group(1, "Food")
        food = next(one for one in planfix.directories.entries(1, groups_only=True) if one.name == "Food")
        assert food.is_group
        planfix.directories.add_entry(1, {text.id: "Milk"}, parent_key=food.id)
        (milk,) = planfix.directories.entries(1, group_key=food.id, custom_fields=[text])
        assert (milk.custom(text), milk.parent_key) == ("Milk", food.id)
        assert planfix.directories.update_entry(1, milk.id, {text: "Cream"}, archived=True).complete
        read = planfix.directories.entry(1, milk.id, custom_fields=[text])
        assert (read.custom(text), read.archived) == ("Cream", True)
        archived = planfix.directories.entries(1, filters=[filters.directories.archived()])
        assert milk.id in [one.id for one in archived]
        named = filters.directories.field(text).equals("Cream")
        assert [one.id for one in planfix.directories.entries(1, filters=[named])] == [milk.id]
        assert planfix.directories.delete_entry(1, milk.id)
        assert not planfix.directories.delete_entry(1, milk.id)

    @pytest.mark.parametrize("key", ["directories", "directory"])
    def test_the_list_is_read_in_both_spellings(self, key: str) -> None:
        with (
            Sandbox.planfix(seed="empty", directory_list_key=key) as box,
            Planfix(box.url, token=box.tokens["admin"], clock=box.clock) as planfix,
        ):
            found = list(planfix.directories.list())
            assert found
            assert found[0].fields
            assert planfix.directories.groups()
            assert planfix.directories.saved_filters(found[0].id) is not None


class TestCustomFields:
    def test_a_field_is_made_and_known_at_once(self, planfix: Planfix) -> None:
        task = new_task(planfix)
        before = planfix.custom_fields.definition("task", 101)
        made = planfix.custom_fields.create("task", "Colour", FieldType.LIST, options=["red", "blue"]).id
        assert planfix.custom_fields.definition("task", made).options == ("red", "blue")
        assert planfix.custom_fields.definition("task", 101) == before
        assert made in {one.id for one in planfix.custom_fields.of_task(task)}
        number = planfix.custom_fields.create_set("task", "Looks").id
        assert (number, "Looks") in [(one.id, one.name) for one in planfix.custom_fields.sets("task")]

    def test_a_system_field_has_a_value(self, planfix: Planfix) -> None:
        made = planfix.custom_fields.create_main("Founded", FieldType.DATE, date(2001, 2, 3)).id
        field = next(one for one in planfix.custom_fields.main() if one.id == made)
        planfix.custom_fields.update_main(field, value=date(2002, 2, 3), name="Since")
        field = next(one for one in planfix.custom_fields.main() if one.id == made)
        assert (field.name, field.main_value["date"]) == ("Since", "03-02-2002")

    def test_what_does_not_fit_is_refused_here(self, planfix: Planfix) -> None:
        create = planfix.custom_fields.create
        with pytest.raises(ValidationError, match="options or directory do not fit list"):
            create("task", "x", FieldType.LIST)
        with pytest.raises(ValidationError, match="options or directory do not fit line"):
            create("task", "x", FieldType.LINE, options=["a"])
        with pytest.raises(ValidationError, match="options or directory do not fit directory"):
            create("task", "x", FieldType.DIRECTORY)
        with pytest.raises(ValidationError, match="cannot be made by the API"):
            create("task", "x", FieldType.CALCULATED)
        with pytest.raises(ValidationError, match="no name"):
            create("task", "", FieldType.LINE)
        assert planfix.requests_sent == 0


class TestContacts:
    def test_an_import_updates_what_is_there(self, planfix: Planfix) -> None:
        planfix.contacts.create(name="Anna", email="a@example.com")
        planfix.contacts.import_many(
            [
                {"name": "Anna", "email": "a@example.com", "position": "Director"},
                {"name": "Vera", "email": "v@example.com"},
            ],
            unique_by="name",
        )
        people = {one.name: one.position for one in planfix.contacts.list()}
        assert people["Anna"] == "Director"
        assert "Vera" in people

    def test_wrong_options_are_refused_here(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="unique_by"):
            planfix.contacts.import_many([{"name": "x"}], unique_by="mail")
        with pytest.raises(ValidationError, match="without a name"):
            planfix.contacts.import_many([{"email": "x"}])
        assert planfix.requests_sent == 0

    def test_comments_of_a_contact(self, planfix: Planfix) -> None:
        anna = planfix.contacts.create(name="Anna").id
        number = planfix.comments.create(contact(anna), "Hello").id
        planfix.comments.update(contact(anna), number, text="Hello again")
        assert [one.text for one in planfix.comments.list(contact(anna))] == ["Hello again"]


class TestTasks:
    def test_templates_recurring_and_saved_filters(self, planfix: Planfix, box: PlanfixSandbox) -> None:
        task = new_task(planfix)
        box.account.templates[7] = ObjectKind(7, "Template of a task", 1)
        box.act.make_recurring("user:1", task, {"daily": {"type": "Every", "shift": 1}})
        assert [(one.id, one.name) for one in planfix.tasks.templates()] == [(7, "Template of a task")]
        (again,) = planfix.tasks.recurring()
        assert again.recurrence == {"daily": {"type": "Every", "shift": 1}}
        assert planfix.tasks.saved_filters()

    def test_a_day_is_seen_whatever_its_midnight_means(self, planfix: Planfix) -> None:
        """The portal shows a day as a moment, and does not say in which zone that is midnight."""
        task, day = new_task(planfix), date(2025, 4, 1)
        planfix.tasks.update(task, end_date_time=day, start_date_time=day)
        assert planfix.tasks.read_back(task, timeout=0, end_date_time=day, start_date_time=day).visible
        other = planfix.tasks.read_back(task, timeout=0, end_date_time=date(2025, 4, 2), start_date_time=day)
        assert other.pending == ("end_date_time",)


class TestFiles:
    def test_a_file_goes_up_is_attached_and_comes_down(
        self, planfix: Planfix, box: PlanfixSandbox, tmp_path: Path
    ) -> None:
        content = bytes(range(256)) * 2000
        source = tmp_path / "договор №1.bin"
        source.write_bytes(content)
        task, number = new_task(planfix), planfix.files.upload(source).id
        assert planfix.files.get(number).name == "договор №1.bin"
        assert planfix.files.get(number).size == 500  # kilobytes
        planfix.files.attach_to_task(number, task)
        planfix.files.attach_to_task(number, task)
        assert [one.id for one in planfix.tasks.files(task)] == [number]
        assert planfix.files.save(number, tmp_path / "copy") == len(content)
        assert (tmp_path / "copy").read_bytes() == content
        with planfix.files.download(number) as answer:
            pieces = [len(piece) for piece in answer.iter_bytes(10_000)]
        assert max(pieces) <= 10_000
        assert sum(pieces) == len(content)
        assert planfix.files.update(number, name="renamed").complete
        assert planfix.files.get(number).name == "renamed"
        assert planfix.files.delete(number)
        assert not planfix.files.delete(number)
        with pytest.raises(NotFound):
            planfix.files.download(number)

    def test_a_broken_download_leaves_what_was_there(
        self, planfix: Planfix, box: PlanfixSandbox, tmp_path: Path
    ) -> None:
        target = tmp_path / "file"
        target.write_bytes(b"old")
        with pytest.raises(NotFound):
            planfix.files.save(777, target)
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]

    def test_files_of_contacts_and_projects(self, planfix: Planfix) -> None:
        anna, launch = planfix.contacts.create(name="A").id, planfix.projects.create(name="L").id
        number = planfix.files.upload(b"x", name="x.txt").id
        planfix.files.attach_to_contact(number, anna)
        planfix.files.attach_to_project(number, launch)
        assert [one.id for one in planfix.contacts.files(anna)] == [number]
        assert [one.id for one in planfix.projects.files(launch)] == [number]

    def test_a_file_from_an_address(self, planfix: Planfix) -> None:
        link = planfix.files.get(planfix.files.upload(b"abc", name="a").id).download_url
        copy = planfix.files.upload_from_url(link, name="copy").id
        with planfix.files.download(copy) as answer:
            assert b"".join(answer.iter_bytes()) == b"abc"

    def test_what_is_no_file_is_refused_here(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="no name"):
            planfix.files.upload(b"x")
        with pytest.raises(ValidationError, match="str is no content"):
            planfix.files.upload("x", name="x")  # type: ignore[arg-type]
        with pytest.raises(ValidationError, match="no target"):
            planfix.files.upload(b"x", name="x", target="contact")  # type: ignore[arg-type]
        with pytest.raises(ValidationError, match="no address"):
            planfix.files.upload_from_url("file:///etc/passwd", name="x")
        assert planfix.requests_sent == 0


class TestReports:
    def test_a_report_is_made_waited_for_and_read_piece_by_piece(
        self, planfix: Planfix, box: PlanfixSandbox
    ) -> None:
        report = next(planfix.reports.list())
        assert planfix.reports.get(report.id).fields
        begun = box.clock.monotonic()
        save = planfix.reports.run(report.id)
        assert box.clock.monotonic() - begun >= 30
        assert save.id in [one.id for one in planfix.reports.saves(report.id)]
        before = planfix.requests_sent
        rows = list(planfix.reports.rows(report.id, save.id))
        pieces = planfix.requests_sent - before - 1
        assert [row.is_header for row in rows].count(True) == 1
        assert rows[0].is_header
        one_by_one = [
            row.values
            for number in range(pieces)
            for row in planfix.reports.chunk(report.id, save.id, number).rows
            if not row.is_header
        ]
        assert [row.values for row in rows[1:]] == one_by_one

    def test_two_at_once(self, planfix: Planfix) -> None:
        planfix.reports.generate(1)
        with pytest.raises(RateLimited):
            planfix.reports.generate(1)

    def test_patience_ends(self, planfix: Planfix) -> None:
        with pytest.raises(ServerError, match=r"report 1: not ready after 10 s.*reports.status"):
            planfix.reports.run(1, timeout=10)

    def test_the_tariff_has_none(self) -> None:
        with (
            Sandbox.planfix(seed="empty", tariff="business") as box,
            Planfix(box.url, token=box.tokens["admin"], clock=box.clock) as planfix,
            pytest.raises(PermissionDenied, match="Corporation"),
        ):
            planfix.reports.generate(1)

    def test_a_result_that_is_not_there(self, planfix: Planfix) -> None:
        with pytest.raises(NotFound, match="report 1 has no saved result 77"):
            list(planfix.reports.rows(1, 77))


def test_moments_of_new_models_are_aware(planfix: Planfix) -> None:
    save = planfix.reports.run(1)
    (found,) = (one for one in planfix.reports.saves(1) if one.id == save.id)
    assert isinstance(found.date_time, datetime)
    assert found.date_time.astimezone(UTC).year == 2025
