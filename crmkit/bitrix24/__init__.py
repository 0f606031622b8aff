"""The Bitrix24 client: every call, list, batch and typed resource of a portal."""

from crmkit.bitrix24.auth import authorize_url
from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.encoding import File, Ref
from crmkit.bitrix24.events import Event
from crmkit.bitrix24.filters import F
from crmkit.bitrix24.models import Company, Contact, Deal, Lead, SmartItem, Task, User, custom
from crmkit.bitrix24.outcomes import BatchResult, Command, ExternalKey, Outcome, Status
from crmkit.bitrix24.tokens import FileTokens, KeyringTokens, MemoryTokens, Tokens, TokenStore
from crmkit.transport.rate_limit import BITRIX24, BITRIX24_ENTERPRISE

__all__ = [
    "BITRIX24",
    "BITRIX24_ENTERPRISE",
    "BatchResult",
    "Bitrix24",
    "Command",
    "Company",
    "Contact",
    "Deal",
    "Event",
    "ExternalKey",
    "F",
    "File",
    "FileTokens",
    "KeyringTokens",
    "Lead",
    "MemoryTokens",
    "Outcome",
    "Ref",
    "SmartItem",
    "Status",
    "Task",
    "TokenStore",
    "Tokens",
    "User",
    "authorize_url",
    "custom",
]
