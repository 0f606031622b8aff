"""One request, one answer: from :class:`Request` to the network and back, failures as values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3

from crmkit.clock import Clock
from crmkit.exceptions import ConfigurationError, TransportError, ValidationError
from crmkit.transport import answers, wire
from crmkit.transport.request import Request, Response
from crmkit.transport.retry import Failure

__all__ = ["Exchange", "header_problem"]

_NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)
_PIECE = 65_536
_MAX_HOPS = 5
_LOOKS = "it must look like https://acme.planfix.ru/rest"


class Exchange:
    """Sends prepared requests below one base URL.

    Args:
        session: The connections.
        base_url: What all paths have in common.
        clock: Time.
        timeout: Seconds for connecting, and for each wait for data.
        max_body: Bytes; a longer answer is refused unless it is streamed.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        *,
        clock: Clock,
        timeout: tuple[float, float],
        max_body: int,
    ) -> None:
        origin = answers.origin_of(base_url)
        if origin is None:
            raise ConfigurationError("the address of the portal is no URL", hint=_LOOKS)
        self._origin = origin
        self._home = f"{origin}/"
        self.host = origin.partition("://")[2]
        self._base = base_url.rstrip("/")
        self._session = session
        self._clock = clock
        self._timeout = timeout
        self._max_body = max_body

    def prepare(self, request: Request) -> requests.PreparedRequest:
        """Encode a request once, so that every attempt sends the same bytes.

        Raises:
            ConfigurationError: The address is no URL.
            ValidationError: The body cannot be JSON.
        """
        headers = {"Accept": "application/json", **(request.headers or {})}
        data = request.data
        if request.json is not None:
            data = _to_json(request)
            headers.setdefault("Content-Type", "application/json")
        raw = requests.Request(
            request.verb,
            self._url(request.path),
            params=request.params,
            data=data,
            files=request.files,
            headers=headers,
            auth=_no_netrc,
        )
        try:
            return self._session.prepare_request(raw)
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema):
            pass
        raise ConfigurationError(f"{request.operation}: the address of the portal is no URL", hint=_LOOKS)

    def send(
        self,
        request: Request,
        prepared: requests.PreparedRequest,
        credentials: Mapping[str, str],
        next_turn: Callable[[], object],
    ) -> Response | Failure:
        """Send once and read the answer; a download follows redirects.

        Args:
            request: What is asked.
            prepared: Its encoded form; not changed.
            credentials: Headers for the portal's own host.
            next_turn: Waits for the limiter, for each further request that a redirect costs.
        """
        answer = self._hop(request, prepared, credentials)
        hops = 0
        while request.stream and isinstance(answer, Response) and answer.status in answers.REDIRECTS:
            target = answers.target_of(answer, str(prepared.url))
            if hops == _MAX_HOPS or not _may_follow(str(prepared.url), target):
                break
            hops += 1
            prepared = prepared.copy()
            prepared.url = target
            if self._is_ours(target):
                next_turn()
            answer = self._hop(request, prepared, credentials)
        return answer

    def judge(
        self, request: Request, prepared: requests.PreparedRequest, response: Response
    ) -> Failure | None:
        """Describe an answer that is not the API's; ``None`` if it is one."""
        return answers.no_json(request, response, self.host, str(prepared.url), self._clock)

    def _hop(
        self, request: Request, prepared: requests.PreparedRequest, credentials: Mapping[str, str]
    ) -> Response | Failure:
        prepared = self._with_credentials(request, prepared, credentials)
        raw: requests.Response | None = None
        content: bytes | None = b""
        started = self._clock.monotonic()
        wire.begin()
        try:
            settings = self._session.merge_environment_settings(str(prepared.url), {}, True, None, None)
            raw = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)
            elapsed = self._clock.monotonic() - started
            streamed = request.stream and raw.ok and raw.status_code not in answers.REDIRECTS
            if not streamed:
                content = _read(raw, self._max_body)
        except _NETWORK_ERRORS as error:
            cause, never_left = wire.diagnose(error)
        else:
            if content is None:
                return answers.too_long(request, self.host, self._max_body)
            body = _Body(raw, request.operation, self.host) if streamed else None
            return Response(raw.status_code, raw.headers, content, elapsed, body)
        if raw is not None:
            raw.close()
        return answers.broken_off(request, self.host, cause, never_left=never_left)

    def _with_credentials(
        self, request: Request, prepared: requests.PreparedRequest, credentials: Mapping[str, str]
    ) -> requests.PreparedRequest:
        ours = self._is_ours(str(prepared.url))
        if ours and not credentials:
            return prepared
        prepared = prepared.copy()
        if ours:
            for name in credentials.keys() - (request.headers or {}).keys():
                prepared.headers[name] = credentials[name]
        else:
            prepared.headers.pop("Authorization", None)
        return prepared

    def _is_ours(self, url: str) -> bool:
        """Tell whether the URL is at the portal: same scheme, same host, same port."""
        return url.startswith(self._home) or answers.origin_of(url) == self._origin

    def _url(self, path: str) -> str:
        if path.startswith(("https://", "http://")):
            return path
        return f"{self._base}/{path.lstrip('/')}"


class _Body:
    """A body that is still on its way."""

    def __init__(self, raw: requests.Response, operation: str, host: str) -> None:
        self._raw = raw
        self._what = f"{operation} at {host}"

    def read(self, chunk_size: int) -> Iterator[bytes]:
        chunks = self._raw.iter_content(chunk_size)
        complete = False
        while True:
            try:
                chunk = next(chunks, None)
            except _NETWORK_ERRORS:
                break
            if chunk is None:
                complete = True
                break
            yield chunk
        self.close()
        if not complete:
            raise TransportError(
                f"{self._what}: the connection broke during the download", hint="download it again"
            )

    def close(self) -> None:
        self._raw.close()


def _to_json(request: Request) -> bytes:
    try:
        return json.dumps(request.json, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        problem = str(error)
    raise ValidationError(
        f"{request.operation}: the body cannot be JSON: {problem}", method=request.operation
    )


def _read(raw: requests.Response, limit: int) -> bytes | None:
    """Return the whole body, ``None`` if it is longer than the limit."""
    pieces: list[bytes] = []
    size = 0
    for piece in raw.iter_content(_PIECE):
        size += len(piece)
        if size > limit:
            raw.close()
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _may_follow(url: str, target: str) -> bool:
    """A redirect may lead to another host, but not from https to http, and not to a file."""
    downgraded = url.startswith("https:") and not target.startswith("https:")
    return answers.origin_of(target) is not None and not downgraded


def _no_netrc(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as ``auth``, so that a ``.netrc`` of the machine does not replace our credentials."""
    return prepared


def header_problem(headers: Mapping[str, Any]) -> str | None:
    """Name the first header that HTTP cannot carry; http.client would show its value in the error."""
    return next(
        (name for name, value in headers.items() if not (value.isascii() and value.isprintable())), None
    )
