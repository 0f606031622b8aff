"""The portal as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from crmkit.clock import Clock
from crmkit.config import Bound, PortalConfig
from crmkit.crm import base
from crmkit.crm.adapters.planfix.account import Account
from crmkit.crm.adapters.planfix.capabilities import CAPABILITIES
from crmkit.crm.adapters.planfix.cards import Companies, Contacts
from crmkit.crm.adapters.planfix.comments import Comments
from crmkit.crm.adapters.planfix.deals import Deals
from crmkit.crm.adapters.planfix.door import PlanfixDoor, door
from crmkit.crm.adapters.planfix.drift import problems
from crmkit.crm.adapters.planfix.people import Users
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.adapters.planfix.setup import guide
from crmkit.crm.adapters.planfix.steps import Steps
from crmkit.crm.adapters.planfix.tasks import Tasks
from crmkit.crm.adapters.planfix.values import person_in, spec_of
from crmkit.crm.adapters.planfix.workspaces import Workspaces
from crmkit.crm.models import FieldSpec, Person, Pipeline
from crmkit.crm.setup import Guide, Handler, Watch
from crmkit.exceptions import ConfigurationError
from crmkit.planfix import Planfix

__all__ = ["PlanfixCrm", "connect"]


def connect(portal: PortalConfig, *, clock: Clock) -> PlanfixCrm:
    """Connect to a Planfix account. Nothing is sent yet.

    Raises:
        ConfigurationError: The token is not where it should be, or an id in the mapping is no number.
    """
    _check_ids(portal)
    client = Planfix(
        portal.url,
        token=portal.secret().get_secret_value(),
        timezone=portal.timezone,
        rate=portal.rate,
        daily_limit=portal.daily_limit,
        limits_file=portal.limits_path,
        clock=clock,
    )
    return PlanfixCrm(client, portal, clock)


class PlanfixCrm(base.Crm):
    """A Planfix account behind the neutral interface.

    Args:
        client: The vendor's client; closed with this object.
        portal: The settings.
        clock: Where time comes from.
    """

    provider: ClassVar[str] = "planfix"

    def __init__(self, client: Planfix, portal: PortalConfig, clock: Clock) -> None:
        self.capabilities = CAPABILITIES
        self.portal = portal.key
        self.clock = clock
        self.timezone = portal.zone
        self._tools = Tools(client, portal, Account(client, portal, clock), clock)
        self.deals = Deals(self, self._tools)
        self.comments = Comments(self, self._tools)
        self.tasks = Tasks(self, self._tools)
        self.users = Users(self, self._tools)
        self.companies = Companies(self, self._tools)
        self.contacts = Contacts(self, self._tools)
        self.workflows = base.Workflows(self)
        self.workspaces = Workspaces(self, self._tools)
        self.steps = Steps(self, self._tools)

    def native(self) -> Planfix:
        """Return the vendor's client."""
        return self._tools.client

    def me(self) -> Person | None:
        """Return the owner of the token, as ``user`` in the settings says: the API does not tell.

        Raises:
            ConfigurationError: The portal has no such user.
        """
        portal = self._tools.portal
        if portal.user is None:
            return None
        if (owner := self._tools.account.users().get(number_of(portal.user, "user"))) is None:
            hint = "correct the number, or let the token read users"
            raise ConfigurationError(f"{portal.where('user')}: there is no {portal.user}", hint=hint)
        return person_in(owner.person)

    def budget(self) -> base.Budget:
        """Return the request limits in force; nothing is sent."""
        budget = self._tools.client.budget()
        return base.Budget(
            per_second=budget.per_second, left_today=budget.left_today, daily_limit=budget.daily_limit
        )

    def requests_sent(self) -> int:
        """Return how many requests were sent so far, repeats included."""
        return self._tools.client.requests_sent

    def pipelines(self) -> Sequence[Pipeline]:
        """Return the process of the deals as the one pipeline there is."""
        stages = self._tools.account.stages()
        found = tuple(stages.stage(status) for status in stages.statuses.values())
        return (Pipeline(id=stages.process, stages=found),)

    def deal_fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of deals; those that are not attached to their object are not writable."""
        account = self._tools.account
        names = {int(bound.id): key for key, bound in self._tools.portal.deals.fields.items()}
        attached = account.attached()
        return [
            spec_of(one, names.get(one.id, ""), reachable=attached is None or one.id in attached)
            for one in account.task_fields().values()
        ]

    def check(self) -> Iterable[str]:
        """Compare the settings with the live portal; yield one line per problem, none if all is well.

        Raises:
            AuthenticationError: The token was refused.
            TransportError: The portal was not reached.
        """
        return problems(self._tools)

    def setup_guide(self, watches: Sequence[Watch], handler: Handler) -> Guide:
        """Tell how scenarios are built that call the handler: the API can neither make nor read one."""
        return guide(self._tools, watches, handler)

    def door(self, watches: Sequence[Watch] = ()) -> PlanfixDoor:
        """Return what reads the requests of scenarios; ``[portals.X.webhook]`` says what proves them."""
        return door(self._tools.portal, watches)

    def close(self) -> None:
        """Release the connections."""
        self._tools.client.close()

    def __repr__(self) -> str:
        return f"PlanfixCrm({self.portal!r})"


def _check_ids(portal: PortalConfig) -> None:
    sections: dict[str, Mapping[str, Bound]] = {
        "deals.stages": portal.deals.stages,
        "deals.fields": portal.deals.fields,
        "contacts.fields": portal.contacts.fields,
        "companies.fields": portal.companies.fields,
        "steps.fields": dict(portal.steps.fields.items()),
        **{f"tasks.{kind}.stages": dict(mapping.stages.items()) for kind, mapping in portal.tasks.items()},
    }
    for section, names in sections.items():
        for key, bound in names.items():
            if not bound.id.isdigit():
                raise ConfigurationError(
                    f"{portal.where(f'{section}.{key}.id')}: {bound.id!r} is no number",
                    hint="Planfix numbers its statuses and fields",
                )
