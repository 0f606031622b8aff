"""The service: events in at the receiver, recipes run by the engine, everything else later."""

from crmkit.runtime.service.logs import logging_to
from crmkit.runtime.service.service import Service

__all__ = ["Service", "logging_to"]
