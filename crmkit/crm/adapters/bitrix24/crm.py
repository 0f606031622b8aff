"""The portal as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from crmkit.bitrix24 import Bitrix24
from crmkit.clock import Clock
from crmkit.config import PortalConfig, Secret
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24 import fieldsetup
from crmkit.crm.adapters.bitrix24.account import Account
from crmkit.crm.adapters.bitrix24.capabilities import CAPABILITIES
from crmkit.crm.adapters.bitrix24.cards import specs_of
from crmkit.crm.adapters.bitrix24.comments import Comments
from crmkit.crm.adapters.bitrix24.deals import Deals
from crmkit.crm.adapters.bitrix24.door import Bitrix24Door, door
from crmkit.crm.adapters.bitrix24.drift import problems
from crmkit.crm.adapters.bitrix24.people import Companies, Contacts, Users
from crmkit.crm.adapters.bitrix24.probing import Prober
from crmkit.crm.adapters.bitrix24.query import pipeline_id
from crmkit.crm.adapters.bitrix24.room import Tools
from crmkit.crm.adapters.bitrix24.setup import guide
from crmkit.crm.adapters.bitrix24.steps import Steps
from crmkit.crm.adapters.bitrix24.tasks import Tasks
from crmkit.crm.adapters.bitrix24.workflows import Workflows
from crmkit.crm.adapters.bitrix24.workspaces import Workspaces
from crmkit.crm.models import FieldSpec, MissingField, Person, Pipeline
from crmkit.crm.rights import Operation, Right
from crmkit.crm.setup import Guide, Handler, Watch
from crmkit.exceptions import ConfigurationError

__all__ = ["Bitrix24Crm", "connect"]

KEY = re.compile(r"(?:(?P<origin>https?://[^/]+)/rest/)?(?P<user>\d+)/(?P<key>[^/\s]+)/?")
BATCH = 50
HOW_TO_MAKE = 'keep "1/key", the end of an incoming webhook\'s address, in the token'


def connect(portal: PortalConfig, *, clock: Clock) -> Bitrix24Crm:
    """Connect to a Bitrix24 portal by an incoming webhook. Nothing is sent yet.

    The token is the end of the webhook's address, ``1/key``, or the whole address.

    Raises:
        ConfigurationError: The token is not where it should be, is no webhook's, or that of another portal.
    """
    secret = portal.secret().get_secret_value().strip()
    match = KEY.fullmatch(secret)
    if match is None:
        raise ConfigurationError(
            f"{portal.where('token')}: is no key of an incoming webhook", hint=HOW_TO_MAKE
        )
    parts = urlsplit(portal.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if match["origin"] not in (None, origin):
        raise ConfigurationError(
            f"{portal.where('token')}: is the webhook of another portal", hint="correct url or token"
        )
    owner = int(match["user"])
    if portal.user not in (None, f"user:{owner}"):
        raise ConfigurationError(
            f"{portal.where('user')}: the webhook belongs to user:{owner}", hint="correct it, or leave it out"
        )
    client = Bitrix24(
        f"{origin}/rest/{owner}/{match['key']}/",
        clock=clock,
        rate=portal.rate,
        limits_file=portal.limits_path,
    )
    return Bitrix24Crm(client, portal, clock, owner)


class Bitrix24Crm(base.Crm):
    """A Bitrix24 portal behind the neutral interface.

    Args:
        client: The vendor's client; closed with this object.
        portal: The settings.
        clock: Where time comes from.
        owner: The number of the user whose webhook it is.
    """

    provider: ClassVar[str] = "bitrix24"
    batch_size: int = BATCH

    def __init__(self, client: Bitrix24, portal: PortalConfig, clock: Clock, owner: int) -> None:
        self.capabilities = CAPABILITIES
        self.portal = portal.key
        self.clock = clock
        self.timezone = portal.zone
        self._tools = Tools(client, portal, Account(client, portal, clock, owner), clock)
        self.deals = Deals(self, self._tools)
        self.comments = Comments(self, self._tools)
        self.tasks = Tasks(self, self._tools)
        self.users = Users(self, self._tools)
        self.companies = Companies(self, self._tools)
        self.contacts = Contacts(self, self._tools)
        self.workflows = Workflows(self, self._tools)
        self.workspaces = Workspaces(self, self._tools)
        self.steps = Steps(self, self._tools)

    def native(self) -> Bitrix24:
        """Return the vendor's client."""
        return self._tools.client

    def me(self) -> Person | None:
        """Return the owner of the webhook: its address names the user."""
        account = self._tools.account
        return account.authors().person(account.owner)

    def budget(self) -> base.Budget:
        """Return the request limits in force; nothing is sent. A portal has no daily limit."""
        return base.Budget(per_second=self._tools.portal.rate)

    def requests_sent(self) -> int:
        """Return how many requests were sent so far, repeats included; a batch is one."""
        return self._tools.client.requests_sent

    def pipelines(self) -> Sequence[Pipeline]:
        """Return the pipelines that the token may see: ``crm.category.list``, ``crm.status.list``."""
        return self._tools.account.stages().pipelines

    def deal_fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of deals, and the vendor's own that the settings name."""
        return specs_of(self._tools, "deals")

    def check(self) -> Iterable[str]:
        """Compare the settings with the live portal; yield one line per problem, none if all is well.

        Raises:
            AuthenticationError: The token was refused.
            TransportError: The portal was not reached.
        """
        return problems(self._tools)

    def rights(
        self, token: str, asked: Sequence[Operation], *, pipeline: str = "", adding: bool = False
    ) -> Sequence[Right]:
        """Find out what the owner of another incoming webhook may do; see :mod:`.probing` how.

        Raises:
            AuthenticationError: The webhook was refused as a whole.
            ConfigurationError: There is no webhook where it should be, or no such pipeline.
        """
        portal = self._tools.portal
        category = pipeline_id(pipeline, portal, self._tools.account.stages()) if pipeline else None
        theirs = portal.model_copy(update={"token": Secret(token), "user": None})
        with connect(theirs, clock=self.clock) as other:
            prober = Prober(self._tools.client, other.native(), category, adding=adding)
            return [prober.ask(one) for one in asked]

    def missing_fields(self) -> Iterable[MissingField]:
        """Return the fields of deals, contacts and companies that are bound and not there."""
        return [*fieldsetup.missing(self._tools)]

    def create_field(self, field: MissingField) -> None:
        """Make a field: ``userfieldconfig.add``; the webhook needs the scope ``userfieldconfig``."""
        fieldsetup.create(self._tools, field)

    def setup_guide(self, watches: Sequence[Watch], handler: Handler) -> Guide:
        """Tell how outgoing webhooks are made that call the handler; nothing is bound here."""
        return guide(self._tools, watches, handler)

    def door(self, watches: Sequence[Watch] = ()) -> Bitrix24Door:
        """Return what reads events, outgoing webhooks and robots; the secret is the application token."""
        return door(self._tools.portal)

    def close(self) -> None:
        """Release the connections."""
        self._tools.client.close()

    def __repr__(self) -> str:
        return f"Bitrix24Crm({self.portal!r})"
