"""CRM objects: deals, leads, contacts, companies, smart processes and what hangs on them."""

from __future__ import annotations

from typing import Any

from crmkit.bitrix24.models.base import (
    Amount,
    CamelModel,
    Day,
    Flag,
    Ids,
    Link,
    Moment,
    Number,
    Text,
    UpperModel,
)

__all__ = [
    "Activity",
    "Category",
    "Company",
    "Contact",
    "Deal",
    "Item",
    "Lead",
    "ProductRow",
    "Requisite",
    "SmartItem",
    "SmartType",
    "Stage",
    "StageChange",
    "TimelineComment",
    "UserField",
]


class Item(CamelModel):
    """What all objects of ``crm.item.*`` have in common."""

    id: int
    entity_type_id: Number = None
    title: Text = None
    created_time: Moment = None
    updated_time: Moment = None
    created_by: Link = None
    updated_by: Link = None
    assigned_by_id: Link = None
    opened: Flag = None
    source_id: Text = None
    source_description: Text = None
    last_activity_time: Moment = None
    last_activity_by: Link = None
    observers: Ids = ()
    comments: Text = None
    originator_id: Text = None
    origin_id: Text = None
    xml_id: Text = None


class _Staged(Item):
    category_id: Number = None
    stage_id: Text = None
    stage_semantic_id: Text = None
    previous_stage_id: Text = None
    moved_time: Moment = None
    moved_by: Link = None
    company_id: Link = None
    contact_id: Link = None
    contact_ids: Ids = ()
    opportunity: Amount = None
    tax_value: Amount = None
    currency_id: Text = None
    is_manual_opportunity: Flag = None
    begindate: Day = None
    closedate: Day = None


class Deal(_Staged):
    """A deal (type 2)."""

    type_id: Text = None
    lead_id: Link = None
    quote_id: Link = None
    closed: Flag = None
    is_new: Flag = None
    is_recurring: Flag = None
    is_return_customer: Flag = None
    is_repeated_approach: Flag = None
    probability: Number = None
    additional_info: Text = None
    location_id: Text = None


class SmartItem(_Staged):
    """An element of a smart process (type 128 and above) or a smart invoice (type 31)."""

    mycompany_id: Link = None


class Lead(_Staged):
    """A lead (type 1)."""

    name: Text = None
    last_name: Text = None
    second_name: Text = None
    company_title: Text = None
    post: Text = None
    birthdate: Day = None
    is_return_customer: Flag = None
    date_closed: Moment = None
    fm: list[dict[str, Any]] | None = None


class Contact(Item):
    """A contact (type 3)."""

    name: Text = None
    last_name: Text = None
    second_name: Text = None
    post: Text = None
    birthdate: Day = None
    type_id: Text = None
    company_id: Link = None
    company_ids: Ids = ()
    lead_id: Link = None
    export: Flag = None
    fm: list[dict[str, Any]] | None = None


class Company(Item):
    """A company (type 4)."""

    type_id: Text = None
    industry: Text = None
    employees: Text = None
    revenue: Amount = None
    currency_id: Text = None
    lead_id: Link = None
    contact_ids: Ids = ()
    is_my_company: Flag = None
    last_communication_time: Moment = None
    fm: list[dict[str, Any]] | None = None


class ProductRow(CamelModel):
    """A line of goods or services of an object (``crm.item.productrow.*``)."""

    id: Number = None
    owner_id: Link = None
    owner_type: Text = None
    product_id: Link = None
    product_name: Text = None
    price: Amount = None
    quantity: Amount = None
    discount_sum: Amount = None
    discount_rate: Amount = None
    tax_rate: Amount = None
    tax_included: Flag = None
    measure_code: Number = None
    sort: Number = None


class Category(CamelModel):
    """A pipeline (``crm.category.*``); 0 is the common one and a legal id."""

    id: int
    name: Text = None
    sort: Number = None
    entity_type_id: Number = None
    is_default: Flag = None
    origin_id: Text = None
    originator_id: Text = None


class Stage(UpperModel):
    """A stage, or an entry of another reference book (``crm.status.*``)."""

    id: int
    entity_id: Text = None
    status_id: Text = None
    name: Text = None
    sort: Number = None
    color: Text = None
    semantics: Text = None
    system: Flag = None
    category_id: Number = None

    @property
    def is_success(self) -> bool:
        """A deal in it is won."""
        return self.semantics == "S"

    @property
    def is_failure(self) -> bool:
        """A deal in it is lost."""
        return self.semantics == "F"


class StageChange(UpperModel):
    """An entry of the stage history (``crm.stagehistory.list``); it does not say who."""

    id: int
    type_id: Number = None
    owner_id: Link = None
    created_time: Moment = None
    category_id: Number = None
    stage_semantic_id: Text = None
    stage_id: Text = None
    status_semantic_id: Text = None
    status_id: Text = None


class SmartType(CamelModel):
    """A smart process (``crm.type.*``). ``id`` names its user fields, ``entity_type_id`` all else."""

    id: int
    title: Text = None
    entity_type_id: Number = None
    code: Text = None
    created_by: Link = None
    is_categories_enabled: Flag = None
    is_stages_enabled: Flag = None


class UserField(CamelModel):
    """A user field (``userfieldconfig.*``)."""

    id: int
    entity_id: Text = None
    field_name: Text = None
    user_type_id: Text = None
    xml_id: Text = None
    sort: Number = None
    multiple: Flag = None
    mandatory: Flag = None
    edit_form_label: dict[str, Any] | list[Any] | str | None = None
    enum: list[dict[str, Any]] | None = None


class TimelineComment(UpperModel):
    """A comment in the timeline of an object (``crm.timeline.comment.*``)."""

    id: int
    entity_id: Link = None
    entity_type: Text = None
    created: Moment = None
    comment: Text = None
    author_id: Link = None
    files: dict[str, Any] | list[Any] | None = None


class Activity(UpperModel):
    """A call, mail, meeting or to-do (``crm.activity.*``)."""

    id: int
    owner_id: Link = None
    owner_type_id: Number = None
    type_id: Number = None
    provider_id: Text = None
    provider_type_id: Text = None
    subject: Text = None
    description: Text = None
    created: Moment = None
    last_updated: Moment = None
    start_time: Moment = None
    end_time: Moment = None
    deadline: Moment = None
    completed: Flag = None
    status: Number = None
    direction: Number = None
    responsible_id: Link = None
    author_id: Link = None
    editor_id: Link = None


class Requisite(UpperModel):
    """Legal details of a company or contact (``crm.requisite.*``)."""

    id: int
    entity_type_id: Number = None
    entity_id: Link = None
    preset_id: Link = None
    name: Text = None
    active: Flag = None
    rq_inn: Text = None
    rq_kpp: Text = None
    rq_company_name: Text = None
    xml_id: Text = None
    originator_id: Text = None
