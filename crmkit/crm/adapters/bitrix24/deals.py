"""Deals: items of type 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from crmkit.bitrix24 import models as bitrix24
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24 import mapping
from crmkit.crm.adapters.bitrix24.history import read_history
from crmkit.crm.adapters.bitrix24.query import Facts, Query, split
from crmkit.crm.adapters.bitrix24.room import Tools, number_of
from crmkit.crm.adapters.bitrix24.search import Search, card_of
from crmkit.crm.adapters.bitrix24.writing import Writer
from crmkit.crm.filters import Explanation, Expression, terms_of
from crmkit.crm.models import Activity, ActivityKind, Deal, DealChanges, NewDeal, Ref, WriteResult
from crmkit.crm.rooms import Outcomes

__all__ = ["Deals"]


class Deals(base.Deals):
    """Deals and their history."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools
        self._writer = Writer(tools)

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        """Yield all deals that satisfy every condition, streamed, ordered by id: ``crm.item.list``.

        Requests: a few for people, pipelines and fields (remembered for a while), then one per 2,500 deals.
        ``idle_for`` and ``touched_since`` look at comments and activities too, 25 deals per request.

        Raises:
            ConfigurationError: A stage or field name is not in the settings; nothing was asked for.
            ValidationError: A value does not fit its field; nothing was asked for.
            IncompleteList: The list could not be read to its end.
        """
        return Search(self._tools, self._split(conditions)).deals()

    def explain(self, *conditions: Expression) -> Explanation:
        """Tell which part of a filter Bitrix24 evaluates and which is evaluated here."""
        return self._split(conditions).explanation

    def get(self, deal_id: str) -> Deal:
        """Return one deal: ``crm.item.get``.

        Raises:
            NotFound: There is no such deal, or this token may not see it.
        """
        item = self._tools.client.deals.get(number_of(deal_id, "deal"))
        return self._deal(item)

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        """Return what happened to a deal, newest first.

        It is put together from the comments, the activities, the stage history and the deal's own stamps, in
        one request as long as none of them fills a page of fifty. Who made a change of the stage or of a
        field is told for the last one only; an earlier change of a field leaves no trace.

        Args:
            deal_id: The deal.
            until_human: Read no further page if an entry of a person or client is newer than what is left.
        """
        return read_history(self._tools, number_of(deal_id, "deal"), until_human=until_human)

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        """Change a deal in one write: ``crm.item.update``. Changes of nothing send nothing.

        A stage of another pipeline moves the deal there.

        Raises:
            ConfigurationError: A stage or field name is not in the settings; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the deal to see.
        """
        number = number_of(deal_id, "deal")
        values = self._writer.changes(changes)
        if values:
            self._tools.client.deals.update(number, **values)
        return WriteResult(id=str(number))

    def update_many(self, changes: Sequence[tuple[str, DealChanges]]) -> Outcomes:
        """Change deals, fifty per request; one outcome each, in order. What is wrong is not sent."""
        return self._writer.update_many(changes)

    def create(self, deal: NewDeal, *, key: str) -> WriteResult:
        """Create a deal: ``crm.item.add`` with the key in ``originId``.

        A lost answer is settled by looking for the key, so the deal is made exactly once. With ``copy_of``
        the product rows follow in a second request; if that fails, the result is ``PARTIAL``.

        Raises:
            ConfigurationError: A pipeline, stage or field name is not in the settings; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, and looking failed too.
        """
        (outcome,) = self._writer.create_many([(deal, key)])
        if isinstance(outcome, WriteResult):
            return outcome
        raise outcome

    def create_many(self, deals: Sequence[tuple[NewDeal, str]]) -> Outcomes:
        """Create deals with their keys, fifty per request; one outcome each, in order."""
        return self._writer.create_many(deals)

    def find_by_key(self, *keys: str) -> Iterator[Deal]:
        """Yield the deals that were created with these keys: ``crm.item.list`` by ``originId``."""
        for item, key in self._writer.find_by_key(keys):
            yield self._deal(item).model_copy(update={"key": key})

    def stage_changes(self, *, since: datetime, until: datetime) -> Iterator[tuple[Ref, Activity]]:
        """Yield every change of stage of a period: ``crm.stagehistory.list``. It does not tell who.

        ``stage_from`` is known if the change before is in the period too.
        """
        before: dict[int, str] = {}
        for one in self._tools.client.stage_history.list(since=since, until=until):
            if one.owner_id is None or one.created_time is None:
                continue
            stage = one.stage_id or ""
            kind = ActivityKind.CREATED if one.type_id == 1 else ActivityKind.STAGE
            yield (
                Ref(kind="deal", id=str(one.owner_id)),
                Activity(
                    id=f"stage:{one.id}",
                    at=one.created_time,
                    kind=kind,
                    stage_from=before.get(one.owner_id, ""),
                    stage_to=stage,
                ),
            )
            before[one.owner_id] = stage

    def _deal(self, item: bitrix24.Deal) -> Deal:
        return mapping.deal(item, self._tools.account.stages(), card_of(self._tools, "deals"))

    def _split(self, conditions: tuple[Expression, ...]) -> Query:
        tools = self._tools
        facts = Facts(tools.portal, tools.account.stages, tools.account.field, tools.clock.now())
        return split(terms_of(conditions), facts)
