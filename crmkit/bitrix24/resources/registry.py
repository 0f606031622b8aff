"""All resources as attributes of the client, loaded and made when they are first used: models cost time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from crmkit.bitrix24.fields import FieldTable
    from crmkit.bitrix24.models.crm import Company, Contact, Deal, Item, Lead, SmartItem
    from crmkit.bitrix24.resources.base import Client
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
    from crmkit.bitrix24.resources.items import Items
    from crmkit.bitrix24.resources.office import Calendar, Disk, Lists, Workflows
    from crmkit.bitrix24.resources.people import Departments, Groups, Notifications, Users
    from crmkit.bitrix24.resources.tasks import Tasks

__all__ = ["Resources"]

T = TypeVar("T", bound="Item")


class Resources:
    """The typed side of the client."""

    @cached_property
    def field_table(self) -> FieldTable:
        """The fields of all kinds of objects, each asked for once."""
        from crmkit.bitrix24.fields import FieldTable

        return FieldTable(self._me.call)

    @property
    def _me(self) -> Client:
        return cast("Client", self)

    @cached_property
    def deals(self) -> Items[Deal]:
        """Deals."""
        from crmkit.bitrix24.models.crm import Deal
        from crmkit.bitrix24.resources.items import Items

        return Items(self._me, 2, Deal)

    @cached_property
    def leads(self) -> Items[Lead]:
        """Leads."""
        from crmkit.bitrix24.models.crm import Lead
        from crmkit.bitrix24.resources.items import Items

        return Items(self._me, 1, Lead)

    @cached_property
    def contacts(self) -> Items[Contact]:
        """Contacts."""
        from crmkit.bitrix24.models.crm import Contact
        from crmkit.bitrix24.resources.items import Items

        return Items(self._me, 3, Contact)

    @cached_property
    def companies(self) -> Items[Company]:
        """Companies."""
        from crmkit.bitrix24.models.crm import Company
        from crmkit.bitrix24.resources.items import Items

        return Items(self._me, 4, Company)

    def smart(self, entity_type_id: int) -> Items[SmartItem]:
        """Return the elements of a smart process, or smart invoices (31)."""
        from crmkit.bitrix24.models.crm import SmartItem
        from crmkit.bitrix24.resources.items import XML_ID, Items

        return Items(self._me, entity_type_id, SmartItem, XML_ID)

    def items(self, entity_type_id: int, model: type[T], *, key: str = "") -> Items[T]:
        """Return objects of any type as a model of your own, with custom fields.

        Args:
            entity_type_id: The type.
            model: A subclass of ``Deal``, ``Contact`` ... with ``custom(...)`` fields.
            key: The field for external keys; by default ``originId``, for smart processes ``xmlId``.
        """
        from crmkit.bitrix24.resources.items import XML_ID, Items, KeyRule

        if key:
            return Items(self._me, entity_type_id, model, KeyRule(key))
        return Items(self._me, entity_type_id, model, *([XML_ID] if entity_type_id > 30 else []))

    @cached_property
    def products(self) -> Products:
        """Product rows."""
        from crmkit.bitrix24.resources.crm import Products

        return Products(self._me)

    @cached_property
    def categories(self) -> Categories:
        """Pipelines."""
        from crmkit.bitrix24.resources.crm import Categories

        return Categories(self._me)

    @cached_property
    def stages(self) -> Stages:
        """Stages and other reference books."""
        from crmkit.bitrix24.resources.crm import Stages

        return Stages(self._me)

    @cached_property
    def stage_history(self) -> StageHistory:
        """Moves through stages."""
        from crmkit.bitrix24.resources.crm import StageHistory

        return StageHistory(self._me)

    @cached_property
    def types(self) -> Types:
        """Smart processes."""
        from crmkit.bitrix24.resources.crm import Types

        return Types(self._me)

    @cached_property
    def user_fields(self) -> UserFields:
        """User fields of CRM objects."""
        from crmkit.bitrix24.resources.crm import UserFields

        return UserFields(self._me)

    @cached_property
    def comments(self) -> Comments:
        """Comments and log entries in timelines."""
        from crmkit.bitrix24.resources.crm import Comments

        return Comments(self._me)

    @cached_property
    def activities(self) -> Activities:
        """Calls, mails, meetings, to-dos."""
        from crmkit.bitrix24.resources.crm import Activities

        return Activities(self._me)

    @cached_property
    def duplicates(self) -> Duplicates:
        """Search for the same phone or e-mail."""
        from crmkit.bitrix24.resources.crm import Duplicates

        return Duplicates(self._me)

    @cached_property
    def requisites(self) -> Requisites:
        """Legal details."""
        from crmkit.bitrix24.resources.crm import Requisites

        return Requisites(self._me)

    @cached_property
    def tasks(self) -> Tasks:
        """Tasks."""
        from crmkit.bitrix24.resources.tasks import Tasks

        return Tasks(self._me)

    @cached_property
    def users(self) -> Users:
        """Users."""
        from crmkit.bitrix24.resources.people import Users

        return Users(self._me)

    @cached_property
    def departments(self) -> Departments:
        """Departments."""
        from crmkit.bitrix24.resources.people import Departments

        return Departments(self._me)

    @cached_property
    def notifications(self) -> Notifications:
        """Notifications in the messenger."""
        from crmkit.bitrix24.resources.people import Notifications

        return Notifications(self._me)

    @cached_property
    def groups(self) -> Groups:
        """Work groups and projects."""
        from crmkit.bitrix24.resources.people import Groups

        return Groups(self._me)

    @cached_property
    def workflows(self) -> Workflows:
        """Business processes."""
        from crmkit.bitrix24.resources.office import Workflows

        return Workflows(self._me)

    @cached_property
    def calendar(self) -> Calendar:
        """Calendars."""
        from crmkit.bitrix24.resources.office import Calendar

        return Calendar(self._me)

    @cached_property
    def lists(self) -> Lists:
        """Universal lists of the company."""
        from crmkit.bitrix24.resources.office import Lists

        return Lists(self._me)

    @cached_property
    def disk(self) -> Disk:
        """The drive."""
        from crmkit.bitrix24.resources.office import Disk

        return Disk(self._me)

    @cached_property
    def events(self) -> Events:
        """Event handlers and the offline queue."""
        from crmkit.bitrix24.resources.events import Events

        return Events(self._me)

    def lists_of(self, kind: str) -> Lists:
        """Return universal lists of another kind: ``lists_socnet`` of groups, ``bitrix_processes``."""
        from crmkit.bitrix24.resources.office import Lists

        return Lists(self._me, kind)
