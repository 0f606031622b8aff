"""How single values of the settings are read, and what is said about those that are wrong."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from crmkit.config.secret import HOW_TO_REFER, Secret

__all__ = [
    "FULL_URL",
    "OWN_ERROR",
    "RATES",
    "SecretField",
    "Url",
    "UserId",
    "ZoneName",
    "bound",
    "did_you_mean",
    "handler",
    "is_loopback",
    "listed",
    "store_section",
    "wrong",
]

OWN_ERROR = "crmkit"
FULL_URL = "give the full REST address, for example https://acme.planfix.ru/rest"
HOSTS = {"planfix": "planfix.ru", "bitrix24": "bitrix24.ru"}
"""Where the accounts of a vendor live, for the examples in messages."""
RATES = {"bitrix24": 2.0}
"""Requests per second that a vendor allows, if not one."""
WEBHOOK_PATH = re.compile(r"/rest/(?:api/)?\d+/[^/]+")


def did_you_mean(word: str, known: Any) -> str:
    """Return ``did you mean ...`` if something known is close to the word, else an empty text."""
    near = get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def is_loopback(url: str) -> bool:
    """Tell whether a URL points at this machine.

    Example:
        >>> is_loopback("http://127.0.0.1:8000/rest"), is_loopback("https://acme.planfix.ru/rest")
        (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def wrong(what: str, hint: str, key: str = "") -> PydanticCustomError:
    """Return the error of a validator: what is wrong, what to do, and at which key below its own."""
    # The texts go in as parameters: a brace in them must not be taken for a placeholder.
    return PydanticCustomError(OWN_ERROR, "{what}", {"what": what, "hint": hint, "key": key})


def secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, SecretStr) or (isinstance(value, str) and value.strip()):
        return Secret(value)
    raise wrong("is empty", HOW_TO_REFER)


def zone(value: str) -> str:
    zones = available_timezones()
    if value in zones:
        return value
    hint = did_you_mean(value, zones) or "use a name such as Europe/Moscow or Asia/Almaty"
    raise wrong(f"no time zone is called {value!r}", hint)


def address(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    host = HOSTS.get(info.data.get("provider", ""), HOSTS["planfix"])
    full = FULL_URL.replace(HOSTS["planfix"], host)
    if not parts.scheme or not parts.netloc:
        account = re.split("[/.]", value, maxsplit=1)[0]
        whole = f"write https://{account}.{host}/rest" if account.replace("-", "").isalnum() else full
        raise wrong("is not a full address", whole)
    if parts.scheme not in ("http", "https"):
        raise wrong(f"begins with {parts.scheme}://", full)
    if parts.scheme == "http" and not is_loopback(value):
        raise wrong("http:// would send the token in the clear", "write https://")
    if parts.username or parts.query:
        raise wrong("holds credentials or parameters", "keep only the address; the token has its own key")
    if not parts.path.strip("/"):
        raise wrong("is the address of the account, not of its REST API", f"write {value.rstrip('/')}/rest")
    if WEBHOOK_PATH.match(parts.path):
        address = f"{parts.scheme}://{parts.netloc}/rest"
        raise wrong("holds the key of a webhook", f'write {address} and keep "1/key" in the token')
    return value.rstrip("/")


def handler(value: str) -> str:
    """Check the address at which the portal calls us."""
    if value.startswith("https://") or is_loopback(value):
        return value.rstrip("/")
    raise wrong("is no https address", "give https://…: the secret goes over the net")


def listed(value: Any) -> Any:
    """Let the environment give a list: as JSON or separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise wrong("is not a JSON list", 'write a,b or ["a","b"]') from None
    return [part.strip() for part in value.split(",") if part.strip()]


def user(value: Any) -> str:
    number = str(value).removeprefix("user:")
    if not number.isdigit():
        raise wrong("is not the id of a user", 'write "user:90"')
    return f"user:{number}"


def store_section(value: Any) -> Any:
    """Let ``CRMKIT_STORE`` be the address itself: the section has no other key."""
    return {"url": value} if isinstance(value, str) else value


def bound(value: Any) -> Any:
    """Let the id alone stand for something of the portal: its name is only remembered."""
    return {"id": value} if isinstance(value, int | str) else value


Url = Annotated[str, AfterValidator(address)]
ZoneName = Annotated[str, AfterValidator(zone)]
UserId = Annotated[str, BeforeValidator(user)]
SecretField = Annotated[Secret, PlainValidator(secret), PlainSerializer(str, return_type=str)]
