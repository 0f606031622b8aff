"""Deals, leads, contacts, companies and smart processes, on the universal methods ``crm.item.*``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.errors import error_from
from crmkit.bitrix24.fields import Schema
from crmkit.bitrix24.filters import UNIVERSAL, FilterLike, compile_filter
from crmkit.bitrix24.lists import Page, opening
from crmkit.bitrix24.models.crm import Item
from crmkit.bitrix24.outcomes import BatchResult, Command, ExternalKey, Outcome, Status
from crmkit.bitrix24.parcel import PAGE
from crmkit.bitrix24.resources.base import AsWritten, Client, ModelResolver, Resource
from crmkit.bitrix24.resources.rows import parts_of, with_keys
from crmkit.exceptions import CrmkitError, NotFound, OutcomeUnknown, ValidationError
from crmkit.transport.request import Effect

__all__ = ["Items", "KeyRule"]

T = TypeVar("T", bound=Item)
U = TypeVar("U", bound=Item)
_REACHABLE = frozenset({1, 3, 4})
"""Leads, contacts and companies have phones, e-mails, sites and messengers."""
_MULTIFIELD = {"fm": {"type": "crm_multifield", "isMultiple": True}}
"""A field that adding and updating take whether or not ``crm.item.fields`` names it."""
_OLD_MULTIFIELDS = frozenset({"PHONE", "EMAIL", "WEB", "IM"})
_NAMES = {"useOriginalUfNames": "Y"}
"""User fields keep their UF_ names; the server compares with the text "Y"."""
_FIELDS, _LIST = "crm.item.fields", "crm.item.list"
LOOKUP_SIZE = 500
"""Keys that are looked up before their objects are written."""
IMPORT_SIZE = 20
"""Objects per ``crm.item.batchImport``."""


@dataclass(frozen=True)
class KeyRule:
    """Where an object keeps the key by which it is recognised.

    Attributes:
        name: The field with the key; nothing else may write it.
        where: Further fields that are set with it and looked for with it.
    """

    name: str = "originId"
    where: Mapping[str, Any] | None = None


ORIGIN = KeyRule("originId", {"originatorId": "crmkit"})
XML_ID = KeyRule("xmlId")


class Items(Resource, Generic[T]):
    """Objects of one type.

    Names may be written as in the model (``stage_id``), as the portal does (``stageId``) or in upper case;
    unknown and read-only ones are refused before the portal silently drops them.

    Args:
        client: The portal.
        entity_type_id: 1 leads, 2 deals, 3 contacts, 4 companies, 31 invoices, 128 and above smart processes.
        model: What rows become.
        key: Where external keys are kept.
    """

    def __init__(self, client: Client, entity_type_id: int, model: type[T], key: KeyRule = ORIGIN) -> None:
        super().__init__(client)
        self.entity_type_id = entity_type_id
        self._model = model
        self._key = key
        self._resolver: ModelResolver | None = None
        self._type = {"entityTypeId": entity_type_id, **_NAMES}
        extra = _MULTIFIELD if entity_type_id in _REACHABLE else {}
        self._about_fields = f"the type {entity_type_id} of crm.item", extra

    def of(self, model: type[U], *, key: str = "") -> Items[U]:
        """Return the same objects as another model, for example one with custom fields.

        Args:
            model: The model.
            key: A field of its own for external keys, for example ``UF_CRM_EXTERNAL_ID``.
        """
        return Items(self._client, self.entity_type_id, model, KeyRule(key) if key else self._key)

    def fields(self) -> Schema:
        """Return the fields of this type; asked once (``crm.item.fields``)."""
        return self._client.field_table.of(_FIELDS, self._type, *self._about_fields)

    # Reading

    def list(
        self,
        filter: FilterLike = None,  # noqa: A002 - the vendor's word
        select: Sequence[str] = (),
        *,
        order: Mapping[str, str] | None = None,
    ) -> Iterator[T]:
        """Yield all objects that match, streamed, complete or with an exception (``crm.item.list``).

        Args:
            filter: An expression (``F.stage_id == "NEW"``) or the vendor's form (``{"=stageId": "NEW"}``).
            select: Fields; all of them if left out. The id is always there.
            order: Another order than by id; slower, since pages can then only be counted off.

        Raises:
            ValidationError: An unknown field or operator.
            CrmkitError: The first page was refused; nothing was yielded.
            IncompleteList: A later page could not be had.
        """
        return map(self._model.from_row, self._walk(filter, select, order))

    def having(
        self,
        name: str,
        values: Iterable[Any],
        filter: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Iterator[T]:
        """Yield the objects whose field has one of these values: 2,450 values per request.

        For ids and keys, which few objects share. The order is that of the values, by fifties.

        Args:
            name: The field, for example ``id`` or ``originId``.
            values: What it may be.
            filter: Further conditions, in the vendor's form.

        Raises:
            ValidationError: The field is unknown.
            IncompleteList: Not all of them could be had.
        """
        parts = parts_of(dict.fromkeys(values), PAGE - 1)  # so a full page tells that there may be more
        queries = [self._query({**(filter or {}), f"@{name}": part}, (), None) for part in parts]
        pages = self._client.batch([(_LIST, opening(_LIST, query)) for query in queries]) if queries else ()
        for query, page in zip(queries, pages, strict=True):
            rows = rows_of(_LIST, page.value())
            yield from map(
                self._model.from_row, rows if len(rows) < PAGE else self._client.list(_LIST, query)
            )

    def rows(self, filter: FilterLike = None, select: Sequence[str] = ()) -> Iterator[dict[str, Any]]:  # noqa: A002
        """Yield the rows of :meth:`list` as they come, without models: about three times as fast."""
        return self._walk(filter, select, None)

    def page(
        self,
        start: int = 0,
        filter: FilterLike = None,  # noqa: A002
        select: Sequence[str] = (),
        *,
        order: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        """Return the fifty objects from an offset on."""
        page = self._client.page("crm.item.list", self._query(filter, select, order), start=start)
        return tuple(map(self._model.from_row, page.rows))

    def count(self, filter: FilterLike = None) -> int:  # noqa: A002
        """Return how many objects match, as far as this user may see them."""
        return self._client.count("crm.item.list", self._query(filter, ["id"], None))

    def get(self, item_id: int) -> T:
        """Return one object (``crm.item.get``).

        Raises:
            NotFound: There is none, or this user may not see it.
        """
        result = self._client.call("crm.item.get", {**self._type, "id": item_id})
        return self._model.from_row(as_map(result)["item"])

    def find(self, key: str) -> T | None:
        """Return the object with an external key, ``None`` if there is none.

        Raises:
            ValidationError: Several objects carry it; the portal does not keep keys unique.
        """
        filters = {f"={name}": value for name, value in self._marks(key).items()}
        found = self.page(0, filters)
        if len(found) > 1:
            ids = ", ".join(str(item.id) for item in found)
            raise ValidationError(f"the key {key} belongs to several objects: {ids}", hint="merge them")
        return found[0] if found else None

    # Writing

    def create(self, *, key: str = "", **values: Any) -> T:
        """Make an object (``crm.item.add``).

        Args:
            key: An external key, unique per object. With it a lost answer is settled by looking, so that the
                object is made exactly once; without it a lost answer is ``OutcomeUnknown``.
            **values: Its fields.

        Raises:
            ValidationError: A field is unknown or read-only, or a value was refused.
            OutcomeUnknown: The answer was lost and nothing tells whether the object was made.
        """
        result = self._client.run(self.command_create(values, key=key))
        row = as_map(result)["item"]
        return self._model.from_row(row) if "createdTime" in row else self.get(int(row["id"]))

    def create_many(
        self, rows: Iterable[Mapping[str, Any]], *, key: Callable[[Mapping[str, Any]], str] | None = None
    ) -> BatchResult:
        """Make many objects, fifty per request; one outcome each, in order.

        Args:
            rows: The fields of each object.
            key: Gives the external key of a row; with keys every object is made exactly once.
        """
        names = self._names()
        named = with_keys(rows, key or (lambda _: ""))
        return self._client.batch(self._written(row, name, wrong, names) for row, name, wrong in named)

    def update(self, item_id: int, **values: Any) -> T:
        """Change an object and return it (``crm.item.update``)."""
        params = {**self._type, "id": item_id, "fields": self._names().values(values)}
        result = self._client.call("crm.item.update", params)
        return self._model.from_row(as_map(result)["item"])

    def update_many(self, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> BatchResult:
        """Change many objects, fifty per request; one outcome each, in order."""
        names = self._names()
        return self._client.batch(self._changed(item_id, values, names) for item_id, values in changes)

    def upsert(self, key: str, **values: Any) -> T:
        """Change the object with this external key, or make it if there is none."""
        found = self.find(key)
        return self.create(key=key, **values) if found is None else self.update(found.id, **values)

    def upsert_many(
        self, rows: Iterable[Mapping[str, Any]], *, key: Callable[[Mapping[str, Any]], str]
    ) -> BatchResult:
        """Change the objects that have these external keys and make the others; one outcome each, in order.

        May be run again after a crash: nothing is made twice.

        A key that comes twice in the rows is a failure at its second place; one that belongs to several
        objects of the portal makes the lot of five hundred fail in which it comes.
        """
        outcomes: list[Outcome] = []
        names = self._names()
        for part in parts_of(with_keys(rows, key), LOOKUP_SIZE):
            blind: CrmkitError | None = None
            known: dict[str, int] = {}
            try:
                known = self._ids([name for _, name, _ in part])
            except CrmkitError as error:
                blind = error
            outcomes += self._client.batch(
                self._written(row, name, wrong or blind, names)
                if wrong or name not in known
                else self._changed(known[name], row, names)
                for row, name, wrong in part
            )
        return BatchResult(outcomes)

    def delete(self, item_id: int) -> None:
        """Delete an object for good (``crm.item.delete``).

        Raises:
            NotFound: There was none. Not raised if an earlier attempt, whose answer was lost, deleted it.
        """
        params = {"entityTypeId": self.entity_type_id, "id": item_id}
        try:
            self._client.call("crm.item.delete", params, effect=Effect.WRITE)
        except OutcomeUnknown:
            pass
        else:
            return
        with contextlib.suppress(NotFound):
            self._client.call("crm.item.delete", params, effect=Effect.IDEMPOTENT)

    def import_(self, **values: Any) -> int:
        """Make an object without starting robots; system dates may be set (``crm.item.import``)."""
        fields = self._for_import(values)
        result = self._client.call("crm.item.import", {**self._type, "fields": fields})
        return int(as_map(result)["item"]["id"])

    def import_many(self, rows: Iterable[Mapping[str, Any]]) -> BatchResult:
        """Import many objects, twenty per request; one outcome each, in order (``crm.item.batchImport``)."""
        outcomes: list[Outcome] = []
        for part in parts_of(rows, IMPORT_SIZE):
            outcomes += self._import_part(part)
        return BatchResult(outcomes)

    def command_create(self, values: Mapping[str, Any], *, key: str = "") -> Command:
        """Return the command that makes an object, for a batch of your own."""
        return self._create(values, key, self._names())

    def _create(self, values: Mapping[str, Any], key: str, names: ModelResolver) -> Command:
        fields = names.values(values)
        find = None
        if key:
            marks = self._marks(key)
            fields |= marks
            where = {f"={name}": value for name, value in marks.items() if name != self._key.name}
            find = ExternalKey("crm.item.list", self._key.name, key, where, self._type, wrap="item")
        return Command("crm.item.add", {**self._type, "fields": fields}, find=find)

    def _import_part(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Outcome]:
        data: list[dict[str, Any]] = []
        wrong: dict[int, ValidationError] = {}
        for place, row in enumerate(rows):
            try:
                data.append(self._for_import(row))
            except ValidationError as error:
                wrong[place] = error
        answer = iter(self._imported(data) if data else ())
        for place, row in enumerate(rows):
            command = Command("crm.item.import", {**self._type, "fields": dict(row)})
            if place in wrong:
                yield Outcome(command, Status.FAILED, error=wrong[place])
            else:
                yield replace(next(answer), command=command)

    def _for_import(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an import: system dates are allowed, phones come in the old form."""
        old = _OLD_MULTIFIELDS if self.entity_type_id in _REACHABLE else frozenset()
        kept = {name: value for name, value in row.items() if name in old}
        rest = {name: value for name, value in row.items() if name not in old}
        return self._names().values(rest, system=True) | kept

    def _imported(self, data: Sequence[dict[str, Any]]) -> Iterator[Outcome]:
        command = Command("crm.item.batchImport", {**self._type, "data": [*data]})
        outcome = self._client.batch([command])[0]
        results = [*as_map(as_map(outcome.result).get("items")).values()]
        for place in range(len(data)):
            if outcome.error is not None:
                yield outcome
            elif place >= len(results) or "error" in results[place]:
                body = results[place] if place < len(results) else {"error": ""}
                yield Outcome(command, Status.FAILED, error=error_from(body, method=command.method))
            else:
                yield Outcome(command, Status.DONE, results[place])

    def _written(
        self, row: Mapping[str, Any], key: str, wrong: CrmkitError | None, names: ModelResolver
    ) -> Command:
        """Return the command that makes an object; a wrong row fails by itself, not the whole lot."""
        try:
            command = self._create(row, key, names)
        except ValidationError as error:
            command, wrong = Command("crm.item.add", {"fields": dict(row)}), error
        return command if wrong is None else replace(command, refused=wrong)

    def _changed(self, item_id: int, values: Mapping[str, Any], names: ModelResolver) -> Command:
        try:
            return Command("crm.item.update", {**self._type, "id": item_id, "fields": names.values(values)})
        except ValidationError as error:
            return Command("crm.item.update", {"id": item_id, "fields": dict(values)}, refused=error)

    def _ids(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the ids of the objects that carry one of the keys."""
        name, ids = self._key.name, dict[str, int]()
        for part in parts_of(keys, PAGE):
            where = {f"={field}": value for field, value in (self._key.where or {}).items()}
            query = {**self._type, "select": ["id", name], "filter": {**where, f"@{name}": part}}
            for row in self._client.list("crm.item.list", query):
                if str(row[name]) in ids:
                    raise ValidationError(
                        f"the key {row[name]} belongs to several objects", hint="merge them"
                    )
                ids[str(row[name])] = int(row["id"])
        return ids

    def _walk(
        self, given: FilterLike, select: Sequence[str], order: Mapping[str, str] | None
    ) -> Iterator[dict[str, Any]]:
        """Yield all rows; the first read of a client gets the fields and the first page in one request.

        Until the fields are known, names are taken as they are written. If they turn out to be written
        otherwise, that page does not count.
        """
        table, first = self._client.field_table, None
        if order is not None or table.knows(_FIELDS, self._type):
            return self._client.list(_LIST, self._query(given, select, order))
        guess = self._query(given, select, None, ModelResolver(AsWritten(), self._model))
        fields, page = self._client.batch([(_FIELDS, self._type), (_LIST, opening(_LIST, guess))])
        table.keep(_FIELDS, self._type, fields.value(), *self._about_fields)
        query = self._query(given, select, None)
        if page.status is Status.DONE and query == guess:
            first = Page(rows_of(_LIST, page.result), page.total, page.next)
        return self._client.list(_LIST, query, first=first)

    def _names(self) -> ModelResolver:
        schema = self.fields()
        if self._resolver is None or self._resolver.schema is not schema:
            self._resolver = ModelResolver(schema, self._model)
        return self._resolver

    def _marks(self, key: str) -> dict[str, Any]:
        return {**(self._key.where or {}), self._key.name: key}

    def _query(
        self,
        given: FilterLike,
        select: Sequence[str],
        order: Mapping[str, str] | None,
        names: ModelResolver | None = None,
    ) -> dict[str, Any]:
        names = names or self._names()
        query = {
            **self._type,
            "filter": compile_filter(given, names, UNIVERSAL),
            "select": names.select(select) if select else ["*", "UF_*"],
        }
        return query if order is None else {**query, "order": names.order(order)}
