"""The connection itself: kept alive, and able to prove that a request never left.

What can be proven about a request that failed
----------------------------------------------
A failure on the network is ambiguous by its exception alone: ``ConnectionResetError`` comes from a portal
that was never reached as well as from one that did the work and died while answering. So the connections made
here note how far a request got. The one proof there is: **the end of the request head was never handed to the
operating system**. No server can act on a head without an end (RFC 9112, section 8), so such a request was
not taken, whatever the exception: refused, unknown host, connect timeout, TLS handshake, broken pipe on the
first write.

The stale pooled connection (the server closed it while it was idle) comes in three shapes:

* The close arrived before we looked: urllib3 notices the readable socket and opens a new connection. Nothing
  failed.
* The reset arrived before our first write: the write fails with EPIPE or ECONNRESET. The head did not leave:
  proven.
* The close crosses our request on the way: the write succeeds into the local buffer, then reading fails with
  ``RemoteDisconnected`` or ``ConnectionResetError``. The same is seen when the server took the request and
  its worker died. TCP does not tell the two apart (an unacknowledged byte may have been read), so a WRITE is
  ``OutcomeUnknown``. A body that was cut short proves nothing either: Bitrix24 runs a method whose JSON it
  cannot parse with the URL parameters alone.

To make the third shape rare, a connection that was idle for longer than :data:`MAX_IDLE` is not used again;
common servers keep idle connections for 5 seconds or more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import IntEnum
from ssl import CERT_REQUIRED, SSLCertVerificationError, SSLContext
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.util.ssl_ import create_urllib3_context

__all__ = ["MAX_IDLE", "Cause", "Progress", "WireAdapter", "begin", "diagnose"]

MAX_IDLE = 4.0
"""Seconds after which an idle connection is replaced instead of reused."""


class Progress(IntEnum):
    """How far the present request of this thread got."""

    UNKNOWN = 0
    """It goes through a session that was not made here; nothing is noted."""
    PREPARED = 1
    """It is with our connection; its head has not left."""
    LEFT = 2
    """Its head was handed to the operating system."""


class _Trace(threading.local):
    progress = Progress.UNKNOWN


_trace = _Trace()
"""A request is sent and answered in one thread."""


def begin() -> None:
    """Forget the previous request of this thread."""
    _trace.progress = Progress.UNKNOWN


class _Connection(HTTPConnection):
    """Notes progress, and counts as dropped once it was idle for too long."""

    clock: Callable[[], float]
    _connecting = False
    _last_used = 0.0

    @property
    def is_connected(self) -> bool:
        return super().is_connected and self.clock() - self._last_used <= MAX_IDLE

    def connect(self) -> None:
        _trace.progress = max(_trace.progress, Progress.PREPARED)
        self._connecting = True
        try:
            self.make_ready()
            super().connect()
        finally:
            self._connecting = False
            self._last_used = self.clock()

    def make_ready(self) -> None:
        """Get what the connection needs before it is opened."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        _trace.progress = max(_trace.progress, Progress.PREPARED)
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        super().send(data)
        # The first piece is the whole head. A proxy's CONNECT goes out while connecting: not the request.
        if not self._connecting:
            _trace.progress = Progress.LEFT

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._last_used = self.clock()
        return response


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS; all connections of an adapter share what is trusted.

    urllib3 would read the bundle of some 150 certificates for every connection, which costs ten times as much
    processor time as the handshake.
    """

    contexts: dict[tuple[Any, ...], SSLContext]

    def make_ready(self) -> None:
        behind_tls_proxy = self.proxy is not None and self.proxy.scheme == "https"
        if self.ssl_context is None and self.cert_reqs == "CERT_REQUIRED" and not behind_tls_proxy:
            self.ssl_context = self._shared_context()
            self.ca_certs = self.ca_cert_dir = self.cert_file = self.key_file = None

    def _shared_context(self) -> SSLContext:
        key = (self.ca_certs, self.ca_cert_dir, self.cert_file, self.key_file)
        found = self.contexts.get(key)
        if found is None:
            found = create_urllib3_context(cert_reqs=CERT_REQUIRED)
            if self.ca_certs or self.ca_cert_dir:
                found.load_verify_locations(self.ca_certs, self.ca_cert_dir)
            else:
                found.load_default_certs()
            if self.cert_file:
                found.load_cert_chain(self.cert_file, self.key_file)
            found = self.contexts.setdefault(key, found)
        return found


class WireAdapter(HTTPAdapter):
    """Pooled keep-alive connections that note how far a request got.

    Args:
        clock: Monotonic seconds, for the age of idle connections.
        size: Connections kept per host; more threads than that still work.
    """

    def __init__(self, clock: Callable[[], float], size: int = 16) -> None:
        attributes = {"clock": staticmethod(clock)}
        plain = type("_PlainConnection", (_Connection,), attributes)
        secure = type("_TLSConnection", (_SecureConnection,), {**attributes, "contexts": {}})
        self._pools = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_TLSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=4, pool_maxsize=size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools with our connections."""
        super().init_poolmanager(*args, **kwargs)
        self._use_ours(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make the pools behind a proxy with our connections."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        self._use_ours(manager)
        return manager

    def _use_ours(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools


class Cause(IntEnum):
    """What broke, as far as it can be told; only for the words of the message."""

    OTHER = 0
    DNS = 1
    REFUSED = 2
    CONNECT_TIMEOUT = 3
    TLS = 4
    CERTIFICATE = 5
    PROXY = 6
    READ_TIMEOUT = 7
    BROKEN = 8


def diagnose(error: BaseException) -> tuple[Cause, bool]:
    """Tell what broke and whether that proves that the request never left.

    Args:
        error: What ``requests`` raised for the latest request of this thread.
    """
    chain = _chain(error)
    if _trace.progress is Progress.UNKNOWN:
        types = (NewConnectionError, NameResolutionError, ConnectTimeoutError, SSLCertVerificationError)
        left = not any(isinstance(link, (*types, requests.ConnectTimeout)) for link in chain)
    else:
        left = _trace.progress is Progress.LEFT
    return _cause(chain), not left


_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (requests.exceptions.ProxyError, Cause.PROXY),
    (NameResolutionError, Cause.DNS),
    (SSLCertVerificationError, Cause.CERTIFICATE),
    (requests.exceptions.SSLError, Cause.TLS),
    (requests.ConnectTimeout, Cause.CONNECT_TIMEOUT),
    (NewConnectionError, Cause.REFUSED),
    (requests.ReadTimeout, Cause.READ_TIMEOUT),
    (ReadTimeoutError, Cause.READ_TIMEOUT),
    (requests.ConnectionError, Cause.BROKEN),
    (requests.exceptions.ChunkedEncodingError, Cause.BROKEN),
)


def _cause(chain: list[BaseException]) -> Cause:
    for kind, cause in _CAUSES:
        if any(isinstance(link, kind) for link in chain):
            return cause
    return Cause.OTHER


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error with all that it wraps: the real one may be in args, reason, cause or context."""
    found: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
