"""HTTP for the vendors' clients: limits, repeats, redaction. Knows no vendor."""

from crmkit.transport.rate_limit import (
    BITRIX24,
    BITRIX24_ENTERPRISE,
    PLANFIX,
    BucketRule,
    DailyBudget,
    LeakyBucket,
    Limiter,
    OperatingBudget,
)
from crmkit.transport.redaction import Redactor
from crmkit.transport.request import Effect, NotJsonError, Request, Response
from crmkit.transport.retry import Action, Classifier, Failure, RetryPolicy, Rule
from crmkit.transport.session import Auth, NoAuth, Transport

__all__ = [
    "BITRIX24",
    "BITRIX24_ENTERPRISE",
    "PLANFIX",
    "Action",
    "Auth",
    "BucketRule",
    "Classifier",
    "DailyBudget",
    "Effect",
    "Failure",
    "LeakyBucket",
    "Limiter",
    "NoAuth",
    "NotJsonError",
    "OperatingBudget",
    "Redactor",
    "Request",
    "Response",
    "RetryPolicy",
    "Rule",
    "Transport",
]
