"""A Bitrix24 portal as a :class:`crmkit.sandbox.Sandbox`."""

from __future__ import annotations

import ssl
from dataclasses import fields
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from crmkit.sandbox.bitrix24.models import App, Token
from crmkit.sandbox.bitrix24.people import Act
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.seeding import ADMIN, NOISY_ROBOT, ROBOT, SEEDS, portal_mapping
from crmkit.sandbox.bitrix24.settings import Settings
from crmkit.sandbox.bitrix24.vendor import FAULT_KINDS, Bitrix24Vendor
from crmkit.sandbox.box import Sandbox
from crmkit.sandbox.clock import SandboxClock

__all__ = ["Bitrix24Sandbox"]

START = datetime(2025, 3, 3, 9, tzinfo=ZoneInfo("Europe/Moscow"))
SETTINGS = frozenset(one.name for one in fields(Settings))


class Bitrix24Sandbox(Sandbox):
    """An emulated Bitrix24 portal; made by :meth:`crmkit.sandbox.Sandbox.bitrix24`."""

    vendor: Bitrix24Vendor

    def __init__(
        self,
        seed: str,
        *,
        frozen: bool,
        port: int,
        start: datetime | None,
        tls: ssl.SSLContext | None,
        options: dict[str, Any],
    ) -> None:
        self._seed, self._options = seed, options
        self._first_moment = start or START
        clock = SandboxClock(self._first_moment, frozen=frozen)
        self._clock = clock
        super().__init__(self._build_vendor, clock=clock, port=port, kinds=FAULT_KINDS, tls=tls)

    def _build_vendor(self, seed: str | None, options: dict[str, Any]) -> Bitrix24Vendor:
        if seed is None:
            seed, options = self._seed, self._options
        if seed not in SEEDS:
            raise ValueError(f"no seed {seed!r}; there are {', '.join(SEEDS)}")
        settings = Settings(**{name: value for name, value in options.items() if name in SETTINGS})
        for_seed = {name: value for name, value in options.items() if name not in SETTINGS}
        portal = Portal(self._clock, settings, self.faults)
        start = self._first_moment.astimezone(ZoneInfo(settings.timezone))
        try:
            SEEDS[seed](portal, start=start, **for_seed)
        except TypeError as error:
            raise ValueError(f"no such option: {error}") from None
        self._seed, self._options = seed, options
        return Bitrix24Vendor(portal)

    def start(self) -> Self:
        """Serve from now on, in threads of its own."""
        super().start()
        self.vendor.portal.origin = self._origin()
        return self

    def reset(self, seed: str | None = None, **options: Any) -> None:
        """Start again; see :meth:`crmkit.sandbox.Sandbox.reset`."""
        old = self.vendor.portal
        super().reset(seed, **options)
        self.vendor.portal.origin = old.origin
        old.events.close()

    def close(self) -> None:
        """Stop serving, tell what is left to be told, and close every connection."""
        super().close()
        self.vendor.portal.events.close()

    @property
    def portal(self) -> Portal:
        """The state of the portal, up to date."""
        self.vendor.settle()
        return self.vendor.portal

    @property
    def act(self) -> Act:
        """What people do meanwhile."""
        return Act(self.portal)

    @property
    def url(self) -> str:
        """The incoming webhook of the administrator."""
        return self.webhook("admin")

    @property
    def tokens(self) -> dict[str, str]:
        """A webhook's ``user/secret`` per person, ``robot`` and ``admin`` for short."""
        tokens = {
            f"user:{hook.user}": f"{hook.user}/{hook.secret}" for hook in self.vendor.portal.webhooks.values()
        }
        return {"robot": tokens[f"user:{ROBOT}"], "admin": tokens[f"user:{ADMIN}"], **tokens}

    def webhook(self, who: str = "admin") -> str:
        """Return the address of somebody's incoming webhook.

        Raises:
            KeyError: They have none.
        """
        return f"{self._origin()}/rest/{self.tokens[who]}/"

    @property
    def app(self) -> App:
        """The application that is installed: its id, secret and ``application_token``."""
        return next(iter(self.vendor.portal.apps.values()))

    def app_token(self, who: int = ADMIN) -> Token:
        """Return a new pair of tokens of the application for a user."""
        with self.vendor.portal.lock:
            return self.vendor.portal.issue(self.app.client_id, who)

    @property
    def oauth_url(self) -> str:
        """Where the authorization server exchanges codes and refreshes tokens."""
        return f"{self._origin()}/oauth/token/"

    @property
    def portal_config(self) -> dict[str, Any]:
        """A ``[portals.X]`` section of ``crmkit.toml`` for this portal, with its robot's webhook."""
        settings = self.vendor.portal.settings
        return {
            "provider": "bitrix24",
            "url": f"{self._origin()}/rest",
            "token": self.tokens["robot"],
            "timezone": settings.timezone,
            "language": "ru",
            "rate": settings.rate,
            "robots": [f"user:{ROBOT}", f"user:{NOISY_ROBOT}"],
            "clock": "sandbox",
            **portal_mapping(self._seed),
        }
