"""What Planfix says when it says no: the table of codes, and how an answer is judged by it.

The body decides, the HTTP status only helps out: the same code comes with 400, 403, 404, 405 or 500, and a
failure comes with 200 as well. Codes are an open set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    ServerError,
    ValidationError,
)
from crmkit.transport.request import Request, Response
from crmkit.transport.retry import Action, Failure, Rule

__all__ = ["CODES", "DAILY_LIMIT_CODE", "classify", "required_scope", "seconds_to_reset"]

DAILY_LIMIT_CODE = 22
_MAKE_ONE = (
    "make a token in the account settings, section REST API, and check where crmkit.toml takes it from"
)
_SUPPORT = "write to Planfix support"
_ADMIN = "an administrator of the account can change that"
_RESET_MARGIN = 15.0
_RESET_UNKNOWN = 120.0


def _missing(what: str) -> Rule:
    return Rule(NotFound, hint=f"there is no such {what}, or the owner of the token may not see it")


def _refused(what: str) -> Rule:
    return Rule(
        ValidationError,
        hint=f"the portal did not take these values of the {what}; try them in the web interface",
    )


def _gone(what: str) -> Rule:
    return Rule(ValidationError, hint=f"the {what} could not be removed; it may be in use")


# From the vendor's page of codes; 24, 405, 600-602, 6001, 6002, 9001-9003 occur in the API description only.
CODES: Mapping[int, Rule] = {
    1: Rule(AuthenticationError, not_taken=True, hint=f"the token is unknown: {_MAKE_ONE}"),
    2: Rule(
        AuthenticationError, not_taken=True, hint=f"the token is switched off: switch it on or {_MAKE_ONE}"
    ),
    5: Rule(PermissionDenied, not_taken=True, hint="the token lacks a scope"),
    6: Rule(
        PermissionDenied,
        hint="the owner of the token has no right to this; use a robot user with administrator rights",
    ),
    10: Rule(PermissionDenied, not_taken=True, hint=f"the account is blocked for spam: {_SUPPORT}"),
    11: Rule(PermissionDenied, not_taken=True, hint=f"the account is frozen: {_ADMIN}"),
    16: Rule(
        AuthenticationError,
        not_taken=True,
        hint="the owner of the token is no active user: make a token for another one",
    ),
    20: Rule(PermissionDenied, not_taken=True, hint="the account is not paid"),
    21: Rule(
        PermissionDenied,
        not_taken=True,
        hint="free accounts have no REST API: a paid or trial tariff is needed",
    ),
    DAILY_LIMIT_CODE: Rule(
        QuotaExhausted,
        Action.WAIT,
        not_taken=True,
        hint="the day's requests are used up: wait or take a larger package",
    ),
    23: Rule(PermissionDenied, hint="the tariff allows no more contacts"),
    24: Rule(PermissionDenied, hint="the tariff allows no more employees"),
    30: Rule(ValidationError, hint="the portal could not read the JSON of the request"),
    40: Rule(ValidationError, hint="a parameter is missing"),
    41: Rule(ValidationError, hint="a value is wrong"),
    405: Rule(PermissionDenied, not_taken=True, hint="this path does not take this verb"),
    600: _missing("checklist item"),
    601: _refused("checklist item"),
    602: _refused("checklist item"),
    1000: _missing("task"),
    1001: _refused("task"),
    1002: _refused("task"),
    2000: _missing("contact"),
    **{code: _refused("contact") for code in range(2001, 2007)},
    3000: _missing("project"),
    3001: _refused("project"),
    3002: _refused("project"),
    4000: _missing("employee"),
    **{code: _refused("employee") for code in range(4001, 4007)},
    5000: _missing("comment"),
    5001: _refused("comment"),
    5002: _refused("comment"),
    6000: _missing("data tag"),
    6001: _refused("data tag entry"),
    6002: _refused("data tag entry"),
    6010: _missing("data tag entry"),
    6011: _refused("data tag entry"),
    6012: _refused("data tag entry"),
    6013: _gone("data tag entry"),
    7000: _missing("file"),
    7001: _refused("file"),
    7002: _refused("file"),
    7003: _gone("file"),
    8000: _missing("directory"),
    8010: _missing("directory entry"),
    8011: _refused("directory entry"),
    8012: _refused("directory entry"),
    8013: _gone("directory entry"),
    9000: _missing("report"),
    9001: Rule(PermissionDenied, not_taken=True, hint="reports by API need the tariff Corporation"),
    9002: Rule(
        RateLimited,
        not_taken=True,
        hint="the report is being built already; ask for its status, at most one run in 10 minutes",
    ),
    9003: _missing("run of a report"),
}
"""Code -> what the caller gets, what the transport does first, whether it proves that nothing was done."""

_STATUSES: Mapping[int, Rule] = {
    401: CODES[1],
    403: Rule(PermissionDenied, hint="the token or its owner may not do this"),
    404: Rule(NotFound, hint="there is no such object, or the address of the API is wrong"),
    405: Rule(
        PermissionDenied, not_taken=True, hint="the token lacks a scope, or this path does not take this verb"
    ),
    429: Rule(RateLimited, Action.WAIT, not_taken=True, hint="send fewer requests a second"),
}

_SCOPE_STEMS = {
    "task": "task",
    "contact": "contact",
    "user": "user",
    "comment": "comment",
    "comments": "comment",
    "datatag": "datatag",
    "datatags": "datatag",
    "file": "file",
    "project": "project",
    "object": "object",
}


def classify(request: Request, response: Response) -> Failure | None:
    """Judge an answer: ``None`` if it is a success, else what it is and what to do about it.

    Anything with ``result`` other than ``success`` beside a code or an error text is a failure, whatever the
    HTTP status; the vendor's examples of file operations spell it ``"file"``.
    """
    body = response.json()
    if response.status < 400 and not _says_no(body):
        return None
    details = body if isinstance(body, Mapping) else {}
    code = _whole(details.get("code"))
    rule = _rule(code, response.status)
    return Failure(
        error=_error(request, response, rule, code, details),
        action=rule.action,
        not_taken=rule.not_taken,
        retry_after=_pause(rule, response, details),
    )


def seconds_to_reset(value: Any) -> float | None:
    """Read ``timeToReset``: above 1000 it is milliseconds, else seconds (one production client reads it so).

    Example:
        >>> seconds_to_reset(90_000), seconds_to_reset("45"), seconds_to_reset(None)
        (90.0, 45.0, None)
    """
    number = _whole(value)
    if number is None or number < 0:
        return None
    return number / 1000 if number > 1000 else float(number)


def required_scope(operation: str) -> str:
    """Name the scope that an operation needs, as far as the vendor's list of scopes tells.

    The vendor's page stops at tasks, people, comments, datatags and files. Projects, objects, reports,
    metadata and settings are known from users of the API, the writes of directories from one list only.

    Example:
        >>> required_scope("POST /task/{id}"), required_scope("POST /task/{id}/comments/")
        ('task_update', 'comment_add')
        >>> required_scope("GET /process/task")
        'common_metadata'
    """
    verb, _, path = operation.partition(" ")
    parts = [part for part in path.split("/") if part]
    if parts and (parts[0] == "integration" or (parts[0] == "customfield" and verb == "POST")):
        return "system_settings"
    if "entry" in parts and parts[0] == "directory" and (access := _access(verb, path, parts)) != "readonly":
        return f"directory_{access}"
    owners = [part for part in parts if part in _SCOPE_STEMS]
    if not owners or (parts and parts[0] in ("process", "customfield", "directory", "workspace")):
        return "report_readonly" if "report" in parts else "common_metadata"
    stem = _SCOPE_STEMS[parts[2] if len(parts) > 2 and parts[2] in _SCOPE_STEMS else owners[0]]
    return f"{stem}_{_access(verb, path, parts)}"


def _access(verb: str, path: str, parts: list[str]) -> str:
    if verb == "DELETE":
        return "delete"
    if verb == "GET" or parts[-1] in ("list", "filters", "groups", "templates"):
        return "readonly"
    adds = path.endswith("/") or parts[-1] == "import" or path.endswith("/datatags/{commentId}")
    return "add" if adds else "update"


def _says_no(body: Any) -> bool:
    if not isinstance(body, Mapping):
        return False
    result = body.get("result")
    return result == "fail" or (result != "success" and ("error" in body or "code" in body))


def _rule(code: int | None, status: int) -> Rule:
    if code is not None and code in CODES:
        return CODES[code]
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return Rule(
            ServerError, Action.RETRY, hint="the portal failed inside; it happens under load, try again later"
        )
    return Rule(
        ApiError, hint="the portal does not say what was wrong; check the request against the documentation"
    )


def _error(
    request: Request, response: Response, rule: Rule, code: int | None, details: Mapping[str, Any]
) -> ApiError:
    text = " ".join(str(details.get("error") or "no reason given").split())
    hint = rule.hint
    if code == 5:
        scope = required_scope(request.operation)
        hint = f"the token lacks a scope, most likely {scope}: add it in the account settings"
    known = f"code {code}, " if code is not None else ""
    message = f"{request.operation}: {text} [{known}HTTP {response.status}]"
    facts: dict[str, Any] = {
        "code": "" if code is None else str(code),
        "status": response.status,
        "method": request.operation,
        "raw": details or None,
        "hint": hint,
    }
    if issubclass(rule.error, RateLimited):
        return rule.error(message, retry_after=_pause(rule, response, details) or 0.0, **facts)
    return rule.error(message, **facts)


def _pause(rule: Rule, response: Response, details: Mapping[str, Any]) -> float | None:
    if rule.error is QuotaExhausted:
        told = seconds_to_reset(details.get("timeToReset"))
        return _RESET_UNKNOWN if told is None else told + _RESET_MARGIN
    seconds = _whole(response.headers.get("Retry-After"))
    return float(seconds) if seconds is not None else None


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
