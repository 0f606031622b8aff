"""What the satellites decide, on paper: no portal, no ledger, no clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.automation.actions import AddComment
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.crm.models import (
    Company,
    Contact,
    Deal,
    FieldSpec,
    Person,
    Pipeline,
    Ref,
    Stage,
    Task,
    TaskState,
    User,
)
from crmkit.crm.rights import DEEDS, THINGS, Operation, Right
from crmkit.exceptions import ConfigurationError, RecipeError
from crmkit.runtime.placeholders import keys_in, require_none, resolved
from recipes.bulk_bp.satellites import (
    BulkBpCalls,
    BulkBpHandover,
    BulkBpRefusals,
    BulkBpRoles,
    BulkBpSpaces,
    CallSettings,
    HandoverRule,
    HandoverSettings,
    RefusalSettings,
    RoleRule,
    RoleSettings,
    SpaceSettings,
)
from recipes.bulk_bp.satellites.calls import CallSnapshot
from recipes.bulk_bp.satellites.common import Office
from recipes.bulk_bp.satellites.handover import HandoverSnapshot
from recipes.bulk_bp.satellites.refusals import RefusalSnapshot
from recipes.bulk_bp.satellites.roles import RoleSnapshot
from recipes.bulk_bp.satellites.spaces_reading import SpaceSnapshot

NOW = datetime(2025, 3, 3, 9, tzinfo=UTC)
STAGES = tuple(
    Stage(
        id=f"{pipeline}:{key}", key=f"{pipeline}_{key}", name=name, pipeline=pipeline, is_open=key != "lost"
    )
    for pipeline in ("a", "b")
    for key, name in (("new", "Новая"), ("give", "Передать"), ("lost", "Сделка провалена"))
)
USERS = (
    User(id="4", name="Ольга", email="o@example.com", heads=(Person(id="2"),)),
    User(id="5", name="Пётр"),
    User(id="2", name="Начальник"),
    User(id="15", name="Уволен", is_active=False),
    User(id="40", name="Гостья", email="guest@example.org", is_external=True),
)
OFFICE = Office(
    "ru",
    ZoneInfo("Europe/Moscow"),
    {user.id: user for user in USERS},
    tuple(Pipeline(id=one, stages=tuple(s for s in STAGES if s.pipeline == one)) for one in "ab"),
)
NOTHING = Memory()
FIRST = frozenset({"a:new", "b:new"})


def deal(stage: str = "a:new", **values: Any) -> Deal:
    found = next(one for one in STAGES if one.id == stage)
    fields = values.pop("fields", {})
    who = values.pop("who", "4")
    return Deal(
        id="7", title="Сделка", open=found.is_open, stage=found, assignees=(Person(id=who),), fields=fields
    ).model_copy(update=values)


def effect(step: str, *, episode: int = 1, remote_id: str = "", **data: Any) -> Effect:
    return Effect(
        key=f"k:{step}:{episode}", step=step, episode=episode, at=NOW, remote_id=remote_id, data=data
    )


def remembered(name: str, *effects: Effect, **more: Any) -> Memory:
    """Return a memory whose keys are those that the recipe gives to its first actions."""
    keyed = (one.model_copy(update={"key": f"{name}:deal:7:{one.episode}:{one.step}"}) for one in effects)
    return Memory(effects=tuple(keyed), **more)


class TestCalls:
    recipe = BulkBpCalls(CallSettings())

    def decide(self, one: Deal, memory: Memory = NOTHING, **more: Any) -> Any:
        return self.recipe.decide(CallSnapshot(one, OFFICE, FIRST, **more), NOW, memory)

    def test_only_the_first_call_takes_a_place_of_the_cap(self) -> None:
        at = NOW + timedelta(days=1)
        assert self.decide(deal()).counted
        assert not self.decide(deal("a:give", fields={"callback_at": at})).counted
        both = self.decide(deal(fields={"callback_at": at}))
        assert (both.counted, [one.step for one in both.actions]) == (True, ["callback", "first_call"])

    def test_a_closed_deal_needs_no_call(self) -> None:
        at = NOW + timedelta(days=1)
        assert self.decide(deal("a:lost", fields={"callback_at": at})).actions == ()

    def test_what_is_unclear_waits_for_a_person(self) -> None:
        found = self.decide(deal(), Memory(unsettled=("k",)))
        assert (found.verdict, found.attention, found.actions) == ("unsettled", True, ())

    def test_copies_are_known_by_the_ledger_too(self) -> None:
        assert self.decide(deal(), copies=frozenset({"7"})).verdict == "copy"

    def test_a_task_that_somebody_deleted_is_not_made_again_for_the_same_date(self) -> None:
        at = NOW + timedelta(days=1)
        memory = remembered(self.recipe.name, effect("callback", remote_id="t1", at=at))
        assert self.decide(deal("a:give", fields={"callback_at": at}), memory).actions == ()
        later = self.decide(deal("a:give", fields={"callback_at": at + timedelta(hours=1)}), memory)
        assert [(one.step, one.episode) for one in later.actions] == [("callback", 2)]

    def test_what_was_undone_stays_undone_until_the_date_changes(self) -> None:
        at = NOW + timedelta(days=1)
        memory = Memory(undone=(effect("callback", remote_id="t1", at=at),))
        assert self.decide(deal("a:give", fields={"callback_at": at}), memory).actions == ()

    @given(st.lists(st.integers(1, 72), min_size=1, max_size=8))
    def test_there_is_one_task_and_its_deadline_is_the_field(self, hours: list[int]) -> None:
        memory, task = Memory(), None
        for hour in hours:
            at = NOW + timedelta(hours=hour)
            tasks: dict[str, Task] = {task.id: task} if task else {}
            found = self.decide(deal("a:give", fields={"callback_at": at}), memory, tasks=tasks)
            for action in found.actions:
                if action.kind == "create_task":
                    assert task is None, "one task only"
                    task = Task(id="t1", title="", state=TaskState.OPEN, deadline=action.task.deadline)
                else:
                    task = task and task.model_copy(update={"deadline": action.changes.deadline})
                done = Effect(
                    key=action.key,
                    step=action.step,
                    episode=action.episode,
                    at=NOW + timedelta(seconds=len(memory.effects)),
                    data=action.data,
                    remote_id="t1" if action.kind == "create_task" else "",
                )
                memory = Memory(effects=(*memory.effects, done))
            assert task is not None
            assert task.deadline == at
            assert len({one.key for one in memory.effects}) == len(memory.effects)


class TestRefusals:
    def decide(self, one: Deal, memory: Memory = NOTHING, **settings: Any) -> Any:
        recipe = BulkBpRefusals(RefusalSettings(**{"stage": "Сделка провалена", **settings}))
        return recipe.decide(RefusalSnapshot(one, OFFICE), NOW, memory)

    @pytest.mark.parametrize("value", [True, "Да"], ids=["box", "list"])
    @pytest.mark.parametrize("pipeline", ["a", "b"])
    def test_the_copy_stays_in_the_pipeline(self, value: Any, pipeline: str) -> None:
        found = self.decide(deal(f"{pipeline}:give", fields={"refusal": value}))
        assert found.actions[0].deal.stage == f"{pipeline}:lost"
        assert [one.step for one in found.actions] == ["copy", "told_copy", "told"]

    @pytest.mark.parametrize("value", [None, "Нет", ""], ids=["nothing", "no", "empty"])
    def test_anything_else_is_no_refusal(self, value: Any) -> None:
        assert self.decide(deal(fields={"refusal": value})).actions == ()

    def test_what_was_undone_is_not_done_again(self) -> None:
        memory = Memory(undone=(effect("copy", remote_id="8"),))
        assert self.decide(deal(fields={"refusal": True}), memory).verdict == "undone"
        assert self.decide(deal(fields={"refusal": True}), memory, repeat="each").verdict == "refused"

    def test_comments_that_are_missing_are_written_with_the_number_of_the_copy(self) -> None:
        memory = remembered("bulk_bp_refusals", effect("copy", remote_id="8"))
        found = self.decide(deal(fields={"refusal": True}), memory)
        assert [one.step for one in found.actions] == ["told_copy", "told"]
        assert found.actions[0].target == Ref(kind="deal", id="8")
        assert "№ 8." in found.actions[1].text


class TestHandover:
    def decide(self, one: Deal, rule: dict[str, Any], memory: Memory = NOTHING, **more: Any) -> Any:
        made = HandoverRule(**rule)
        recipe = BulkBpHandover(HandoverSettings(rules={"a:give": made}))
        return recipe.decide(HandoverSnapshot(one, OFFICE, made, **more), NOW, memory)

    def test_without_a_company_it_waits_and_is_listed(self) -> None:
        found = self.decide(deal("a:give"), {"to": ["user:5"]})
        assert (found.verdict, found.attention, [one.step for one in found.actions]) == (
            "waits",
            True,
            ["handover"],
        )

    @pytest.mark.parametrize(
        ("rule", "taker"),
        [
            ({"to": ["user:15", "user:5"]}, "5"),
            ({"pick": "head"}, "2"),
            ({"to": ["user:5", "user:2"], "pick": "turn"}, "2"),
            ({"to": ["user:5", "user:2"], "pick": "load"}, "2"),
        ],
        ids=["first", "head", "turn", "load"],
    )
    def test_who_takes_over(self, rule: dict[str, Any], taker: str) -> None:
        assert self.decide(deal("a:give"), rule, load={"5": 3}).facts["to"] == taker

    @pytest.mark.parametrize("number", [12, 12.0, "12", Ref(kind="project", id="12")], ids=repr)
    def test_the_number_of_the_space_whatever_the_field_is(self, number: Any) -> None:
        company = Company(id="3", name="Альфа", fields={"group_id": number})
        found = self.decide(deal("a:give"), {"to": ["user:5"]}, company=company)
        assert found.actions[-1].task.workspace == Ref(kind="workspace", id="12")


class TestSpaces:
    def decide(self, memory: Memory = NOTHING, *, email: str = "c@example.org", **more: Any) -> Any:
        settings = SpaceSettings(**more.pop("settings", {}))
        company = Company(id="3", name="Альфа", assignees=(Person(id="4"),))
        known: dict[str, Any] = {
            "ref": company.ref,
            "office": OFFICE,
            "field": FieldSpec(id="F", name="Группа", key="group_id", type="number"),
            "company": company,
            "is_client": True,
            "contact": Contact(id="9", name="Анна Смирнова", email=email),
        }
        return BulkBpSpaces(settings).decide(SpaceSnapshot(**{**known, **more}), NOW, memory)

    def test_the_group_and_the_invitation_are_one_chain(self) -> None:
        make, invite = self.decide().actions
        assert (make.kind, make.workspace.external, make.workspace.owner) == (
            "create_workspace",
            True,
            Person(id="4"),
        )
        assert invite.workspace.id == f"@{make.key}"
        assert (invite.invitation.name, invite.invitation.last_name) == ("Анна", "Смирнова")

    @pytest.mark.parametrize(
        ("email", "kinds"),
        [("", ["create_workspace"]), ("O@example.com", ["create_workspace"]), ("guest@example.org", None)],
        ids=["no address", "an employee", "a guest of another company"],
    )
    def test_who_is_not_invited(self, email: str, kinds: list[str] | None) -> None:
        found = [one.kind for one in self.decide(email=email).actions]
        assert found == (kinds or ["create_workspace", "invite"])

    def test_no_address_stands_in_a_key(self) -> None:
        assert all("c@example.org" not in one.key for one in self.decide().actions)

    @pytest.mark.parametrize(
        ("ladder", "verdict"), [(["external", "internal"], "create"), (["external"], "by_hand")], ids=repr
    )
    def test_the_ladder(self, ladder: list[str], verdict: str) -> None:
        found = self.decide(why_not_external="switched off", settings={"ladder": ladder})
        assert found.verdict == verdict
        assert all(one.kind != "invite" for one in found.actions)
        assert not any(one.workspace.external for one in found.actions if one.kind == "create_workspace")


class TestRoles:
    @pytest.mark.parametrize(
        ("expected", "seen", "verdict"),
        [
            (True, True, "as_expected"),
            (False, False, "as_expected"),
            (False, True, "too_much"),
            (True, False, "too_little"),
            (True, None, "untold"),
        ],
    )
    def test_expected_and_seen(self, expected: bool, seen: bool | None, verdict: str) -> None:
        rule = RoleRule(token="env:A", allowed=("deals.view",))
        recipe = BulkBpRoles(RoleSettings(roles={"A": rule}))
        right = Right(Operation.of("deals.view"), seen)
        found = recipe.decide(RoleSnapshot("A", expected, right), NOW, Memory())
        assert (found.verdict, found.attention, found.actions) == (verdict, verdict != "as_expected", ())

    def test_every_operation_has_a_name(self) -> None:
        names = {f"{thing}.{deed}" for thing in THINGS for deed in DEEDS}
        assert {str(Operation.of(name)) for name in names} == names
        with pytest.raises(ValueError, match="is no operation"):
            Operation.of("deals")


class TestTextsOfWhatIsNotThereYet:
    note = AddComment(
        key="n",
        step="note",
        entity=Ref(kind="deal", id="7"),
        reason=Message(key="m"),
        text="№ @{r:deal:7:copy}.",
    )

    def test_the_id_is_filled_in_once_it_is_known(self) -> None:
        assert keys_in((self.note,)) == {"r:deal:7:copy"}
        assert resolved(self.note, {"r:deal:7:copy": "71"}).text == "№ 71."  # type: ignore[union-attr]

    def test_before_that_the_note_waits(self) -> None:
        with pytest.raises(RecipeError, match="waits for what r:deal:7:copy"):
            require_none(self.note)

    @pytest.mark.parametrize("text", ["@{имя}", "{a}", "почта @{кому угодно}", "@{}", "a@b.ru {x:y}"])
    def test_what_people_write_in_braces_is_left_alone(self, text: str) -> None:
        note = self.note.model_copy(update={"text": text})
        assert keys_in((note,)) == set()
        require_none(note)


def test_a_stage_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no stage is called 'x'"):
        OFFICE.stages_called(("x",), "here")
