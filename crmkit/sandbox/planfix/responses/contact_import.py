"""Import of contacts: what is there already is found by its fields and updated, left alone or doubled.

The ways to find it are those of the vendor's description; what each of them does in detail is nowhere said.
Here ``email-phone-name`` tries the address, then the number, then the name; with ``-ifnot`` the name counts
only where neither of the others is given; ``email-and-phone-and-name`` wants all three to be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_json, bad_value, not_emulated
from crmkit.sandbox.planfix.models import Contact
from crmkit.sandbox.planfix.responses.contacts import write_contact
from crmkit.sandbox.planfix.urls import route

DUPLICATES = ("ignore", "update", "none")
CUSTOM = "custom:"
BY_NUMBER = "number"


def _email(contact: Contact) -> str:
    return contact.email.casefold()


def _name(contact: Contact) -> str:
    return contact.full_name.casefold()


def _phone(contact: Contact) -> str:
    digits = "".join(sign for number, _ in contact.phones[:1] for sign in number if sign.isdigit())
    return digits[-10:]  # +7 and 8 in front of it are the same


Key = Callable[[Contact], Any]
WAYS: dict[str, tuple[Key, ...]] = {
    "name": (_name,),
    "email": (_email,),
    "phone": (_phone,),
    "email-phone": (_email, _phone),
    "email-phone-name": (_email, _phone, _name),
    "email-phone-name-ifnot": (_email, _phone),
    "sourceObjectId": (lambda contact: contact.source_id,),
}
"""Keys that are tried one after the other. ``email`` and ``sourceObjectId`` are not in the description."""
TOGETHER = {"email-and-phone-and-name": (_email, _phone, _name)}
IF_NOT = {"email-phone-name-ifnot": (_name,)}
"""Keys for those who have a value for none of the others."""


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
    rules = [_rule(call, body.get(name)) for name in OPTIONS]
    for one in listed:
        _take(call, one, duplicates, [rule for rule in rules if rule is not None])


OPTIONS = ("optionImportUniqueField", "optionImportUniqueDefaultField")
"""By which field duplicates are found, and by which one where that is empty."""
Rule = Callable[[Contact, dict[str, Any]], tuple[bool, Contact | None]]
"""Tells of a draft and its body whether it can be looked for by this rule, and who was found."""


def _rule(call: Call, name: Any) -> Rule | None:
    if not name:
        return None
    if name == BY_NUMBER:
        return lambda draft, body: ("id" in body, call.account.contacts.get(_number(body.get("id"))))
    if name in TOGETHER:
        keys = TOGETHER[name]
        return lambda draft, body: (all(key(draft) for key in keys), _same(call, draft, keys))
    if name in WAYS:
        first, instead = WAYS[name], IF_NOT.get(name, ())
        return lambda draft, body: _one_after_the_other(call, draft, first, instead)
    if name == "custom":
        raise not_emulated("import of contacts by the field «custom» without its number")
    if isinstance(name, str) and name.startswith(CUSTOM) and name.removeprefix(CUSTOM).isdigit():
        # A field that is not there is empty in every contact, and nothing is found by it.
        number = int(name.removeprefix(CUSTOM))
        return lambda draft, body: _one_after_the_other(
            call, draft, (lambda one: one.fields.get(number),), ()
        )
    raise bad_value(f"Incorrect unique field - {name!r}")


def _number(value: Any) -> int:
    digits = str(value).removeprefix("contact:")
    return int(digits) if digits.isdigit() else 0


def _one_after_the_other(
    call: Call, draft: Contact, keys: tuple[Key, ...], instead: tuple[Key, ...]
) -> tuple[bool, Contact | None]:
    given = [key for key in keys if key(draft) not in (None, "")]
    given = given or [key for key in instead if key(draft) not in (None, "")]
    found = (_same(call, draft, (key,)) for key in given)
    return bool(given), next((one for one in found if one is not None), None)


def _same(call: Call, draft: Contact, keys: tuple[Key, ...]) -> Contact | None:
    alive = (one for _, one in sorted(call.account.contacts.items()) if not one.is_deleted)
    alike = (one for one in alive if one.is_company == draft.is_company)
    return next((one for one in alike if all(key(one) == key(draft) for key in keys)), None)


def _take(call: Call, body: dict[str, Any], duplicates: str, rules: list[Rule]) -> None:
    account, now = call.account, call.account.now()
    draft = Contact(0, "", created=now, updated=now, added_by=call.user.ref, process=1)
    draft.is_company = body.get("isCompany") is True
    template = call.body.get("companyTemplateId" if draft.is_company else "contactTemplateId")
    draft.template = template if template in account.contact_templates else 0
    write_contact(call, draft, body)
    if not draft.name:
        raise Refused(2001, "Rest API error", status=500)
    twin = _twin(draft, body, rules) if duplicates != "none" else None
    if twin is None:
        draft.id = account.new_id("contact")
        account.add_contact(draft, author=call.user.ref)
    elif duplicates == "update":
        before = replace(twin, texts=dict(twin.texts))
        write_contact(call, twin, body)
        twin.updated = now
        account.contact_changed(twin, before, author=call.user.ref, at=now)


def _twin(draft: Contact, body: dict[str, Any], rules: list[Rule]) -> Contact | None:
    """Return who is the same by the first rule that has something to look for."""
    for rule in rules:
        applies, found = rule(draft, body)
        if applies:
            return found
    return None
