"""Whether the settings still fit the portal: ids are bound, names are remembered, and both may drift."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

from crmkit.config import Bound, BoundField, TaskKind
from crmkit.crm.adapters.planfix.query import scope_of
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.adapters.planfix.steps import NEEDED
from crmkit.crm.adapters.planfix.values import NEUTRAL_TYPES
from crmkit.exceptions import ApiError, AuthenticationError, RateLimited
from crmkit.planfix import FieldType
from crmkit.planfix.models import CustomField, Role, Status

__all__ = ["problems"]

FATAL = (AuthenticationError, RateLimited)
"""What would meet every further look too."""
CALENDAR_TYPES: Mapping[str, int] = {"date": FieldType.DATE, "period": FieldType.PERIOD}
SEES_ALL = (Role.ADMIN, Role.TECH_ADMIN, Role.ROBOT)


def problems(tools: Tools) -> Iterator[str]:
    """Yield one line per problem: where, what, and what to do.

    Raises:
        AuthenticationError: The token was refused.
        TransportError: The portal was not reached.
    """
    tools.client.ping()
    for look in (_people, _deals, _contacts, _tasks, _steps):
        yield from _guarded(tools, look)


def _guarded(tools: Tools, look: Callable[[Tools], Iterable[str]]) -> Iterator[str]:
    try:
        yield from look(tools)
    except FATAL:
        raise
    except ApiError as error:
        # A missing scope or right, or something that is gone: one line, and on with the rest.
        yield f"{tools.portal.where()}: {error}"


def _people(tools: Tools) -> Iterator[str]:
    users = tools.account.users()
    named = {"user": (tools.portal.user,) if tools.portal.user else (), "robots": tools.portal.robots}
    for key, ids in named.items():
        for one in ids:
            found = users.get(number_of(one, "user"))
            if found is None:
                yield f"{tools.portal.where(key)}: there is no {one} (correct the number)"
            elif not found.is_active:
                yield f"{tools.portal.where(key)}: {one} «{found.full_name}» is not active (name another one)"
            elif key == "user":
                yield from _owner(tools, found.role, found.timezone)


def _owner(tools: Tools, role: str, zone: str) -> Iterator[str]:
    where = tools.portal.where("user")
    if role not in SEES_ALL:
        yield (
            f"{where}: the owner of the token has the role {role} and sees a part of the deals only "
            "(use a robot user)"
        )
    if zone and zone != tools.portal.timezone:
        yield (
            f"{where}: the owner of the token lives in {zone}, the settings say {tools.portal.timezone} "
            "(make them the same, or moments in fields are shifted)"
        )


def _deals(tools: Tools) -> Iterator[str]:
    mapping = tools.portal.deals
    if not mapping.kind:
        yield f"{tools.portal.where('deals')}: which tasks are deals is not set (set object = N)"
        return
    readable = yield from _stages(tools, "deals", mapping, mapping.stages)
    if not readable:
        return
    attached = tools.account.attached()
    for key, bound in mapping.fields.items():
        where = tools.portal.where(f"deals.fields.{key}")
        found = tools.account.task_fields().get(int(bound.id))
        yield from _field(where, bound, found)
        if found and attached is not None and found.id not in attached:
            yield (
                f"{where}: field {found.id} «{found.name}» is not attached to object {mapping.object} "
                "(attach it there, or the portal swallows its values)"
            )
    yield from _visible(tools, mapping)


def _visible(tools: Tools, mapping: TaskKind) -> Iterator[str]:
    asked, is_kind = scope_of(mapping)
    page = tools.client.tasks.page(0, 1, filters=asked, fields=("object", "template"))
    where = tools.portal.where("deals")
    if not page:
        yield f"{where}: the token sees no deal (check the number of the object and the rights of its owner)"
    elif not is_kind(page[0]):
        yield f"{where}: the portal ignores the filter by {' and '.join(mapping.kind)} (set another of them)"


def _contacts(tools: Tools) -> Iterator[str]:
    sections = {"contacts": tools.portal.contacts.fields, "companies": tools.portal.companies.fields}
    for section, fields in sections.items():
        for key, bound in fields.items():
            found = tools.account.contact_fields().get(int(bound.id))
            yield from _field(tools.portal.where(f"{section}.fields.{key}"), bound, found)


def _tasks(tools: Tools) -> Iterator[str]:
    for kind, mapping in tools.portal.tasks.items():
        where = tools.portal.where(f"tasks.{kind}")
        if not mapping.kind:
            yield f"{where}: which tasks these are is not set (set object = N)"
            continue
        for state in ("open", "done", "rejected", "cancelled"):
            if state not in mapping.stages:
                yield f"{where}.stages: no status means {state} (add {state} = {{ id = N }})"
        yield from _stages(tools, f"tasks.{kind}", mapping, dict(mapping.stages.items()))


def _steps(tools: Tools) -> Iterator[str]:
    mapping = tools.portal.steps
    if mapping.datatag is None:
        return
    found = {one.id: one for one in tools.client.datatags.get(mapping.datatag).fields}
    for name in NEEDED:
        if name not in mapping.fields:
            yield f"{tools.portal.where(f'steps.fields.{name}')}: not set (name the field of the analytics)"
    for key, bound in mapping.fields.items():
        where, field = tools.portal.where(f"steps.fields.{key}"), found.get(int(bound.id))
        yield from _field(where, bound, field)
        if field and field.type != CALENDAR_TYPES.get(key, field.type):
            yield f"{where}: field {field.id} «{field.name}» is no {key} (the calendar shows date and period)"


def _stages(
    tools: Tools, section: str, mapping: TaskKind, names: Mapping[str, Bound]
) -> Generator[str, None, bool]:
    """Yield what is wrong with the statuses of a kind of tasks; return whether they can be read at all."""
    try:
        known: Mapping[int, Status] = tools.account.statuses(mapping.kind)
    except FATAL:
        raise
    except ApiError as error:
        kinds = " and ".join(f"{name} {number}" for name, number in mapping.kind.items())
        yield f"{tools.portal.where(section)}: the statuses of {kinds} cannot be read: {error}"
        return False
    for key, bound in names.items():
        where = tools.portal.where(f"{section}.stages.{key}")
        status = known.get(int(bound.id))
        if status is None:
            there = ", ".join(f"{one.id} «{one.name}»" for one in known.values())
            yield f"{where}: the process has no status {bound.id} (there are {there})"
        else:
            yield from _renamed(where, f"status {bound.id}", bound.name, status.name)
    return True


def _field(where: str, bound: BoundField, found: CustomField | None) -> Iterator[str]:
    if found is None:
        yield f"{where}: the portal has no field {bound.id} (correct the number or remove the line)"
        return
    yield from _renamed(where, f"field {bound.id}", bound.name, found.name)
    kind = NEUTRAL_TYPES.get(found.type, "other")
    if bound.type and bound.type != kind:
        yield f"{where}: field {bound.id} «{found.name}» holds {kind}, not {bound.type} (bind another field)"
    for option in bound.options:
        if found.options and option not in found.options:
            yield f"{where}: field {bound.id} «{found.name}» has no option «{option}» (add it in the portal)"


def _renamed(where: str, what: str, remembered: str, found: str) -> Iterator[str]:
    if remembered and found and remembered != found:
        yield (
            f"{where}: {what} is called «{found}» now, not «{remembered}» "
            "(if it still means the same, change the name here)"
        )
