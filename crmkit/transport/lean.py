"""A session of ``requests`` without what an API client does not use.

``requests`` looks up the proxy settings of the environment for every request, merges headers, cookies, hooks
and credentials of five sources, and reads cookies out of every answer twice. That costs as much time as the
exchange itself. Here the environment is asked once per server, and the rest is left out; bodies, addresses,
proxies, certificates and errors are those of ``requests``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.hooks import default_hooks

from crmkit.transport import wire

__all__ = ["LeanSession"]

_MOST_ADDRESSES = 256
"""Addresses that are kept in their encoded form; an API called by POST has a few dozen."""


class LeanSession(requests.Session):
    """Keeps connections and nothing else: no cookies, no redirects, no hooks.

    A cookie could carry the identity of another user into a request; the token alone says who is asking.
    A redirect is for the caller to judge: working out where it leads would raise on a malformed one.

    Args:
        monotonic: Seconds, for the age of idle connections.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        adapter = wire.WireAdapter(monotonic)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = "crmkit"
        self._addresses: dict[str, str] = {}
        self._environment: dict[str, Mapping[str, Any]] = {}

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Say that no answer leads elsewhere."""
        return None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Encode a request; the common one, bytes to a known address, in a few steps."""
        plain = request.data is None or isinstance(request.data, bytes)
        if not plain or request.params or request.files or request.json is not None:
            return super().prepare_request(request)
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.url = self._encoded(str(request.url))
        prepared.prepare_headers({**self.headers, **request.headers})
        prepared.body = request.data or None
        prepared.prepare_content_length(prepared.body)
        prepared.hooks = default_hooks()
        return prepared

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Return proxies and certificates by the environment as it was at the first request to the server."""
        server = "/".join(str(url).split("/", 3)[:3])
        found = self._environment.get(server)
        if found is None:
            found = super().merge_environment_settings(url, proxies, stream, verify, cert)
            self._environment[server] = found
        return {**found, "stream": stream}

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        """Send a prepared request once and return the answer, its body not yet read."""
        settings.pop("allow_redirects", None)
        return self.get_adapter(url=str(request.url)).send(request, **settings)

    def _encoded(self, url: str) -> str:
        found = self._addresses.get(url)
        if found is None:
            asked = requests.PreparedRequest()
            asked.prepare_url(url, None)
            if len(self._addresses) >= _MOST_ADDRESSES:
                self._addresses.clear()
            found = self._addresses[url] = str(asked.url)
        return found
