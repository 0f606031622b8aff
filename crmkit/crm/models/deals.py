"""Deals, the stages they go through and what happens to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field

from crmkit.crm.filters import Expression, Term
from crmkit.crm.models.reference import Model, Person, Ref, hybrid

__all__ = ["Deal", "DealChanges", "NewDeal", "Pipeline", "Stage"]


class Stage(Model):
    """A stage of a pipeline (Bitrix24) or a status of a process (Planfix).

    ``key`` is the logical name that ``crmkit.toml`` gives to it, for example ``"new"``; empty if it has none.
    """

    id: str
    name: str = ""
    key: str = ""
    is_open: bool = True
    is_won: bool | None = None
    """What a closed stage means: won, lost, or not told."""
    pipeline: str = ""


class Pipeline(Model):
    """A sales pipeline (Bitrix24) or a process (Planfix). ``key`` is its logical name, if it has one."""

    id: str
    name: str = ""
    key: str = ""
    stages: tuple[Stage, ...] = ()


class Deal(Model):
    """A deal: a Planfix task of the configured object, or a Bitrix24 item of type 2.

    ``fields`` holds the custom fields that ``crmkit.toml`` names, by their logical names, as Python values:
    text, numbers, booleans, dates, aware datetimes, :class:`Person`, :class:`Ref`, or tuples of these. A
    field without a value is absent, and so is an unticked box: vendors do not tell the two apart.

    Example:
        >>> deal = Deal(id="7", title="ООО Ромашка", open=True)
        >>> deal.is_open
        True
        >>> print(Deal.is_open & Deal.idle_for(days=15))
        is_open and idle_for(15 days)
    """

    id: str
    title: str
    open: bool
    stage: Stage | None = None
    assignees: tuple[Person, ...] = ()
    company: Ref | None = None
    contacts: tuple[Ref, ...] = ()
    """The people at the client's side, the primary one first where the vendor knows one."""
    amount: Decimal | None = None
    currency: str = ""
    won: bool | None = None
    """How it ended: ``True`` won, ``False`` lost; ``None`` while it is open or where nobody can tell."""
    closed_at: datetime | None = None
    """When it was closed, where the vendor tells."""
    key: str = ""
    """The external key that it was created with, where the vendor gives it back."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """The vendor's stamp of the last change: good to see that something changed, not who or what."""
    untouched_since: datetime | None = None
    """Nobody and nothing, robots included, has changed or commented the deal at or after this moment: the
    vendor's own word, from the filter that found the deal. Filled by ``find`` with ``idle_for`` where the
    vendor evaluates that, else ``None``. If it is at or before the moment that matters, no history has to be
    read. If it is later (by a day at most, the vendor counts in whole days), the last activity lies somewhere
    on the boundary day, and the history tells where."""
    deleted: bool = False
    url: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    is_open: ClassVar[hybrid[Deal, bool]] = hybrid(lambda self: self.open, Term("is_open"))

    @property
    def ref(self) -> Ref:
        """The reference to this deal."""
        return Ref(kind="deal", id=self.id, name=self.title)

    @classmethod
    def idle_for(cls, *, days: float) -> Expression:
        """Select deals that nobody and nothing has changed or commented for so many days.

        Where the vendor knows whole days only, the result also holds the deals whose last activity lies later
        on the boundary day; ``untouched_since`` tells them apart.
        """
        return Term("idle_for", (timedelta(days=days),))

    @classmethod
    def touched_since(cls, moment: datetime) -> Expression:
        """Select deals that were changed or commented at or after the moment."""
        return Term("touched_since", (moment,))

    @classmethod
    def commented_by_robot_since(cls, moment: datetime) -> Expression:
        """Select deals that a robot user commented at or after the moment: finds what robot noise hides."""
        return Term("commented_by_robot_since", (moment,))

    @classmethod
    def in_stage(cls, *stages: str) -> Expression:
        """Select deals in one of these stages (logical names or vendor ids)."""
        return Term("in_stage", stages)

    @classmethod
    def assigned_to(cls, *people: Person) -> Expression:
        """Select deals for which one of these people is responsible."""
        return Term("assigned_to", people)

    @classmethod
    def of_company(cls, *companies: Ref) -> Expression:
        """Select the deals of one of these clients."""
        return Term("of_company", companies)

    @classmethod
    def of_contact(cls, *contacts: Ref) -> Expression:
        """Select the deals in which one of these people at the client's side takes part."""
        return Term("of_contact", contacts)

    @classmethod
    def in_pipeline(cls, *pipelines: str) -> Expression:
        """Select deals in one of these pipelines (logical names or vendor ids)."""
        return Term("in_pipeline", pipelines)

    @classmethod
    def closed_since(cls, moment: datetime) -> Expression:
        """Select deals that were closed at or after the moment."""
        return Term("closed_since", (moment,))

    @classmethod
    def created_since(cls, moment: datetime) -> Expression:
        """Select deals that were created at or after the moment."""
        return Term("created_since", (moment,))

    @classmethod
    def field(cls, key: str, value: Any) -> Expression:
        """Select deals whose custom field (logical name) has exactly this value."""
        return Term("field", (key, value))

    @classmethod
    def with_ids(cls, *ids: str) -> Expression:
        """Select deals by id."""
        return Term("with_ids", ids)


class DealChanges(Model):
    """What to change in a deal, all in one write. Only what is given is written.

    ``stage`` is a logical name or a vendor id; ``assignees=()`` leaves the deal with nobody; a field given as
    ``None`` is cleared.

    Example:
        >>> DealChanges(stage="new", assignees=()).model_dump(exclude_unset=True)
        {'stage': 'new', 'assignees': ()}
    """

    title: str | None = None
    stage: str | None = None
    assignees: tuple[Person, ...] | None = None
    amount: Decimal | None = None
    fields: dict[str, Any] = Field(default_factory=dict)


class NewDeal(Model):
    """A deal to be created.

    ``pipeline`` and ``stage`` are logical names or vendor ids; empty ones mean the portal's defaults.
    ``copy_of`` starts from another deal: its client, contacts, amount, product rows and custom fields are
    taken over as far as nothing else is given here; its history is not.

    Example:
        >>> NewDeal(title="ООО Ромашка / Базовый / Январь 2025", stage="new").stage
        'new'
    """

    title: str
    pipeline: str = ""
    stage: str = ""
    company: Ref | None = None
    contacts: tuple[Ref, ...] = ()
    assignees: tuple[Person, ...] = ()
    amount: Decimal | None = None
    currency: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    copy_of: Ref | None = None
