"""What is written of deals: names become ids, and everything is checked before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmkit.bitrix24 import Command, Outcome, Status
from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.envelope import as_map
from crmkit.crm.adapters.bitrix24.copying import copied
from crmkit.crm.adapters.bitrix24.query import pipeline_id, stage_id
from crmkit.crm.adapters.bitrix24.room import DEAL, Tools, external_id, number_of
from crmkit.crm.adapters.bitrix24.values import write
from crmkit.crm.models import DealChanges, NewDeal, Person, WriteResult, WriteStatus
from crmkit.crm.rooms import Outcomes
from crmkit.exceptions import CrmkitError, OutcomeUnknown, ValidationError

__all__ = ["Writer", "assignee", "neutral_outcome", "send_each"]

ORIGINATOR = "crmkit"


def assignee(tools: Tools, people: Sequence[Person]) -> int:
    """Return who is to be responsible.

    Raises:
        ValidationError: It is not exactly one user of the portal; nothing was sent.
    """
    if len(people) != 1:
        raise ValidationError(
            f"assignees: {len(people)} people were given", hint="at Bitrix24 exactly one is responsible"
        )
    (person,) = people
    number = person.id.rpartition(":")[2]
    if person.kind != "user" or not number.isdigit() or int(number) not in tools.account.users():
        raise ValidationError(f"assignees: there is no {person}", hint="see crm.users.list()")
    return int(number)


def neutral_outcome(outcome: Outcome, number: str = "") -> WriteResult | CrmkitError:
    """Return what became of a command: its result, or the error that a single call would have raised."""
    if outcome.error is not None:
        if outcome.status is Status.UNKNOWN and not isinstance(outcome.error, OutcomeUnknown):
            return OutcomeUnknown(str(outcome.error), operation=outcome.command.method)
        return outcome.error
    return WriteResult(id=number)


@dataclass(frozen=True)
class Writer:
    """Writes deals.

    Args:
        tools: What the rooms work with.
    """

    tools: Tools

    def changes(self, changes: DealChanges) -> dict[str, Any]:
        """Return a change as ``crm.item.update`` takes it.

        Raises:
            ConfigurationError: A stage or field name is not in the settings.
            ValidationError: A value does not fit.
        """
        values: dict[str, Any] = {}
        if changes.title is not None:
            values["title"] = changes.title
        if changes.stage is not None:
            values |= self._stage(changes.stage)
        if changes.assignees is not None:
            values["assignedById"] = assignee(self.tools, changes.assignees)
        if changes.amount is not None:
            values |= {"opportunity": changes.amount, "isManualOpportunity": "Y"}
        return values | self._fields(changes.fields)

    def new(self, deal: NewDeal) -> dict[str, Any]:
        """Return a new deal as ``crm.item.add`` takes it.

        Raises:
            ConfigurationError: A pipeline, stage or field name is not in the settings.
            ValidationError: A value does not fit.
        """
        values: dict[str, Any] = copied(self.tools, deal.copy_of) if deal.copy_of else {}
        values["title"] = deal.title
        if deal.pipeline:
            stages = self.tools.account.stages()
            values["categoryId"] = pipeline_id(deal.pipeline, self.tools.portal, stages)
            values.pop("stageId", None)
        if deal.stage:
            values |= self._stage_in(deal.stage, values.get("categoryId") if deal.pipeline else None)
        if deal.company:
            values["companyId"] = number_of(deal.company, "company")
        if deal.contacts:
            values["contactIds"] = [number_of(one, "contact") for one in deal.contacts]
        if deal.assignees:
            values["assignedById"] = assignee(self.tools, deal.assignees)
        if deal.amount is not None:
            values |= {"opportunity": deal.amount, "isManualOpportunity": "Y"}
        if deal.currency:
            values["currencyId"] = deal.currency
        return values | self._fields(deal.fields)

    def create_many(self, deals: Sequence[tuple[NewDeal, str]]) -> Outcomes:
        """Create deals with their keys; one outcome each, in order."""
        client = self.tools.client
        made = send_each(
            deals,
            lambda pair: client.deals.command_create(self.new(pair[0]), key=external_id(pair[1])),
            client.batch,
            lambda pair, outcome: neutral_outcome(outcome, _id_of(outcome)),
        )
        return [self._with_rows(pair[0], outcome) for pair, outcome in zip(deals, made, strict=True)]

    def update_many(self, changes: Sequence[tuple[str, DealChanges]]) -> Outcomes:
        """Change deals; one outcome each, in order."""

        def command(pair: tuple[str, DealChanges]) -> Command | WriteResult:
            number = number_of(pair[0], "deal")
            values = self.changes(pair[1])
            if not values:
                return WriteResult(id=str(number))
            return Command(
                "crm.item.update",
                {"entityTypeId": DEAL, "id": number, "useOriginalUfNames": "Y", "fields": values},
            )

        return send_each(
            changes, command, self.tools.client.batch, lambda pair, one: neutral_outcome(one, pair[0])
        )

    def find_by_key(self, keys: Sequence[str]) -> Iterator[tuple[bitrix24.Deal, str]]:
        """Yield the deals that carry one of the keys, with the key as it was given."""
        wanted = {external_id(key): key for key in keys}
        for item in self.tools.client.deals.having("originId", wanted, {"=originatorId": ORIGINATOR}):
            if item.originator_id == ORIGINATOR and item.origin_id in wanted:
                yield item, wanted[item.origin_id]

    def _with_rows(self, deal: NewDeal, outcome: WriteResult | CrmkitError) -> WriteResult | CrmkitError:
        """Copy the product rows into a new deal; the amount stays as it was given."""
        if deal.copy_of is None or not isinstance(outcome, WriteResult):
            return outcome
        products = self.tools.client.products
        try:
            rows = [_product(row) for row in products.list(DEAL, number_of(deal.copy_of, "deal"))]
            if rows:
                products.set(DEAL, int(outcome.id), rows)
        except CrmkitError as error:
            failures = {"product_rows": str(error)}
            return WriteResult(status=WriteStatus.PARTIAL, id=outcome.id, failures=failures)
        return outcome

    def _stage(self, name: str) -> dict[str, Any]:
        stages = self.tools.account.stages()
        number = stage_id(name, self.tools.portal, stages)
        known = stages.stages.get(number)
        if known is None:
            where = self.tools.portal.where(f"deals.stages.{name}")
            raise ValidationError(f"{where}: the portal has no stage {number}", hint="run: crmkit doctor")
        return {"categoryId": int(known.pipeline), "stageId": number}

    def _stage_in(self, name: str, pipeline: int | None) -> dict[str, Any]:
        stage = self._stage(name)
        if pipeline not in (None, stage["categoryId"]):
            raise ValidationError(
                f"stage {name!r} is one of pipeline {stage['categoryId']}, not of {pipeline}",
                hint="leave the pipeline out, or name a stage of it",
            )
        return stage

    def _fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        written = {}
        for key, value in fields.items():
            info = self.tools.account.field(key)
            written[info.name] = write(info, value)
        return written


def send_each(
    items: Sequence[Any],
    command: Callable[[Any], Command | WriteResult],
    send: Callable[[Iterable[Command]], Iterable[Outcome]],
    judge: Callable[[Any, Outcome], WriteResult | CrmkitError],
) -> Outcomes:
    """Send a command per item; what is wrong with an item, or needs no sending, is its outcome already."""
    outcomes: list[WriteResult | CrmkitError | None] = []
    commands: list[Command] = []
    for item in items:
        try:
            made = command(item)
        except CrmkitError as error:
            outcomes.append(error)
            continue
        outcomes.append(made if isinstance(made, WriteResult) else None)
        if isinstance(made, Command):
            commands.append(made)
    answers = iter(send(commands)) if commands else iter(())
    return [
        judge(item, next(answers)) if known is None else known
        for item, known in zip(items, outcomes, strict=True)
    ]


def _id_of(outcome: Outcome) -> str:
    return str(as_map(as_map(outcome.result).get("item")).get("id") or "")


def _product(row: bitrix24.ProductRow) -> dict[str, Any]:
    left_out = ("id", "ownerId", "ownerType", "priceExclusive", "priceNetto", "priceBrutto", "storeId")
    return {name: value for name, value in row.raw.items() if name not in left_out and value is not None}
