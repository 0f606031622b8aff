"""The portal's error codes as data: which exception, and what a client may do about it.

Classified by the code in the body, never by the HTTP status: the documents and the server disagree about
statuses, and some errors come with 200. Codes are compared without case and surrounding blanks; they may be
numbers, texts with spaces, empty, or (REST 3.0) inside an object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from crmkit.bitrix24.envelope import as_map, is_error
from crmkit.clock import Clock
from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    ValidationError,
)
from crmkit.transport.request import Request, Response
from crmkit.transport.retry import Action, Failure, Rule

__all__ = ["RULES", "Classifier", "error_from", "rule_for"]

OPERATING_PROBE = 60.0
"""Seconds to wait on OPERATION_TIME_LIMIT when the portal does not say when the budget is reset: it is
summed in one-minute buckets, so after a minute the oldest one has dropped out."""

_HINT_SCOPE = "give the webhook or application the scope of this method"
_HINT_ADMIN = "an administrator of the portal has to confirm the call, then repeat it"
_HINT_PLAN = "the method, its module or the tariff is missing on this portal"

RULES: Mapping[str, Rule] = {
    "query_limit_exceeded": Rule(RateLimited, Action.WAIT, not_taken=True),
    "operation_time_limit": Rule(RateLimited, Action.WAIT, not_taken=True, operation_only=True),
    "overload_limit": Rule(
        RateLimited, hint="the portal blocked this application or webhook by hand: ask support"
    ),
    "internal_server_error": Rule(ServerError, Action.RETRY),
    "error_unexpected_answer": Rule(ServerError, Action.RETRY),
    "connection_error": Rule(ServerError, Action.RETRY, not_taken=True),
    "expired_token": Rule(AuthenticationError, Action.REFRESH, not_taken=True),
    "invalid_token": Rule(AuthenticationError, hint="authorise the application again"),
    "no_auth_found": Rule(AuthenticationError, hint="check the webhook URL or the token"),
    "invalid_credentials": Rule(AuthenticationError, hint="check the rights of the webhook's owner"),
    "user_access_error": Rule(AuthenticationError, hint="this user may not use the application"),
    "authorization_error": Rule(AuthenticationError),
    "application_not_found": Rule(
        AuthenticationError, hint="the application is not installed on this portal"
    ),
    "app_not_found": Rule(AuthenticationError, hint="the application is not installed on this portal"),
    "portal_deleted": Rule(AuthenticationError, hint="the portal does not exist any more"),
    "payment_required": Rule(AuthenticationError, hint="the application or the portal is not paid for"),
    "invalid_client": Rule(AuthenticationError, hint="check client_id and client_secret"),
    "invalid_grant": Rule(
        AuthenticationError, hint="the authorisation was revoked or is too old: authorise again"
    ),
    "invalid_scope": Rule(AuthenticationError),
    "insufficient_scope": Rule(PermissionDenied, hint=_HINT_SCOPE),
    "access_denied": Rule(PermissionDenied),
    "accessexception": Rule(PermissionDenied),
    "access_error": Rule(PermissionDenied),
    "is_not_admin": Rule(PermissionDenied),
    "allowed_only_intranet_user": Rule(PermissionDenied, hint="extranet users may not use this method"),
    "wrong_auth_type": Rule(PermissionDenied, hint="this method is for applications, or for webhooks, only"),
    "wrong_license": Rule(PermissionDenied, hint="the tariff of the portal does not include this"),
    "method_confirm_waiting": Rule(PermissionDenied, hint=_HINT_ADMIN),
    "method_confirm_denied": Rule(PermissionDenied, hint="the administrator refused the call"),
    "error_method_not_found": Rule(NotFound, hint=_HINT_PLAN),
    "error_batch_method_not_allowed": Rule(ValidationError, hint="call this method by itself"),
    "error_batch_length_exceeded": Rule(ValidationError, not_taken=True),
    "invalid_request": Rule(ValidationError),
    "wrong_encoding": Rule(ValidationError),
    "100": Rule(ValidationError, hint="a required parameter is missing or its name is in the wrong case"),
    "400": Rule(ValidationError),
    "422": Rule(ValidationError),
    "error_argument": Rule(ValidationError),
    "invalid_arg_value": Rule(ValidationError),
    "error_core": Rule(ApiError),
    "error_entity_not_found": Rule(NotFound),
    "error_not_found": Rule(NotFound),
    "not_found": Rule(NotFound),
    "owner_not_found": Rule(NotFound),
}

_PATTERNS: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (re.compile(r"not_?found|_not_exist$|no_exist$|is not found"), Rule(NotFound)),
    (re.compile(r"access_?(denied|error)|accessdenied|_access_"), Rule(PermissionDenied)),
    (re.compile(r"^\d{4}403\d{5}$"), Rule(PermissionDenied)),
    (re.compile(r"^\d{4}404\d{5}$"), Rule(NotFound)),
    (re.compile(r"^\d{4}400\d{5}$"), Rule(ValidationError)),
    (
        re.compile(r"validation|required|_empty|wrong_|invalid|missing|unknown|_params|param_|argument"),
        Rule(ValidationError),
    ),
)
"""Families of codes; the twelve digits of shop and catalogue codes carry an HTTP status in the middle."""

_TEXTS: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (re.compile(r"not found|не найден", re.IGNORECASE), Rule(NotFound)),
    (re.compile(r"access denied|доступ запрещ", re.IGNORECASE), Rule(PermissionDenied)),
)
"""Only for the empty code: there is nothing else to go by."""

_BY_STATUS: tuple[tuple[range, Rule], ...] = (
    (range(401, 402), Rule(AuthenticationError)),
    (range(403, 404), Rule(PermissionDenied)),
    (range(404, 405), Rule(NotFound)),
    (range(429, 430), Rule(RateLimited, Action.WAIT, not_taken=True)),
    (range(500, 600), Rule(ServerError, Action.RETRY)),
)
_TAG = re.compile(r"<[^>]{0,200}>")


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """The vendor's error taken apart: its code as text, its description, field errors of REST 3.0."""

    code: str
    text: str


def facts_of(body: Mapping[str, Any]) -> ErrorFacts:
    """Take an error body apart; the code is text whatever it came as.

    Example:
        >>> facts_of({"error": 0, "error_description": "Task<br>not found"})
        ErrorFacts(code='0', text='Task not found')
    """
    error = body["error"]
    if isinstance(error, Mapping):
        notes = [
            f"{item.get('field', '')}: {item.get('message', '')}"
            for item in as_map(error.get("validation")).values()
            if isinstance(item, Mapping)
        ]
        text = "; ".join(filter(None, (str(error.get("message") or ""), *notes)))
        return ErrorFacts(str(error.get("code") or ""), _plain(text))
    text = body.get("error_description") or body.get("error_msg") or ""
    return ErrorFacts("" if error is None else str(error).strip(), _plain(str(text)))


def rule_for(code: str, text: str = "", status: int = 0) -> Rule:
    """Return the row of the table that fits best: exact code, family, text of the empty code, HTTP status."""
    key = code.strip().lower()
    if key in RULES:
        return RULES[key]
    if key not in ("", "0"):
        for pattern, rule in _PATTERNS:
            if pattern.search(key):
                return rule
    for pattern, rule in _TEXTS:
        if key in ("", "0") and pattern.search(text):
            return rule
    for statuses, rule in _BY_STATUS:
        if status in statuses:
            return rule
    return Rule(ApiError)


def error_from(
    body: Mapping[str, Any], *, method: str, status: int = 0, retry_after: float | None = None
) -> ApiError:
    """Make the exception of an error body."""
    facts = facts_of(body)
    rule = rule_for(facts.code, facts.text, status)
    message = f"{method}: {facts.text or facts.code or 'error without a text'}"
    if facts.code and facts.text:
        message += f" [{facts.code}]"
    details: dict[str, Any] = {
        "code": facts.code,
        "status": status,
        "method": method,
        "raw": body,
        "hint": rule.hint,
    }
    if issubclass(rule.error, RateLimited):
        return rule.error(message, retry_after=retry_after or 0.0, **details)
    return rule.error(message, **details)


class Classifier:
    """Judges an answer for the transport: an error with what to do about it, or ``None`` for a success.

    Args:
        clock: Turns ``operating_reset_at`` into seconds.
        scrub: Takes secrets out of what the portal says: it likes to quote the address it was called by.
    """

    def __init__(self, clock: Clock, scrub: Callable[[Any], Any] = lambda value: value) -> None:
        self._clock = clock
        self._scrub = scrub

    def __call__(self, request: Request, response: Response) -> Failure | None:
        """Return the failure in ``response``, or ``None``."""
        if request.stream and response.status < 400:
            return None
        start = response.content[:10].lstrip()
        if response.status < 400 and start.startswith((b'{"result"', b"[")):
            return None
        try:
            body = from_json(response.content)
        except ValueError:
            return self._not_json(request, response)
        if is_error(body):
            return self.failure(body, method=request.operation, status=response.status)
        if response.status < 400:
            return None
        return self._not_json(request, response)

    def failure(self, body: Mapping[str, Any], *, method: str, status: int = 0) -> Failure:
        """Return the failure of an error body, also of one command of a batch."""
        facts = facts_of(body)
        rule = rule_for(facts.code, facts.text, status)
        wait = self._seconds(body, facts.code)
        error = error_from(self._scrub(body), method=method, status=status, retry_after=wait)
        return Failure(error, rule.action, rule.not_taken, wait, rule.operation_only)

    def _seconds(self, body: Mapping[str, Any], code: str) -> float | None:
        if code.lower() != "operation_time_limit":
            return None
        reset = as_map(body.get("time")).get("operating_reset_at") or body.get("operating_reset_at")
        if not isinstance(reset, int | float):
            return OPERATING_PROBE
        return max(1.0, float(reset) - self._clock.now().timestamp())

    def _not_json(self, request: Request, response: Response) -> Failure:
        rule = rule_for("", "", response.status)
        message = f"{request.operation}: HTTP {response.status} without an error code"
        kind = rule.error if rule.error is not RateLimited else ServerError
        error = kind(
            message, status=response.status, method=request.operation, hint="what answered may be a proxy"
        )
        return Failure(error, Action.RETRY if kind is ServerError else Action.FAIL, False)


def _plain(text: str) -> str:
    return " ".join(_TAG.sub(" ", text).split())
