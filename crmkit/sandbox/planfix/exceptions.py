"""The vendor's refusals: code, text and HTTP status.

Codes are the vendor's list of error codes; texts and statuses are those of the examples in its specification
where there is one. The status says little: most errors are 400, lists answer 500, updates 404, a missing
scope 405.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "Refused",
    "bad_json",
    "bad_value",
    "comment_not_found",
    "contact_not_found",
    "file_not_found",
    "forbidden",
    "inactive_token",
    "inactive_user",
    "limit_exceeded",
    "missing",
    "not_emulated",
    "project_not_found",
    "scope_denied",
    "task_not_found",
    "unknown_token",
    "user_not_found",
]


class Refused(Exception):
    """An answer with ``"result": "fail"``.

    Args:
        code: The vendor's code.
        text: The vendor's text.
        status: HTTP status; 0 leaves it to the operation: 500 for lists, 400 for the rest.
        extra: Further keys of the body.
    """

    def __init__(
        self,
        code: int,
        text: str,
        *,
        status: int = 0,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """Return the vendor's envelope."""
        return {"result": "fail", "code": self.code, "error": self.text, **self.extra}


def unknown_token() -> Refused:
    """Code 1."""
    return Refused(1, "Access denied, unknown token", status=401)


def inactive_token() -> Refused:
    """Code 2; the status is a guess."""
    return Refused(2, "Access denied, token is not active", status=401)


def scope_denied() -> Refused:
    """Code 5."""
    return Refused(5, "Scope denied, method not allowed", status=405)


def forbidden(text: str) -> Refused:
    """Code 6."""
    return Refused(6, text)


def inactive_user() -> Refused:
    """Code 16; the status is a guess."""
    return Refused(16, "Access denied, user is not active", status=403)


def limit_exceeded(time_to_reset: int, *, status: int = 403) -> Refused:
    """Code 22 as a production client has seen it; undocumented."""
    return Refused(22, "API limit exceeded", status=status, extra={"timeToReset": time_to_reset})


def bad_json() -> Refused:
    """Code 30."""
    return Refused(30, "Cannot deserialize, invalid JSON")


def missing(name: str) -> Refused:
    """Code 40."""
    return Refused(40, f"Parameter {name} is required")


def bad_value(text: str) -> Refused:
    """Code 41."""
    return Refused(41, text)


def task_not_found(number: object, *, update: bool = False) -> Refused:
    """Code 1000: there is none, or this person may not see it."""
    if update:
        return Refused(1000, f"Task for update not found by id {number}", status=404)
    return Refused(1000, f"Task not found by id {number}")


def contact_not_found(number: object, *, update: bool = False) -> Refused:
    """Code 2000."""
    what = "Contact for update" if update else "Contact"
    return Refused(2000, f"{what} not found by id {number}", status=404)


def project_not_found(number: object, *, update: bool = False) -> Refused:
    """Code 3000."""
    if update:
        return Refused(3000, f"Project for update not found by id {number}", status=404)
    return Refused(3000, f"Project not found by id {number}")


def file_not_found(number: object) -> Refused:
    """Code 7000."""
    return Refused(7000, f"File not found by id {number}")


def user_not_found(number: object) -> Refused:
    """Code 4000."""
    return Refused(4000, f"Employee not found by id - {number}")


def comment_not_found(number: object) -> Refused:
    """Code 5000."""
    return Refused(5000, f"Comment not found by id {number}")


def not_emulated(what: str) -> Refused:
    """Not the vendor's: the sandbox says loudly what it cannot do, so that no test passes by accident."""
    return Refused(
        0,
        f"crmkit sandbox: {what} is not emulated",
        status=501,
        extra={"sandbox": "not emulated", "what": what},
    )
