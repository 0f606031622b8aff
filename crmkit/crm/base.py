"""The provider-neutral interface: a portal and its rooms. Everything refuses; an adapter opts in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, ClassVar

from crmkit.clock import Clock
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.doors import Door
from crmkit.crm.models import FieldSpec, MissingField, Person, Pipeline
from crmkit.crm.rights import Operation, Right
from crmkit.crm.rooms import Comments, Companies, Contacts, Deals, Steps, Tasks, Users, Workflows, Workspaces
from crmkit.crm.setup import Guide, Handler, Watch
from crmkit.exceptions import Unsupported

__all__ = [
    "Budget",
    "Comments",
    "Companies",
    "Contacts",
    "Crm",
    "Deals",
    "Steps",
    "Tasks",
    "Users",
    "Workflows",
    "Workspaces",
]


@dataclass(frozen=True)
class Budget:
    """How many requests may be sent: ``per_second`` in the long run, ``left_today`` if days are counted."""

    per_second: float
    left_today: int | None = None
    daily_limit: int | None = None


class Crm:
    """A portal seen neutrally.

    Attributes:
        provider: The vendor's name.
        portal: A stable key of the portal, used in the ledger; never contains a secret.
        clock: Where time comes from.
        timezone: The portal's time zone: days begin and end in it.
        deals, comments, tasks, users, companies, contacts, workflows, workspaces, steps: The rooms.
        batch_size: How many writes fit into one request; 1 if the vendor has no bulk call.
    """

    provider: ClassVar[str] = ""
    capabilities: Capabilities
    portal: str
    clock: Clock
    timezone: tzinfo
    deals: Deals
    comments: Comments
    tasks: Tasks
    users: Users
    companies: Companies
    contacts: Contacts
    workflows: Workflows
    workspaces: Workspaces
    steps: Steps
    batch_size: int = 1

    def native(self) -> Any:
        """Return the vendor's client: everything it can do, nothing of it portable."""
        raise NotImplementedError

    def me(self) -> Person | None:
        """Return the user that the credentials belong to, or ``None`` if the portal does not tell."""
        return None

    def budget(self) -> Budget:
        """Return the request limits that are in force."""
        raise NotImplementedError

    def requests_sent(self) -> int:
        """Return how many requests this object has sent so far."""
        raise NotImplementedError

    def pipelines(self) -> Sequence[Pipeline]:
        """Return the pipelines in which deals live, with their stages."""
        self.capabilities.require(Capability.DEALS)
        raise NotImplementedError

    def deal_fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of deals."""
        self.capabilities.require(Capability.CUSTOM_FIELDS)
        raise NotImplementedError

    def check(self) -> Iterable[str]:
        """Compare the configuration with the live portal; yield one line per problem, none if all is well."""
        raise NotImplementedError

    def missing_fields(self) -> Iterable[MissingField]:
        """Return the fields that the settings name and the portal does not have. Nothing is written."""
        self.capabilities.require(Capability.FIELD_SETUP)
        raise NotImplementedError(f"{self.provider} declares field_setup but missing_fields is not written")

    def create_field(self, field: MissingField) -> None:
        """Make a custom field as the settings describe it: name, type, options.

        Raises:
            ConfigurationError: The settings do not say what it is to hold; nothing was sent.
            OutcomeUnknown: The answer was lost; :meth:`missing_fields` tells whether it is there.
        """
        self.capabilities.require(Capability.FIELD_SETUP)
        raise NotImplementedError(f"{self.provider} declares field_setup but create_field is not written")

    def rights(
        self, token: str, asked: Sequence[Operation], *, pipeline: str = "", adding: bool = False
    ) -> Sequence[Right]:
        """Find out what the owner of another token may do in this portal. Nothing is changed.

        Args:
            token: Where that token is kept: ``env:NAME`` or ``file:PATH``.
            asked: About what.
            pipeline: Which deals are meant (logical name or vendor id); empty: any.
            adding: Whether adding and importing may be asked too, if the provider has no certain way.

        Raises:
            AuthenticationError: The token was refused as a whole.
            ConfigurationError: There is no token where it should be.
        """
        self.capabilities.require(Capability.ROLE_PROBE)
        raise NotImplementedError(f"{self.provider} declares role_probe but rights is not written")

    def setup_guide(self, watches: Sequence[Watch], handler: Handler) -> Guide:
        """Tell what a person sets up in the portal so that it calls the handler; nothing is written.

        Args:
            watches: What a recipe wants to hear about.
            handler: Where the portal is to call.

        Raises:
            Unsupported: The provider has no such instructions.
        """
        raise Unsupported(self.provider, "setup_guide", hint="run the recipe from cron: crmkit apply RECIPE")

    def door(self, watches: Sequence[Watch] = ()) -> Door:
        """Return what reads the requests that the portal sends us; the settings say how it proves itself.

        Args:
            watches: What is listened to: where a portal numbers different things alike, the name of an event
                tells which one is meant.

        Raises:
            ConfigurationError: The settings hold no secret for that.
            Unsupported: The provider sends nothing that could be read.
        """
        raise Unsupported(self.provider, "door", hint="run the recipe from cron: crmkit apply RECIPE")

    def close(self) -> None:
        """Release the connections."""

    def __enter__(self) -> Crm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
