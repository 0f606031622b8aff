"""Reading the portal, and whether it is set up for the recipe: asked before any company is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crmkit.automation.messages import Language
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Pipeline, Stage, TaskState
from crmkit.exceptions import ConfigurationError
from recipes.auto_deal.settings import OWN_FIELDS, AutoDealSettings
from recipes.auto_deal.snapshot import Portal

__all__ = ["read_portal"]


def read_portal(crm: Crm, settings: AutoDealSettings, language: Language) -> Portal:
    """Read the people, fields and stages of the portal.

    Raises:
        ConfigurationError: The portal lacks something that the settings name.
        Unsupported: The provider cannot do what the settings ask for.
    """
    pipeline = _pipeline(crm.pipelines(), settings.pipeline)
    portal = Portal(
        language=language,
        timezone=crm.timezone,
        pipeline=pipeline.id,
        stage=_stage(pipeline, settings.stage).id,
        users={user.id: user for user in crm.users.list()},
        card={spec.key: spec for spec in crm.companies.fields() if spec.key},
        fields={spec.key: spec for spec in crm.deal_fields() if spec.key},
        states=crm.tasks.states(settings.task_kind),
        templates=_templates(crm, settings),
        has_checklists=Capability.CHECKLISTS in crm.capabilities,
    )
    for problem, hint in _problems(portal, settings):
        raise ConfigurationError(problem, hint=hint)
    if settings.clients_only:
        crm.capabilities.require(Capability.COMPANY_TYPES)
    return portal


def _problems(portal: Portal, settings: AutoDealSettings) -> Iterator[tuple[str, str]]:
    """Yield what is missing and what to do."""
    needed = [*settings.required, *settings.copy_fields]
    needed += ["cost"] if "tariff" in settings.required else []  # an individual tariff needs one
    for name in needed:
        if name not in portal.card and name not in OWN_FIELDS:
            where = f"portals.X.companies.fields.{name}"
            yield (
                f"{where}: the field of companies is not bound",
                f'add {name} = {{ id = ..., name = "..." }}',
            )
    for state in (TaskState.OPEN, TaskState.DONE):
        if state not in portal.states:
            where = f"portals.X.tasks.{settings.task_kind}.stages"
            yield f"{where}: nothing means {state.value!r}", "tasks that ask have to be opened and closed"


def _pipeline(known: Sequence[Pipeline], wanted: str) -> Pipeline:
    """Return the pipeline with this key, id or name; the only one there is if nobody has named it."""
    found = [one for one in known if wanted and wanted in (one.key, one.id, one.name)]
    if found:
        return found[0]
    if len(known) == 1 and (not wanted or not (known[0].key or known[0].name)):
        return known[0]
    names = ", ".join(repr(one.key or one.name or one.id) for one in known)
    raise ConfigurationError(
        f"recipes.auto_deal.pipeline: there is no pipeline {wanted!r}", hint=f"there are: {names}"
    )


def _stage(pipeline: Pipeline, wanted: str) -> Stage:
    found = [one for one in pipeline.stages if wanted in (one.key, one.id, one.name)]
    if found:
        return found[0]
    names = ", ".join(repr(one.name or one.key or one.id) for one in pipeline.stages)
    raise ConfigurationError(
        f"recipes.auto_deal.stage: there is no stage {wanted!r}", hint=f"there are: {names}"
    )


def _templates(crm: Crm, settings: AutoDealSettings) -> Mapping[str, str]:
    """Return the ids of the processes that the steps start, by id and by name."""
    wanted = [step for step in settings.steps if step.do == "workflow"]
    if not wanted:
        return {}
    crm.capabilities.require(Capability.WORKFLOWS)
    found = [one for one in crm.workflows.templates() if one.kind == "deal"]
    known = {one.name: one.id for one in found} | {one.id: one.id for one in found}
    for step in wanted:
        if step.template not in known:
            names = ", ".join(repr(one.name) for one in found) or "none"
            raise ConfigurationError(
                f"recipes.auto_deal.steps.{step.name}.template: there is no process {step.template!r}",
                hint=f"processes of deals: {names}",
            )
    return known
