"""Deals that are created, copied and changed in numbers, and found again by their keys."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import ActivityKind, Deal, DealChanges, NewDeal, Ref, WriteResult, WriteStatus
from crmkit.exceptions import ConfigurationError, CrmkitError, NotFound, OutcomeUnknown, ValidationError
from crmkit.testing.bench import Bench
from crmkit.testing.suites.guards import needs

__all__ = ["CreationSuite"]

TITLE = "ООО «Рога & копыта» / Базовый / Январь 2025"


def by_key(bench: Bench, *keys: str) -> dict[str, Deal]:
    """Return the deals that carry the keys, by key."""
    return {deal.key: deal for deal in bench.crm.deals.find_by_key(*keys)}


class CreationSuite:
    """What an adapter has to do with new deals."""

    def test_a_deal_is_created_whole(self, bench: Bench) -> None:
        """Everything that was given is there, and the key finds it."""
        needs(bench, Capability.CREATE_DEALS)
        sample = bench.crm.deals.get(bench.new_deal())
        key, option = bench.choice
        new = NewDeal(
            title=TITLE,
            stage=bench.stages[1],
            company=sample.company,
            contacts=sample.contacts[:1],
            assignees=(bench.other_manager,),
            fields={key: option, bench.text: "слово", bench.person: bench.manager},
        )
        made = bench.crm.deals.create(new, key="run:deal:1")
        deal = bench.crm.deals.get(made.id)
        assert made.status is WriteStatus.DONE
        assert (deal.title, deal.company, deal.contacts) == (TITLE, sample.company, sample.contacts[:1])
        assert (deal.assignees, deal.open) == ((bench.other_manager,), True)
        assert deal.stage
        assert deal.stage.key == bench.stages[1]
        assert deal.fields == {key: option, bench.text: "слово", bench.person: bench.manager}
        assert by_key(bench, "run:deal:1", "run:deal:2") == {
            "run:deal:1": deal.model_copy(update={"key": "run:deal:1"})
        }

    def test_an_amount_is_kept_exactly(self, bench: Bench) -> None:
        """Money is no float."""
        needs(bench, Capability.CREATE_DEALS)
        made = bench.crm.deals.create(NewDeal(title=TITLE, amount=Decimal("12000.50")), key="run:1")
        assert bench.crm.deals.get(made.id).amount == Decimal("12000.50")
        bench.crm.deals.update(made.id, DealChanges(amount=Decimal("0.1")))
        assert bench.crm.deals.get(made.id).amount == Decimal("0.1")

    def test_a_key_of_any_length_finds_its_deal(self, bench: Bench) -> None:
        """Keys are ours, not the vendor's."""
        needs(bench, Capability.CREATE_DEALS)
        keys = ["k" * 600, "ключ с пробелом & знаком", "a:b|c/d?e=f#g%h+i"]
        made = {key: bench.crm.deals.create(NewDeal(title=TITLE), key=key).id for key in keys}
        assert {key: deal.id for key, deal in by_key(bench, *keys).items()} == made

    def test_a_deal_whose_answer_is_lost_is_there_once(self, bench: Bench) -> None:
        """The key finds it, whether or not the adapter has looked itself."""
        needs(bench, Capability.CREATE_DEALS)
        before = len(bench.deal_ids())
        bench.lose_answer("deal")
        with contextlib.suppress(OutcomeUnknown):
            bench.crm.deals.create(NewDeal(title=TITLE), key="run:1")
        assert set(by_key(bench, "run:1")) == {"run:1"}
        assert len(bench.deal_ids()) == before + 1

    def test_a_deal_that_was_never_made_is_not_found(self, bench: Bench) -> None:
        """Unless the adapter has looked, found nothing and made it after all."""
        needs(bench, Capability.CREATE_DEALS)
        bench.swallow("deal")
        made = []
        with contextlib.suppress(OutcomeUnknown):
            made.append(bench.crm.deals.create(NewDeal(title=TITLE), key="run:1").id)
        assert [deal.id for deal in by_key(bench, "run:1").values()] == made

    def test_a_deleted_deal_is_not_found_by_its_key(self, bench: Bench) -> None:
        """It may be made again."""
        needs(bench, Capability.CREATE_DEALS)
        made = bench.crm.deals.create(NewDeal(title=TITLE), key="run:1")
        bench.delete(made.id)
        assert by_key(bench, "run:1") == {}

    @pytest.mark.parametrize(
        ("new", "error"),
        [
            (NewDeal(title=TITLE, stage="no such stage"), ConfigurationError),
            (NewDeal(title=TITLE, pipeline="no such pipeline"), ConfigurationError),
            (NewDeal(title=TITLE, fields={"no_such_field": 1}), ConfigurationError),
            (NewDeal(title=TITLE, company=Ref(kind="company", id="no id")), NotFound),
        ],
        ids=["stage", "pipeline", "field", "company"],
    )
    def test_a_wrong_deal_is_refused_before_it_is_sent(
        self, bench: Bench, new: NewDeal, error: type[CrmkitError]
    ) -> None:
        """Nothing leaves."""
        needs(bench, Capability.CREATE_DEALS)
        before = len(bench.writes())
        with pytest.raises(error):
            bench.crm.deals.create(new, key="run:1")
        assert len(bench.writes()) == before

    def test_many_deals_have_an_outcome_each(self, bench: Bench) -> None:
        """In order; what is wrong with one is no matter of the others; few requests where the vendor can."""
        needs(bench, Capability.CREATE_DEALS)
        wrong = 7
        deals = [(NewDeal(title=f"Сделка {n}"), f"run:{n}") for n in range(60)]
        deals[wrong] = (NewDeal(title="", fields={bench.text: 5}), "run:wrong")
        before = len(bench.writes())
        outcomes = bench.crm.deals.create_many(deals)
        assert isinstance(outcomes[wrong], ValidationError)
        assert sum(isinstance(one, WriteResult) for one in outcomes) == 59
        found = by_key(bench, *(key for _, key in deals))
        assert {key: deal.title for key, deal in found.items()} == {
            key: new.title for place, (new, key) in enumerate(deals) if place != wrong
        }
        pairs = zip(deals, outcomes, strict=True)
        made = {key: one.id for (_, key), one in pairs if isinstance(one, WriteResult)}
        assert {key: deal.id for key, deal in found.items()} == made
        assert len(bench.writes()) - before <= 60 / bench.crm.batch_size + 1

    def test_many_changes_have_an_outcome_each(self, bench: Bench) -> None:
        """As for new deals."""
        ids = sorted(bench.deal_ids(), key=int)[:55]
        changes = [(number, DealChanges(title=f"Имя {number}")) for number in ids]
        changes[3:3] = [("999999999", DealChanges(title="x")), (ids[0], DealChanges(stage="no such stage"))]
        before = len(bench.writes())
        outcomes = bench.crm.deals.update_many(changes)
        assert isinstance(outcomes[3], NotFound)
        assert isinstance(outcomes[4], ConfigurationError)
        assert sum(isinstance(one, WriteResult) for one in outcomes) == 55
        titles = {deal.id: deal.title for deal in bench.crm.deals.find(Deal.with_ids(*ids))}
        assert titles == {number: f"Имя {number}" for number in ids}
        assert len(bench.writes()) - before <= 57 / bench.crm.batch_size + 1

    def test_a_copy_takes_over_what_the_deal_is_about(self, bench: Bench) -> None:
        """Client, contacts, custom fields; what is given wins; the original stays as it was."""
        needs(bench, Capability.CREATE_DEALS)
        deal, (key, option) = bench.new_deal(), bench.choice
        bench.crm.deals.update(deal, DealChanges(fields={key: option, bench.text: "слово"}))
        original = bench.crm.deals.get(deal)
        new = NewDeal(
            title="Копия", stage=bench.stages[1], fields={bench.text: "другое"}, copy_of=original.ref
        )
        copy = bench.crm.deals.get(bench.crm.deals.create(new, key="run:1").id)
        assert (copy.company, copy.contacts) == (original.company, original.contacts)
        assert copy.fields == {key: option, bench.text: "другое"}
        assert copy.stage
        assert copy.stage.key == bench.stages[1]
        assert bench.crm.deals.get(deal) == original

    def test_a_copy_takes_over_the_product_rows(self, bench: Bench) -> None:
        """With the amount that they make."""
        needs(bench, Capability.CREATE_DEALS, Capability.PRODUCT_ROWS)
        deal = bench.new_deal()
        bench.sell(deal, [("Аудит", Decimal(1000), 2), ("Отчёт", Decimal("500.50"), 1)])
        original = bench.crm.deals.get(deal)
        made = bench.crm.deals.create(NewDeal(title="Копия", copy_of=original.ref), key="run:1")
        assert bench.sold(made.id) == bench.sold(deal)
        assert bench.crm.deals.get(made.id).amount == original.amount == Decimal("2500.50")

    def test_the_changes_of_stage_of_a_period(self, bench: Bench) -> None:
        """Every one of them, the oldest first; none from outside the period."""
        needs(bench, Capability.STAGE_HISTORY)
        bench.advance(hours=1)
        since = bench.now()
        deal = bench.new_deal()
        for stage in (bench.stages[1], bench.closed_stage):
            bench.advance(minutes=10)
            bench.move(bench.manager, deal, stage)
        bench.advance(minutes=1)
        until = bench.now()
        bench.move(bench.manager, deal, bench.stages[0])
        found = [*bench.crm.deals.stage_changes(since=since, until=until)]
        stages = {one.id: one.key for line in bench.crm.pipelines() for one in line.stages}
        assert {entity for entity, _ in found} == {Ref(kind="deal", id=deal)}
        assert [(one.kind, stages[one.stage_to]) for _, one in found] == [
            (ActivityKind.CREATED, bench.stages[0]),
            (ActivityKind.STAGE, bench.stages[1]),
            (ActivityKind.STAGE, bench.closed_stage),
        ]
        assert all(since <= one.at < until for _, one in found)

    def test_closed_deals_of_a_period(self, bench: Bench) -> None:
        """By when they were closed."""
        needs(bench, Capability.STAGE_HISTORY)
        bench.advance(days=2)
        moment = bench.now() - timedelta(hours=1)
        deal = bench.new_deal()
        assert deal not in {one.id for one in bench.crm.deals.find(Deal.closed_since(moment))}
        bench.move(bench.manager, deal, bench.closed_stage)
        (found,) = bench.crm.deals.find(Deal.closed_since(moment))
        assert (found.id, found.won, found.open) == (deal, True, False)
        assert found.closed_at
        assert abs(found.closed_at - bench.now()) < timedelta(minutes=1)

    def test_deals_of_a_contact(self, bench: Bench) -> None:
        """A person at the client's side and all their deals."""
        deal = bench.new_deal()
        contact = next(iter(bench.crm.deals.get(deal).contacts), None)
        if contact is None:
            pytest.skip(f"deals of {bench.crm.provider} have no contacts")
        found = [*bench.crm.deals.find(Deal.of_contact(contact))]
        assert deal in {one.id for one in found}
        assert all(contact in one.contacts for one in found)

    def test_deals_of_a_pipeline(self, bench: Bench) -> None:
        """By its logical name; another one has none of them."""
        if not bench.pipeline:
            pytest.skip(f"deals of {bench.crm.provider} are in one pipeline")
        needs(bench, Capability.CREATE_DEALS)
        made = bench.crm.deals.create(NewDeal(title=TITLE, pipeline=bench.pipeline), key="run:1")
        deals = [*bench.crm.deals.find(Deal.in_pipeline(bench.pipeline))]
        pipelines = {one.key: one for one in bench.crm.pipelines()}
        assert made.id in {deal.id for deal in deals}
        assert {deal.stage.pipeline for deal in deals if deal.stage} == {pipelines[bench.pipeline].id}
