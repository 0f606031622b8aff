"""Every company of type «Клиент» has a space for working together, and its responsible person is in it.

An external group is created once per company, its number is written into the company, and whoever is
responsible at the client's side is invited: the contact in the field ``client_contact``, else the first
contact with an e-mail address. Where the portal lets nobody in from outside (any more) the ladder goes down:
an internal group and a guest who is invited by hand, then a space made by hand. Whatever needs a person is
listed, and an invitation for which there was no seat is tried again by every sweep.

``RULES`` below is this text as code: the first rule that has an opinion of a company decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Literal

from crmkit.automation.actions import CreateWorkspace, Invite, Remember, UpdateCard, created
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Contact, Invitation, NewWorkspace, Person, Ref, User
from crmkit.crm.setup import Watch
from recipes.bulk_bp.satellites import spaces_reading as reading
from recipes.bulk_bp.satellites.common import Case
from recipes.bulk_bp.satellites.spaces_reading import ACCEPTED, SPACES, SpaceSnapshot, address_of, has_come
from recipes.bulk_bp.satellites.spaces_settings import SpaceSettings
from recipes.bulk_bp.satellites.texts import columns, counted, say

__all__ = ["RULES", "BulkBpSpaces", "SpaceSettings"]

SPACE, STORED, INVITED = "space", "stored", "invite"
Ctx = Context[SpaceSettings]


class BulkBpSpaces(Recipe[SpaceSettings, SpaceSnapshot]):
    """Makes spaces for clients and lets the clients in.

    Example:
        >>> BulkBpSpaces(SpaceSettings()).name
        'bulk_bp_spaces'
    """

    name: ClassVar[str] = SPACES
    title: ClassVar[dict[str, str]] = {"ru": "Пространства клиентов", "en": "Spaces of clients"}
    settings_type: ClassVar[type[Settings]] = SpaceSettings
    requires = frozenset({Capability.COMPANIES, Capability.CONTACTS, Capability.USERS, Capability.WORKSPACES})
    optional = frozenset({Capability.EXTRANET_GROUPS, Capability.COMPANY_TYPES})
    watches = (Watch("company_changed", of="company", created=True, fields=("client_contact",)),)

    def candidates(self, ctx: Ctx) -> Iterable[SpaceSnapshot]:
        """Yield the clients, then the companies that have a space of ours and are no clients any more."""
        return reading.sweep(ctx)

    def observe(self, ctx: Ctx, entity: Ref) -> SpaceSnapshot:
        """Read one company with its contact and its space."""
        return reading.observe(ctx, entity)

    def entity(self, snapshot: SpaceSnapshot) -> Ref:
        """Return the company."""
        return snapshot.ref

    def decide(self, snapshot: SpaceSnapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = _Case(self.settings, snapshot, Case(SPACES, snapshot.ref, snapshot.office, now, memory))
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many spaces were made, how many people were invited and came."""
        return counted(memories, SPACE, INVITED, ACCEPTED)

    def tables(
        self, ctx: Ctx, items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return the tracker of invitations: every client, where it stands, and what a person has to do."""
        head = columns(
            ("id", "text"),
            ("company", "text"),
            ("space", "text"),
            ("email", "text"),
            ("state", "text"),
            ("invited", "day"),
            ("accepted", "day"),
            ("note", "text"),
        )
        rows = [_row(ctx, item, memories.get(item.entity, Memory())) for item in items]
        return (Table("invitations", say("report.tracker"), head, rows),)


@dataclass(frozen=True)
class _Case:
    """A company, the settings and what was done."""

    settings: SpaceSettings
    snapshot: SpaceSnapshot
    base: Case

    @property
    def memory(self) -> Memory:
        return self.base.memory

    @property
    def space(self) -> Ref | None:
        """The space of the company: the one that it names, else the one that we have made."""
        if self.snapshot.space is not None:
            return self.snapshot.space
        made = self.memory.last(SPACE)
        return Ref(kind="workspace", id=made.remote_id) if made else None

    @property
    def contact(self) -> Contact | None:
        return self.snapshot.contact

    @property
    def email(self) -> str:
        return address_of(self.contact)

    @property
    def mark(self) -> str:
        """Stands for the address in keys."""
        return sha256(self.email.encode()).hexdigest()[:12]

    @property
    def guest(self) -> User | None:
        """The user of the portal with the address of the contact."""
        users = self.snapshot.office.users.values()
        return next((one for one in users if self.email and one.email.casefold() == self.email), None)

    @property
    def invitation(self) -> Effect | None:
        """The last invitation to this address."""
        mine = [one for one in self.memory.effects if one.step == INVITED and one.data["email"] == self.email]
        return mine[-1] if mine else None

    def decide(
        self, verdict: str, reason: Message, *actions: Any, attention: bool = False, **facts: Any
    ) -> Decision:
        told = {"space": self.space.id if self.space else "", "email": self.email, **facts}
        return self.base.decide(verdict, reason, *actions, attention=attention, **told)

    def owner(self) -> Person | None:
        company = self.snapshot.company
        return self.snapshot.office.worker(company.assignees if company else (), self.settings.owner)

    def rung(self) -> Literal["external", "internal"] | None:
        """Return what can be made now; ``None``: a person has to."""
        why = self.snapshot.why_not_external
        return next((one for one in self.settings.ladder if one == "internal" or not why), None)

    def invite(self, space: Ref) -> tuple[Invite, ...]:
        """Return the invitation, if there is somebody who can be invited."""
        contact, guest = self.contact, self.guest
        unfit = guest is not None and not guest.is_external
        if contact is None or not self.email or unfit or self.snapshot.why_not_external:
            return ()
        name, _, last_name = contact.name.partition(" ")
        invitation = Invitation(email=self.email, name=name, last_name=last_name, contact=contact.ref)
        reason = say("reason.invite", email=self.email)
        step = self.base.step(INVITED, reason, suffix=self.mark, email=self.email)
        return (Invite(**step, workspace=space, invitation=invitation),)


def unsettled(case: _Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    return case.base.unsettled()


def gone(case: _Case) -> Decision | None:
    """The company was deleted, or merged into another."""
    if case.snapshot.company is not None and not case.snapshot.company.deleted:
        return None
    return case.decide("gone", say("reason.gone"), attention=case.space is not None)


def no_client(case: _Case) -> Decision | None:
    """The company is no client, or not any more."""
    if case.snapshot.is_client:
        return None
    if case.space is None:
        return case.decide("not_client", say("reason.not_client"))
    return case.decide("former", say("reason.former", id=case.space.id), attention=True)


def without_space(case: _Case) -> Decision | None:
    """The client has no space yet: one is made, once."""
    company = case.snapshot.company
    if case.space is not None or company is None:
        return None
    if case.base.rounds(SPACE):
        return case.decide("by_hand", say("reason.undone_space"), attention=True)
    why = case.snapshot.why_not_external
    rung, owner = case.rung(), case.owner()
    if rung is None:
        return case.decide("by_hand", say("reason.by_hand", why=why), attention=True)
    if owner is None:
        return case.decide("no_owner", say("reason.no_owner"), attention=True)
    reason = say("reason.create") if rung == "external" else say("reason.create_inside", why=why)
    title = case.settings.title.replace("{client}", company.name)
    make = CreateWorkspace(
        **case.base.step(SPACE, reason, company=company.name),
        workspace=NewWorkspace(
            title=title or case.base.write("space_title", client=company.name),
            description=case.base.write("space", client=company.name),
            company=company.ref,
            owner=owner,
            external=rung == "external",
        ),
    )
    return case.decide("create", reason, make, *case.invite(created(make.key, "workspace")))


def not_written_down(case: _Case) -> Decision | None:
    """Our space is there, but the company does not name it yet."""
    if case.space is None or case.snapshot.space is not None or case.memory.last(STORED):
        return None
    value = case.snapshot.number_for_field(case.space)
    reason = say("reason.store", id=case.space.id)
    store = UpdateCard(**case.base.step(STORED, reason), fields={case.settings.group_field: value})
    return case.decide("store", reason, store, *([] if case.invitation else case.invite(case.space)))


def space_gone(case: _Case) -> Decision | None:
    """The company names a space that does not exist."""
    if case.space is None or not case.snapshot.space_is_gone:
        return None
    return case.decide("space_gone", say("reason.space_gone", id=case.space.id), attention=True)


def nobody_to_invite(case: _Case) -> Decision | None:
    """There is no contact, no address, or it is an employee's."""
    contact = case.contact
    if contact is None:
        return case.decide("no_contact", say("reason.no_contact"), attention=True)
    if not case.email:
        return case.decide("no_email", say("reason.no_email", name=contact.name), attention=True)
    if case.guest is not None and not case.guest.is_external:
        return case.decide("employee", say("reason.employee", email=case.email), attention=True)
    return None


def inside(case: _Case) -> Decision | None:
    """The guest is in the space; two things may still need a person."""
    workspace, guest = case.snapshot.workspace, case.guest
    there = workspace is not None and guest is not None and guest.person in workspace.members
    if not there and not has_come(case.memory, case.contact):
        return None
    reason = say("reason.accepted", email=case.email)
    remember = Remember(**case.base.step(ACCEPTED, reason, suffix=case.mark, email=case.email))
    owner, company = workspace.owner if workspace else None, case.snapshot.company
    if owner is not None and not case.snapshot.office.is_active(owner):
        left = say("reason.owner_gone", email=case.email, name=case.snapshot.office.name(owner))
        return case.decide("owner_gone", left, remember, attention=True)
    made = case.memory.last(SPACE)
    if company and made and made.data["company"] != company.name:
        renamed = say("reason.renamed", name=made.data["company"])
        return case.decide("accepted", renamed, remember, attention=True)
    return case.decide("accepted", reason, remember)


def waiting(case: _Case) -> Decision | None:
    """The invitation was sent; after some days somebody should ask."""
    sent = case.invitation
    if sent is None:
        return None
    day = case.base.local(sent.at).date()
    if case.base.now - sent.at < timedelta(days=case.settings.resend_days):
        return case.decide("invited", say("reason.invited", email=case.email, date=day))
    return case.decide("resend", say("reason.resend", email=case.email, date=day), attention=True)


def to_be_invited(case: _Case) -> Decision:
    """The guest is not invited yet, or there was no seat: tried again by every sweep."""
    why = case.snapshot.why_not_external
    if why or case.space is None:
        reason = say("reason.hand_invite", email=case.email, why=why)
        return case.decide("by_hand", reason, attention=True)
    return case.decide("invite", say("reason.invite", email=case.email), *case.invite(case.space))


RULES: tuple[Callable[[_Case], Decision | None], ...] = (
    unsettled,
    gone,
    no_client,
    without_space,
    not_written_down,
    space_gone,
    nobody_to_invite,
    inside,
    waiting,
    to_be_invited,
)


def _row(ctx: Ctx, item: PlanItem, memory: Memory) -> tuple[Any, ...]:
    def day(step: str) -> Any:
        last = memory.last(step)
        return last.at.astimezone(ctx.crm.timezone).date() if last else None

    state = Message(key=f"{SPACES}.verdict.{item.verdict}")
    return (
        item.entity.id,
        item.title,
        item.facts.get("space", ""),
        item.facts.get("email", ""),
        state,
        day(INVITED),
        day(ACCEPTED),
        item.reason if item.attention else "",
    )
