"""Whether the settings still fit the portal: ids are bound, names are remembered, and both may drift."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from crmkit.config import Bound, BoundField
from crmkit.crm.adapters.bitrix24.account import full_name
from crmkit.crm.adapters.bitrix24.room import Tools, number_of
from crmkit.crm.adapters.bitrix24.states import States
from crmkit.crm.adapters.bitrix24.values import neutral_type
from crmkit.exceptions import ApiError, AuthenticationError, ConfigurationError, RateLimited

__all__ = ["problems"]

FATAL = (AuthenticationError, RateLimited)
"""What would meet every further look too."""
PLANFIX_KEYS = ("object", "template", "process")


def problems(tools: Tools) -> Iterator[str]:
    """Yield one line per problem: where, what, and what to do.

    Raises:
        AuthenticationError: The token was refused.
        TransportError: The portal was not reached.
    """
    tools.account.forget()
    for look in (_people, _pipelines, _stages, _fields, _tasks, _workflows):
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
    for one in tools.portal.robots:
        found = users.get(number_of(one, "user"))
        where = tools.portal.where("robots")
        if found is None:
            yield f"{where}: there is no {one} (correct the number)"
        elif found.active is False:
            yield f"{where}: {one} «{full_name(found)}» is not active (name another one)"
    owner = tools.account.owner
    if owner not in tools.account.robots():
        yield (
            f"{tools.portal.where('robots')}: user:{owner}, whose webhook it is, is not among them, so what "
            f'we write would count as a person\'s doing (use a user of its own and add "user:{owner}")'
        )


def _pipelines(tools: Tools) -> Iterator[str]:
    known = {one.id: one.name for one in tools.account.stages().pipelines}
    yield from _bound(tools, "deals.pipelines", tools.portal.deals.pipelines, known, "pipeline")


def _stages(tools: Tools) -> Iterator[str]:
    known = {one.id: one.name for one in tools.account.stages().stages.values()}
    yield from _bound(tools, "deals.stages", tools.portal.deals.stages, known, "stage")
    given = [key for key in PLANFIX_KEYS if getattr(tools.portal.deals, key)]
    if given:
        yield f"{tools.portal.where('deals')}: {given[0]} means nothing at Bitrix24 (remove it)"


def _fields(tools: Tools) -> Iterator[str]:
    for section in ("deals", "contacts", "companies"):
        for key, bound in tools.account.bound(section).items():
            yield from _field(tools, section, key, bound)


def _field(tools: Tools, section: str, key: str, bound: BoundField) -> Iterator[str]:
    where = tools.portal.where(f"{section}.fields.{key}")
    found = tools.account.find_field(bound.id, section)
    if found is None:
        yield f"{where}: the portal has no field {bound.id} (correct the name or remove the line)"
        return
    if found.name.startswith("UF_"):  # the vendor's own fields are called otherwise in every language
        yield from _renamed(where, f"field {found.name}", bound.name, found.title)
    kind, label = neutral_type(found), f"field {found.name} «{found.title}»"
    if bound.type and bound.type != kind:
        yield f"{where}: {label} holds {kind}, not {bound.type} (bind another field)"
    for option in bound.options:
        if option not in (found.items or {}).values():
            yield f"{where}: {label} has no option «{option}» (add it in the portal)"


def _tasks(tools: Tools) -> Iterator[str]:
    for kind, mapping in tools.portal.tasks.items():
        where = tools.portal.where(f"tasks.{kind}")
        if mapping.kind:
            yield f"{where}: {next(iter(mapping.kind))} means nothing at Bitrix24 (remove it)"
        try:
            States.of(mapping, f"{where}.stages")
        except ConfigurationError as error:
            yield str(error)


def _workflows(tools: Tools) -> Iterator[str]:
    if tools.portal.workflows:
        known = {str(one.id): one.name or "" for one in tools.client.workflows.templates()}
        yield from _bound(tools, "workflows", tools.portal.workflows, known, "business process")


def _bound(
    tools: Tools, section: str, names: Mapping[str, Bound], known: Mapping[str, str], what: str
) -> Iterator[str]:
    for key, bound in names.items():
        where = tools.portal.where(f"{section}.{key}")
        if bound.id not in known:
            there = ", ".join(f"{number} «{name}»" for number, name in known.items())
            yield f"{where}: the portal has no {what} {bound.id} (there are {there})"
        else:
            yield from _renamed(where, f"{what} {bound.id}", bound.name, known[bound.id])


def _renamed(where: str, what: str, remembered: str, found: str) -> Iterator[str]:
    if remembered and found and remembered != found:
        yield (
            f"{where}: {what} is called «{found}» now, not «{remembered}» "
            "(if it still means the same, change the name here)"
        )
