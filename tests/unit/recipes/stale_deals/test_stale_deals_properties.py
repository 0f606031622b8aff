"""What holds in every story: nothing twice, never too early, robots never matter, a crash is never seen."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.crm.models import AuthorKind, DealChanges, Person, TaskState

HEAD, MANAGER, COLLEAGUE, DISMISSED, NOISE = "2", "5", "6", "15", "91"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SILENCE = [(15 * 24, "run"), (7 * 24, "run")]
EVENTS = (
    *("run", "run", "run", "kill", "robot", "comment", "client", "edit", "assign", "move", "close"),
    *("candidate", "nobody", "approve", "approve", "reject", "stranger", "remove task"),
)
moments = st.tuples(st.sampled_from((0, 1, 5, 24, 3 * 24, 7 * 24, 15 * 24)), st.sampled_from(EVENTS))
CONSENT = [(1, "candidate"), (5, "approve"), (1, "run")]
REFUSAL = [(5, "reject"), (1, "run")]
chapters = st.one_of(
    *map(st.just, (SILENCE, SILENCE[:1], CONSENT, REFUSAL)), st.lists(moments, min_size=1, max_size=6)
)
stories = st.lists(chapters, min_size=1, max_size=8).map(
    lambda parts: [one for part in parts for one in part]
)
"""Whole chapters are told as often as single events, or hardly a story would get as far as a decision."""


def happen(story: Any, event: str) -> None:
    """Let something happen on the portal, as people, clients and robots do."""
    crm = story.crm
    task = story.task if crm.tasks_by_id else None
    match event:
        case "run":
            story.run()
        case "kill":
            story.run(killed_after=1)
        case "robot":
            crm.note("7", Person(id=NOISE))
        case "comment":
            crm.note("7", Person(id=MANAGER))
        case "client":
            crm.note("7", Person(kind="contact", id="44"), author_kind=AuthorKind.CLIENT)
        case "edit":
            crm.change("7", DealChanges(fields={"amount": 5}))
        case "assign":
            crm.change("7", DealChanges(assignees=(Person(id=COLLEAGUE),)))
        case "move":
            crm.change("7", DealChanges(stage="work"))
        case "close":
            crm.change("7", DealChanges(stage="won"))
        case "candidate":
            crm.change("7", DealChanges(fields={"new_assignee": Person(id=COLLEAGUE)}))
        case "nobody":
            crm.change("7", DealChanges(fields={"new_assignee": Person(id=DISMISSED)}))
        case "approve" | "reject" | "stranger" if task:
            state = TaskState.REJECTED if event == "reject" else TaskState.DONE
            crm.set_task(task.id, state, NOISE if event == "stranger" else HEAD)
        case "remove task" if task:
            crm.tasks_by_id[task.id] = task.model_copy(update={"deleted": True})


def settle(story: Any) -> list[str]:
    """Run until there is nothing more to do now, and return the verdicts."""
    verdicts = []
    for _ in range(8):
        decision = story.run()
        verdicts.append(decision.verdict)
        if not decision.actions:
            return verdicts
    raise AssertionError(f"the recipe never comes to rest: {verdicts}")


@QUICK
@given(stories)
def test_it_always_comes_to_rest_and_does_nothing_twice(make_story: Any, told: list[tuple[int, str]]) -> None:
    story = make_story(approval_timeout=9, on_timeout="reject")
    for hours, event in told:
        story.wait(hours=hours)
        happen(story, event)
        settle(story)
    keys = [effect.key for effect in story.recalled().effects]  # the paper ledger refuses a second one itself
    assert len(keys) == len(set(keys))


@QUICK
@given(stories)
def test_no_return_before_22_days_of_silence_and_7_full_days_after_the_warning(
    make_story: Any, told: list[tuple[int, str]]
) -> None:
    story = make_story()
    for hours, event in told:
        story.wait(hours=hours)
        happen(story, event)
    effects = story.recalled().effects
    people = (AuthorKind.HUMAN, AuthorKind.CLIENT)
    touches = [entry.at for entry in story.crm.sheets["7"].history if entry.author_kind in people]
    for returned in (effect for effect in effects if effect.step == "return"):
        (warned,) = (e for e in effects if e.step == "warn" and e.episode == returned.episode)
        assert returned.at - warned.at >= 7 * DAY
        assert returned.at - max(at for at in touches if at < returned.at) >= 22 * DAY
        assert not [at for at in touches if warned.at < at < returned.at]


@QUICK
@given(stories)
def test_nobody_gets_a_free_deal_from_us_without_the_supervisors_word(
    make_story: Any, told: list[tuple[int, str]]
) -> None:
    story = make_story()
    for hours, event in told:
        story.wait(hours=hours)
        decided = bool(story.crm.tasks_by_id) and story.task.decided_by == Person(id=HEAD)
        before = story.deal.assignees
        happen(story, event)
        if event in ("run", "kill") and before == () and story.deal.assignees:
            assert decided


@QUICK
@given(stories, st.lists(st.integers(1, 60 * 24), max_size=8))
def test_robot_noise_never_changes_a_verdict(
    make_story: Any, told: list[tuple[int, str]], noise: list[int]
) -> None:
    quiet, noisy = make_story(unexplained_change="ignore"), make_story(unexplained_change="ignore")
    start, due = noisy.crm.clock.now(), sorted(noise)
    for hours, event in told:
        quiet.wait(hours=hours)
        while due and start + due[0] * HOUR <= quiet.crm.clock.now():
            noisy.wait(seconds=(start + due.pop(0) * HOUR - noisy.crm.clock.now()).total_seconds())
            noisy.crm.note("7", Person(id=NOISE))
        noisy.wait(seconds=(quiet.crm.clock.now() - noisy.crm.clock.now()).total_seconds())
        happen(quiet, event)
        happen(noisy, event)
        assert quiet.look().verdict == noisy.look().verdict
    assert quiet.steps == noisy.steps


@QUICK
@given(stories, st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_a_run_that_is_killed_anywhere_ends_as_if_it_had_not_been(
    make_story: Any, told: list[tuple[int, str]], kills: list[int]
) -> None:
    whole, broken = make_story(), make_story()
    for number, (hours, event) in enumerate(told):
        for story in (whole, broken):
            story.wait(hours=hours)
            if event not in ("run", "kill"):
                happen(story, event)
        whole.run()
        broken.run(killed_after=kills[number % len(kills)])
        settle(whole)
        settle(broken)
        assert whole.steps == broken.steps
    assert whole.deal == broken.deal
    assert whole.crm.notices == broken.crm.notices


@QUICK
@given(stories)
def test_a_sweep_and_a_fresh_look_mean_the_same(make_story: Any, told: list[tuple[int, str]]) -> None:
    """Whatever a sweep wants to do a look at the deal wants too, and it misses nothing that is to be done.

    But for one thing: a reaction on the very day of a warning that no run of the two working days after it
    has seen is noticed when the return is due, and the transfer is cancelled then.
    """
    story = make_story()
    for hours, event in told:
        story.wait(hours=hours)
        happen(story, event)
        items = {item.entity.id: item for item in story.plan().items}
        planned = [action.key for action in items["7"].actions] if "7" in items else []
        fresh = story.look()
        late = fresh.verdict == "cancelled" and items["7"].verdict == "warned"
        assert late or planned == [action.key for action in fresh.actions]


@QUICK
@given(stories)
def test_every_decision_can_be_told_in_both_languages(make_story: Any, told: list[tuple[int, str]]) -> None:
    story = make_story(approval_timeout=9, on_timeout="escalate", escalate_to="user:1", max_returns=1)
    for hours, event in told:
        story.wait(hours=hours)
        happen(story, event)
        decision = story.look()
        for language in ("ru", "en"):
            for message in (decision.reason, *decision.evidence, *(a.reason for a in decision.actions)):
                assert "{" not in message.render(language)
        assert type(decision).model_validate_json(decision.model_dump_json()) == decision
