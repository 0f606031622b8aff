"""Who we are at the portal: an incoming webhook, or an application with tokens that run out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pydantic_core import from_json

from crmkit.bitrix24.errors import Classifier
from crmkit.clock import Clock
from crmkit.exceptions import AuthenticationError, ConfigurationError
from crmkit.transport.request import Effect, Request
from crmkit.transport.session import Transport

if TYPE_CHECKING:
    from crmkit.bitrix24.tokens import Tokens, TokenStore

__all__ = ["AUTH_SERVER", "OAuth", "WebhookAuth", "authorize_url", "portal_host"]

AUTH_SERVER = "https://oauth.bitrix.info"
"""The vendor's authorisation server; another one is used if the tokens name it (``server_endpoint``)."""


def portal_host(portal: str) -> str:
    """Return ``scheme://host[:port]`` of a portal given as host or address.

    Raises:
        ConfigurationError: It is no address, or plain http to another machine.

    Example:
        >>> portal_host("acme.bitrix24.ru"), portal_host("https://acme.bitrix24.ru/rest/")
        ('https://acme.bitrix24.ru', 'https://acme.bitrix24.ru')
    """
    parts = urlsplit(portal if "://" in portal else f"https://{portal}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("this is no address of a portal", hint="write https://acme.bitrix24.ru")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigurationError(
            "the portal's address must be https", hint="a key must not travel in the clear"
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def authorize_url(portal: str, *, client_id: str, state: str = "") -> str:
    """Return the address to which a person is sent to allow the application in.

    The portal sends them back with ``code``, which lives for thirty seconds.

    Example:
        >>> authorize_url("acme.bitrix24.ru", client_id="app.1", state="x y")
        'https://acme.bitrix24.ru/oauth/authorize/?client_id=app.1&state=x+y'
    """
    query = {"client_id": client_id} | ({"state": state} if state else {})
    return f"{portal_host(portal)}/oauth/authorize/?{urlencode(query)}"


class WebhookAuth:
    """An incoming webhook: its key is part of the address, there is nothing to add and nothing to refresh."""

    def headers(self) -> Mapping[str, str]:
        """Return no headers."""
        return {}

    def refresh(self) -> None:
        """Refuse: a webhook does not run out, it was deleted or its owner left.

        Raises:
            AuthenticationError: Always.
        """
        raise AuthenticationError("the webhook was refused", hint="make a new incoming webhook")


class OAuth:
    """Tokens of an application, refreshed when the portal says that they ran out, once for all sharers.

    Args:
        client_id: The application's code.
        client_secret: Its key.
        store: Where the tokens are; its lock lets one thread of one process refresh at a time.
        clock: Time.
        server: The authorisation server.
        on_secret: Told every secret there is, so that nobody logs it.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        store: TokenStore,
        clock: Clock,
        server: str = AUTH_SERVER,
        on_secret: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._store = store
        self._clock = clock
        self._server = server
        self.on_secret = on_secret
        self._used = threading.local()
        self._tokens: Tokens | None = None

    @property
    def tokens(self) -> Tokens:
        """The tokens in use.

        Raises:
            AuthenticationError: There are none yet.
        """
        if self._tokens is None:
            self._tokens = self._store.load()
        if self._tokens is None:
            raise AuthenticationError(
                "the application has no tokens yet", hint="authorise it: authorize_url()"
            )
        return self._tokens

    def headers(self) -> Mapping[str, str]:
        """Return the access token as a header; the portal prefers it to one in the body (rest/lib/oauth)."""
        token = self.tokens.access_token
        self._used.token = token
        self.on_secret(token)
        return {"Authorization": f"Bearer {token}"}

    def refresh(self) -> None:
        """Get new tokens, unless another thread or process already did.

        Raises:
            AuthenticationError: The authorisation was revoked, or the answer is for another portal.
            TransportError: The authorisation server cannot be reached.
        """
        stale = getattr(self._used, "token", None)
        with self._store.lock():
            current = self._store.load() or self.tokens
            if current.access_token == stale:
                current = self._exchange(
                    {"grant_type": "refresh_token", "refresh_token": current.refresh_token}, current
                )
            self._tokens = current

    def authorize(self, code: str, *, endpoint: str) -> Tokens:
        """Turn the code of :func:`authorize_url` into tokens and keep them."""
        from crmkit.bitrix24.tokens import Tokens  # noqa: PLC0415 - a webhook needs none

        with self._store.lock():
            blank = Tokens("", "", endpoint=endpoint)
            self._tokens = self._exchange({"grant_type": "authorization_code", "code": code}, blank)
        return self._tokens

    def adopt(self, tokens: Tokens) -> None:
        """Keep tokens that came another way: with an installation or an event."""
        with self._store.lock():
            self._store.save(tokens)
            self._tokens = tokens

    def moved(self, endpoint: str) -> None:
        """Remember the portal's new address."""
        with self._store.lock():
            self._tokens = replace(self._store.load() or self.tokens, endpoint=endpoint)
            self._store.save(self._tokens)

    def _exchange(self, grant: Mapping[str, str], before: Tokens) -> Tokens:
        from crmkit.bitrix24.tokens import Tokens  # noqa: PLC0415

        server = _origin(before.server) or self._server
        secrets = (self._client_secret, grant.get("refresh_token", ""), grant.get("code", ""))
        request = Request(
            "GET",  # the documents know no other way; the address is in no log and no message
            "/oauth/token/",
            operation="oauth.token",
            effect=Effect.READ,
            params={**grant, "client_id": self._client_id, "client_secret": self._client_secret},
        )
        transport = Transport(
            server, classify=Classifier(self._clock), clock=self._clock, secrets=secrets, name="oauth"
        )
        try:
            answer = from_json(transport.send(request).content)
        finally:
            transport.close()
        tokens = Tokens.from_answer(answer, now=self._clock.now(), endpoint=before.endpoint)
        if before.member_id and tokens.member_id not in ("", before.member_id):
            raise AuthenticationError("the new tokens are for another portal", method="oauth.token")
        self._store.save(tokens)
        return tokens


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
