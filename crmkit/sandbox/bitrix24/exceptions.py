"""The vendor's refusals: code, text and HTTP status.

Statuses are those of the server's source; the documentation's tables say 403 or 400 for some of them. A code
may be empty or a number, as the vendor sends them.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "RestError",
    "access_denied",
    "empty_code",
    "invalid_argument",
    "method_not_found",
    "missing_parameter",
    "not_emulated",
    "not_found",
    "operation_limit",
    "query_limit",
    "scope_missing",
    "wrong_auth_type",
]

Code = str | int


class RestError(Exception):
    """An answer with ``error``.

    Args:
        code: The vendor's code; text, empty, or a number.
        text: ``error_description``.
        status: The HTTP status.
        extra: Further keys of the body.
    """

    def __init__(self, code: Code, text: str, status: int = 400, **extra: Any) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the vendor's envelope, without ``time``."""
        return {"error": self.code, "error_description": self.text, **self.extra}


def empty_code(text: str) -> RestError:
    """Most errors of the old methods: only the text tells what is wrong."""
    return RestError("", text)


def not_found(text: str = "Element not found") -> RestError:
    """A wrong number or a wrong type of item: the answer is the same."""
    return RestError("NOT_FOUND", text)


def access_denied(text: str = "Access denied!", status: int = 403) -> RestError:
    """The caller may not do it."""
    return RestError("ACCESS_DENIED", text, status)


def invalid_argument(text: str) -> RestError:
    """A controller looked at a value and did not like it."""
    return RestError("INVALID_ARG_VALUE", text)


def missing_parameter(name: str) -> RestError:
    """A controller's parameter is missing; its name is case-sensitive."""
    return RestError("100", f"Could not find value for parameter {{{name}}}")


def method_not_found() -> RestError:
    """There is no such method, or its module is not there, or the plan does not have it."""
    return RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def not_emulated(what: str) -> RestError:
    """The vendor can do it and this sandbox cannot: better said aloud than answered wrongly."""
    return RestError("SANDBOX_NOT_EMULATED", f"The crmkit sandbox does not emulate {what}.", 501)


def wrong_auth_type() -> RestError:
    """An application's method was called by a webhook."""
    return RestError("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", 403)


def scope_missing() -> RestError:
    """The webhook or application lacks a scope."""
    text = "The request requires higher privileges than provided by the access token"
    return RestError("insufficient_scope", text, 401)


def query_limit() -> RestError:
    """The bucket of the portal is full."""
    return RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def operation_limit() -> RestError:
    """A method has used up its time."""
    return RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)
