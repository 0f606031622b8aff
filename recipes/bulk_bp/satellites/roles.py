"""May people do what they should, and no more? The settings are the matrix, a token of the role is the proof.

A person of the call centre only looks at contacts, companies and the deals of the own pipeline, and may write
into a deal; may not add deals, import them, or change invoices and quotes. Neither provider tells roles, so
each operation is tried with a token of the role, in a way that changes nothing. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from crmkit.automation.memory import Memory
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref
from crmkit.crm.rights import Operation, Right
from crmkit.exceptions import NotFound
from recipes.bulk_bp.satellites.common import wrong
from recipes.bulk_bp.satellites.texts import columns, say

__all__ = ["BulkBpRoles", "RoleRule", "RoleSettings", "RoleSnapshot"]

ROLES = "bulk_bp_roles"
Ctx = Context["RoleSettings"]


def _operation(text: str) -> str:
    try:
        return str(Operation.of(text))
    except ValueError as error:
        raise wrong(str(error)) from None


def _reference(text: str) -> str:
    kind, _, name = text.partition(":")
    if kind not in ("env", "file") or not name.strip():
        raise wrong('a token is only named here: write "env:NAME" or "file:PATH"')
    return text


OperationName = Annotated[str, AfterValidator(_operation)]
Reference = Annotated[str, AfterValidator(_reference)]


class RoleRule(Settings):
    """What a role may do and may not do."""

    token: Reference = Field(description='Where a token of the role is kept: "env:NAME" or "file:PATH".')
    pipeline: str = Field("", description="Which deals are meant, by logical name or id; empty: any.")
    allowed: tuple[OperationName, ...] = Field((), description="What it may do, for example deals.view.")
    forbidden: tuple[OperationName, ...] = Field((), description="What it may not do.")

    @field_validator("forbidden")
    @classmethod
    def _not_both(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if both := set(value) & set(info.data.get("allowed", ())):
            raise wrong(f"{min(both)} is allowed and forbidden")
        return value


class RoleSettings(Settings):
    """The matrix."""

    roles: dict[str, RoleRule] = Field(min_length=1, description="The roles by their names.")
    adding: bool = Field(
        False,
        description="Ask about adding and importing too: with a stage that does not exist, so that the "
        "portal refuses it either way. That it always does is not documented.",
    )


@dataclass(frozen=True)
class RoleSnapshot:
    """One cell of the matrix.

    Attributes:
        role: Its name.
        expected: Whether it should be allowed.
        right: What was seen.
    """

    role: str
    expected: bool
    right: Right

    @property
    def ref(self) -> Ref:
        """What the cell is called."""
        name = f"{self.role}: {self.right.operation}"
        return Ref(kind="entry", id=f"{self.role}/{self.right.operation}", name=name)


class BulkBpRoles(Recipe[RoleSettings, RoleSnapshot]):
    """Compares what roles may do with what they should.

    Example:
        >>> rule = RoleRule(token="env:CALL_CENTRE", allowed=("deals.view",), forbidden=("deals.add",))
        >>> BulkBpRoles(RoleSettings(roles={"Колл-центр": rule})).name
        'bulk_bp_roles'
    """

    name: ClassVar[str] = ROLES
    title: ClassVar[dict[str, str]] = {"ru": "Матрица ролей", "en": "Matrix of roles"}
    settings_type: ClassVar[type[Settings]] = RoleSettings
    requires = frozenset({Capability.ROLE_PROBE})

    def candidates(self, ctx: Ctx) -> Iterable[RoleSnapshot]:
        """Yield every cell of the matrix, tried just now."""
        for name, rule in ctx.settings.roles.items():
            expected = {**dict.fromkeys(rule.allowed, True), **dict.fromkeys(rule.forbidden, False)}
            asked = [Operation.of(one) for one in expected]
            rights = ctx.crm.rights(rule.token, asked, pipeline=rule.pipeline, adding=ctx.settings.adding)
            for right in rights:
                yield RoleSnapshot(name, expected[str(right.operation)], right)

    def observe(self, ctx: Ctx, entity: Ref) -> RoleSnapshot:
        """Try one cell again.

        Raises:
            NotFound: It is not in the matrix.
        """
        for one in self.candidates(ctx):
            if one.ref == entity:
                return one
        raise NotFound(f"{entity} is not in the matrix", hint="see the settings of bulk_bp_roles")

    def entity(self, snapshot: RoleSnapshot) -> Ref:
        """Return the cell."""
        return snapshot.ref

    def decide(self, snapshot: RoleSnapshot, now: datetime, memory: Memory) -> Decision:
        """Compare; there is nothing to be done but to tell."""
        right, facts = snapshot.right, _facts(snapshot)
        if right.allowed is None:
            reason = say("reason.untold", why=right.how)
            return Decision(verdict="untold", reason=reason, attention=True, facts=facts)
        if right.allowed == snapshot.expected:
            return Decision(verdict="as_expected", reason=say("reason.as_expected"), facts=facts)
        verdict = "too_much" if right.allowed else "too_little"
        return Decision(verdict=verdict, reason=say(f"reason.{verdict}"), attention=True, facts=facts)

    def tables(
        self, ctx: Ctx, items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return the matrix: what is expected and what was seen."""
        rows = [
            (
                item.facts["role"],
                item.facts["operation"],
                _may(item.facts["expected"]),
                _may(item.facts["seen"]),
                item.reason,
                item.facts["how"],
            )
            for item in items
        ]
        head = columns(
            ("role", "text"),
            ("operation", "text"),
            ("expected", "text"),
            ("seen", "text"),
            ("note", "text"),
            ("how", "text"),
        )
        return (Table("matrix", say("report.matrix"), head, rows),)


def _facts(snapshot: RoleSnapshot) -> dict[str, Any]:
    return {
        "role": snapshot.role,
        "operation": str(snapshot.right.operation),
        "expected": snapshot.expected,
        "seen": snapshot.right.allowed,
        "how": snapshot.right.how,
    }


def _may(allowed: bool | None) -> Any:
    return say({True: "may.yes", False: "may.no", None: "may.untold"}[allowed])
