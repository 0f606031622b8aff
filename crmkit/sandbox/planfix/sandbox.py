"""A Planfix account as a :class:`crmkit.sandbox.Sandbox`."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.box import Sandbox
from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.exchange import Exchange
from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.doors import Doors
from crmkit.sandbox.planfix.people import Act
from crmkit.sandbox.planfix.seeding import ADMIN, ROBOT, SEEDS, portal_mappings
from crmkit.sandbox.planfix.settings import Settings
from crmkit.sandbox.planfix.vendor import FAULT_KINDS, PlanfixVendor
from crmkit.sandbox.wire import Reply, Request

__all__ = ["PlanfixSandbox"]

START = datetime(2025, 3, 3, 9, tzinfo=ZoneInfo("Europe/Moscow"))
SETTINGS = frozenset(one.name for one in fields(Settings))


class PlanfixSandbox(Sandbox):
    """An emulated Planfix account; made by :meth:`crmkit.sandbox.Sandbox.planfix`."""

    vendor: PlanfixVendor

    def __init__(
        self, seed: str, *, frozen: bool, port: int, start: datetime | None, options: dict[str, Any]
    ) -> None:
        self._seed, self._options = seed, options
        self._first_moment = start or START
        clock = SandboxClock(self._first_moment, frozen=frozen)
        self._clock = clock
        super().__init__(self._build_vendor, clock=clock, port=port, kinds=FAULT_KINDS)

    def _build_vendor(self, seed: str | None, options: dict[str, Any]) -> PlanfixVendor:
        if seed is None:
            seed, options = self._seed, self._options
        if seed not in SEEDS:
            raise ValueError(f"no seed {seed!r}; there are {', '.join(SEEDS)}")
        settings = Settings(**{name: value for name, value in options.items() if name in SETTINGS})
        for_seed = {name: value for name, value in options.items() if name not in SETTINGS}
        account = Account(self._clock, settings, self.requests)
        start = self._first_moment.astimezone(ZoneInfo(settings.timezone))
        try:
            SEEDS[seed](account, start=start, **for_seed)
        except TypeError as error:
            raise ValueError(f"no such option: {error}") from None
        self._seed, self._options = seed, options
        return PlanfixVendor(account)

    def _answer(self, request: Request) -> Reply | None:
        doors = Doors(self.vendor.account)
        if doors.opens(request.path):
            return Exchange(doors, self.clock, self.faults, self.requests).serve(request)
        return super()._answer(request)

    def close(self) -> None:
        """Stop serving and sending."""
        super().close()
        self.vendor.close()

    def reset(self, seed: str | None = None, **options: Any) -> None:
        """Start again with a fresh account; what the old one still had to send is dropped."""
        before = self.vendor
        super().reset(seed, **options)
        before.close()

    @property
    def account(self) -> Account:
        """The state of the account, up to date."""
        self.vendor.settle()
        return self.vendor.account

    @property
    def act(self) -> Act:
        """What people and other robots do meanwhile."""
        return Act(self.account)

    @property
    def tokens(self) -> dict[str, str]:
        """A token per person, ``robot`` and ``admin`` for short: each acts as that user."""
        tokens = {f"user:{token.user}": token.value for token in self.vendor.account.tokens.values()}
        return {"robot": tokens[f"user:{ROBOT}"], "admin": tokens[f"user:{ADMIN}"], **tokens}

    @property
    def portal_config(self) -> dict[str, Any]:
        """A ``[portals.X]`` section of ``crmkit.toml`` that fits this account, its robot's token included."""
        return self.portal_configs["main"]

    @property
    def portal_configs(self) -> dict[str, dict[str, Any]]:
        """All sections that fit this account, by name: one per object that holds deals; ``main`` is one."""
        return {name: self._section(mapping) for name, mapping in portal_mappings(self._seed).items()}

    def _section(self, mapping: dict[str, Any]) -> dict[str, Any]:
        settings = self.vendor.account.settings
        return {
            "provider": "planfix",
            "url": self.url,
            "token": self.tokens["robot"],
            "timezone": settings.timezone,
            "language": "ru",
            "rate": settings.rate,
            "daily_limit": settings.daily_limit,
            "user": f"user:{ROBOT}",
            "robots": [f"user:{ROBOT}"],
            "clock": "sandbox",
            **mapping,
        }
