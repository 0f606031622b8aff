"""Companies and people at the client's side: contacts of Planfix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from crmkit.config import BoundField
from crmkit.crm import base
from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.capabilities import CAPABILITIES
from crmkit.crm.adapters.planfix.room import Tools, custom_ids, number_of, outcome
from crmkit.crm.adapters.planfix.search import IDS_AT_ONCE
from crmkit.crm.adapters.planfix.values import from_planfix, spec_of, to_planfix
from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import Company, Contact, FieldSpec, WriteResult
from crmkit.exceptions import IncompleteList, NotFound, ValidationError
from crmkit.planfix import FieldType, filters
from crmkit.planfix import models as planfix
from crmkit.planfix.filters import Filter
from crmkit.planfix.models import CustomField

__all__ = ["CARD_FIELDS", "Companies", "Contacts"]

CARD_FIELDS = (
    "name",
    "midname",
    "lastname",
    "isCompany",
    "email",
    "phones",
    "companies",
    "contacts",
    "supervisors",
    "createdDate",
    "dateOfLastUpdate",
    "isDeleted",
)
"""What has to be asked for, besides the custom fields, to know a contact or company."""
Check = Callable[[Company | Contact], bool]


@dataclass(frozen=True)
class _Question:
    """What a filter comes to.

    Attributes:
        asked: What the portal evaluates.
        checks: The same, and what it cannot, evaluated here: it ignores what it does not understand.
        ids: The only numbers; ``None`` for all.
    """

    asked: tuple[Filter, ...] = ()
    checks: tuple[Check, ...] = ()
    ids: frozenset[int] | None = None


class _Cards:
    """What both rooms do: the cards of one sort."""

    def __init__(self, tools: Tools, section: str) -> None:
        self._tools = tools
        self._section = section
        self._of_companies = section == "companies"

    @property
    def names(self) -> Mapping[str, BoundField]:
        """The custom fields by logical name."""
        portal = self._tools.portal
        return portal.companies.fields if self._of_companies else portal.contacts.fields

    @property
    def web(self) -> str:
        """The address of the account's web interface."""
        return self._tools.web

    def find(self, conditions: Sequence[Expression]) -> Iterator[planfix.Contact]:
        """Yield the cards that the portal finds, deleted ones and those of the other sort left out."""
        question = _Question()
        for term in terms_of(conditions):
            question = self._with(question, term)
        for card in self._read(question):
            neutral = self.card(card)
            own = bool(card.is_company) is self._of_companies and not card.is_deleted
            if own and all(check(neutral) for check in question.checks):
                yield card

    def get(self, card_id: str, what: str) -> planfix.Contact:
        """Return one card, whichever its sort."""
        number = number_of(card_id, what)
        fields = custom_ids(self.names)
        return self._tools.client.contacts.get(number, fields=CARD_FIELDS, custom_fields=fields)

    def card(self, card: planfix.Contact) -> Company | Contact:
        """Return a card neutrally."""
        make = mapping.company if self._of_companies else mapping.contact
        return make(card, self.names, self._tools.web)

    def update(self, card_id: str, what: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields in one write."""
        number = number_of(card_id, what)
        if not fields:
            return WriteResult(id=str(number))
        values: dict[int, Any] = {}
        for key, value in fields.items():
            definition = self.definition(key)
            written = to_planfix(definition, value)
            definition.encode(written, self._tools.client.timezone)  # refuses what the field cannot hold
            values[definition.id] = written
        updated = self._tools.client.contacts.update(number, custom_fields=values)
        return outcome(updated, str(number), {key: self.names[key] for key in fields})

    def fields(self) -> list[FieldSpec]:
        """Return the custom fields: the portal does not tell which of them companies have."""
        keys = {int(bound.id): key for key, bound in self.names.items()}
        known = self._tools.account.contact_fields().values()
        return [spec_of(one, keys.get(one.id, ""), reachable=True) for one in known]

    def definition(self, key: str) -> CustomField:
        """Return the definition of a field by its logical name."""
        account = self._tools.account
        return account.company_field(key) if self._of_companies else account.contact_field(key)

    def _read(self, question: _Question) -> Iterator[planfix.Contact]:
        contacts, fields = self._tools.client.contacts, custom_ids(self.names)
        read: dict[str, Any] = {"fields": CARD_FIELDS, "custom_fields": fields}
        if question.ids is None:
            yield from contacts.list(companies=self._of_companies, filters=question.asked, **read)
            return
        numbers = sorted(question.ids)
        for start in range(0, len(numbers), IDS_AT_ONCE):
            some = numbers[start : start + IDS_AT_ONCE]
            asked = (*question.asked, filters.contacts.number.any_of(*some))
            cards = list(contacts.list(companies=self._of_companies, filters=asked, **read))
            if {card.id for card in cards}.difference(some):
                hint = "the portal ignores filter 4231; nothing of its answer can be relied on"
                raise IncompleteList("POST /contact/list: asked for cards by number, got others", hint=hint)
            yield from sorted(cards, key=lambda card: card.id)

    def _with(self, question: _Question, term: Term) -> _Question:
        asked, checks, ids = question.asked, question.checks, question.ids
        match term.name:
            case "with_ids":
                numbers = frozenset(int(one) for one in term.args if one.isdigit())
                return _Question(asked, checks, numbers if ids is None else numbers & ids)
            case "created_since" | "changed_since":
                return _Question((*asked, self._since(term)), (*checks, _is_since(term)), ids)
            case "field":
                more, check = self._field(*term.args)
                return _Question((*asked, *more), (*checks, check), ids)
            case "of_type_client":
                CAPABILITIES.require(Capability.COMPANY_TYPES)
        raise ValidationError(f"the filter {term} is not known for {self._section}")

    def _since(self, term: Term) -> Filter:
        day = term.args[0].astimezone(self._tools.filter_zone()).date()
        by_day = filters.contacts.created if term.name == "created_since" else filters.contacts.last_change
        return by_day.since(day)

    def _field(self, key: str, value: Any) -> tuple[tuple[Filter, ...], Check]:
        definition = self.definition(key)
        if value is None or value is False or value == ():
            box = definition.type == FieldType.CHECKBOX  # an unticked box may or may not be stored
            asked = () if box else (filters.contacts.custom(definition).is_empty(),)
            return asked, lambda card: key not in card.fields
        wanted = to_planfix(definition, value)
        definition.encode(wanted, UTC)  # refuses what the field cannot hold
        neutral = from_planfix(definition.type, tuple(wanted) if isinstance(wanted, list) else wanted)
        return (filters.contacts.custom(definition).equals(wanted),), lambda card: _is(
            card.fields.get(key), neutral
        )


class Companies(base.Companies):
    """Client organisations. ``is_client`` stays false: Planfix has no such mark."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._cards = _Cards(tools, "companies")

    def find(self, *conditions: Expression) -> Iterator[Company]:
        """Yield companies ordered by number: ``POST /contact/list``; deleted ones are left out.

        Days of ``created_since`` and ``changed_since`` are asked for, the moment is compared here.

        Raises:
            IncompleteList: The list could not be read to its end.
            Unsupported: ``of_type_client``: Planfix has no mark for clients.
            ValidationError: A condition is not known for companies.
        """
        for card in self._cards.find(conditions):
            yield mapping.company(card, self._cards.names, self._cards.web)

    def get(self, company_id: str) -> Company:
        """Return one company: ``GET /contact/{id}``.

        Raises:
            NotFound: There is none with this number, or it is a person.
        """
        card = self._cards.get(company_id, "company")
        if card.is_company is False:
            raise NotFound(f"contact {card.id} is a person, no company", hint="use crm.contacts.get")
        return mapping.company(card, self._cards.names, self._cards.web)

    def update(self, company_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields of a company by their logical names in one write, as :meth:`Contacts.update`."""
        return self._cards.update(company_id, "company", fields)

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of contacts: the portal does not tell which of them companies have."""
        return self._cards.fields()


class Contacts(base.Contacts):
    """People at the client's side."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._cards = _Cards(tools, "contacts")

    def find(self, *conditions: Expression) -> Iterator[Contact]:
        """Yield contacts ordered by number: ``POST /contact/list``; deleted ones are left out.

        Raises:
            IncompleteList: The list could not be read to its end.
            ValidationError: A condition is not known for contacts.
        """
        for card in self._cards.find(conditions):
            yield mapping.contact(card, self._cards.names, self._cards.web)

    def get(self, contact_id: str) -> Contact:
        """Return one contact: ``GET /contact/{id}``.

        Raises:
            NotFound: There is none with this number, or it is a company.
        """
        card = self._cards.get(contact_id, "contact")
        if card.is_company:
            raise NotFound(f"contact {card.id} is a company, no person", hint="use crm.companies.get")
        return mapping.contact(card, self._cards.names, self._cards.web)

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields of a contact by their logical names, all in one write: ``POST /contact/{id}``.

        The API does not tell which fields the template of a contact has, and the portal swallows values for
        others: read the contact to see.

        Raises:
            ConfigurationError: A name is not in ``[portals.X.contacts.fields]``; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the contact to see.
        """
        return self._cards.update(contact_id, "contact", fields)

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of contacts."""
        return self._cards.fields()


def _is_since(term: Term) -> Check:
    (moment,) = term.args

    def check(card: Company | Contact) -> bool:
        name = "created_at" if term.name == "created_since" else "updated_at"
        found = getattr(card, name, None)
        return found is not None and found >= moment

    return check


def _is(found: Any, wanted: Any) -> bool:
    if isinstance(found, tuple) and isinstance(wanted, tuple):
        return set(found) == set(wanted)
    return bool(found == wanted)
