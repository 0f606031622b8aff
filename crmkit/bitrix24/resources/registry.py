"""All resources as attributes of the client, made when they are first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from crmkit.bitrix24.fields import FieldTable
from crmkit.bitrix24.models.crm import Company, Contact, Deal, Item, Lead, SmartItem
from crmkit.bitrix24.resources.crm import (
    Activities,
    Categories,
    Comments,
    Duplicates,
    Products,
    Requisites,
    StageHistory,
    Stages,
    Types,
    UserFields,
)
from crmkit.bitrix24.resources.events import Events
from crmkit.bitrix24.resources.items import XML_ID, Items, KeyRule
from crmkit.bitrix24.resources.office import Calendar, Disk, Lists, Workflows
from crmkit.bitrix24.resources.people import Departments, Groups, Notifications, Users
from crmkit.bitrix24.resources.tasks import Tasks

if TYPE_CHECKING:
    from crmkit.bitrix24.resources.base import Client

__all__ = ["Resources"]

T = TypeVar("T", bound=Item)


class Resources:
    """The typed side of the client."""

    @cached_property
    def field_table(self) -> FieldTable:
        """The fields of all kinds of objects, each asked for once."""
        return FieldTable(self._me.call)

    @property
    def _me(self) -> Client:
        return cast("Client", self)

    @cached_property
    def deals(self) -> Items[Deal]:
        """Deals."""
        return Items(self._me, 2, Deal)

    @cached_property
    def leads(self) -> Items[Lead]:
        """Leads."""
        return Items(self._me, 1, Lead)

    @cached_property
    def contacts(self) -> Items[Contact]:
        """Contacts."""
        return Items(self._me, 3, Contact)

    @cached_property
    def companies(self) -> Items[Company]:
        """Companies."""
        return Items(self._me, 4, Company)

    def smart(self, entity_type_id: int) -> Items[SmartItem]:
        """Return the elements of a smart process, or smart invoices (31)."""
        return Items(self._me, entity_type_id, SmartItem, XML_ID)

    def items(self, entity_type_id: int, model: type[T], *, key: str = "") -> Items[T]:
        """Return objects of any type as a model of your own, with custom fields.

        Args:
            entity_type_id: The type.
            model: A subclass of ``Deal``, ``Contact`` ... with ``custom(...)`` fields.
            key: The field for external keys; by default ``originId``, for smart processes ``xmlId``.
        """
        if key:
            return Items(self._me, entity_type_id, model, KeyRule(key))
        return Items(self._me, entity_type_id, model, *([XML_ID] if entity_type_id > 30 else []))

    @cached_property
    def products(self) -> Products:
        """Product rows."""
        return Products(self._me)

    @cached_property
    def categories(self) -> Categories:
        """Pipelines."""
        return Categories(self._me)

    @cached_property
    def stages(self) -> Stages:
        """Stages and other reference books."""
        return Stages(self._me)

    @cached_property
    def stage_history(self) -> StageHistory:
        """Moves through stages."""
        return StageHistory(self._me)

    @cached_property
    def types(self) -> Types:
        """Smart processes."""
        return Types(self._me)

    @cached_property
    def user_fields(self) -> UserFields:
        """User fields of CRM objects."""
        return UserFields(self._me)

    @cached_property
    def comments(self) -> Comments:
        """Comments and log entries in timelines."""
        return Comments(self._me)

    @cached_property
    def activities(self) -> Activities:
        """Calls, mails, meetings, to-dos."""
        return Activities(self._me)

    @cached_property
    def duplicates(self) -> Duplicates:
        """Search for the same phone or e-mail."""
        return Duplicates(self._me)

    @cached_property
    def requisites(self) -> Requisites:
        """Legal details."""
        return Requisites(self._me)

    @cached_property
    def tasks(self) -> Tasks:
        """Tasks."""
        return Tasks(self._me)

    @cached_property
    def users(self) -> Users:
        """Users."""
        return Users(self._me)

    @cached_property
    def departments(self) -> Departments:
        """Departments."""
        return Departments(self._me)

    @cached_property
    def notifications(self) -> Notifications:
        """Notifications in the messenger."""
        return Notifications(self._me)

    @cached_property
    def groups(self) -> Groups:
        """Work groups and projects."""
        return Groups(self._me)

    @cached_property
    def workflows(self) -> Workflows:
        """Business processes."""
        return Workflows(self._me)

    @cached_property
    def calendar(self) -> Calendar:
        """Calendars."""
        return Calendar(self._me)

    @cached_property
    def lists(self) -> Lists:
        """Universal lists of the company."""
        return Lists(self._me)

    @cached_property
    def disk(self) -> Disk:
        """The drive."""
        return Disk(self._me)

    @cached_property
    def events(self) -> Events:
        """Event handlers and the offline queue."""
        return Events(self._me)

    def lists_of(self, kind: str) -> Lists:
        """Return universal lists of another kind: ``lists_socnet`` of groups, ``bitrix_processes``."""
        return Lists(self._me, kind)
