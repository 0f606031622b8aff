"""Whether the portal is set up for the recipe: asked before anything is decided, not deal by deal."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.crm.base import Crm
from crmkit.crm.models import TaskState
from crmkit.exceptions import ConfigurationError
from recipes.stale_deals.settings import StaleDealsSettings, person
from recipes.stale_deals.snapshot import Portal

__all__ = ["NEEDED_FIELDS", "check", "check_tasks"]

NEEDED_FIELDS = ("return_state", "previous_assignee", "new_assignee")
"""Fields without which a return could not be told, taken back or approved. The others are optional."""
WRITTEN_FIELDS = (*NEEDED_FIELDS, "label")


def check(portal: Portal, settings: StaleDealsSettings) -> None:
    """Do nothing if the recipe can work on the portal.

    Raises:
        ConfigurationError: A field, option, stage or person is missing; the first of what is wrong.
    """
    for problem, hint in _problems(portal, settings):
        raise ConfigurationError(f"stale_deals: {problem}", hint=hint)


def check_tasks(crm: Crm) -> None:
    """Do nothing if the settings name an object and the statuses for the approval tasks.

    Raises:
        ConfigurationError: They do not; otherwise the first return, weeks later, would find out.
    """
    named = crm.tasks.states("approval")
    if missing := [state.value for state in TaskState if state not in named]:
        raise ConfigurationError(
            f"stale_deals: the approval tasks need the states {', '.join(missing)}",
            hint="bind them in [portals.….tasks.approval.stages] of crmkit.toml",
        )


def _problems(portal: Portal, settings: StaleDealsSettings) -> Iterator[tuple[str, str]]:
    yield from _fields(portal)
    yield from _options(portal, settings)
    if not any(stage.key == settings.new_stage for stage in portal.stages):
        hint = "name it in [portals.….deals.stages] of crmkit.toml"
        yield f"no stage of the deals is called {settings.new_stage!r}", hint
    for name, reference in _people(settings):
        if portal.user(person(reference)) is None:
            yield f"{name}: there is no {reference} on the portal", "see crmkit doctor, or crm.users.list()"


def _fields(portal: Portal) -> Iterator[tuple[str, str]]:
    if missing := [name for name in NEEDED_FIELDS if name not in portal.fields]:
        hint = "bind them in [portals.….deals.fields] of crmkit.toml"
        yield f"the deals need the fields {', '.join(missing)}", hint
    for name in WRITTEN_FIELDS:
        spec = portal.fields.get(name)
        if spec is not None and not spec.writable:
            hint = "attach it to the object of the deals, or bind another field"
            yield f"the field {name} «{spec.name}» cannot be written", hint


def _options(portal: Portal, settings: StaleDealsSettings) -> Iterator[tuple[str, str]]:
    states = settings.states
    wanted = {"return_state": (states.free, states.review, states.confirmed), "label": (settings.label,)}
    for name, values in wanted.items():
        spec = portal.fields.get(name)
        if spec is None or not spec.options:
            continue
        if unknown := [value for value in values if value not in spec.options]:
            hint = "add it on the portal, or set states and label as the portal spells them"
            yield f"the field {name} «{spec.name}» has no option {unknown[0]!r}", hint


def _people(settings: StaleDealsSettings) -> Iterator[tuple[str, str]]:
    for name in ("supervisor", "fallback", "fallback_owner", "escalate_to"):
        if reference := getattr(settings, name):
            yield name, reference
    yield from (("supervisors", reference) for reference in settings.supervisors.values())
    yield from (("approvers", reference) for reference in settings.approvers)
