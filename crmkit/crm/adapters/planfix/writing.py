"""What is written into deals: neutral values as the vendor takes them, checked before anything is sent.

The portal swallows what it does not understand: an unknown option, a value for a field that the object does
not have, a user that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crmkit.crm.adapters.planfix.mapping import AMOUNT
from crmkit.crm.adapters.planfix.query import Facts, stage_id
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.adapters.planfix.values import person_out, to_planfix
from crmkit.crm.models import Deal, DealChanges, NewDeal, Person
from crmkit.exceptions import ConfigurationError, ValidationError
from crmkit.planfix import contact, ids
from crmkit.planfix.text import without_emoji

__all__ = ["changed", "created", "like"]


def changed(tools: Tools, facts: Facts, changes: DealChanges) -> dict[str, Any]:
    """Return what changes of a deal are for ``tasks.update``.

    Raises:
        ConfigurationError: A stage or field name is not in the settings.
        ValidationError: A value does not fit.
    """
    values: dict[str, Any] = {}
    if changes.title is not None:
        values["name"] = changes.title
    if changes.stage is not None:
        values["status"] = stage_id(changes.stage, facts)
    if changes.assignees is not None:
        values["assignees"] = _people(tools, changes.assignees)
    if fields := _fields(tools, changes.fields, changes.amount):
        values["custom_fields"] = fields
    return values


def created(tools: Tools, facts: Facts, deal: NewDeal) -> dict[str, Any]:
    """Return what a new deal is for ``tasks.create``.

    A deal has one client, the counterparty: the company, or the first contact if there is no company.

    Raises:
        ConfigurationError: A pipeline, stage or field name is not in the settings.
        NotFound: The client cannot exist.
        ValidationError: A value does not fit.
    """
    if deal.pipeline and deal.pipeline != facts.stages.process:
        raise ConfigurationError(
            f"{facts.where('deals.pipelines')}: there is no pipeline {deal.pipeline!r}",
            hint="a Planfix account has one, the process of the deals; leave it out",
        )
    kinds = {"object": "object", "template": "template", "process": "process_id"}
    values: dict[str, Any] = {kinds[name]: number for name, number in facts.mapping.kind.items()}
    # A title is made of names that people gave: an emoji in one must not stop the deal.
    values["name"] = without_emoji(deal.title)
    if not values["name"].strip():
        raise ValidationError("a deal needs a title")
    if deal.stage:
        values["status"] = stage_id(deal.stage, facts)
    client = deal.company or next(iter(deal.contacts), None)
    if client is not None:
        values["counterparty"] = contact(number_of(client, "company"))
    if deal.assignees:
        values["assignees"] = _people(tools, deal.assignees)
    if fields := _fields(tools, deal.fields, deal.amount):
        values["custom_fields"] = fields
    return values


def like(original: Deal, deal: NewDeal) -> NewDeal:
    """Return a new deal that starts from another one: what is not given comes from there."""
    client = {"company": deal.company, "contacts": deal.contacts}
    if not deal.company and not deal.contacts:
        client = {"contacts": original.contacts, "company": None if original.contacts else original.company}
    taken: dict[str, Any] = {
        **client,
        "amount": original.amount if deal.amount is None else deal.amount,
        "fields": {**original.fields, **deal.fields},
        "copy_of": None,
    }
    return deal.model_copy(update=taken)


def _fields(tools: Tools, fields: Mapping[str, Any], amount: Decimal | None) -> dict[int, Any]:
    given = {**fields, **({AMOUNT: amount} if amount is not None else {})}
    return dict(_field(tools, key, value) for key, value in given.items())


def _field(tools: Tools, key: str, value: Any) -> tuple[int, Any]:
    definition = tools.account.deal_field(key)
    attached = tools.account.attached()
    if attached is not None and definition.id not in attached:
        raise ValidationError(
            f"field {key!r}: {definition.id} «{definition.name}» is not attached to the deals' object",
            hint="attach it in the settings of the object; until then the portal would swallow the value",
        )
    written = to_planfix(definition, value)
    definition.encode(written, tools.client.timezone)  # refuses what the field cannot hold
    return definition.id, written


def _people(tools: Tools, people: Sequence[Person]) -> tuple[ids.Person, ...]:
    return tuple(_known(tools, person) for person in people)


def _known(tools: Tools, person: Person) -> ids.Person:
    found = person_out(person)
    if found.kind == "user" and found.id not in tools.account.users():
        raise ValidationError(f"assignees: there is no {found}", hint="see crm.users.list()")
    return found
