"""The sandbox: a vendor's emulation, its clock, its troubles and its log behind one URL."""

from __future__ import annotations

import importlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.control import PREFIX, Control
from crmkit.sandbox.exchange import Exchange
from crmkit.sandbox.faults import Faults
from crmkit.sandbox.log import RequestLog
from crmkit.sandbox.server import HOST, HttpServer
from crmkit.sandbox.wire import Reply, Request, Vendor, json_reply

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox
    from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

__all__ = ["Sandbox"]

Build = Callable[[str | None, dict[str, Any]], Vendor]
"""Makes the vendor's emulation anew: with the same seed (``None``), or with another one and its options."""


class Sandbox:
    """A portal on this machine: real HTTP on a free port, its own time, no account needed.

    Use it as a context manager, or call :meth:`start` and :meth:`close`. Make one with :meth:`planfix` or
    :meth:`bitrix24`.

    Attributes:
        clock: Its time; can be handed to a client as its clock.
        faults: Troubles on demand.
        requests: The log of every request.
        vendor: The emulation.

    Example:
        >>> with Sandbox.planfix(seed="empty") as box:
        ...     box.account.users[2].full_name
        'Марина Петрова'
    """

    def __init__(
        self,
        build: Build,
        *,
        clock: SandboxClock,
        port: int = 0,
        kinds: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = clock
        self.faults = Faults(kinds=kinds)
        self.requests = RequestLog()
        self.vendor = build(None, {})
        self._build = build
        self._port = port
        self._tls = tls
        self._server: HttpServer | None = None
        self._control = Control(self)
        clock.on_move(self._settle)

    @staticmethod
    def planfix(
        seed: str = "stale_deals",
        *,
        clock: Literal["frozen", "real"] = "frozen",
        port: int = 0,
        start: datetime | None = None,
        **options: Any,
    ) -> PlanfixSandbox:
        """Make a Planfix account.

        Args:
            seed: What is in it: ``empty``, ``stale_deals``, ``many_tasks`` (``tasks=20_000``), or
                ``crm_cases`` (``companies=60``, ``deals=120``; see :mod:`crmkit.sandbox.planfix.crm_cases`).
            clock: ``frozen`` stands still until it is moved; ``real`` runs.
            port: 0 takes a free one.
            start: The first moment; Monday 3 March 2025, 09:00 in Moscow, unless said otherwise.
            options: Fields of :class:`crmkit.sandbox.planfix.settings.Settings` (``strict_limits=False``,
                ...); the rest goes to the seed (``deals=200``, ``stalled=61``, ``robot_noise=5``,
                ``random_seed=7``).

        Raises:
            ValueError: There is no such seed or option.
        """
        # Imported late: this module knows no vendor.
        made: PlanfixSandbox = importlib.import_module("crmkit.sandbox.planfix.sandbox").PlanfixSandbox(
            seed, frozen=clock == "frozen", port=port, start=start, options=options
        )
        return made

    @staticmethod
    def bitrix24(
        seed: str = "stale_deals",
        *,
        clock: Literal["frozen", "real"] = "frozen",
        port: int = 0,
        start: datetime | None = None,
        tls: ssl.SSLContext | None = None,
        **options: Any,
    ) -> Bitrix24Sandbox:
        """Make a Bitrix24 portal.

        Args:
            seed: What is in it: ``empty``, ``deals``, ``stale_deals`` or ``crm_cases``.
            clock: ``frozen`` stands still until it is moved; ``real`` runs.
            port: 0 takes a free one.
            start: The first moment; Monday 3 March 2025, 09:00 in Moscow, unless said otherwise.
            tls: Speak HTTPS with this certificate.
            options: Fields of :class:`crmkit.sandbox.bitrix24.settings.Settings` (``burst=250``, ...); the
                rest goes to the seed (``deals=5000``).

        Raises:
            ValueError: There is no such seed or option.

        Example:
            >>> with Sandbox.bitrix24(seed="deals", deals=1_000_000) as box:
            ...     len(box.portal.items[2])
            1000000
        """
        made: Bitrix24Sandbox = importlib.import_module("crmkit.sandbox.bitrix24.sandbox").Bitrix24Sandbox(
            seed, frozen=clock == "frozen", port=port, start=start, tls=tls, options=options
        )
        return made

    @property
    def url(self) -> str:
        """Where the vendor's API answers."""
        return f"{self._origin()}{self.vendor.prefix}"

    @property
    def control_url(self) -> str:
        """Where the control API answers."""
        return f"{self._origin()}{PREFIX}"

    def start(self) -> Self:
        """Serve from now on, in threads of its own."""
        if self._server is None:
            self._server = HttpServer(
                self._answer, port=self._port, timestamp=self.clock.timestamp, tls=self._tls
            )
            self._server.start()
        return self

    def close(self) -> None:
        """Stop serving and close every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def serve_forever(self) -> None:
        """Serve until the process is interrupted (Ctrl-C)."""
        self.start()
        try:
            _wait()
        except KeyboardInterrupt:
            return
        finally:
            self.close()

    def reset(self, seed: str | None = None, **options: Any) -> None:
        """Start again: the first moment, a fresh portal, no troubles, an empty log.

        Args:
            seed: Another seed; ``None``: the same as before.
            options: Of the other seed and its settings, as when the sandbox was made.

        Raises:
            ValueError: There is no such seed or option; nothing was reset.
        """
        vendor = self._build(seed, options)  # may refuse: then all stays as it was
        self.clock.rewind()
        self.vendor = vendor
        self.faults.clear()
        self.requests.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settle(self) -> None:
        self.vendor.settle()  # looked up each time: a reset puts a new vendor there

    def _origin(self) -> str:
        if self._server is None:
            raise RuntimeError("the sandbox is not started: use it as a context manager, or call start()")
        return f"{'https' if self._tls else 'http'}://{HOST}:{self._server.port}"

    def _answer(self, request: Request) -> Reply | None:
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return self._control.handle(request)
        prefix = self.vendor.prefix
        if not request.path.startswith(f"{prefix}/"):
            known = f"the API is under {prefix}/, the control API under {PREFIX}/"
            return json_reply(404, {"error": f"crmkit sandbox: nothing at {request.path}; {known}"})
        below = replace(request, path=request.path.removeprefix(prefix))
        return Exchange(self.vendor, self.clock, self.faults, self.requests).serve(below)


def _wait() -> None:
    threading.Event().wait()
