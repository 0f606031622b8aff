"""Import of contacts: what is there already is found by one field and updated, left alone or doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_json, bad_value
from crmkit.sandbox.planfix.models import Contact
from crmkit.sandbox.planfix.responses.contacts import write_contact
from crmkit.sandbox.planfix.urls import route

DUPLICATES = ("ignore", "update", "none")
CUSTOM = "custom:"
FIELDS: dict[str, Callable[[Contact], Any]] = {
    "name": lambda contact: contact.full_name,
    "email": lambda contact: contact.email,
    "phone": lambda contact: contact.phones[0][0] if contact.phones else "",
    "sourceObjectId": lambda contact: contact.source_id,
}


@route("POST", "/contact/import", "contact_add", status=201)
def contact_import(call: Call) -> None:
    """Take a list of contacts: 201 without a body, so nobody learns their numbers."""
    body = call.body
    listed = body.get("contacts")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise bad_json()
    duplicates = body.get("optionImportDuplicate", "none")
    if duplicates not in DUPLICATES:
        raise bad_value(f"Incorrect optionImportDuplicate - {duplicates!r}")
    keys = [_key(call, body.get(name)) for name in OPTIONS]
    for one in listed:
        _take(call, one, duplicates, [key for key in keys if key is not None])


OPTIONS = ("optionImportUniqueField", "optionImportUniqueDefaultField")
"""By which field duplicates are found, and by which one where that is empty."""


def _key(call: Call, name: Any) -> Callable[[Contact], Any] | None:
    if not name:
        return None
    if isinstance(name, str) and name.startswith(CUSTOM):
        number = name.removeprefix(CUSTOM)
        if number.isdigit():
            # A field that is not there is empty in every contact, and nothing is found by it.
            return lambda contact: contact.fields.get(int(number))
    if name not in FIELDS:
        raise bad_value(f"Incorrect unique field - {name!r}")
    return FIELDS[name]


def _take(call: Call, body: dict[str, Any], duplicates: str, keys: list[Callable[[Contact], Any]]) -> None:
    account, now = call.account, call.account.now()
    draft = Contact(0, "", created=now, updated=now, added_by=call.user.ref, process=1)
    draft.is_company = body.get("isCompany") is True
    template = call.body.get("companyTemplateId" if draft.is_company else "contactTemplateId")
    draft.template = template if template in account.contact_templates else 0
    write_contact(call, draft, body)
    if not draft.name:
        raise Refused(2001, "Rest API error", status=500)
    twin = _twin(call, draft, keys) if duplicates != "none" else None
    if twin is None:
        draft.id = account.new_id("contact")
        account.contacts[draft.id] = draft
    elif duplicates == "update":
        write_contact(call, twin, body)
        twin.updated = now


def _twin(call: Call, draft: Contact, keys: list[Callable[[Contact], Any]]) -> Contact | None:
    """Return who is the same by the first key that has a value here."""
    for key in keys:
        value = key(draft)
        if value not in (None, ""):
            known = call.account.contacts.values()
            return next((one for one in known if not one.is_deleted and key(one) == value), None)
    return None
