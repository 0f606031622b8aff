"""Deals: finding, reading, histories, changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression, Term
from crmkit.crm.models import ActivityKind, AuthorKind, Deal, DealChanges, Person, Ref, WriteStatus
from crmkit.exceptions import ConfigurationError, NotFound, ValidationError
from crmkit.testing.bench import Bench

__all__ = ["DealSuite"]

NOWHERE = "999999999"


def found(bench: Bench, *conditions: Expression) -> list[str]:
    """Return the ids of the deals that satisfy the conditions, as the adapter finds them."""
    return [deal.id for deal in bench.crm.deals.find(*conditions)]


class DealSuite:
    """What an adapter has to do with deals."""

    def test_find_yields_every_deal_once_in_order(self, bench: Bench) -> None:
        """A list is never silently short, and ids ascend."""
        ids = found(bench)
        assert ids == sorted(bench.deal_ids(), key=int)

    def test_open_deals(self, bench: Bench) -> None:
        """Open is what the portal calls so."""
        assert set(found(bench, Deal.is_open)) == set(bench.deal_ids(open_only=True))

    def test_deleted_deals_are_left_out(self, bench: Bench) -> None:
        """A deleted deal is no deal."""
        deal = bench.new_deal()
        bench.delete(deal)
        assert deal not in found(bench)

    @pytest.mark.parametrize("days", [1, 15, 22, 40.5])
    def test_idle_deals(self, bench: Bench, days: float) -> None:
        """Every idle deal is found, and what the portal vouches for is true."""
        threshold = bench.now() - timedelta(days=days)
        deals = list(bench.crm.deals.find(Deal.idle_for(days=days)))
        idle = {one for one in bench.deal_ids() if bench.last_touch(one) <= threshold}
        assert idle <= {deal.id for deal in deals}
        for deal in deals:
            touched = bench.last_touch(deal.id)
            assert touched < threshold + timedelta(days=1)
            if deal.untouched_since is not None:
                assert touched < deal.untouched_since

    def test_most_idle_deals_need_no_history(self, bench: Bench) -> None:
        """Where the portal can vouch for idleness, it does."""
        if Capability.SERVER_SIDE_IDLE_FILTER not in bench.crm.capabilities:
            pytest.skip(f"{bench.crm.provider} has no such filter")
        threshold = bench.now() - timedelta(days=15)
        deals = list(bench.crm.deals.find(Deal.idle_for(days=15)))
        settled = [deal for deal in deals if deal.untouched_since and deal.untouched_since <= threshold]
        assert len(settled) > len(deals) / 2

    def test_touched_deals(self, bench: Bench) -> None:
        """The opposite of idle, by the day."""
        bench.advance(days=3)
        moment = bench.now() - timedelta(hours=1)
        deal = bench.new_deal()
        ids = set(found(bench, Deal.touched_since(moment)))
        assert deal in ids
        assert all(bench.last_touch(one) > moment - timedelta(days=1) for one in ids)

    def test_deals_that_a_robot_commented(self, bench: Bench) -> None:
        """What robot noise hides from the idle filter is found, by the day."""
        bench.crm.capabilities.require(Capability.ROBOT_NOISE_FILTER)
        earlier, deal = bench.new_deal(), bench.new_deal()
        bench.comment(bench.noisy_robot, earlier, "Проверка")
        bench.advance(days=2)
        moment = bench.now()
        bench.advance(minutes=5)
        bench.comment(bench.noisy_robot, deal, "Проверка")
        bench.comment(bench.manager, bench.new_deal(), "Созвонились")
        assert found(bench, Deal.commented_by_robot_since(moment)) == [deal]

    def test_deals_of_a_stage(self, bench: Bench) -> None:
        """Stages go by their logical names."""
        deal, stage = bench.new_deal(), bench.stages[1]
        bench.move(bench.manager, deal, stage)
        deals = list(bench.crm.deals.find(Deal.in_stage(stage)))
        assert deal in {one.id for one in deals}
        assert all(one.stage is not None and one.stage.key == stage for one in deals)
        assert found(bench, Deal.is_open, Deal.in_stage(bench.closed_stage)) == []

    def test_deals_by_id(self, bench: Bench) -> None:
        """Many ids, some of them unknown, in any order."""
        ids = sorted(bench.deal_ids(), key=int)
        assert found(bench, Deal.with_ids(*reversed(ids), NOWHERE)) == ids
        assert found(bench, Deal.with_ids()) == []

    def test_deals_of_people(self, bench: Bench) -> None:
        """Several people are any of them."""
        mine = {one.id for one in bench.crm.deals.find() if bench.manager in one.assignees}
        theirs = {one.id for one in bench.crm.deals.find() if bench.other_manager in one.assignees}
        assert mine
        assert theirs
        assert set(found(bench, Deal.assigned_to(bench.manager, bench.other_manager))) == mine | theirs

    def test_deals_of_a_company(self, bench: Bench) -> None:
        """Deals of one client."""
        sample = next(deal for deal in bench.crm.deals.find() if deal.company)
        assert sample.company
        deals = list(bench.crm.deals.find(Deal.of_company(sample.company)))
        assert sample.id in {deal.id for deal in deals}
        assert {deal.company for deal in deals} == {sample.company}

    def test_new_deals(self, bench: Bench) -> None:
        """To the second, whatever the portal counts in."""
        bench.advance(hours=1)
        earlier = bench.new_deal()
        bench.advance(minutes=10)
        moment = bench.now()
        later = bench.new_deal()
        ids = found(bench, Deal.created_since(moment))
        assert later in ids
        assert earlier not in ids

    def test_deals_by_a_field(self, bench: Bench) -> None:
        """Fields go by their logical names; ``None`` is empty."""
        key, option = bench.choice
        deal = bench.new_deal()
        assert deal in found(bench, Deal.field(key, None))
        bench.crm.deals.update(deal, DealChanges(fields={key: option, bench.person: bench.manager}))
        assert deal in found(bench, Deal.field(key, option), Deal.field(bench.person, bench.manager))
        assert deal not in found(bench, Deal.field(key, None))

    def test_a_filter_is_explained(self, bench: Bench) -> None:
        """Whoever waits for a list can see why."""
        shown = str(bench.crm.deals.explain(Deal.is_open, Deal.idle_for(days=15)))
        assert "is_open" in shown
        assert "idle_for(15 days)" in shown

    @pytest.mark.parametrize(
        ("condition", "error"),
        [
            (Deal.in_stage("no such stage"), ConfigurationError),
            (Deal.field("no_such_field", 1), ConfigurationError),
            (Term("no_such_term"), ValidationError),
        ],
    )
    def test_a_filter_that_means_nothing_is_refused(
        self, bench: Bench, condition: Expression, error: type[Exception]
    ) -> None:
        """A wrong filter is never ignored."""
        with pytest.raises(error):
            found(bench, condition)

    def test_a_deal_is_read(self, bench: Bench) -> None:
        """What everybody wants to know of a deal."""
        number = bench.new_deal()
        deal = bench.crm.deals.get(number)
        assert (deal.id, deal.open, deal.deleted, deal.fields) == (number, True, False, {})
        assert deal.assignees == (bench.manager,)
        assert deal.stage
        assert deal.stage.key == bench.stages[0]
        assert deal.created_at
        assert abs(deal.created_at - bench.now()) < timedelta(minutes=2)
        assert deal.url
        assert deal.raw

    @pytest.mark.parametrize("deal", [NOWHERE, "no id"])
    def test_a_deal_that_does_not_exist(self, bench: Bench, deal: str) -> None:
        """It is not found, not empty."""
        with pytest.raises(NotFound):
            bench.crm.deals.get(deal)

    def test_a_history_tells_who_did_what(self, bench: Bench) -> None:
        """People, robots and clients are told apart; newest first."""
        deal = bench.new_deal()
        client = bench.client_of(deal)
        assert client
        people = [
            (bench.manager, AuthorKind.HUMAN),
            (bench.noisy_robot, AuthorKind.ROBOT),
            (client, AuthorKind.CLIENT),
            (bench.robot, AuthorKind.ROBOT),
        ]
        for who, _ in people:
            bench.advance(minutes=1)
            bench.comment(who, deal, f"Пишет {who}")
        history = bench.crm.deals.history(deal)
        told = [(one.author, one.author_kind) for one in history if one.text.startswith("Пишет")]
        assert told == people[::-1]
        assert [one.at for one in history] == sorted((one.at for one in history), reverse=True)

    def test_a_history_has_the_stages(self, bench: Bench) -> None:
        """A change of the stage is an act of its author."""
        deal = bench.new_deal()
        bench.advance(minutes=1)
        bench.move(bench.other_manager, deal, bench.stages[1])
        newest = bench.crm.deals.history(deal)[0]
        stage = bench.crm.deals.get(deal).stage
        assert stage
        assert (newest.kind, newest.author, newest.stage_to) == (
            ActivityKind.STAGE,
            bench.other_manager,
            stage.id,
        )

    def test_a_history_until_a_person(self, bench: Bench) -> None:
        """However much a robot has written, the last word of a person is found."""
        deal = bench.new_deal()
        bench.advance(minutes=1)
        bench.comment(bench.manager, deal, "Последнее слово")
        for number in range(130):
            bench.comment(bench.noisy_robot, deal, f"Шум {number}")
        for until_human in (True, False):
            history = bench.crm.deals.history(deal, until_human=until_human)
            humans = [one for one in history if one.author_kind is AuthorKind.HUMAN]
            assert humans[0].text == "Последнее слово"
            assert len(history) >= 131

    def test_a_change_is_whole(self, bench: Bench) -> None:
        """Stage, people and fields in one write, by logical names."""
        deal, (key, option) = bench.new_deal(), bench.choice
        before = len(bench.writes())
        changes = DealChanges(
            title="Другое имя",
            stage=bench.stages[1],
            assignees=(bench.other_manager,),
            fields={key: option, bench.text: "два слова", bench.person: bench.manager},
        )
        assert bench.crm.deals.update(deal, changes).status is WriteStatus.DONE
        assert len(bench.writes()) == before + 1
        after = bench.crm.deals.get(deal)
        assert (after.title, after.assignees) == ("Другое имя", (bench.other_manager,))
        assert after.stage
        assert after.stage.key == bench.stages[1]
        assert after.fields == {key: option, bench.text: "два слова", bench.person: bench.manager}

    def test_only_what_is_given_is_changed(self, bench: Bench) -> None:
        """The rest stays; ``None`` clears; nobody is a legal answer."""
        deal, (key, option) = bench.new_deal(), bench.choice
        bench.crm.deals.update(deal, DealChanges(fields={key: option, bench.text: "слово"}))
        bench.crm.deals.update(deal, DealChanges(fields={key: None}))
        after = bench.crm.deals.get(deal)
        assert after.fields == {bench.text: "слово"}
        assert after.assignees == (bench.manager,)
        if Capability.UNASSIGNED_DEALS in bench.crm.capabilities:
            bench.crm.deals.update(deal, DealChanges(assignees=()))
            assert bench.crm.deals.get(deal).assignees == ()

    def test_the_first_of_several_goes_into_a_field_for_one(self, bench: Bench) -> None:
        """A deal may have several people, the field for the previous one may hold one."""
        deal = bench.new_deal()
        people = (bench.other_manager, bench.manager)
        bench.crm.deals.update(deal, DealChanges(fields={bench.person: people}))
        assert bench.crm.deals.get(deal).fields[bench.person] in (bench.other_manager, people)

    def test_no_change_is_no_request(self, bench: Bench) -> None:
        """Nothing is written for nothing."""
        before = len(bench.writes())
        assert bench.crm.deals.update(bench.new_deal(), DealChanges()).status is WriteStatus.DONE
        assert len(bench.writes()) == before

    def test_a_wrong_change_is_refused_before_it_is_sent(self, bench: Bench) -> None:
        """Portals swallow nonsense without a word, so it never leaves."""
        deal, (key, _) = bench.new_deal(), bench.choice
        wrong: list[tuple[DealChanges, type[Exception]]] = [
            (DealChanges(stage="no such stage"), ConfigurationError),
            (DealChanges(fields={"no_such_field": 1}), ConfigurationError),
            (DealChanges(fields={key: "no such option"}), ValidationError),
            (DealChanges(fields={bench.text: 5}), ValidationError),
            (DealChanges(fields={bench.person: Ref(kind="deal", id="1")}), ValidationError),
            (DealChanges(assignees=(Person(id=NOWHERE),)), ValidationError),
        ]
        before = len(bench.writes())
        for changes, error in wrong:
            with pytest.raises(error):
                bench.crm.deals.update(deal, changes)
        assert len(bench.writes()) == before

    def test_a_queued_change_is_pending(self, bench: Bench) -> None:
        """A promise is not a deed."""
        deal = bench.new_deal()
        bench.queue_next_update()
        result = bench.crm.deals.update(deal, DealChanges(stage=bench.stages[1]))
        assert result.status in (WriteStatus.PENDING, WriteStatus.DONE)
        if result.status is WriteStatus.PENDING:
            bench.advance(minutes=5)
        stage = bench.crm.deals.get(deal).stage
        assert stage
        assert stage.key == bench.stages[1]

    def test_a_refused_field_is_named(self, bench: Bench) -> None:
        """A partial success says what is missing, by the logical name."""
        deal, (key, option) = bench.new_deal(), bench.choice
        bench.refuse_next_field(key)
        result = bench.crm.deals.update(deal, DealChanges(stage=bench.stages[1], fields={key: option}))
        assert result.status is WriteStatus.PARTIAL
        assert set(result.failures) == {key}

    def test_pipelines_have_the_stages(self, bench: Bench) -> None:
        """What ``crmkit init`` offers to choose from."""
        keys = {stage.key: stage for pipeline in bench.crm.pipelines() for stage in pipeline.stages}
        assert set(bench.stages) <= set(keys)
        assert keys[bench.stages[0]].is_open
        assert not keys[bench.closed_stage].is_open

    def test_fields_are_described(self, bench: Bench) -> None:
        """What a recipe checks before it writes."""
        key, option = bench.choice
        specs = {spec.key: spec for spec in bench.crm.deal_fields() if spec.key}
        assert specs[key].type == "choice"
        assert option in specs[key].options
        assert specs[bench.text].type == "text"
        assert specs[bench.person].type in ("person", "people")
        assert all(specs[name].writable for name in (key, bench.text, bench.person))
