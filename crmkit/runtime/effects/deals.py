"""Deals and cards: what is set can be compared, what is created carries a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.automation.actions import CreateCompany, CreateDeal, UpdateCard, UpdateDeal
from crmkit.crm.base import Crm
from crmkit.crm.models import Company, Contact, Deal, Ref, WriteResult
from crmkit.crm.rooms import Outcomes
from crmkit.exceptions import RecipeError
from crmkit.runtime.effects.kind import Bulk, Kind, Seen, Sight, Things, compare, found
from crmkit.runtime.images import image
from crmkit.runtime.records import ActionRecord

__all__ = ["CardUpdates", "CompanyCreations", "DealCreations", "DealUpdates"]


class DealUpdates(Bulk[UpdateDeal]):
    """Changes of deals."""

    repeatable = True

    def before(self, crm: Crm, action: UpdateDeal, things: Things) -> dict[str, Any]:
        """Return what the deal has now."""
        return image(things.get(action.target) or crm.deals.get(action.target.id), action.changes)

    def before_many(
        self, crm: Crm, actions: Sequence[UpdateDeal], things: Things
    ) -> Sequence[dict[str, Any] | None]:
        """Return what the deals have now; those that were not read already are read together."""
        missing = [action.target.id for action in actions if action.target not in things]
        known = {**things, **(_read(crm, missing) if missing else {})}
        deals = [known.get(action.target) for action in actions]
        return [
            None if deal is None else image(deal, action.changes)
            for deal, action in zip(deals, actions, strict=True)
        ]

    def write(self, crm: Crm, action: UpdateDeal) -> WriteResult:
        """Change it."""
        return crm.deals.update(action.target.id, action.changes)

    def write_many(self, crm: Crm, actions: Sequence[UpdateDeal]) -> Outcomes:
        """Change them."""
        return crm.deals.update_many([(action.target.id, action.changes) for action in actions])

    def look(self, crm: Crm, record: ActionRecord, action: UpdateDeal) -> Seen:
        """Compare the deal with what it was and with what it should be."""
        return compare(crm.deals.get(action.target.id), record.before, action.changes)

    def look_many(self, crm: Crm, records: Sequence[tuple[ActionRecord, UpdateDeal]]) -> list[Seen]:
        """Compare them."""
        deals = _read(crm, [action.target.id for _, action in records])
        return [_compared(deals, record, action) for record, action in records]


class DealCreations(Bulk[CreateDeal]):
    """New deals."""

    creates = True

    def write(self, crm: Crm, action: CreateDeal) -> WriteResult:
        """Create it with its key."""
        return crm.deals.create(action.deal, key=action.key)

    def write_many(self, crm: Crm, actions: Sequence[CreateDeal]) -> Outcomes:
        """Create them with their keys."""
        return crm.deals.create_many([(action.deal, action.key) for action in actions])

    def look_many(self, crm: Crm, records: Sequence[tuple[ActionRecord, CreateDeal]]) -> list[Seen]:
        """Look for the keys; should one stand at several deals, the first one is the effect."""
        ids: dict[str, str] = {}
        for deal in crm.deals.find_by_key(*(action.key for _, action in records)):
            ids.setdefault(deal.key, deal.id)
        return [found(ids.get(action.key, "")) for _, action in records]


class CompanyCreations(Kind[CreateCompany]):
    """New companies."""

    creates = True

    def write(self, crm: Crm, action: CreateCompany) -> WriteResult:
        """Create it with its key."""
        return crm.companies.create(action.company, key=action.key)

    def look(self, crm: Crm, record: ActionRecord, action: CreateCompany) -> Seen:
        """Look for the key; should it stand at several companies, the first one is the effect."""
        return found(next((company.id for _, company in crm.companies.find_by_key(action.key)), ""))


class CardUpdates(Kind[UpdateCard]):
    """Changes of companies and contacts."""

    repeatable = True

    def before(self, crm: Crm, action: UpdateCard, things: Things) -> dict[str, Any]:
        """Return what the card has now."""
        return image(things.get(action.target) or _card(crm, action.target), action.fields)

    def write(self, crm: Crm, action: UpdateCard) -> WriteResult:
        """Change it."""
        if action.target.kind == "company":
            return crm.companies.update(action.target.id, action.fields)
        return crm.contacts.update(action.target.id, action.fields)

    def look(self, crm: Crm, record: ActionRecord, action: UpdateCard) -> Seen:
        """Compare the card with what it was and with what it should be."""
        return compare(_card(crm, action.target), record.before, action.fields)


def _card(crm: Crm, ref: Ref) -> Company | Contact:
    if ref.kind == "company":
        return crm.companies.get(ref.id)
    if ref.kind == "contact":
        return crm.contacts.get(ref.id)
    raise RecipeError(f"{ref} is no card", hint="update_card is for companies and contacts")


def _read(crm: Crm, ids: Sequence[str]) -> dict[Ref, Deal]:
    return {deal.ref: deal for deal in crm.deals.find(Deal.with_ids(*ids))}


def _compared(deals: dict[Ref, Deal], record: ActionRecord, action: UpdateDeal) -> Seen:
    deal = deals.get(action.target)
    if deal is None:
        return Seen(Sight.OVERTAKEN, why=f"{action.target} is not there any more")
    return compare(deal, record.before, action.changes)
