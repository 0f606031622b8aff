"""The corners of the Planfix adapter: foreign tasks, ignored filters, zones, keys that do not come back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import (
    Activity,
    ActivityKind,
    AuthorKind,
    Company,
    Deal,
    DealChanges,
    NewTask,
    Person,
    Ref,
    TaskState,
    WriteStatus,
)
from crmkit.exceptions import (
    ConfigurationError,
    IncompleteList,
    NotFound,
    OutcomeUnknown,
    Unsupported,
    ValidationError,
)
from crmkit.planfix import Planfix
from crmkit.sandbox import Fault
from crmkit.sandbox.planfix.models import FieldDef, ObjectKind
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.planfix import PlanfixBench, open_crm

TEXT = "Через 7 дней сделка будет переведена в новые запросы"


@pytest.fixture
def planfix_options() -> dict[str, Any]:
    return {"deals": 12, "stalled": 4, "refused": 0, "snoozed": 0}


def set_up(box: PlanfixSandbox, *fields: FieldDef) -> dict[str, Any]:
    """Give the account further fields of deals and return the mapping with them."""
    for spec in fields:
        box.account.fields.task[spec.id] = spec
        box.account.objects[1].fields.add(spec.id)
    deals = box.portal_config["deals"]
    return {**deals, "fields": {**deals["fields"], **{f"f{spec.id}": {"id": spec.id} for spec in fields}}}


class TestFinding:
    def test_a_task_of_another_object_is_no_deal(self, planfix_bench: PlanfixBench) -> None:
        task = planfix_bench.box.act.create_task("user:4", "Согласовать", object_=2)
        with pytest.raises(NotFound, match=f"task {task} is no deal"):
            planfix_bench.crm.deals.get(str(task))

    def test_a_portal_that_ignores_the_object_filter_shows_no_foreign_tasks(
        self, planfix_bench: PlanfixBench
    ) -> None:
        box = planfix_bench.box
        foreign = box.act.create_task("user:4", "Согласовать", object_=2)
        tasks = [
            {
                "id": foreign,
                "name": "Согласовать",
                "object": {"id": 2},
                "status": {"id": 21, "isActive": True},
            }
        ]
        box.faults.add(
            Fault("error", "POST /task/list", status=200, body={"result": "success", "tasks": tasks})
        )
        assert list(planfix_bench.crm.deals.find()) == []

    def test_a_portal_that_ignores_the_filter_by_number_is_not_believed(
        self, planfix_bench: PlanfixBench
    ) -> None:
        tasks = [{"id": 1, "name": "?"}]
        planfix_bench.box.faults.add(
            Fault("error", "POST /task/list", status=200, body={"result": "success", "tasks": tasks})
        )
        with pytest.raises(IncompleteList, match="ignores filter 57"):
            list(planfix_bench.crm.deals.find(Deal.with_ids("70001")))

    def test_a_portal_that_ignores_the_idle_filter_vouches_for_nothing(
        self, planfix_bench: PlanfixBench
    ) -> None:
        """A row that was changed after the moment since when it is said to be untouched has no guarantee."""
        touched = planfix_bench.now() - timedelta(days=1)
        row = {
            "id": 70001,
            "name": "?",
            "object": {"id": 1},
            "status": {"id": 1, "isActive": True},
            "dateOfLastUpdate": {"dateTimeUtcSeconds": touched.strftime("%Y-%m-%dT%H:%M:%S+0000")},
        }
        body = {"result": "success", "tasks": [row]}
        planfix_bench.box.faults.add(Fault("error", "POST /task/list", status=200, body=body, times=2))
        (deal,) = planfix_bench.crm.deals.find(Deal.idle_for(days=15))
        assert deal.untouched_since is None

    def test_the_days_of_filters_are_those_of_the_owner(self, planfix_sandbox: PlanfixSandbox) -> None:
        """A robot that lives in Vladivostok has another midnight, and the guarantee says so."""
        planfix_sandbox.account.users[90].timezone = "Asia/Vladivostok"
        with open_crm(planfix_sandbox) as crm:
            deal = next(crm.deals.find(Deal.idle_for(days=15)))
        assert deal.untouched_since
        assert deal.untouched_since.astimezone(UTC).hour == 14
        assert crm.timezone == planfix_sandbox.clock.now().astimezone(crm.timezone).tzinfo

    def test_deals_may_be_a_process(self, planfix_bench: PlanfixBench) -> None:
        mapping = {**planfix_bench.box.portal_config["deals"], "object": None, "process": 1}
        with open_crm(planfix_bench.box, deals=mapping) as crm:
            assert {deal.id for deal in crm.deals.find(Deal.is_open)} == planfix_bench.deal_ids(
                open_only=True
            )
            assert crm.pipelines()[0].id == "1"

    def test_deals_may_be_of_a_template(self, planfix_bench: PlanfixBench) -> None:
        """The process of a template is that of the template itself, which is a task too."""
        account = planfix_bench.box.account
        account.templates[5] = ObjectKind(5, "Сделка по шаблону", 1)
        template = planfix_bench.box.act.create_task("user:1", "Шаблон")
        account.tasks[template].type = "Template"
        account.templates[template] = account.templates.pop(5)
        deal = planfix_bench.box.act.create_task("user:4", "По шаблону")
        account.tasks[deal].template = template
        with open_crm(planfix_bench.box, deals={"template": template}) as crm:
            assert [one.id for one in crm.deals.find(Deal.is_open)] == [str(deal)]

    def test_a_field_that_has_gone_is_told(self, planfix_sandbox: PlanfixSandbox) -> None:
        mapping = {**planfix_sandbox.portal_config["deals"], "fields": {"lost": 999}}
        with open_crm(planfix_sandbox, deals=mapping) as crm, pytest.raises(ConfigurationError) as caught:
            crm.deals.update("70002", DealChanges(fields={"lost": "x"}))
        assert str(caught.value).startswith("portal.deals.fields.lost: the portal has no field 999")

    def test_deals_that_are_not_set_are_a_mistake_of_the_settings(
        self, planfix_sandbox: PlanfixSandbox
    ) -> None:
        with open_crm(planfix_sandbox, deals={}) as crm, pytest.raises(ConfigurationError) as caught:
            crm.deals.find()
        assert str(caught.value).startswith("portal.deals: which tasks are deals is not set (set object = N")

    def test_a_status_may_go_by_its_number(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        planfix_bench.crm.deals.update(deal, DealChanges(stage="3"))
        found = {one.id for one in planfix_bench.crm.deals.find(Deal.in_stage("3"))}
        assert deal in found


class TestHistory:
    def test_somebody_whom_the_account_does_not_list_is_unknown(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        planfix_bench.comment(planfix_bench.manager, deal, "До свидания")
        del planfix_bench.box.account.users[4]
        assert self.newest(planfix_bench, deal).author_kind is AuthorKind.UNKNOWN

    def test_settings_can_call_somebody_a_robot(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        planfix_bench.comment(planfix_bench.manager, deal, "Импорт")
        with open_crm(planfix_bench.box, robots=["user:4"]) as crm:
            assert crm.deals.history(deal)[0].author_kind is AuthorKind.ROBOT
            assert crm.users.get("4").is_robot

    def test_what_happened_is_told_apart(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        client = planfix_bench.client_of(deal)
        assert client
        planfix_bench.comment(client, deal, "Письмо")
        planfix_bench.advance(minutes=1)
        planfix_bench.box.act.set_dates("user:4", int(deal), start=planfix_bench.now().timestamp())
        planfix_bench.advance(minutes=1)
        planfix_bench.move(planfix_bench.manager, deal, "won")
        stage, dates, message, *_ = planfix_bench.crm.deals.history(deal)
        assert (stage.kind, stage.stage_from, stage.stage_to) == (ActivityKind.STAGE, "1", "5")
        assert (dates.kind, dates.author) == (ActivityKind.FIELDS, planfix_bench.manager)
        assert (message.kind, message.author_kind) == (ActivityKind.MESSAGE, AuthorKind.CLIENT)

    def test_a_page_until_a_person_is_one_request(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        planfix_bench.comment(planfix_bench.manager, deal, "Созвонились")
        for number in range(99):
            planfix_bench.comment(planfix_bench.noisy_robot, deal, str(number))
        planfix_bench.crm.deals.history(deal)
        before = planfix_bench.crm.requests_sent()
        assert len(planfix_bench.crm.deals.history(deal, until_human=True)) == 100
        assert planfix_bench.crm.requests_sent() - before == 1

    def test_people_are_asked_for_once_in_a_while(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        for _ in range(3):
            planfix_bench.crm.deals.history(deal)
        assert len(planfix_bench.box.requests.of("POST /user/list")) == 1
        planfix_bench.advance(minutes=16)
        planfix_bench.crm.deals.history(deal)
        assert len(planfix_bench.box.requests.of("POST /user/list")) == 2

    def test_an_entry_without_a_date_cannot_be_judged(self, planfix_bench: PlanfixBench) -> None:
        deal = planfix_bench.new_deal()
        planfix_bench.crm.deals.history(deal)
        body = {"result": "success", "comments": [{"id": 5, "type": "Comment"}]}
        planfix_bench.box.faults.add(Fault("error", "POST /task/{id}/comments/list", status=200, body=body))
        with pytest.raises(IncompleteList, match="entry 5 of the history has no date"):
            planfix_bench.crm.deals.history(deal)

    @staticmethod
    def newest(bench: PlanfixBench, deal: str) -> Activity:
        return bench.crm.deals.history(deal)[0]


class TestChanges:
    @pytest.fixture
    def planfix_options(self) -> dict[str, Any]:
        # Moments are written in the owner's zone; a portal that takes them for UTC would shift them.
        return {"deals": 3, "stalled": 1, "refused": 0, "snoozed": 0, "timepoint_zone": "user"}

    def test_every_neutral_type_goes_there_and_back(self, planfix_sandbox: PlanfixSandbox) -> None:
        specs = [
            FieldDef(201, "Дата и время", 5),
            FieldDef(202, "Клиент", 10),
            FieldDef(203, "Контрагент", 12),
            FieldDef(204, "Кто угодно", 13),
            FieldDef(205, "Команда", 14),
            FieldDef(206, "Задача", 16),
        ]
        contact = min(one.id for one in planfix_sandbox.account.contacts.values() if not one.is_company)
        client = Person(kind="contact", id=str(contact))
        values = {
            "amount": 12000.5,
            "snooze_until": date(2025, 4, 1),
            "release_hold": True,
            "label": ("VIP", "Тендер"),
            "f201": datetime(2025, 3, 9, 12, 30, tzinfo=UTC),
            "f202": client,
            "f203": client,
            "f204": Person(kind="group", id="1"),
            "f205": (Person(id="4"), client, Person(kind="group", id="2")),
            "f206": Ref(kind="task", id="70001"),
        }
        with open_crm(planfix_sandbox, deals=set_up(planfix_sandbox, *specs)) as crm:
            assert crm.deals.update("70002", DealChanges(fields=values)).status is WriteStatus.DONE
            deal = crm.deals.get("70002")
            found = {**deal.fields, "amount": deal.amount}
            assert {key: found.get(key) for key in values} == values
            assert (
                crm.deals.update("70002", DealChanges(fields=dict.fromkeys(values))).status
                is WriteStatus.DONE
            )
            assert set(values).isdisjoint(crm.deals.get("70002").fields)

    def test_a_list_of_users_keeps_all_previous_people(self, planfix_sandbox: PlanfixSandbox) -> None:
        mapping = set_up(planfix_sandbox, FieldDef(205, "Команда", 14))
        people = (Person(id="5"), Person(id="4"))
        with open_crm(planfix_sandbox, deals=mapping) as crm:
            crm.deals.update("70002", DealChanges(fields={"previous_assignee": people, "f205": people}))
            fields = crm.deals.get("70002").fields
        assert (fields["previous_assignee"], fields["f205"]) == (people[0], people)

    def test_a_field_that_is_not_attached_is_refused(self, planfix_bench: PlanfixBench) -> None:
        """The portal would say success and store nothing."""
        planfix_bench.box.act.detach_field(1, 107)
        before = len(planfix_bench.writes())
        with pytest.raises(ValidationError, match="107 «Причина паузы» is not attached"):
            planfix_bench.crm.deals.update("70002", DealChanges(fields={"snooze_reason": "отпуск"}))
        assert len(planfix_bench.writes()) == before
        spec = next(one for one in planfix_bench.crm.deal_fields() if one.key == "snooze_reason")
        assert not spec.writable

    def test_without_the_right_to_read_objects_the_rest_works(self, planfix_sandbox: PlanfixSandbox) -> None:
        planfix_sandbox.act.narrow_token(
            "user:90", ["common_metadata", "user_readonly", "task_readonly", "task_update"]
        )
        mapping = {**planfix_sandbox.portal_config["deals"], "process": 1}
        with open_crm(planfix_sandbox, deals=mapping) as crm:
            crm.deals.update("70002", DealChanges(fields={"snooze_reason": "отпуск"}))
            assert crm.deals.get("70002").fields["snooze_reason"] == "отпуск"

    def test_a_change_that_is_never_made_stays_pending(self, planfix_bench: PlanfixBench) -> None:
        planfix_bench.box.faults.add(Fault("accept_202", "POST /task/{id}", never=True))
        result = planfix_bench.crm.deals.update("70002", DealChanges(title="Другое имя"))
        assert result.status is WriteStatus.PENDING
        planfix_bench.advance(days=1)
        assert planfix_bench.crm.deals.get("70002").title != "Другое имя"

    def test_refused_system_fields_go_by_neutral_names(self, planfix_bench: PlanfixBench) -> None:
        planfix_bench.box.faults.add(Fault("failures", "POST /task/{id}", body=["name", "assignees"]))
        changes = DealChanges(title="Другое имя", assignees=(Person(id="5"),), stage="working")
        result = planfix_bench.crm.deals.update("70002", changes)
        assert (result.status, set(result.failures)) == (WriteStatus.PARTIAL, {"title", "assignees"})


class TestOwnComments:
    def test_the_search_for_ours_ends(self, planfix_bench: PlanfixBench) -> None:
        """A long history is not read to its beginning: a page is enough to know."""
        for _ in range(150):
            planfix_bench.comment(planfix_bench.manager, "70002", "Разговор")
        planfix_bench.advance(days=2)
        before = planfix_bench.crm.requests_sent()
        deal = Ref(kind="deal", id="70002")
        assert (
            planfix_bench.crm.comments.find_own(deal, text=TEXT, key="k", since=planfix_bench.now()) is None
        )
        assert planfix_bench.crm.requests_sent() - before == 1

    def test_comments_on_clients(self, planfix_bench: PlanfixBench) -> None:
        with pytest.raises(ValidationError, match="takes no comments"):
            planfix_bench.crm.comments.add(Ref(kind="user", id="4"), TEXT)

    def test_a_back_dated_comment_hides_nothing(self, planfix_bench: PlanfixBench) -> None:
        """An import may write old comments after ours."""
        deal, since = Ref(kind="deal", id="70002"), planfix_bench.now()
        planfix_bench.crm.comments.add(deal, TEXT, key="k")
        for _ in range(5):
            number = planfix_bench.box.act.comment("user:4", 70002, "Из архива")
            planfix_bench.box.account.comments[number].at -= 86_400 * 90
        assert planfix_bench.crm.comments.find_own(deal, text=TEXT, key="k", since=since)

    def test_hidden_comments_are_for_the_named(self, planfix_bench: PlanfixBench) -> None:
        deal = Ref(kind="deal", id=planfix_bench.new_deal())
        planfix_bench.crm.comments.add(deal, TEXT, hidden=True, notify=[Person(id="5")], key="k")
        own = planfix_bench.crm.comments.find_own(deal, text=TEXT, key="k", since=planfix_bench.now())
        assert own
        assert own.hidden
        with open_crm(planfix_bench.box, acting_as="user:4") as crm:
            planfix_bench.advance(seconds=1)
            assert TEXT not in [one.text for one in crm.deals.history(deal.id)]


class TestKeysThatDoNotComeBack:
    @pytest.fixture
    def planfix_options(self) -> dict[str, Any]:
        return {"deals": 3, "stalled": 1, "refused": 0, "snoozed": 0, "echo_source_ids": False}

    def task(self, title: str = "Согласовать") -> NewTask:
        return NewTask(title=title, kind="approval", deal=Ref(kind="deal", id="70002"))

    def look(self, bench: PlanfixBench, **more: Any) -> Any:
        known: dict[str, Any] = {
            "deal": Ref(kind="deal", id="70002"),
            "title": "Согласовать",
            "since": bench.now(),
            **more,
        }
        return bench.crm.tasks.find_by_key("k", kind="approval", **known)

    def test_the_only_one_that_fits_is_ours(self, planfix_bench: PlanfixBench) -> None:
        created = planfix_bench.crm.tasks.create(self.task(), key="k")
        planfix_bench.crm.tasks.create(self.task("Другое"), key="other")
        assert self.look(planfix_bench).id == created.id

    def test_somebody_elses_is_not_ours(self, planfix_bench: PlanfixBench) -> None:
        box = planfix_bench.box
        task = box.act.create_task("user:4", "Согласовать", object_=2)
        box.account.tasks[task].parent = 70002
        assert self.look(planfix_bench) is None

    def test_an_older_one_is_not_ours(self, planfix_bench: PlanfixBench) -> None:
        planfix_bench.crm.tasks.create(self.task(), key="k")
        planfix_bench.advance(days=3)
        assert self.look(planfix_bench) is None

    def test_two_that_fit_are_for_a_person(self, planfix_bench: PlanfixBench) -> None:
        for key in ("k", "other"):
            planfix_bench.crm.tasks.create(self.task(), key=key)
        with pytest.raises(OutcomeUnknown, match="cannot be told"):
            self.look(planfix_bench)

    def test_without_a_deal_or_title_nothing_is_guessed(self, planfix_bench: PlanfixBench) -> None:
        planfix_bench.crm.tasks.create(self.task(), key="k")
        with pytest.raises(OutcomeUnknown):
            self.look(planfix_bench, deal=None)
        with pytest.raises(OutcomeUnknown):
            self.look(planfix_bench, title="")

    def test_a_comment_without_a_known_owner_goes_by_text_and_time(self, planfix_bench: PlanfixBench) -> None:
        """Settings that do not say whose token it is must not lead to a second warning."""
        deal = Ref(kind="deal", id="70002")
        with open_crm(planfix_bench.box, user=None) as crm:
            assert crm.me() is None
            crm.comments.add(deal, TEXT, key="k")
            assert crm.comments.find_own(deal, text=TEXT, key="k", since=planfix_bench.now())


class TestTasks:
    def test_a_status_that_means_nothing_is_not_guessed(self, planfix_bench: PlanfixBench) -> None:
        created = planfix_bench.crm.tasks.create(NewTask(title="Согласовать", kind="approval"), key="k")
        planfix_bench.decide(planfix_bench.manager, created.id, TaskState.REJECTED)
        with open_crm(planfix_bench.box, tasks={"approval": {"object": 2, "stages": {"done": 22}}}) as crm:
            planfix_bench.advance(seconds=1)
            with pytest.raises(
                ConfigurationError, match=r"what status 23 «Отклонено» of task \d+ means is not set"
            ):
                crm.tasks.get(created.id, kind="approval")
            with pytest.raises(ConfigurationError, match="no status means 'cancelled'"):
                crm.tasks.set_state(created.id, TaskState.CANCELLED, kind="approval")

    def test_a_deleted_task_says_so(self, planfix_bench: PlanfixBench) -> None:
        created = planfix_bench.crm.tasks.create(NewTask(title="Согласовать", kind="approval"), key="k")
        planfix_bench.delete(created.id)
        assert planfix_bench.crm.tasks.get(created.id, kind="approval").deleted

    def test_a_mistyped_kind_is_corrected(self, planfix_crm: Crm) -> None:
        with pytest.raises(ConfigurationError) as caught:
            planfix_crm.tasks.get("1", kind="aproval")
        assert (
            str(caught.value)
            == "portal.tasks.aproval: there is no such kind of tasks (did you mean approval?)"
        )


class TestCards:
    def test_fields_of_contacts_are_written(self, planfix_sandbox: PlanfixSandbox) -> None:
        planfix_sandbox.account.fields.contact[301] = FieldDef(301, "Целевой клиент", 8, ["ДА", "НЕТ"])
        planfix_sandbox.account.contact_templates[1].fields.add(301)
        contact = str(min(one.id for one in planfix_sandbox.account.contacts.values() if not one.is_company))
        with open_crm(planfix_sandbox, contacts={"fields": {"target": 301}}) as crm:
            assert crm.contacts.update(contact, {"target": "НЕТ"}).status is WriteStatus.DONE
            assert crm.contacts.get(contact).fields == {"target": "НЕТ"}
            assert crm.contacts.update(contact, {}).status is WriteStatus.DONE
            with pytest.raises(ValidationError):
                crm.contacts.update(contact, {"target": "МОЖЕТ БЫТЬ"})

    def test_new_companies(self, planfix_bench: PlanfixBench) -> None:
        crm = planfix_bench.crm
        newest = max(
            crm.companies.find(), key=lambda company: company.created_at or datetime.min.replace(tzinfo=UTC)
        )
        assert newest.created_at
        assert newest.id in {one.id for one in crm.companies.find(Company.created_since(newest.created_at))}
        assert list(crm.companies.find(Company.created_since(newest.created_at + timedelta(seconds=1)))) == []


class TestPortal:
    def test_what_it_is(self, planfix_crm: Crm, planfix_sandbox: PlanfixSandbox) -> None:
        port = planfix_sandbox.url.split(":")[2].split("/")[0]
        assert repr(planfix_crm) == f"PlanfixCrm('planfix:127.0.0.1:{port}')"
        assert isinstance(planfix_crm.native(), Planfix)
        me = planfix_crm.me()
        assert me == Person(id="90")
        assert me.name == planfix_sandbox.account.users[90].full_name

    def test_a_wrong_owner_of_the_token_is_told(self, planfix_sandbox: PlanfixSandbox) -> None:
        with open_crm(planfix_sandbox, user="user:999") as crm, pytest.raises(ConfigurationError) as caught:
            crm.me()
        assert str(caught.value).startswith("portal.user: there is no user:999")

    def test_what_planfix_cannot_do_is_refused_with_the_reason(self, planfix_crm: Crm) -> None:
        for capability in (Capability.BATCH, Capability.WORKFLOWS, Capability.FIELD_HISTORY):
            with pytest.raises(Unsupported) as caught:
                planfix_crm.capabilities.require(capability)
            assert caught.value.hint

    def test_the_day_has_a_budget(self, planfix_sandbox: PlanfixSandbox) -> None:
        with open_crm(planfix_sandbox, daily_limit=100) as crm:
            list(crm.users.list())
            budget = crm.budget()
        assert (budget.per_second, budget.daily_limit, budget.left_today) == (1.0, 100, 99)
