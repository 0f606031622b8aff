"""Every exception that crmkit raises, on one page.

They are named by what the caller does next. Two bases each where an old ``except`` should keep working.
No message, ``repr`` or attribute that is printed by default ever holds a webhook key, a token or a client
secret: whoever raises one of these passes text through the transport's redaction first.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BatchError",
    "ConfigurationError",
    "CrmkitError",
    "IncompleteList",
    "NotFound",
    "OutcomeUnknown",
    "PermissionDenied",
    "PlanStale",
    "QuotaExhausted",
    "RateLimited",
    "RecipeError",
    "RunInProgress",
    "ServerError",
    "StoreError",
    "TransportError",
    "Unsupported",
    "ValidationError",
]


class CrmkitError(Exception):
    """The root: ``except CrmkitError`` catches all that crmkit raises on purpose.

    Args:
        message: One line: what is wrong and where.
        hint: One line: what to do about it; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigurationError(CrmkitError, ValueError):
    """The settings are wrong or incomplete. Nothing was sent."""


class StoreError(ConfigurationError):
    """The database of the ledger cannot be used: out of reach, locked, full, written by a newer version."""


class TransportError(CrmkitError, ConnectionError):
    """The portal could not be reached, or what answered was not the API. The request had no effect."""


class OutcomeUnknown(CrmkitError):
    """A write may or may not have happened, and it could not be settled. A person has to look.

    Args:
        message: What was being written and why it is not known whether it took effect.
        operation: The vendor's name of the operation, for example ``POST /task/{id}/comments/``.
        request: The request without its secrets.
        checked: How the outcome was looked for, empty if there was no way to look.
        overload: A web server said that the portal has too much to do (503): probably, not provably, nothing
            was done, and the size of the request is not to blame.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        request: Any = None,
        checked: str = "",
        overload: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.operation = operation
        self.request = request
        self.checked = checked
        self.overload = overload


class ApiError(CrmkitError):
    """The portal answered, and the answer was no.

    Args:
        message: The vendor's text, redacted, with the operation it belongs to.
        code: The vendor's code as a string; ``""`` is a legal code at Bitrix24.
        status: The HTTP status; it says less than the code.
        method: The vendor's name of the operation.
        raw: The body as it came; not part of ``str`` or ``repr``.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int = 0,
        method: str = "",
        raw: Any = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.method = method
        self.raw = raw


class AuthenticationError(ApiError):
    """The token or webhook was refused."""


class PermissionDenied(ApiError, PermissionError):
    """The token is valid but may not do this: a scope, a right or the tariff is missing."""


class NotFound(ApiError, LookupError):
    """There is no such object, or this token may not see it."""


class ValidationError(ApiError, ValueError):
    """The portal, or our own check before sending, refused the values."""


class RateLimited(ApiError):
    """Too many requests, for longer than the caller was willing to wait.

    Args:
        retry_after: Seconds until it makes sense to try again.
    """

    def __init__(self, message: str, *, retry_after: float = 0.0, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class QuotaExhausted(RateLimited):
    """The daily budget of requests is used up; ``retry_after`` says when it is filled again, if known."""


class ServerError(ApiError):
    """The portal failed inside. A read may be repeated."""


class IncompleteList(CrmkitError):
    """A list could not be read to its end. What was read is not the whole."""


class BatchError(CrmkitError):
    """Some commands of a batch failed. Nothing is lost: the outcomes are here.

    Args:
        done: Outcomes of the commands that were carried out.
        failed: Outcomes with their errors.
        unknown: Commands of which it is not known whether they were carried out.
    """

    def __init__(
        self,
        message: str,
        *,
        done: tuple[Any, ...] = (),
        failed: tuple[Any, ...] = (),
        unknown: tuple[Any, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.done = done
        self.failed = failed
        self.unknown = unknown


class Unsupported(CrmkitError, NotImplementedError):
    """This provider cannot do that, and pretending would be worse.

    Args:
        provider: ``"planfix"`` or ``"bitrix24"``.
        capability: The name in :class:`crmkit.crm.capabilities.Capability`.
        hint: What to use instead, or why it cannot be.
    """

    def __init__(self, provider: str, capability: str, *, hint: str = "") -> None:
        super().__init__(f"{provider} does not support {capability}", hint=hint)
        self.provider = provider
        self.capability = capability


class PlanStale(CrmkitError):
    """The plan does not fit the present state any more; make a new one."""


class RecipeError(CrmkitError):
    """A recipe contradicts itself or was given a state it cannot judge."""


class RunInProgress(CrmkitError):
    """Another run of the same recipe on the same portal is under way; nothing was done. Try again later."""
