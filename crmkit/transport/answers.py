"""What is to be said about an attempt that brought no answer of the API: broken network, HTML, redirects."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from crmkit.clock import Clock
from crmkit.exceptions import TransportError
from crmkit.transport.request import NotJsonError, Request, Response
from crmkit.transport.retry import Action, Failure
from crmkit.transport.wire import Cause

__all__ = [
    "REDIRECTS",
    "Redirected",
    "broken_off",
    "may_be_empty",
    "no_json",
    "origin_of",
    "retry_after",
    "target_of",
    "too_long",
]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_LEGALLY_EMPTY = frozenset({202, 204})

_WORDS: dict[Cause, tuple[str, str]] = {
    Cause.DNS: ("the host name is not known", "check the address of the portal and the network"),
    Cause.REFUSED: ("no connection", "check the address of the portal, the network and the firewall"),
    Cause.CONNECT_TIMEOUT: ("no connection in time", "check the network, the firewall and the proxy"),
    Cause.TLS: ("no secure connection", "check that the address begins with the right http:// or https://"),
    Cause.CERTIFICATE: (
        "the certificate is not trusted",
        "check the host name and the clock of this machine; with a company proxy set REQUESTS_CA_BUNDLE",
    ),
    Cause.PROXY: ("the proxy refused", "check HTTPS_PROXY and NO_PROXY"),
    Cause.READ_TIMEOUT: (
        "no answer in time",
        "the portal is slow or overloaded: try later, or ask for less at once",
    ),
    Cause.BROKEN: ("the connection broke before the answer was complete", "try again later"),
    Cause.OTHER: ("the exchange failed", "try again later"),
}


class Redirected(TransportError):
    """The portal pointed elsewhere. Not followed: an automatic redirect would turn a POST into a GET.

    Args:
        message: What was asked and where it should go.
        location: Scheme and host of the target; its path may hold a key and is left out.
        same_path: Only scheme or host differ, so that the portal has moved and did not do what was asked.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, location: str, same_path: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.location = location
        self.same_path = same_path


def broken_off(request: Request, host: str, cause: Cause, *, never_left: bool) -> Failure:
    """Describe an attempt that got no complete answer.

    A certificate that is not trusted will not be trusted in a second either; all else may pass.
    """
    what, hint = _WORDS[cause]
    return Failure(
        TransportError(f"{request.operation} at {host}: {what}", hint=hint),
        Action.FAIL if cause is Cause.CERTIFICATE else Action.RETRY,
        not_taken=never_left,
    )


def too_long(request: Request, host: str, limit: int) -> Failure:
    """Describe an answer that would not fit into memory; asking again would bring the same."""
    return Failure(
        TransportError(
            f"{request.operation} at {host}: the answer is longer than {limit:,} bytes",
            hint="ask for fewer fields or rows, or stream it",
        )
    )


def no_json(request: Request, response: Response, host: str, url: str, clock: Clock) -> Failure | None:
    """Describe an answer that is not the API's; ``None`` if it is JSON or may be empty.

    A 4xx without JSON comes from a web server that turned the request down, so nothing was done. After a 2xx
    or 5xx that cannot be known: a 503 of a front end that counts requests was not taken, one of a server
    whose worker died may have been, and the pages look alike. A redirect that only changes scheme or host
    sends the whole request elsewhere (a renamed Bitrix24 portal): not done. Any other redirect may be the end
    of a form that was carried out.
    """
    if response.status in REDIRECTS:
        return _redirected(request, response, host, url)
    problem = _problem(request, response)
    if problem is None:
        return None
    status = response.status
    refused = 400 <= status < 500
    action = Action.RETRY
    if status == 429:
        action = Action.WAIT
    elif refused and status != 408:
        # 408: the server gave up before the request was complete, as some do with idle connections.
        action = Action.FAIL
    return Failure(
        TransportError(f"{request.operation} at {host}: {problem}", hint=_hint(status)),
        action,
        not_taken=refused,
        retry_after=retry_after(response, clock),
        overload=status == 503,
    )


def retry_after(response: Response, clock: Clock) -> float | None:
    """Return the seconds of the ``Retry-After`` header, which holds a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - clock.now()).total_seconds())


def may_be_empty(request: Request, response: Response) -> bool:
    """Tell whether an answer without a body is a good one."""
    ok = response.status in _LEGALLY_EMPTY or (request.empty_ok and 200 <= response.status < 300)
    return ok and not response.content.strip()


def _problem(request: Request, response: Response) -> str | None:
    if not response.content.strip():
        return None if may_be_empty(request, response) else f"HTTP {response.status} with an empty body"
    try:
        response.json()
    except NotJsonError as error:
        problem = str(error)
    else:
        return None
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "of no declared type"
    head = response.content[:2048].decode("utf-8", "replace")
    title = re.search(r"<title[^>]*>([^<]{1,120})", head, re.IGNORECASE)
    if title:
        return f'HTTP {response.status} with a web page, "{" ".join(title[1].split())}", instead of JSON'
    if "<html" in head.lower() or "<!doctype" in head.lower():
        return f"HTTP {response.status} with a web page instead of JSON"
    return f"HTTP {response.status}, {len(response.content)} bytes {kind} that are no JSON: {problem}"


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "a firewall in front of the portal refused: check the address and the allowed networks"
    if status == 429:
        return "ask less often"
    if 400 <= status < 500:
        return "check that the address is the one of the REST API"
    if status >= 500:
        return "the portal has a fault or is down for maintenance: try again later"
    return (
        "check that the address is the one of the REST API; a page of a proxy or a login looks like this too"
    )


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of an http(s) URL, without user and password; ``None`` for anything else.

    Example:
        >>> origin_of("https://robot:key@Acme.planfix.ru:443/rest"), origin_of("acme.planfix.ru")
        ('https://acme.planfix.ru', None)
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, _PORTS[parts.scheme]} else "")


def target_of(response: Response, url: str) -> str:
    """Return where a redirect leads, empty if that is no URL."""
    try:
        return urljoin(url, response.headers.get("Location", ""))
    except ValueError:
        return ""


def _redirected(request: Request, response: Response, host: str, url: str) -> Failure:
    target = target_of(response, url)
    where = origin_of(target) or "nowhere"
    here = origin_of(url) or ""
    moved = (
        where not in {here, "nowhere"}
        and urlsplit(target)[2:4] == urlsplit(url)[2:4]
        and response.status != 303
    )
    error = Redirected(
        f"{request.operation} at {host}: HTTP {response.status}, redirected to {where}, not followed",
        location=where,
        same_path=moved,
        hint=f"put {where} into the configuration" if moved else "check the address of the portal",
    )
    return Failure(error, not_taken=moved)
