"""The Planfix client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests

from crmkit.clock import Clock, SystemClock
from crmkit.exceptions import ConfigurationError
from crmkit.planfix.connection import Connection
from crmkit.planfix.errors import classify
from crmkit.planfix.resources import (
    Checklists,
    Comments,
    Contacts,
    CustomFields,
    Datatags,
    Directories,
    Files,
    Objects,
    Positions,
    Processes,
    Projects,
    Reports,
    Tasks,
    Telegram,
    Users,
    Workspaces,
)
from crmkit.transport.rate_limit import PLANFIX, BucketRule, Limiter, SQLiteStore
from crmkit.transport.request import Effect, Request
from crmkit.transport.retry import RetryPolicy
from crmkit.transport.session import Transport

__all__ = ["Budget", "Planfix"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READS = re.compile(r"/(list|filters)/?$")


@dataclass(frozen=True, slots=True)
class Budget:
    """The request limits in force, and what is left of them.

    Args:
        per_second: The pace of this account.
        daily_limit: Requests per day by the tariff, if it was told.
        used_today: Sent today by those who share the limiter.
        left_today: Left today by our counter and the vendor's ``X-RateLimit-Remaining`` (which lags up to ten
            minutes), whichever is smaller; ``None`` while nothing is known.
        resets_in: Seconds until the day begins anew in the account's zone.
    """

    per_second: float
    daily_limit: int | None
    used_today: int
    left_today: int | None
    resets_in: float
    _limiter: Limiter = field(repr=False, compare=False)

    def forecast(self, requests: int) -> str:
        """Say in a line how long so many requests take and what they leave of the day's budget."""
        needs, left = f"this run needs {requests:,}", self.left_today
        if left is not None and requests > left and self.daily_limit is None:
            return f"{needs} requests, {left:,} are left today; set daily_limit to plan beyond"
        took = timedelta(seconds=round(self._limiter.forecast(requests)))
        if left is None:
            return f"{needs} requests: about {took}; what is left today is not known yet"
        if requests <= left:
            return f"{needs} of the {left:,} requests left today: about {took}"
        return f"{needs} requests, {left:,} are left today, the rest goes on tomorrow: about {took}"


class Planfix:
    """A Planfix account.

    Args:
        url: The base of the REST API with its account, for example ``https://acme.planfix.ru/rest``. Hosts in
            .ru, .com and domains of one's own exist, so the whole address is needed.
        token: A token from the account settings; whoever owns it limits what is visible. Never shown again.
        timezone: The zone of the token's owner: the portal reads the days of filters in it, and moments
            without a zone are read and written in it.
        rate: Requests per second; the vendor allows 1 per account.
        daily_limit: Requests per day by the tariff: 20 000, 50 000 or 100 000; ``None`` counts only.
        clock: Where time comes from.
        limiter: Shared limits, if several clients of this process use one account; then ``rate`` and
            ``daily_limit`` are its.
        limits_file: A file on a local disk through which all processes of this machine that use the account
            share pace and daily count; made if it is missing. All must give the same ``rate``.
        policy: How often and how patiently to repeat.
        timeout: Seconds for connecting and for each wait for data.
        session: A ``requests`` session of one's own, for proxies and certificates.

    Raises:
        ConfigurationError: The address, token or zone cannot be right; nothing was sent.

    Example:
        >>> with Planfix("https://acme.planfix.ru/rest", token="secret") as planfix:
        ...     print(planfix)
        Planfix('https://acme.planfix.ru/rest')
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        timezone: str = "Europe/Moscow",
        rate: float = 1.0,
        daily_limit: int | None = None,
        clock: Clock | None = None,
        limiter: Limiter | None = None,
        limits_file: str | Path | None = None,
        policy: RetryPolicy | None = None,
        timeout: tuple[float, float] = (5, 65),
        session: requests.Session | None = None,
    ) -> None:
        self.url = _base_url(url)
        self.clock = clock or SystemClock()
        self.timezone = _zone(timezone)
        rule = PLANFIX if rate == PLANFIX.rate else BucketRule(rate, 1)
        if limiter is not None and limits_file is not None:
            raise ConfigurationError(
                "limiter and limits_file are both given", hint="give the limiter a store, or leave it out"
            )
        self._store = SQLiteStore(limits_file) if limits_file is not None else None
        self._limiter = limiter or Limiter(
            rule,
            self.clock,
            daily_limit=daily_limit,
            timezone=self.timezone,
            store=self._store,
            key=urlsplit(self.url).netloc,
        )
        self._transport = Transport(
            self.url,
            classify=classify,
            auth=_Bearer(_checked(token)),
            limiter=self._limiter,
            policy=policy or RetryPolicy(),
            clock=self.clock,
            timeout=timeout,
            secrets=(token,),
            session=session,
            name="planfix",
        )
        connection = Connection(self._transport, timezone=self.timezone, clock=self.clock)
        self._connection = connection
        self.custom_fields = CustomFields(connection)
        self.tasks = Tasks(connection, self.custom_fields)
        self.checklists = Checklists(connection)
        self.comments = Comments(connection)
        self.contacts = Contacts(connection, self.custom_fields)
        self.projects = Projects(connection, self.custom_fields)
        self.users = Users(connection, self.custom_fields)
        self.positions = Positions(connection)
        self.workspaces = Workspaces(connection)
        self.processes = Processes(connection)
        self.objects = Objects(connection)
        self.datatags = Datatags(connection, self.custom_fields)
        self.directories = Directories(connection, self.custom_fields)
        self.files = Files(connection)
        self.reports = Reports(connection)
        self.telegram = Telegram(connection)

    @property
    def requests_sent(self) -> int:
        """How many requests have gone out, repeats included."""
        return self._transport.requests_sent

    def ping(self) -> None:
        """Ask the portal whether the address and the token are right: ``GET /ping``.

        Raises:
            AuthenticationError: The token is unknown or switched off.
            TransportError: The portal was not reached, or the address is not that of the API.
        """
        self._connection.read("GET /ping")

    def call(
        self,
        verb: str,
        path: str,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        effect: Effect | str | None = None,
    ) -> dict[str, Any]:
        """Send any operation, with the same limits, repeats and errors.

        Args:
            verb: ``GET``, ``POST`` or ``DELETE``.
            path: As the vendor documents it, with its slashes: ``/task/`` creates, ``/task/7`` changes.
            json: The body.
            params: The query.
            effect: What a repeat would do. By default GET and lists are reads, DELETE may be repeated, and
                every other POST is a write that is never repeated blindly.

        Returns:
            The envelope of the answer; empty for an empty body, as 202 (queued) has.

        Example:
            ``planfix.call("POST", "/project/list", {"fields": "id,name", "pageSize": 100, "offset": 0})``
        """
        verb = verb.upper()
        path = "/" + path.lstrip("/")
        request = Request(
            verb,
            path,
            operation=f"{verb} {re.sub(r'/(?:[a-z]+:)?[0-9]+(?=/|$)', '/{id}', path)}",
            effect=Effect(effect) if effect is not None else _effect(verb, path),
            params=params,
            json=json,
            empty_ok=True,
        )
        body = self._transport.send(request).json()
        return body if isinstance(body, dict) else {} if body is None else {"result": body}

    def budget(self) -> Budget:
        """Return the request limits in force and what is left of them; nothing is sent."""
        daily = self._limiter.daily
        return Budget(
            per_second=self._limiter.bucket.rule.rate,
            daily_limit=daily.limit,
            used_today=daily.used,
            left_today=daily.left,
            resets_in=daily.seconds_to_reset(),
            _limiter=self._limiter,
        )

    def close(self) -> None:
        """Release the connections, and the file of the limits."""
        self._transport.close()
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Planfix({self.url!r})"


class _Bearer:
    """A fixed token in the ``Authorization`` header; never in the query, where logs would keep it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> Mapping[str, str]:
        """Return the header that proves who is asking."""
        return {"Authorization": f"Bearer {self._token}"}

    def refresh(self) -> None:
        """Do nothing: a token does not expire."""

    def __repr__(self) -> str:
        return "Bearer(***)"


def _effect(verb: str, path: str) -> Effect:
    if verb == "GET" or (verb == "POST" and _READS.search(path)):
        return Effect.READ
    return Effect.IDEMPOTENT if verb == "DELETE" else Effect.WRITE


def _base_url(url: str) -> str:
    parts = urlsplit(url.strip())
    hint = "give the whole base, for example https://acme.planfix.ru/rest"
    if not parts.hostname or parts.query or parts.fragment or parts.username or parts.password:
        raise ConfigurationError("the Planfix address is no plain base URL", hint=hint)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError(
            f"the Planfix address of {parts.hostname} does not begin with https://", hint=hint
        )
    if not parts.path.strip("/"):
        raise ConfigurationError(f"the Planfix address of {parts.hostname} lacks its path", hint=hint)
    return url.strip().rstrip("/")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    raise ConfigurationError(
        f"there is no time zone {name!r}", hint="give an IANA name, for example Europe/Moscow"
    )


def _checked(token: str) -> str:
    if not token or token != token.strip() or not token.isascii() or not token.isprintable():
        raise ConfigurationError(
            "the Planfix token is empty or holds characters that no token has",
            hint="copy it again from the account settings, section REST API",
        )
    return token
