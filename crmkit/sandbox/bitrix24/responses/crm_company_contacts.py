"""The contacts of a company: the links of ``crm.contact.company.*`` seen from the other side.

The link belongs to the contact and says which of its companies is the main one, so any number of a company's
contacts may be marked ``IS_PRIMARY``.
"""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import empty_code
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []


@method("crm.company.contact.items.get")
def links_get(call: Call) -> Any:
    """Return the contacts of a company."""
    company = _company(call)
    return [
        {
            "CONTACT_ID": contact["ID"],
            "SORT": place * 10,
            "ROLE_ID": 0,
            "IS_PRIMARY": "Y" if contact["COMPANY_IDS"][0] == company else "N",
        }
        for place, contact in enumerate(_contacts(call, company), 1)
    ]


@method("crm.company.contact.items.set")
def links_set(call: Call) -> Any:
    """Replace all contacts of a company."""
    company = _company(call)
    given = {intval(one.get("CONTACT_ID")): one for one in map(as_dict, as_list(call.loose("items")))}
    wanted = [(_contact(call, number), one.get("IS_PRIMARY") == "Y") for number, one in given.items()]
    for contact in _contacts(call, company):
        if contact["ID"] not in given:
            _unlink(call, contact, company)
    for contact, primary in wanted:
        _link(call, contact, company, primary=primary)
    return True


@method("crm.company.contact.items.delete")
def links_delete(call: Call) -> Any:
    """Take all contacts from a company."""
    company = _company(call)
    for contact in _contacts(call, company):
        _unlink(call, contact, company)
    return True


@method("crm.company.contact.add")
def link_add(call: Call) -> Any:
    """Add a contact to a company; false if it is there already."""
    company, given = _company(call), call.fields()
    contact = _contact(call, intval(given.get("CONTACT_ID")))
    if company in (contact.get("COMPANY_IDS") or []):
        return False
    _link(call, contact, company, primary=given.get("IS_PRIMARY") == "Y")
    return True


@method("crm.company.contact.delete")
def link_delete(call: Call) -> Any:
    """Take a contact from a company; false if it is not there."""
    company = _company(call)
    contact = _contact(call, intval(call.fields().get("CONTACT_ID")))
    if company not in (contact.get("COMPANY_IDS") or []):
        return False
    _unlink(call, contact, company)
    return True


def _company(call: Call) -> int:
    number = intval(call.loose("id"))
    if number < 1:
        raise empty_code("The parameter ownerEntityID is invalid or not defined.")
    if call.portal.items[COMPANY].get(number) is None:
        raise empty_code("Not found.")
    return number


def _contact(call: Call, number: int) -> Row:
    contact = call.portal.items[CONTACT].get(number)
    if contact is None:
        raise empty_code("The parameter 'fields' is not valid.")
    return contact


def _contacts(call: Call, company: int) -> list[Row]:
    return call.portal.items[CONTACT].having("COMPANY_IDS", company)


def _link(call: Call, contact: Row, company: int, *, primary: bool) -> None:
    known = [one for one in contact.get("COMPANY_IDS") or [] if one != company]
    _relink(call, contact, [company, *known] if primary else [*known, company])


def _unlink(call: Call, contact: Row, company: int) -> None:
    _relink(call, contact, [one for one in contact["COMPANY_IDS"] if one != company])


def _relink(call: Call, contact: Row, companies: list[int]) -> None:
    author = crm.Author(call.user, call.caller)
    crm.change(call.portal, call.portal.kinds[CONTACT], contact, {"COMPANY_IDS": companies}, author)
