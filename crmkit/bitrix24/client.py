"""The client of one Bitrix24 portal."""

from __future__ import annotations

import random as random_module
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import requests

from crmkit.bitrix24.auth import AUTH_SERVER, OAuth, WebhookAuth, portal_host
from crmkit.bitrix24.envelope import Envelope
from crmkit.bitrix24.portal import Portal, Settings
from crmkit.bitrix24.resources.registry import Resources
from crmkit.clock import Clock, SystemClock
from crmkit.exceptions import ConfigurationError, ValidationError
from crmkit.transport.rate_limit import (
    BITRIX24,
    BITRIX24_ENTERPRISE,
    BucketRule,
    Limiter,
    SQLiteStore,
)
from crmkit.transport.request import Effect, Response
from crmkit.transport.retry import RetryPolicy

if TYPE_CHECKING:
    from crmkit.bitrix24.batch import Batcher, CommandLike
    from crmkit.bitrix24.catalogue.api import Api
    from crmkit.bitrix24.lists import Lister, Page
    from crmkit.bitrix24.outcomes import BatchResult, Command, Outcome
    from crmkit.bitrix24.tokens import Tokens, TokenStore
    from crmkit.bitrix24.v3 import V3

__all__ = ["Bitrix24", "Options"]

_WEBHOOK = re.compile(r"(https?://[^/]+)/rest/(?:api/)?(\d+)/([^/?#]+)/?")


class Options(TypedDict, total=False):
    """What may be said about a client; all of it by keyword, all of it optional."""

    rate: BucketRule | float
    """The tariff's pace: ``BITRIX24`` (2 a second, 50 ahead; the default) or ``BITRIX24_ENTERPRISE``; or
    requests a second, with what the tariff allows ahead."""
    limits_file: str | Path | None
    """A file on a local disk through which all processes of this machine share the pace; made if missing."""
    limiter: Limiter | None
    """A limiter shared with other clients: the portal counts per source address, so all clients of a
    machine that talk to one portal should share one. With a store, processes share it too."""
    workers: int
    """How many batch requests may be under way at once; 8."""
    policy: RetryPolicy | None
    """How often and how patiently to repeat."""
    timeout: tuple[float, float]
    """Seconds for connecting, and for each wait for data; (5, 65): the portal allows 60 s per request."""
    clock: Clock | None
    """Time; the machine's by default."""
    random: Callable[[], float]
    """Numbers from 0 to 1 for the pauses between attempts."""
    session: requests.Session | None
    """A session of your own (proxies, certificates)."""
    on_wait: Callable[[str, float], None] | None
    """Told the method and the seconds before the client waits; for progress bars."""


class Bitrix24(Resources):
    """A portal, reached by an incoming webhook; :meth:`oauth` is for applications.

    Threads may share a client. It holds connections: close it, or use it in a ``with`` statement.

    Args:
        url: The webhook's address, ``https://host/rest/user/key/``.
        **options: See :class:`Options`.

    Raises:
        ConfigurationError: This is no address of a webhook.

    Example:
        >>> b24 = Bitrix24("https://acme.bitrix24.ru/rest/1/s3cretk3y/", workers=4)
        >>> b24
        Bitrix24('acme.bitrix24.ru', requests_sent=0)
        >>> b24.close()
    """

    def __init__(self, url: str, **options: Unpack[Options]) -> None:
        match = _WEBHOOK.fullmatch(url.strip())
        if match is None:
            raise ConfigurationError(
                "this is no address of an incoming webhook", hint="write https://host/rest/user/key/"
            )
        origin, user, key = match.groups()
        origin = portal_host(origin)
        self._store, settings = _settings(options, origin, key)
        self._set_up(Portal(origin, f"{user}/{key}", WebhookAuth(), settings), options.get("workers", 8))

    @classmethod
    def oauth(
        cls,
        portal: str = "",
        *,
        client_id: str,
        client_secret: str,
        store: TokenStore,
        code: str = "",
        tokens: Tokens | None = None,
        auth_server: str = AUTH_SERVER,
        **options: Unpack[Options],
    ) -> Self:
        """Return the client of an application.

        The tokens come from the store, or from ``code`` (see :func:`~crmkit.bitrix24.auth.authorize_url`; it
        lives 30 seconds), or from ``tokens`` (an installation or an event). They are refreshed when the
        portal says so, once for all threads and processes that share the store.

        Args:
            portal: The portal's address; may be left out if the tokens in the store name it.
            client_id: The application's code.
            client_secret: The application's key.
            store: Where tokens are kept: ``FileTokens(path)``, ``KeyringTokens(name)``, ``MemoryTokens()``.
            code: The code that the portal sent the person back with.
            tokens: Tokens that came another way.
            auth_server: The vendor's authorisation server.
            **options: See :class:`Options`.

        Raises:
            AuthenticationError: The code is too old, or there are no tokens anywhere.
        """
        clock = options.get("clock") or SystemClock()
        auth = OAuth(
            client_id=client_id, client_secret=client_secret, store=store, clock=clock, server=auth_server
        )
        if tokens is not None:
            auth.adopt(tokens)
        if code:
            auth.authorize(code, endpoint=f"{portal_host(portal)}/rest/")
        origin = portal_host(auth.tokens.endpoint or portal)
        client = cls.__new__(cls)
        client._store, settings = _settings(options, origin, client_secret)
        client._set_up(Portal(origin, "", auth, settings), options.get("workers", 8))
        client._auth = auth
        return client

    def _set_up(self, portal: Portal, workers: int) -> None:
        if workers < 1:
            raise ConfigurationError("workers must be at least 1")
        self._portal = portal
        self._workers = workers
        self._auth: OAuth | None = None

    @cached_property
    def v3(self) -> V3:
        """REST 3.0: calls, batches and lists."""
        from crmkit.bitrix24.v3 import V3  # noqa: PLC0415 - what is not used is not loaded

        return V3(self._portal)

    @cached_property
    def _lister(self) -> Lister:
        from crmkit.bitrix24.lists import Lister  # noqa: PLC0415

        return Lister(self._portal, self.limiter, self.clock)

    # Any method

    def call(
        self, method: str, params: Mapping[str, Any] | Sequence[Any] = (), *, effect: Effect | None = None
    ) -> Any:
        """Call any method of REST 2 and return its ``result``.

        Args:
            method: The vendor's method, for example ``crm.item.get``.
            params: Its parameters; positional ones for the old ``task.*`` methods.
            effect: What a repeat would do, if the name does not tell: a write is never repeated blindly.

        Raises:
            ApiError: The portal refused, in one of its subclasses.
            OutcomeUnknown: A write whose answer was lost.
            TransportError: The portal cannot be reached; nothing was done.
        """
        return self._portal.request(method, params, effect=effect).result

    def request(
        self, method: str, params: Mapping[str, Any] | Sequence[Any] = (), *, effect: Effect | None = None
    ) -> Envelope:
        """Call any method like :meth:`call` and return the whole answer: result, total, next, time."""
        return self._portal.request(method, params, effect=effect)

    def call_v3(
        self, method: str, params: Any = None, *, idempotency_key: str = "", effect: Effect | None = None
    ) -> Any:
        """Call any method of REST 3.0 and return its ``result``; more of REST 3.0 is in ``b24.v3``.

        Args:
            method: The method, for example ``tasks.task.add``.
            params: A JSON object; for ``batch`` a list of ``{"method", "query"}``.
            idempotency_key: 1 to 255 ASCII characters, made up if left out. The portal keeps the answer of a
                successful call for 24 hours and gives it again instead of doing it twice, so a lost answer is
                asked for again; with a key of your own even after a crash.
            effect: What a repeat would do, if the name does not tell.
        """
        return self.v3.call(method, params, key=idempotency_key, effect=effect)

    @cached_property
    def api(self) -> Api:
        """Every documented method: ``b24.api.crm.item.get(entityTypeId=2, id=7)``."""
        from crmkit.bitrix24.catalogue.api import Api  # noqa: PLC0415 - a large table, loaded when used

        return Api(self._send_documented)

    # Batches and lists

    def batch(self, commands: Iterable[CommandLike], *, halt: bool = False) -> BatchResult:
        """Run any number of commands and return one outcome each, in their order. Raises for none of them.

        Without ``halt`` the commands travel in parallel; commands about the same object keep their order.
        With ``halt`` they run one after the other, the first failure stops them, and a command may refer to
        the result of an earlier one with :class:`~crmkit.bitrix24.encoding.Ref`.

        Args:
            commands: :class:`~crmkit.bitrix24.outcomes.Command` or ``(method, params)``.
            halt: Stop at the first failure.

        Example:
            ``b24.batch([("crm.item.update", {"entityTypeId": 2, "id": 7, "fields": {...}}), ...]).results()``
        """
        from crmkit.bitrix24.outcomes import BatchResult  # noqa: PLC0415

        if halt:
            return BatchResult(list(self._batcher().run_in_order(list(commands))))
        return BatchResult(list(self.batch_stream(commands)))

    def batch_stream(self, commands: Iterable[CommandLike]) -> Iterator[Outcome]:
        """Run an endless supply of commands like :meth:`batch`, in constant memory."""
        return self._batcher().run(commands)

    def run(self, command: Command) -> Any:
        """Run one command as a single call and return its result; a lost answer is settled by its key.

        Raises:
            OutcomeUnknown: The answer was lost, and there is no key or looking for it failed.
        """
        (outcome,) = self._batcher(workers=1, alone=True).run([command])
        return outcome.value()

    def download(self, url: str) -> Response:
        """Open a file address that the portal gave, streamed; use it in a ``with`` statement."""
        return self._portal.download(url)

    def list(
        self, method: str, params: Mapping[str, Any] | None = None, *, first: Page | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list method as they come, ordered by id, complete or with an exception.

        Args:
            method: Any list method; those that can be walked by id are read fifty pages per request.
            params: Its parameters; ``start`` and, when walking by id, ``order`` are set here.
            first: The first page, if it was read already: by id, counted, with the same filter and fields.

        Raises:
            CrmkitError: The first page was refused, in the portal's own words; nothing was yielded.
            IncompleteList: A later page could not be had. What was yielded before is not the whole.
        """
        return self._lister.rows(method, params or {}, first)

    def page(self, method: str, params: Mapping[str, Any] | None = None, *, start: int = 0) -> Page:
        """Return one page of a list: its rows, the total and the offset of the next page."""
        return self._lister.page(method, params or {}, start=start)

    def count(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Return how many rows a list has, as far as this user may see them; one request.

        Raises:
            ValidationError: The method does not count.
        """
        total = self.page(method, {**(params or {}), "select": ["id", "ID"]}).total
        if total is None:
            raise ValidationError(f"{method}: the portal does not count these rows")
        return total

    # The client itself

    @property
    def requests_sent(self) -> int:
        """Requests so far, repeats included."""
        return self._portal.requests_sent

    @property
    def limiter(self) -> Limiter:
        """The limiter; hand it to other clients of the same portal."""
        return self._portal.settings.limiter

    @property
    def clock(self) -> Clock:
        """The client's time."""
        return self._portal.settings.clock

    @property
    def host(self) -> str:
        """The portal's host; it changes when the portal is renamed."""
        return self._portal.origin.partition("://")[2]

    @property
    def member_id(self) -> str:
        """The portal's lasting name; only known to applications."""
        return self._auth.tokens.member_id if self._auth is not None else ""

    def close(self) -> None:
        """Close the connections."""
        self._portal.close()
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r}, requests_sent={self.requests_sent})"

    def _batcher(self, workers: int | None = None, *, alone: bool = False) -> Batcher:
        from crmkit.bitrix24.batch import Batcher  # noqa: PLC0415

        common = self._portal.settings
        return Batcher(
            self._portal,
            common.limiter,
            common.clock,
            workers=workers or self._workers,
            on_wait=common.on_wait,
            alone=alone,
        )

    def _send_documented(self, method: str, params: Mapping[str, Any], version: int) -> Any:
        return self.call_v3(method, params) if version == 3 else self.call(method, params)

    @staticmethod
    def command(method: str, params: Mapping[str, Any] | Sequence[Any] = (), key: str = "") -> Command:
        """Make a command for :meth:`batch`; ``key`` is the name by which later ones refer to it."""
        from crmkit.bitrix24.outcomes import Command  # noqa: PLC0415

        return Command(method, params or {}, key)


def _settings(options: Options, origin: str, secret: str) -> tuple[SQLiteStore | None, Settings]:
    clock, path = options.get("clock") or SystemClock(), options.get("limits_file")
    limiter = options.get("limiter")
    if limiter is not None and path is not None:
        raise ConfigurationError(
            "limiter and limits_file are both given", hint="give the limiter a store, or leave it out"
        )
    store = SQLiteStore(path) if path is not None else None
    return store, Settings(
        clock=clock,
        limiter=limiter or Limiter(_pace(options.get("rate", BITRIX24)), clock, store=store, key=origin),
        policy=options.get("policy") or RetryPolicy(),
        timeout=options.get("timeout", (5, 65)),
        random=options.get("random", random_module.random),
        session=options.get("session"),
        on_wait=options.get("on_wait"),
        secrets=(secret,),
    )


def _pace(rate: BucketRule | float) -> BucketRule:
    if isinstance(rate, BucketRule):
        return rate
    tariff = BITRIX24_ENTERPRISE if rate >= BITRIX24_ENTERPRISE.rate else BITRIX24
    return BucketRule(rate, tariff.burst)
