"""Reading the portal for the spaces: companies with the person at the client's side and their space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Company, Contact, FieldSpec, Ref, Workspace
from crmkit.exceptions import ConfigurationError, NotFound
from recipes.bulk_bp.satellites.common import Office, read_office
from recipes.bulk_bp.satellites.handover import space_of
from recipes.bulk_bp.satellites.spaces_settings import SpaceSettings

__all__ = ["ACCEPTED", "SPACES", "SpaceSnapshot", "address_of", "has_come", "observe", "sweep"]

SPACES = "bulk_bp_spaces"
ACCEPTED = "accepted"
AT_ONCE = 50
Ctx = Context[SpaceSettings]


@dataclass(frozen=True)
class SpaceSnapshot:
    """A company with the person at the client's side and their space.

    Attributes:
        ref: The company.
        office: Where it lives.
        field: Where the number of the space is written.
        company: What the portal says of it; ``None`` if it is gone.
        is_client: Whether it is of the type «Клиент».
        contact: Who is to be invited.
        space: The space that the company names.
        workspace: That space as it is, or the one that we have made; ``None`` if nothing is open about it.
        space_is_gone: The company names a space that does not exist.
        why_not_external: Why nobody can be let in from outside; empty if they can.
    """

    ref: Ref
    office: Office
    field: FieldSpec
    company: Company | None = None
    is_client: bool = False
    contact: Contact | None = None
    space: Ref | None = None
    workspace: Workspace | None = None
    space_is_gone: bool = False
    why_not_external: str = ""

    def number_for_field(self, space: Ref) -> Any:
        """Return the number of a space as the field holds it: a number, a text, or a link to a project."""
        if self.field.type == "number":
            return int(space.id)
        return Ref(kind="project", id=space.id) if self.field.type == "ref" else space.id


@dataclass(frozen=True)
class _Frame:
    """What is the same for all companies."""

    office: Office
    field: FieldSpec
    why_not_external: str


def sweep(ctx: Ctx) -> Iterator[SpaceSnapshot]:
    """Yield the clients, then the companies that have a space of ours and are no clients any more."""
    frame = _frame(ctx)
    seen: set[Ref] = set()
    for companies in chunks(_clients(ctx), AT_ONCE):
        seen.update(company.ref for company in companies)
        yield from _snapshots(ctx, frame, companies)
    known = (ref for ref in ctx.memory.known(ctx.crm.portal, SPACES) if ref not in seen)
    for refs in chunks(known, AT_ONCE):
        found = {one.ref: one for one in ctx.crm.companies.find(Company.with_ids(*(ref.id for ref in refs)))}
        yield from _snapshots(ctx, frame, found.values())
        yield from (SpaceSnapshot(ref, frame.office, frame.field) for ref in refs if ref not in found)


def observe(ctx: Ctx, entity: Ref) -> SpaceSnapshot:
    """Read one company afresh."""
    frame = _frame(ctx)
    found = list(ctx.crm.companies.find(Company.with_ids(entity.id)))
    return next(_snapshots(ctx, frame, found), SpaceSnapshot(entity, frame.office, frame.field))


def _frame(ctx: Ctx) -> _Frame:
    """Read what is the same for all companies.

    Raises:
        ConfigurationError: The field for the number is missing, or cannot be written.
    """
    key = ctx.settings.group_field
    spec = next((one for one in ctx.crm.companies.fields() if one.key == key), None)
    if spec is None or not spec.writable:
        raise ConfigurationError(
            f"{SPACES}: the companies need a field {key} that can be written",
            hint="bind it in [portals.….companies.fields]: a number, a text or a link to a project",
        )
    return _Frame(read_office(ctx), spec, ctx.crm.workspaces.why_not_external())


def _clients(ctx: Ctx) -> Iterator[Company]:
    if Capability.COMPANY_TYPES in ctx.crm.capabilities:
        return ctx.crm.companies.find(Company.of_type_client())
    return ctx.crm.companies.find(Company.field(ctx.settings.type_field, ctx.settings.type_value))


def _is_client(ctx: Ctx, company: Company) -> bool:
    if Capability.COMPANY_TYPES in ctx.crm.capabilities:
        return company.is_client
    return bool(company.fields.get(ctx.settings.type_field) == ctx.settings.type_value)


def _snapshots(ctx: Ctx, frame: _Frame, companies: Iterable[Company]) -> Iterator[SpaceSnapshot]:
    rows = list(companies)
    contacts = _contacts(ctx, rows)
    memories = ctx.memory.recall(ctx.crm.portal, SPACES, [one.ref for one in rows])
    for company in rows:
        space = space_of(company, ctx.settings.group_field)
        contact, memory = _chosen(ctx, company, contacts), memories.get(company.ref, Memory())
        settled = has_come(memory, contact) and not ctx.settings.look_at_settled
        workspace, is_gone = (None, False) if settled else _workspace(ctx, space, memory)
        yield SpaceSnapshot(
            ref=company.ref,
            office=frame.office,
            field=frame.field,
            company=company,
            is_client=_is_client(ctx, company),
            contact=contact,
            space=space,
            workspace=workspace,
            space_is_gone=is_gone,
            why_not_external=frame.why_not_external,
        )


def has_come(memory: Memory, contact: Contact | None) -> bool:
    """Tell whether this person was seen in the space."""
    address = address_of(contact)
    return any(one.step == ACCEPTED and one.data["email"] == address for one in memory.effects)


def address_of(contact: Contact | None) -> str:
    """Return where somebody is invited; empty if nobody knows."""
    return contact.email.strip().casefold() if contact else ""


def _contacts(ctx: Ctx, companies: Iterable[Company]) -> dict[str, Contact]:
    wanted = {ref.id for one in companies for ref in (*one.contacts, *_named(ctx, one))}
    return {one.id: one for one in ctx.crm.contacts.find(Contact.with_ids(*sorted(wanted)))} if wanted else {}


def _named(ctx: Ctx, company: Company) -> tuple[Ref, ...]:
    value = company.fields.get(ctx.settings.contact_field)
    return (value,) if isinstance(value, Ref) else ()


def _chosen(ctx: Ctx, company: Company, contacts: Mapping[str, Contact]) -> Contact | None:
    """Return whom the field names; else the first contact with an address, else the first."""
    if named := [contacts[ref.id] for ref in _named(ctx, company) if ref.id in contacts]:
        return named[0]
    own = [contacts[ref.id] for ref in company.contacts if ref.id in contacts]
    return next((one for one in own if one.email), own[0] if own else None)


def _workspace(ctx: Ctx, space: Ref | None, memory: Memory) -> tuple[Workspace | None, bool]:
    """Read the space with its members."""
    made = memory.last("space")
    number = space.id if space else made.remote_id if made else ""
    if not number:
        return None, False
    try:
        return ctx.crm.workspaces.get(number), False
    except NotFound:
        return None, True
