"""What hangs on CRM objects: product rows, stages, pipelines, history, timeline, activities, requisites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmkit.bitrix24.encoding import File
from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.filters import LEGACY, FilterLike, compile_filter
from crmkit.bitrix24.models.crm import (
    Activity,
    Category,
    ProductRow,
    Requisite,
    SmartType,
    Stage,
    StageChange,
    TimelineComment,
    UserField,
)
from crmkit.bitrix24.outcomes import Command
from crmkit.bitrix24.resources.base import ModelResolver, Resource, given
from crmkit.exceptions import ValidationError

__all__ = [
    "Activities",
    "Categories",
    "Comments",
    "Duplicates",
    "Products",
    "Requisites",
    "StageHistory",
    "Stages",
    "Types",
    "UserFields",
    "owner_letter",
    "stage_book",
]

_LETTERS = {1: "L", 2: "D", 3: "C", 4: "CO", 7: "Q", 31: "SI"}
_WORDS = {1: "lead", 2: "deal", 3: "contact", 4: "company", 7: "quote", 31: "smart_invoice"}
_ENTITIES = {1: "CRM_LEAD", 2: "CRM_DEAL", 3: "CRM_CONTACT", 4: "CRM_COMPANY", 7: "CRM_QUOTE"}


def owner_letter(entity_type_id: int) -> str:
    """Return the short code of a type, as product rows and tasks write it.

    Example:
        >>> owner_letter(2), owner_letter(128)
        ('D', 'T80')
    """
    return _LETTERS.get(entity_type_id) or f"T{entity_type_id:x}"


def stage_book(entity_type_id: int, category_id: int = 0) -> str:
    """Return the reference book in which the stages of a pipeline are listed.

    Example:
        >>> stage_book(2), stage_book(2, 9), stage_book(128, 5)
        ('DEAL_STAGE', 'DEAL_STAGE_9', 'DYNAMIC_128_STAGE_5')
    """
    if entity_type_id == 1:
        return "STATUS"
    if entity_type_id == 2:
        return f"DEAL_STAGE_{category_id}" if category_id else "DEAL_STAGE"
    if entity_type_id == 31:
        return f"SMART_INVOICE_STAGE_{category_id}"
    return f"DYNAMIC_{entity_type_id}_STAGE_{category_id}"


class Products(Resource):
    """Product rows of CRM objects."""

    def list(self, entity_type_id: int, item_id: int) -> Iterator[ProductRow]:
        """Yield the rows of an object (``crm.item.productrow.list``)."""
        filters = {"=ownerType": owner_letter(entity_type_id), "=ownerId": item_id}
        return self._models(ProductRow, "crm.item.productrow.list", {"filter": filters})

    def set(
        self, entity_type_id: int, item_id: int, rows: Iterable[Mapping[str, Any]]
    ) -> tuple[ProductRow, ...]:
        """Replace all rows of an object (``crm.item.productrow.set``)."""
        params = {
            "ownerType": owner_letter(entity_type_id),
            "ownerId": item_id,
            "productRows": list_of(rows),
        }
        result = self._client.call("crm.item.productrow.set", params)
        return tuple(map(ProductRow.from_row, rows_of("crm.item.productrow.list", result)))


class Categories(Resource):
    """Pipelines. 0 is a legal id."""

    def list(self, entity_type_id: int = 2) -> tuple[Category, ...]:
        """Return the pipelines that this user may see (``crm.category.list``)."""
        result = self._client.call("crm.category.list", {"entityTypeId": entity_type_id})
        return tuple(map(Category.from_row, rows_of("crm.category.list", result)))

    def create(self, name: str, *, entity_type_id: int = 2, sort: int | None = None) -> Category:
        """Make a pipeline (``crm.category.add``)."""
        fields = given(name=name, sort=sort)
        result = self._client.call("crm.category.add", {"entityTypeId": entity_type_id, "fields": fields})
        return Category.from_row(as_map(result)["category"])

    def update(self, category_id: int, *, entity_type_id: int = 2, **fields: Any) -> Category:
        """Change a pipeline (``crm.category.update``)."""
        params = {"entityTypeId": entity_type_id, "id": category_id, "fields": fields}
        return Category.from_row(as_map(self._client.call("crm.category.update", params))["category"])

    def delete(self, category_id: int, *, entity_type_id: int = 2) -> None:
        """Delete a pipeline that has no objects (``crm.category.delete``)."""
        self._client.call("crm.category.delete", {"entityTypeId": entity_type_id, "id": category_id})


class Stages(Resource):
    """Stages of pipelines and other reference books."""

    def list(self, entity_type_id: int = 2, category_id: int = 0) -> tuple[Stage, ...]:
        """Return the stages of a pipeline in their order (``crm.status.list``)."""
        return self.book(stage_book(entity_type_id, category_id))

    def book(self, entity_id: str) -> tuple[Stage, ...]:
        """Return a reference book, for example ``SOURCE`` or ``DEAL_TYPE``."""
        params = {"filter": {"ENTITY_ID": entity_id}, "order": {"SORT": "ASC"}}
        return tuple(
            map(Stage.from_row, rows_of("crm.status.list", self._client.call("crm.status.list", params)))
        )

    def create(self, entity_id: str, status_id: str, name: str, **fields: Any) -> int:
        """Add a stage; the prefix of the pipeline is added by the portal (``crm.status.add``)."""
        values = {"ENTITY_ID": entity_id, "STATUS_ID": status_id, "NAME": name, **_upper(fields)}
        return int(self._client.call("crm.status.add", {"fields": values}))

    def update(self, stage_id: int, **fields: Any) -> None:
        """Change a stage (``crm.status.update``)."""
        self._client.call("crm.status.update", {"id": stage_id, "fields": _upper(fields)})

    def delete(self, stage_id: int) -> None:
        """Delete a stage that is not one of the portal's own (``crm.status.delete``)."""
        self._client.call("crm.status.delete", {"id": stage_id})


class StageHistory(Resource):
    """Moves through stages; who moved an object is not recorded there."""

    def list(
        self,
        entity_type_id: int = 2,
        *,
        owners: Iterable[int] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[StageChange]:
        """Yield the moves of all or of some objects, oldest first (``crm.stagehistory.list``)."""
        filters = given(
            **{"@OWNER_ID": sorted(owners) or None, ">=CREATED_TIME": since, "<CREATED_TIME": until}
        )
        params = {"entityTypeId": entity_type_id, "filter": filters}
        return self._models(StageChange, "crm.stagehistory.list", params)


class Types(Resource):
    """Smart processes."""

    def list(self) -> Iterator[SmartType]:
        """Yield the smart processes of the portal (``crm.type.list``)."""
        return self._models(SmartType, "crm.type.list")


class UserFields(Resource):
    """User fields of CRM objects (``userfieldconfig.*``; scopes ``userfieldconfig`` and ``crm``)."""

    def list(self, entity_type_id: int = 2, *, type_id: int = 0) -> Iterator[UserField]:
        """Yield the user fields of a type; smart processes need ``SmartType.id`` as ``type_id``."""
        filters = {"entityId": self._entity(entity_type_id, type_id)}
        return self._models(UserField, "userfieldconfig.list", {"moduleId": "crm", "filter": filters})

    def create(
        self,
        name: str,
        kind: str,
        *,
        label: str,
        entity_type_id: int = 2,
        type_id: int = 0,
        options: Sequence[str] = (),
        multiple: bool = False,
        language: str = "ru",
    ) -> UserField:
        """Make a user field (``userfieldconfig.add``).

        Args:
            name: ``UF_CRM_...``, at most fifty characters of A-Z, 0-9 and _.
            kind: ``string``, ``integer``, ``double``, ``boolean``, ``date``, ``datetime``, ``enumeration``
                ...
            label: What people see.
            entity_type_id: Whose field.
            type_id: ``SmartType.id`` for a smart process.
            options: The options of an enumeration.
            multiple: It holds a list.
            language: The language of the label.
        """
        if len(name) > 50 or not name.startswith("UF_CRM_") or not name.isupper():
            raise ValidationError(f"{name}: a user field is called UF_CRM_ and at most 50 of A-Z, 0-9 and _")
        field = {
            "entityId": self._entity(entity_type_id, type_id),
            "fieldName": name,
            "userTypeId": kind,
            "multiple": multiple,
            "editFormLabel": {language: label},
        }
        if options:
            field["enum"] = [{"value": text, "sort": 10 * n} for n, text in enumerate(options, 1)]
        result = self._client.call("userfieldconfig.add", {"moduleId": "crm", "field": field})
        self._client.field_table.forget()
        return UserField.from_row(as_map(result)["field"])

    def delete(self, field_id: int) -> None:
        """Delete a user field with all its values (``userfieldconfig.delete``)."""
        self._client.call("userfieldconfig.delete", {"moduleId": "crm", "id": field_id})
        self._client.field_table.forget()

    @staticmethod
    def _entity(entity_type_id: int, type_id: int) -> str:
        return f"CRM_{type_id}" if type_id else _ENTITIES.get(entity_type_id, f"CRM_{entity_type_id}")


class Comments(Resource):
    """Comments and log entries in the timeline of CRM objects."""

    def list(self, entity_type_id: int, item_id: int) -> Iterator[TimelineComment]:
        """Yield the comments of an object, oldest first (``crm.timeline.comment.list``)."""
        filters = {"ENTITY_TYPE": _word(entity_type_id), "ENTITY_ID": item_id}
        return self._models(TimelineComment, "crm.timeline.comment.list", {"filter": filters})

    def create(self, entity_type_id: int, item_id: int, text: str, *, files: Sequence[File] = ()) -> int:
        """Add a comment and return its id (``crm.timeline.comment.add``).

        It carries no key: if the answer is lost, ``OutcomeUnknown`` is raised and :meth:`list` shows the
        truth.
        """
        fields = {"ENTITY_TYPE": _word(entity_type_id), "ENTITY_ID": item_id, "COMMENT": text}
        if files:
            fields["FILES"] = list_of(files)
        return int(self._client.call("crm.timeline.comment.add", {"fields": fields}))

    def update(self, comment_id: int, text: str) -> None:
        """Change a comment (``crm.timeline.comment.update``)."""
        self._client.call("crm.timeline.comment.update", {"id": comment_id, "fields": {"COMMENT": text}})

    def delete(self, comment_id: int) -> None:
        """Delete a comment (``crm.timeline.comment.delete``)."""
        self._client.call("crm.timeline.comment.delete", {"id": comment_id})

    def log(self, entity_type_id: int, item_id: int, title: str, text: str, *, icon: str = "info") -> int:
        """Add a service entry that is no human comment (``crm.timeline.logmessage.add``)."""
        fields = {
            "entityTypeId": entity_type_id,
            "entityId": item_id,
            "title": title,
            "text": text,
            "iconCode": icon,
        }
        result = self._client.call("crm.timeline.logmessage.add", {"fields": fields})
        return int(as_map(as_map(result).get("logMessage")).get("id") or 0)


class Activities(Resource):
    """Calls, mails, meetings, to-dos."""

    def list(
        self,
        entity_type_id: int | None = None,
        item_id: int | None = None,
        *,
        filter: FilterLike = None,  # noqa: A002 - the vendor's word
    ) -> Iterator[Activity]:
        """Yield activities, of one object or of all (``crm.activity.list``)."""
        filters = given(OWNER_TYPE_ID=entity_type_id, OWNER_ID=item_id)
        if filter is not None:
            schema = self._client.field_table.of("crm.activity.fields", {}, "crm.activity")
            filters |= compile_filter(filter, ModelResolver(schema, Activity), LEGACY)
        return self._models(Activity, "crm.activity.list", {"filter": filters})

    def get(self, activity_id: int) -> Activity:
        """Return one activity (``crm.activity.get``)."""
        return Activity.from_row(as_map(self._client.call("crm.activity.get", {"id": activity_id})))

    def delete(self, activity_id: int) -> None:
        """Delete an activity (``crm.activity.delete``)."""
        self._client.call("crm.activity.delete", {"id": activity_id})

    def todo(
        self,
        entity_type_id: int,
        item_id: int,
        *,
        deadline: datetime,
        title: str | None = None,
        description: str | None = None,
        responsible: int | None = None,
        remind: Sequence[int] = (),
        colour: str | None = None,
    ) -> int:
        """Add a to-do and return its id (``crm.activity.todo.add``).

        Args:
            entity_type_id: Whose to-do.
            item_id: The object.
            deadline: Aware.
            title: Its title.
            description: Its text.
            responsible: The user who has to do it.
            remind: Minutes before the deadline. A reminder counts as activity of the object.
            colour: ``"1"`` to ``"7"``.
        """
        params = given(
            ownerTypeId=entity_type_id,
            ownerId=item_id,
            deadline=deadline,
            title=title,
            description=description,
            responsibleId=responsible,
            pingOffsets=list_of(remind) or None,
            colorId=colour,
        )
        return int(as_map(self._client.call("crm.activity.todo.add", params)).get("id") or 0)


class Duplicates(Resource):
    """Contacts, companies and leads with the same phone or e-mail."""

    def find(
        self, kind: str, values: Sequence[str], *, entity: str | None = None
    ) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return, per value, the ids by ``LEAD``, ``CONTACT`` and ``COMPANY`` (``crm.duplicate.findbycomm``).

        The portal does not say which of several values matched, so each is asked by itself, in one batch.

        Args:
            kind: ``PHONE`` or ``EMAIL``.
            values: What to look for.
            entity: Only ``LEAD``, ``CONTACT`` or ``COMPANY``.

        Raises:
            BatchError: A value could not be looked up.
        """
        commands = [
            Command("crm.duplicate.findbycomm", given(type=kind, values=[value], entity_type=entity))
            for value in values
        ]
        results = self._client.batch(commands).results()
        return {
            value: {name: tuple(map(int, ids)) for name, ids in as_map(result).items()}
            for value, result in zip(values, results, strict=True)
        }


class Requisites(Resource):
    """Legal details of companies and contacts."""

    def list(self, entity_type_id: int, item_id: int) -> Iterator[Requisite]:
        """Yield the requisites of a company (4) or contact (3) (``crm.requisite.list``)."""
        filters = {"ENTITY_TYPE_ID": entity_type_id, "ENTITY_ID": item_id}
        return self._models(Requisite, "crm.requisite.list", {"filter": filters, "select": ["*", "UF_*"]})

    def create(self, entity_type_id: int, item_id: int, *, preset: int, name: str, **fields: Any) -> int:
        """Add requisites and return their id (``crm.requisite.add``)."""
        values = {
            "ENTITY_TYPE_ID": entity_type_id,
            "ENTITY_ID": item_id,
            "PRESET_ID": preset,
            "NAME": name,
            **_upper(fields),
        }
        return int(self._client.call("crm.requisite.add", {"fields": values}))

    def update(self, requisite_id: int, **fields: Any) -> None:
        """Change requisites (``crm.requisite.update``)."""
        self._client.call("crm.requisite.update", {"id": requisite_id, "fields": _upper(fields)})

    def delete(self, requisite_id: int) -> None:
        """Delete requisites (``crm.requisite.delete``)."""
        self._client.call("crm.requisite.delete", {"id": requisite_id})


def list_of(values: Iterable[Any]) -> list[Any]:
    """Return a list; inside these classes the name ``list`` is a method."""
    return list(values)


def _word(entity_type_id: int) -> str:
    return _WORDS.get(entity_type_id) or f"dynamic_{entity_type_id}"


def _upper(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.upper(): value for name, value in fields.items()}
