"""Deals: Planfix tasks of the configured object, template or process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from crmkit.crm import base
from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.query import Facts, Query, scope_of, split
from crmkit.crm.adapters.planfix.room import Tools, custom_ids, number_of, outcome
from crmkit.crm.adapters.planfix.search import Search, clients_of
from crmkit.crm.adapters.planfix.writing import changed, created, like
from crmkit.crm.filters import Explanation, Expression, terms_of
from crmkit.crm.models import Activity, AuthorKind, Deal, DealChanges, NewDeal, WriteResult
from crmkit.exceptions import NotFound, OutcomeUnknown
from crmkit.planfix import external_id, filters
from crmkit.planfix import models as planfix
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
KEY_FIELDS = ("sourceObjectId", "assigner")
"""What has to be asked for besides, to know a deal by its key or by who created it."""
PAGE = 100
RECENT = timedelta(days=2)
"""A deal whose answer was lost is looked for within this time, nearly always."""


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
        return self._deal(task)

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
        values = changed(self._tools, self._facts(), changes)
        if not values:
            return WriteResult(id=str(number))
        updated = self._tools.client.tasks.update(number, **values)
        fields = self._tools.portal.deals.fields
        written = (*changes.fields, *(() if changes.amount is None else (mapping.AMOUNT,)))
        return outcome(updated, str(number), {key: fields[key] for key in written})

    def create(self, deal: NewDeal, *, key: str) -> WriteResult:
        """Create a deal: ``POST /task/``. The key is stored as ``sourceObjectId``, as a fingerprint.

        Everything is checked before it is sent, as by :meth:`update`. A deal has one client: the company, or
        the first contact where no company is given. A copy takes over client, amount and the custom fields
        that the settings name.

        Raises:
            ConfigurationError: A pipeline, stage or field name is not in the settings; nothing was sent.
            NotFound: The client cannot exist, or the deal to copy does not; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        new = deal if deal.copy_of is None else like(self.get(deal.copy_of.id), deal)
        made = self._tools.client.tasks.create(key=key, **created(self._tools, self._facts(), new))
        return WriteResult(id=str(made.id))

    def find_by_key(self, *keys: str) -> Iterator[Deal]:
        """Yield the deals that were created with these keys: ``POST /task/list``; deleted ones are left out.

        The API cannot search by keys. They are looked for among the deals of the last days first, which is
        one request or two; only if one is missing there, all deals are read.

        Raises:
            IncompleteList: The list could not be read to its end.
            OutcomeUnknown: The portal gives no keys back at all, and a deal of ours could be the one.
        """
        missing = {external_id(key): key for key in keys}
        recent = (self._tools.clock.now() - RECENT).astimezone(self._tools.filter_zone()).date()
        for asked in ((filters.created.since(recent),), ()):
            if not missing:
                return
            seen = list(self._with_keys(asked))
            for task in seen:
                key = missing.pop(task.source_object_id, None)
                if key is not None and not task.is_deleted:
                    raw = {name: value for name, value in task.raw.items() if name not in KEY_FIELDS}
                    yield self._deal(task).model_copy(update={"key": key, "raw": raw})
        if missing:
            self._check_that_keys_come_back(seen, recent)

    def _with_keys(self, asked: tuple[filters.Filter, ...]) -> Iterator[planfix.Task]:
        portal = self._tools.portal
        scope, is_deal = scope_of(portal.deals)
        rows = self._tools.client.tasks.list(
            filters=(*scope, *asked),
            fields=(*mapping.DEAL_FIELDS, *KEY_FIELDS),
            custom_fields=custom_ids(portal.deals.fields),
        )
        return (task for task in rows if is_deal(task))

    def _check_that_keys_come_back(self, seen: list[planfix.Task], since: date) -> None:
        """Refuse to tell that something is not there if it could not be known by its key anyway."""
        if any(task.source_object_id for task in seen):
            return
        me = self._tools.portal.user
        doubtful = [
            str(task.id)
            for task in seen
            if task.created_at is not None
            and task.created_at.date() >= since
            and (me is None or str(task.assigner) == me)
        ]
        if doubtful:
            raise OutcomeUnknown(
                f"the portal gives no keys back; a new deal could be one of {', '.join(doubtful[:5])}",
                operation="POST /task/",
                checked="among all deals",
                hint="look at them in the portal",
            )

    def _deal(self, task: planfix.Task) -> Deal:
        fields, account = self._tools.portal.deals.fields, self._tools.account
        people = account.people_among(clients_of((task,)))
        return mapping.deal(task, account.stages(), fields, self._tools.web, people=people)

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


def _is_human(entry: Activity) -> bool:
    return entry.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT)
