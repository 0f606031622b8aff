"""Business processes of the portal: ``bizproc.workflow.*``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmkit.bitrix24 import Command, Outcome
from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.envelope import rows_of
from crmkit.bitrix24.resources.office import document
from crmkit.config import did_you_mean
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24.room import TYPES, Tools, number_of, whole
from crmkit.crm.adapters.bitrix24.writing import neutral_outcome, send_each
from crmkit.crm.models import EntityKind, Ref, Workflow, WorkflowStart, WorkflowTemplate, WriteResult
from crmkit.crm.rooms import Outcomes
from crmkit.exceptions import ApiError, ConfigurationError, CrmkitError, ValidationError

__all__ = ["Workflows"]

DOCUMENTS: dict[str, EntityKind] = {
    "CCrmDocumentDeal": "deal",
    "CCrmDocumentContact": "contact",
    "CCrmDocumentCompany": "company",
}
DOCUMENT_ID = re.compile(r"(DEAL|CONTACT|COMPANY)_(\d+)")
GONE = "error_wrong_workflow_id"
"""What the portal calls a process that has ended, or never was."""
SELECT = ("ID", "TEMPLATE_ID", "MODULE_ID", "ENTITY", "DOCUMENT_ID", "STARTED", "STARTED_BY")


class Workflows(base.Workflows):
    """Business processes. All of this needs an administrator's token."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def templates(self) -> Sequence[WorkflowTemplate]:
        """Return the processes of deals, contacts and companies: ``bizproc.workflow.template.list``."""
        names = _names(self._tools)
        found = (_template(one, names) for one in self._tools.client.workflows.templates())
        return [one for one in found if one]

    def start(self, start: WorkflowStart) -> WriteResult:
        """Start a process on an object: ``bizproc.workflow.start``.

        Raises:
            ConfigurationError: ``template`` is neither a number nor in ``[portals.X.workflows]``.
            OutcomeUnknown: The answer was lost; see :meth:`running`. Nothing tells once it has ended.
            ApiError: The portal refused, for example because enough processes run on the object.
        """
        (outcome,) = self.start_many([start])
        if isinstance(outcome, WriteResult):
            return outcome
        raise outcome

    def start_many(self, starts: Sequence[WorkflowStart]) -> Outcomes:
        """Start processes, fifty per request; one outcome each, in order. None is started twice."""
        return send_each(starts, self._command, self._tools.client.batch, _started)

    def running(self, *entities: Ref, since: datetime | None = None) -> Iterator[Workflow]:
        """Yield what is running: ``bizproc.workflow.instances``, fifty objects per request.

        The robots of stages run as processes too; tell them apart by ``template``. A filter that the portal
        drops returns everything, so every row is checked here.
        """
        wanted = {(one.kind, str(number_of(one, one.kind))) for one in entities}
        for one in self._instances(entities):
            workflow = _workflow(one, self._tools)
            if workflow is None or (entities and (workflow.entity.kind, workflow.entity.id) not in wanted):
                continue
            if since is None or workflow.started_at is None or workflow.started_at >= whole(since):
                yield workflow

    def terminate(self, workflow_id: str, *, reason: str = "") -> WriteResult:
        """Stop a running process: ``bizproc.workflow.terminate``. One that has ended already is no error."""
        try:
            self._tools.client.workflows.terminate(workflow_id, reason)
        except ApiError as error:
            if error.code.lower() != GONE:
                raise
        return WriteResult(id=workflow_id)

    def _command(self, start: WorkflowStart) -> Command:
        kind = start.entity.kind
        if kind not in TYPES:
            raise ValidationError(
                f"{start.entity} has no business processes", hint="deals, contacts, companies"
            )
        params = {
            "TEMPLATE_ID": self._template_id(start.template),
            "DOCUMENT_ID": [*document(TYPES[kind], number_of(start.entity, kind))],
            "PARAMETERS": {name: _parameter(value) for name, value in start.parameters.items()},
        }
        if not start.parameters:
            del params["PARAMETERS"]
        return Command("bizproc.workflow.start", params)

    def _template_id(self, name: str) -> int:
        names = self._tools.portal.workflows
        number = names[name].id if name in names else name
        if name in names and (other := _names(self._tools)[number]) != name:
            # What runs is told by one name: under the other one a start would seem never to have happened.
            where = self._tools.portal.where("workflows")
            raise ConfigurationError(
                f"{where}: {name} and {other} are the same process", hint="keep one of the two names"
            )
        if number.isdigit():
            return int(number)
        hint = did_you_mean(name, names) or f"there are {', '.join(names) or 'none'}"
        raise ConfigurationError(
            f"{self._tools.portal.where('workflows')}: there is no process {name!r}", hint=hint
        )

    def _instances(self, entities: Sequence[Ref]) -> Iterator[bitrix24.Workflow]:
        if not entities:
            yield from self._tools.client.workflows.running()
            return
        commands = [
            Command(
                "bizproc.workflow.instances",
                {"SELECT": [*SELECT], "FILTER": _document_filter(one), "ORDER": {"STARTED": "ASC"}},
            )
            for one in dict.fromkeys(entities)
        ]
        for outcome in self._tools.client.batch(commands):
            rows = rows_of(outcome.command.method, outcome.value())
            if outcome.next and outcome.next > 0:  # the filter was dropped, or very much runs on one object
                rows = [*self._tools.client.list(outcome.command.method, {**dict(outcome.command.params)})]
            yield from map(bitrix24.Workflow.from_row, rows)


def _document_filter(entity: Ref) -> dict[str, Any]:
    module, kind, name = document(TYPES[entity.kind], number_of(entity, entity.kind))
    return {"MODULE_ID": module, "ENTITY": kind, "DOCUMENT_ID": name}


def _started(start: WorkflowStart, outcome: Outcome) -> WriteResult | CrmkitError:
    return neutral_outcome(outcome, str(outcome.result or ""))


def _names(tools: Tools) -> dict[str, str]:
    """Return the logical names of processes by the vendor's numbers."""
    return {bound.id: key for key, bound in tools.portal.workflows.items()}


def _template(one: bitrix24.WorkflowTemplate, names: Mapping[str, str]) -> WorkflowTemplate | None:
    kind = DOCUMENTS.get(one.entity or "")
    if kind is None:
        return None
    required = [name for name, facts in one.parameters.items() if str(facts.get("Required")) in ("1", "Y")]
    return WorkflowTemplate(
        id=str(one.id),
        name=one.name or "",
        key=names.get(str(one.id), ""),
        kind=kind,
        parameters=tuple(one.parameters),
        required=tuple(required),
        raw=dict(one.raw),
    )


def _workflow(one: bitrix24.Workflow, tools: Tools) -> Workflow | None:
    match = DOCUMENT_ID.fullmatch(one.document_id or "")
    kind = DOCUMENTS.get(one.entity or "")
    if match is None or kind is None:
        return None
    return Workflow(
        id=one.id,
        template=str(one.template_id or ""),
        template_key=_names(tools).get(str(one.template_id), ""),
        entity=Ref(kind=kind, id=match[2]),
        started_at=one.started,
        started_by=tools.account.authors().person(one.started_by),
    )


def _parameter(value: Any) -> Any:
    """Return a parameter as processes take it: people are ``user_5``."""
    if isinstance(value, Ref):
        return f"{value.kind}_{number_of(value, value.kind)}"
    return [*map(_parameter, value)] if isinstance(value, tuple | list) else value
