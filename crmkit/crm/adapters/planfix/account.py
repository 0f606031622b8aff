"""What changes rarely in an account: people, statuses, custom fields. Read once and believed for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from crmkit.clock import Clock
from crmkit.config import BoundField, PortalConfig, did_you_mean
from crmkit.crm.adapters.planfix.mapping import Authors, Stages
from crmkit.crm.models import Ref
from crmkit.exceptions import ConfigurationError, PermissionDenied
from crmkit.planfix import Planfix, filters
from crmkit.planfix.models import CustomField, Status, User

__all__ = ["BELIEVED_FOR", "Account"]

BELIEVED_FOR = 900.0
"""Seconds. Somebody dismissed or a status renamed is noticed after a quarter of an hour at the latest, while
a run over hundreds of deals does not ask again for each of them."""

CARDS_AT_ONCE = 100
USER_FIELDS = ("name", "midname", "lastname", "email", "role", "status", "groups", "timezone", "isDeleted")

T = TypeVar("T")


class Account:
    """The rarely changing things of one account.

    Args:
        client: The vendor's client.
        portal: The settings.
        clock: How old something is.
    """

    def __init__(self, client: Planfix, portal: PortalConfig, clock: Clock) -> None:
        self.portal = portal
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}

    def users(self) -> Mapping[int, User]:
        """Return all employees and robots by number, inactive ones too."""
        return self._cached(
            "users", lambda: {one.id: one for one in self._client.users.list(fields=USER_FIELDS)}
        )

    def robots(self) -> frozenset[int]:
        """Return the numbers of the users whose doings are not human."""
        named = {int(one.partition(":")[2]) for one in self.portal.robots}
        return frozenset(named | {number for number, user in self.users().items() if user.is_robot})

    def authors(self) -> Authors:
        """Return who is who."""
        return Authors(self.users(), self.robots())

    def stages(self) -> Stages:
        """Return the statuses of the deals' process, and what the settings call them.

        Raises:
            ConfigurationError: The settings do not say which tasks are deals.
        """
        kind = self.portal.deals.kind
        if not kind:
            hint = "set object = N, the number of the object in Planfix (or template, or process)"
            raise ConfigurationError(
                f"{self.portal.where('deals')}: which tasks are deals is not set", hint=hint
            )
        return Stages(self.statuses(kind), self.portal.deals.stages, process=str(kind.get("process", "")))

    def statuses(self, kind: Mapping[str, int]) -> Mapping[int, Status]:
        """Return the statuses of an object, a template or a process, in the portal's order."""
        return self._cached(
            f"statuses of {dict(kind)}", lambda: {one.id: one for one in self._statuses(kind)}
        )

    def _statuses(self, kind: Mapping[str, int]) -> tuple[Status, ...]:
        if "process" in kind:
            return self._client.processes.task_statuses(kind["process"])
        if "object" in kind:
            return self._client.objects.statuses(kind["object"])
        template = self._client.tasks.get(kind["template"], fields=("processId",))
        return self._client.processes.task_statuses(template.process_id) if template.process_id else ()

    def task_fields(self) -> Mapping[int, CustomField]:
        """Return the custom fields of tasks by number."""
        return self._cached(
            "task fields", lambda: {one.id: one for one in self._client.custom_fields.tasks()}
        )

    def contact_fields(self) -> Mapping[int, CustomField]:
        """Return the custom fields of contacts and companies by number."""
        return self._cached(
            "contact fields", lambda: {one.id: one for one in self._client.custom_fields.contacts()}
        )

    def attached(self) -> frozenset[int] | None:
        """Return the numbers of the fields that the deals' object has; ``None`` if the portal does not tell.

        Only these can be written: a value for any other field is swallowed without a word (seen live).
        """
        number = self.portal.deals.object
        return self._cached("attached fields", lambda: self._attached(number)) if number else None

    def _attached(self, number: int) -> frozenset[int] | None:
        try:
            found = frozenset(self._client.objects.get(number).custom_fields)
        except PermissionDenied:  # reading objects is a scope of its own
            return None
        return found or None

    def deal_field(self, key: str) -> CustomField:
        """Return the definition of a field of deals by its logical name.

        Raises:
            ConfigurationError: The settings do not name it, or the portal has no such field any more.
        """
        return self._field(key, "deals", self.portal.deals.fields, self.task_fields)

    def contact_field(self, key: str) -> CustomField:
        """Return the definition of a field of contacts by its logical name.

        Raises:
            ConfigurationError: As for :meth:`deal_field`.
        """
        return self._field(key, "contacts", self.portal.contacts.fields, self.contact_fields)

    def people_among(self, cards: Iterable[int]) -> dict[int, Ref | None]:
        """Return those of the contacts that are people, with the company of each: ``POST /contact/list``.

        A task tells the number of its client, not whether that is a company. It is asked for only if the
        settings name fields of contacts, so that runs that have nothing to do with them pay nothing.
        """
        if not self.portal.contacts.fields:
            return {}
        known: dict[int, Ref | None] = self._cached("people", dict)
        companies: set[int] = self._cached("companies", set)
        missing = sorted(set(cards) - known.keys() - companies)
        for start in range(0, len(missing), CARDS_AT_ONCE):
            some = missing[start : start + CARDS_AT_ONCE]
            asked = (filters.contacts.number.any_of(*some),)
            people = self._client.contacts.list(
                companies=False, filters=asked, fields=("name", "isCompany", "companies")
            )
            for card in people:
                if card.id in some and not card.is_company:
                    companies_of = (
                        Ref(kind="company", id=str(ref.id), name=ref.name) for ref in card.companies if ref
                    )
                    known[card.id] = next(companies_of, None)
            companies.update(number for number in some if number not in known)
        return {number: known[number] for number in cards if number in known}

    def company_field(self, key: str) -> CustomField:
        """Return the definition of a field of companies by its logical name.

        Raises:
            ConfigurationError: As for :meth:`deal_field`.
        """
        return self._field(key, "companies", self.portal.companies.fields, self.contact_fields)

    def _field(
        self,
        key: str,
        section: str,
        names: Mapping[str, BoundField],
        known: Callable[[], Mapping[int, CustomField]],
    ) -> CustomField:
        where = self.portal.where(f"{section}.fields")
        if key not in names:
            hint = did_you_mean(key, names) or f'add {key} = {{ id = N, name = "..." }}'
            raise ConfigurationError(f"{where}: there is no field {key!r}", hint=hint)
        definition = known().get(int(names[key].id))
        if definition is None:
            hint = "it was removed, or the token may not see it; run: crmkit doctor"
            raise ConfigurationError(f"{where}.{key}: the portal has no field {names[key].id}", hint=hint)
        return definition

    def _cached(self, name: str, read: Callable[[], T]) -> T:
        now = self._clock.monotonic()
        if name in self._known and now - self._known[name][0] < BELIEVED_FOR:
            found: T = self._known[name][1]
            return found
        value = read()
        self._known[name] = (now, value)
        return value
