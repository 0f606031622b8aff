"""Deals: Planfix tasks of the configured object, template or process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.crm import base
from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.query import Facts, Query, scope_of, split, stage_id
from crmkit.crm.adapters.planfix.room import Tools, custom_ids, number_of, outcome
from crmkit.crm.adapters.planfix.search import Search
from crmkit.crm.adapters.planfix.values import person_out, to_planfix
from crmkit.crm.filters import Explanation, Expression, terms_of
from crmkit.crm.models import Activity, AuthorKind, Deal, DealChanges, Person, WriteResult
from crmkit.exceptions import NotFound, ValidationError
from crmkit.planfix import ids
from crmkit.planfix.models import CommentKind

__all__ = ["HISTORY_FIELDS", "Deals"]

HISTORY_FIELDS = (
    "dateTime",
    "type",
    "fromType",
    "description",
    "owner",
    "changeStatus",
    "changeTaskStartDate",
    "changeTaskExpectDate",
)
"""What has to be asked for to know an entry of a history."""
PAGE = 100


class Deals(base.Deals):
    """Deals and their history."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        """Yield all deals that satisfy every condition, streamed, ordered by number: ``POST /task/list``.

        Deleted deals are left out. Requests: one for the statuses (remembered for a while), then per
        variant of the filter one per 99 rows; by number, one per 100 numbers. What :meth:`explain` shows as
        local costs rows that are read and dropped.

        Raises:
            ConfigurationError: A stage or field name is not in the settings; nothing was asked for.
            ValidationError: A value does not fit its field; nothing was asked for.
            IncompleteList: The list could not be read to its end.
        """
        return Search(self._tools, self._split(conditions)).deals()

    def explain(self, *conditions: Expression) -> Explanation:
        """Tell which part of a filter Planfix evaluates and which is evaluated here."""
        return self._split(conditions).explanation

    def get(self, deal_id: str) -> Deal:
        """Return one deal: ``GET /task/{id}``.

        Raises:
            NotFound: There is no such task, this token may not see it, or it is no deal.
        """
        portal = self._tools.portal
        task = self._tools.client.tasks.get(
            number_of(deal_id, "deal"),
            fields=mapping.DEAL_FIELDS,
            custom_fields=custom_ids(portal.deals.fields),
        )
        _, is_deal = scope_of(portal.deals)
        if not is_deal(task):
            raise NotFound(f"task {task.id} is no deal", hint="its object or template is another one")
        return mapping.deal(task, self._tools.account.stages(), portal.deals.fields, self._tools.web)

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        """Return what happened to a deal, newest first: ``POST /task/{id}/comments/list`` of all kinds.

        Comments and changes of the status and the planned dates are there with their authors. A change of a
        field is not: it only shows in :attr:`Deal.updated_at`.

        Args:
            deal_id: The deal.
            until_human: Read no further page once an entry of a person or client is there. One page, 100
                entries, is one request.
        """
        number = number_of(deal_id, "deal")
        comments, authors = self._tools.client.comments, self._tools.account.authors()
        page = comments.page(number, 0, PAGE, kind=CommentKind.ALL, newest_first=True, fields=HISTORY_FIELDS)
        entries = [mapping.activity(one, authors) for one in page]
        if len(page) == PAGE and not (until_human and any(map(_is_human, entries))):
            entries = []
            for one in comments.list(number, kind=CommentKind.ALL, newest_first=True, fields=HISTORY_FIELDS):
                entries.append(mapping.activity(one, authors))
                if until_human and _is_human(entries[-1]):
                    break
        # Numbers give the order of writing; a back-dated entry belongs elsewhere.
        return tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        """Change a deal in one write: ``POST /task/{id}``. Changes of nothing send nothing.

        Everything is checked before it is sent. The portal swallows what it does not understand: an unknown
        option, a value for a field that the object does not have, a user that does not exist.

        Returns:
            ``PENDING`` for HTTP 202: read the deal to see. ``PARTIAL`` with the refused fields by their
            logical names.

        Raises:
            ConfigurationError: A stage or field name is not in the settings; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the deal to see.
        """
        number = number_of(deal_id, "deal")
        values = self._values(changes)
        if not values:
            return WriteResult(id=str(number))
        updated = self._tools.client.tasks.update(number, **values)
        fields = self._tools.portal.deals.fields
        return outcome(updated, str(number), {key: fields[key] for key in changes.fields})

    def _split(self, conditions: tuple[Expression, ...]) -> Query:
        return split(terms_of(conditions), self._facts())

    def _facts(self) -> Facts:
        tools = self._tools
        return Facts(
            mapping=tools.portal.deals,
            stages=tools.account.stages(),
            field=tools.account.deal_field,
            filter_zone=tools.filter_zone,
            now=tools.clock.now(),
            where=tools.portal.where,
        )

    def _values(self, changes: DealChanges) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if changes.title is not None:
            values["name"] = changes.title
        if changes.stage is not None:
            values["status"] = stage_id(changes.stage, self._facts())
        if changes.assignees is not None:
            values["assignees"] = tuple(self._known(person) for person in changes.assignees)
        if changes.fields:
            values["custom_fields"] = dict(self._field(key, value) for key, value in changes.fields.items())
        return values

    def _field(self, key: str, value: Any) -> tuple[int, Any]:
        account = self._tools.account
        definition = account.deal_field(key)
        attached = account.attached()
        if attached is not None and definition.id not in attached:
            raise ValidationError(
                f"field {key!r}: {definition.id} «{definition.name}» is not attached to the deals' object",
                hint="attach it in the settings of the object; until then the portal would swallow the value",
            )
        written = to_planfix(definition, value)
        definition.encode(written, self._tools.client.timezone)  # refuses what the field cannot hold
        return definition.id, written

    def _known(self, person: Person) -> ids.Person:
        found = person_out(person)
        if found.kind == "user" and found.id not in self._tools.account.users():
            raise ValidationError(f"assignees: there is no {found}", hint="see crm.users.list()")
        return found


def _is_human(entry: Activity) -> bool:
    return entry.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT)
