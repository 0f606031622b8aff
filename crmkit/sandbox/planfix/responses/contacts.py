"""Contacts and companies, which are one kind of thing: list, read, create, update."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crmkit.sandbox.planfix import contact_filters
from crmkit.sandbox.planfix.call import Call, passing
from crmkit.sandbox.planfix.exceptions import contact_not_found, missing
from crmkit.sandbox.planfix.library import release
from crmkit.sandbox.planfix.models import Contact
from crmkit.sandbox.planfix.responses.tasks import only_changed, postponed
from crmkit.sandbox.planfix.rows import contact_row
from crmkit.sandbox.planfix.timepoints import MomentError, parse_date
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import NotTaken, attached, custom_values, failures_payload, people_value

TEXTS = (
    "name",
    "midname",
    "lastname",
    "gender",
    "description",
    "address",
    "site",
    "email",
    "position",
    "telegram",
)
FURTHER_TEXTS = ("skype", "telegramId", "facebook", "instagram", "viberId", "timezone")
IS_COMPANY = (4006, 4007)


@route("POST", "/contact/list", "contact_readonly", error_status=500)
def contact_list(call: Call) -> dict[str, Any]:
    """List contacts, or companies with ``isCompany``; filters 4006 and 4007 lift that choice."""
    wanted, (offset, size) = call.wanted(), call.page()
    filters = call.filters()
    tests = contact_filters.tests(call, filters)
    flag = call.body.get("isCompany")
    by_filter = any(one["type"] in IS_COMPANY for one in filters)
    if flag is not None or (call.settings.contacts_without_flag == "contacts" and not by_filter):
        tests.append(lambda contact: contact.is_company == bool(flag))
    if call.body.get("filterId"):
        tests += contact_filters.saved(call, call.body["filterId"])
    changed = only_changed(call, "contact", offset)
    tests += [changed] if changed else []
    alive = (contact for _, contact in sorted(call.account.contacts.items()) if not contact.is_deleted)
    found = list(passing(tests, alive))
    if changed and offset + size > len(found):
        call.account.sync.end(str(call.body.get("sourceId") or ""), "contact")
    prefixed = call.body.get("prefixedId") is True
    return {
        "contacts": [
            contact_row(call, one, wanted, prefixed=prefixed) for one in found[offset : offset + size]
        ]
    }


@route("GET", "/contact/templates", "contact_readonly")
def contact_templates(call: Call) -> dict[str, Any]:
    """List the templates of contacts, or of companies with ``isCompany``."""
    wanted, (offset, size) = call.wanted("id,name"), call.query_page()
    flag = call.request.query.get("isCompany")
    found = [
        Contact(one.id, one.name, template=one.id, process=one.process, is_company=one.for_companies)
        for one in call.account.contact_templates.values()
        if flag is None or one.for_companies == call.flag("isCompany")
    ]
    return {"templates": [contact_row(call, one, wanted) for one in found[offset : offset + size]]}


@route("GET", "/contact/groups", "contact_readonly")
def contact_groups(call: Call) -> dict[str, Any]:
    """List the groups of contacts."""
    return {"groups": [{"id": one.id, "name": one.name} for one in call.account.contact_groups.values()]}


@route("POST", "/contact/filters", "contact_readonly", error_status=500)
def contact_filters_list(call: Call) -> dict[str, Any]:
    """List the filters of contacts: those that every account has, then the saved ones."""
    built_in = [{"id": ":contact", "name": "Контакты"}, {"id": ":company", "name": "Компании"}]
    saved = call.account.filters_about("contact")
    return {"filters": [*built_in, *(one.row(call.account.name_of) for one in saved)]}


@route("GET", "/contact/{id}", "contact_readonly")
def contact_get(call: Call) -> dict[str, Any]:
    """Read a contact or company."""
    prefixed = call.request.query.get("prefixedId", "").lower() == "true"
    return {"contact": contact_row(call, find_contact(call), call.wanted(), prefixed=prefixed)}


def find_contact(call: Call, *, update: bool = False) -> Contact:
    """Return the contact of the path.

    Raises:
        Refused: Code 2000: there is none.
    """
    contact = call.account.contacts.get(call.number("id"))
    if contact is None or call.params["id"].startswith("user:"):
        raise contact_not_found(call.params["id"], update=update)
    return contact


@route("POST", "/contact/", "contact_add", status=201)
def contact_create(call: Call) -> dict[str, Any]:
    """Create a contact or company."""
    if not call.body.get("name"):
        raise missing("name")
    account, now = call.account, call.account.now()
    number = account.new_id("contact")
    contact = Contact(number, "", created=now, updated=now, added_by=call.user.ref, process=1)
    write_contact(call, contact, call.body)
    account.add_contact(contact, author=call.user.ref)
    return {"id": number}


@route("POST", "/contact/{id}", "contact_update")
def contact_update(call: Call) -> dict[str, Any] | None:
    """Change a contact or company: 200 with what failed, or 202 if it was queued."""
    account, contact = call.account, find_contact(call, update=True)
    moves = not call.silent or call.settings.silent_moves_dates

    def apply(at: float) -> list[dict[str, str]]:
        before = replace(contact, texts=dict(contact.texts))
        failures = write_contact(call, contact, call.body)
        contact.updated = at if moves else contact.updated
        account.contact_changed(contact, before, author=call.user.ref, at=at, silent=call.silent)
        return failures

    due = postponed(call)
    if due:
        account.enqueue(contact.ref, apply, due=due)
        call.status = 202
        return None
    return failures_payload(call, apply(account.now()))


def write_contact(call: Call, contact: Contact, body: dict[str, Any]) -> list[dict[str, str]]:
    """Write what a body says into a contact and return what could not be taken."""
    failures: list[dict[str, str]] = []
    call.account.sync.touch(contact.ref)
    if "sourceDataVersion" in body:
        call.account.sync.version(contact.ref)
    for name in TEXTS:
        if isinstance(body.get(name), str):
            setattr(contact, name, body[name])
    for name in FURTHER_TEXTS:
        if isinstance(body.get(name), str):
            contact.texts[name] = body[name]
    for name, attribute in (("isCompany", "is_company"), ("isDeleted", "is_deleted")):
        if isinstance(body.get(name), bool):
            setattr(contact, attribute, body[name])
    for name, attribute in (("sourceObjectId", "source_id"), ("sourceDataVersion", "source_version")):
        if name in body:
            setattr(contact, attribute, str(body[name] or ""))
    for name, take in (
        ("template", _template),
        ("group", _group),
        ("phones", _phones),
        ("birthDate", _birth_date),
        ("supervisors", _supervisors),
        ("companies", _related),
        ("contacts", _related),
        ("files", _files),
    ):
        if body.get(name) is not None:
            try:
                take(call, contact, name, body[name])
            except (NotTaken, KeyError, TypeError, ValueError, AttributeError, MomentError):
                failures.append({"field": name, "error": "Field change failed"})
    _custom(call, contact, body, failures)
    return failures


def _template(call: Call, contact: Contact, name: str, value: Any) -> None:
    contact.template = call.account.contact_templates[int(value["id"])].id


def _group(call: Call, contact: Contact, name: str, value: Any) -> None:
    contact.group = call.account.contact_groups[int(value["id"])].id


def _phones(call: Call, contact: Contact, name: str, value: Any) -> None:
    contact.phones = [(str(one["number"]), int(one.get("type", 1))) for one in value]


def _birth_date(call: Call, contact: Contact, name: str, value: Any) -> None:
    contact.birth_date = parse_date(value)


def _supervisors(call: Call, contact: Contact, name: str, value: Any) -> None:
    contact.supervisors = list(people_value(call, value))


def _related(call: Call, contact: Contact, name: str, value: Any) -> None:
    numbers = [int(str(one["id"]).rpartition(":")[2]) for one in value]
    setattr(contact, name, [call.account.contacts[number].id for number in numbers])


def _files(call: Call, contact: Contact, name: str, value: Any) -> None:
    before, contact.files = contact.files, attached(call, value)["files"]
    release(call.account, before)


def _custom(call: Call, contact: Contact, body: dict[str, Any], failures: list[dict[str, str]]) -> None:
    specs = call.account.fields.contact
    template = call.account.contact_templates.get(contact.template)
    values = custom_values(call, body, specs, template.fields if template else set(specs), failures)
    contact.fields = {
        number: value for number, value in {**contact.fields, **values}.items() if value is not None
    }
