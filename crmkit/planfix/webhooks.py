"""What a scenario of Planfix posts to a handler: read it, make sure who sends it, and how to set it up.

There is no subscription and no event: a person builds a scenario with an HTTP request, so the body is
whatever was typed there. Values are put into hand-written JSON without escaping, arrays arrive as text, a
variable that does not exist stays ``{{…}}``. A request counts as delivered only if it is answered with 200 at
once; otherwise the account sends no other request for three minutes. So nothing here ever raises because of a
body: what makes no sense is an event without a task, and the state is read by the API anyway. How a scenario
is set up is told by :mod:`crmkit.planfix.scenario`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from crmkit.exceptions import ConfigurationError

__all__ = [
    "MOST_BYTES",
    "SECRET_HEADER",
    "SIGNATURE_HEADER",
    "ByHeader",
    "ByHmac",
    "ByPath",
    "Event",
    "Guard",
    "parse",
]

SECRET_HEADER, SIGNATURE_HEADER = "X-Crmkit-Secret", "X-Crmkit-Signature"
MOST_BYTES = 1024 * 1024
"""A scenario's body is some lines; of a longer one only so much is looked at."""
_MOST_VALUES = 2000
_DEEPEST = 20
_TASK_KEYS = ("task", "taskid", "task_id", "id", "номерзадачи", "задача", "номер")
_CONTACT_KEYS = ("contact", "contactid", "contact_id", "company", "companyid", "контакт", "компания")
_EVENT_KEYS = ("event", "eventname", "event_name", "action", "событие")
_UNRESOLVED = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_PAIR = re.compile(r'"((?:[^"\\\n]|\\.)*)"\s*:\s*')
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Event:
    """One call of a scenario.

    Args:
        task_id: The number of the task; ``None`` if none was found: look at ``values`` and ``problem``.
        name: What the scenario calls the event; empty if it does not say.
        values: Everything that came, as texts, lists and maps; placeholders that stayed are left out.
        unresolved: The names of the values that were placeholders, ``{{Задача.Номер}}``: the scenario uses a
            field that the task does not have.
        problem: Why there is neither task nor contact, in a line for the log; empty if all is well.
        raw: The body as it came.
        contact_id: The number of the contact or company, for scenarios of contacts.
    """

    task_id: int | None
    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    problem: str = ""
    raw: bytes = field(default=b"", repr=False)
    contact_id: int | None = None

    @property
    def key(self) -> str:
        """What a repeated request shares with the first one: tell by it what is still waiting to be handled.

        A request says no more than what to look at, so a later change may have the same key: never drop an
        event because one with its key was handled before.

        Example:
            >>> parse("task=7&event=won").key == parse('{"event": "won", "task": "7"}').key
            True
        """
        values = json.dumps({name: str(value) for name, value in self.values.items()}, sort_keys=True)
        return hashlib.sha256(values.encode("utf-8", "surrogatepass")).hexdigest()

    def number(self, key: str) -> int | None:
        """Return a value as a number: ``"7"``, ``"user:7"`` and ``7`` are 7; ``None`` if it is none."""
        return _number(self.values.get(key))

    def items(self, key: str) -> tuple[Any, ...]:
        """Return a value as a list, however it was sent: a list, a list as text, or one element.

        Example:
            >>> parse("task=7&tag=VIP").items("tag"), parse("tag=[VIP, new]").items("tag")
            (('VIP',), ('VIP', 'new'))
        """
        value = self.values.get(key)
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = _list_in(value)
        if value is None or value == "":
            return ()
        return tuple(value) if isinstance(value, list) else (value,)


def parse(body: bytes | str | Mapping[str, Any], content_type: str = "", *, query: str = "") -> Event:
    """Read what a scenario has sent; never raises because of it.

    Args:
        body: The body as it came, or what a web framework made of it.
        content_type: Its header; only that of multipart forms is needed, what else it says may be wrong.
        query: The query of the address, which may carry values too.

    Example:
        >>> parse(b"task=7&event=status", "application/x-www-form-urlencoded").task_id
        7
        >>> parse(b'{"task": "7", "event": "won", "comment": "said "yes"!"}').name
        'won'
    """
    if isinstance(body, Mapping):
        raw, values = b"", dict(body)
    else:
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
        values = _values(raw[:MOST_BYTES], content_type)
    flat = dict(_flat({**dict(_pairs(query)), **values}))
    known = {key: value for key, value in flat.items() if not _is_unresolved(value)}
    unresolved = tuple(key for key in flat if key not in known)
    task_id = next((found for key in _keys(known, _TASK_KEYS) if (found := _number(known[key]))), None)
    contact_id = next((found for key in _keys(known, _CONTACT_KEYS) if (found := _number(known[key]))), None)
    name = next((str(known[key]) for key in _keys(known, _EVENT_KEYS)), "")
    problem = "" if task_id or contact_id else _problem(flat, unresolved)
    return Event(task_id, name, known, unresolved, problem, raw, contact_id)


def _problem(flat: Mapping[str, Any], unresolved: tuple[str, ...]) -> str:
    if not flat:
        return "the body holds no values that could be read"
    lost = [key for key in unresolved if _plain(key) in _TASK_KEYS]
    if lost:
        return (
            f"the placeholder of {lost[0]!r} was not filled in: the scenario names a field that is not there"
        )
    return f"no number of a task under any of: {', '.join(_TASK_KEYS)}"


def _values(raw: bytes, content_type: str) -> dict[str, Any]:
    if content_type.lower().lstrip().startswith("multipart/"):
        return _multipart(raw, content_type)
    text = _decoded(raw).strip().lstrip("\ufeff")
    if text.startswith("```") and text.endswith("```"):
        text = text.strip("`").partition("\n")[2].strip()
    if text.startswith(("{", "[")):
        return _json_values(text)
    values: dict[str, Any] = {}
    for key, value in _pairs(text):
        values[key] = value if key not in values else [*_listed(values[key]), value]
    if set(values) == {"payload"} and str(values["payload"]).lstrip().startswith("{"):
        return _json_values(str(values["payload"]))
    return values


def _pairs(text: str) -> list[tuple[str, str]]:
    some = "&".join(text[:MOST_BYTES].split("&", _MOST_VALUES)[:_MOST_VALUES])
    return parse_qsl(some, keep_blank_values=True, errors="replace")


def _json_values(text: str) -> dict[str, Any]:
    found = _loads(text)
    if isinstance(found, list):
        # One element in a list where an object was meant.
        found = found[0] if len(found) == 1 and isinstance(found[0], dict) else {"items": found}
    return found if isinstance(found, dict) else dict(_mended(text))


def _mended(text: str) -> Iterator[tuple[str, Any]]:
    """Read hand-typed JSON in which values hold quotes and line breaks.

    A key is what stands in quotes before a colon; its value reaches to the last comma or brace before the
    next key. That is wrong for a text with ``", "key":`` in it, which nobody can tell from a key.
    """
    keys = [match for match in _PAIR.finditer(text) if _begins_a_pair(text, match.start())][:_MOST_VALUES]
    for place, match in enumerate(keys):
        end = keys[place + 1].start() if place + 1 < len(keys) else len(text)
        value = text[match.end() : end].rstrip(", \r\n\t" if place + 1 < len(keys) else "]}, \r\n\t").lstrip()
        yield match[1], _mended_value(value)


def _begins_a_pair(text: str, start: int) -> bool:
    before = text[max(0, start - 200) : start].rstrip()
    return not before or before[-1] in "{,"


def _mended_value(value: str) -> Any:
    found = _loads(value)
    if found is not None:
        return found
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return value.replace('\\"', '"').replace("\\n", "\n") if value != "null" else None


def _multipart(raw: bytes, content_type: str) -> dict[str, Any]:
    try:
        head = f"Content-Type: {content_type}\r\n\r\n".encode("ascii", "replace")
        message = message_from_bytes(head + raw, policy=HTTP)
        parts = list(message.iter_parts()) if message.is_multipart() else []
        return {
            str(name): _decoded(content if isinstance(content, bytes) else b"")
            for part in parts[:_MOST_VALUES]
            if (name := part.get_param("name", header="content-disposition"))
            for content in [part.get_payload(decode=True)]
        }
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        # The parser of the standard library stumbles over some malformed headers.
        return {}


def _flat(values: Mapping[Any, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield values by their key; those of an object inside also as ``task.id``."""
    for key, value in list(values.items())[:_MOST_VALUES]:
        yield str(key), value
        if isinstance(value, Mapping) and depth < _DEEPEST:
            for inner, one in _flat(value, depth + 1):
                yield f"{key}.{inner}", one


def _keys(values: Mapping[str, Any], wanted: tuple[str, ...]) -> Iterator[str]:
    """Yield the keys that fit, in the order of what is wanted; ``task.id`` before ``id``."""
    plain: dict[str, list[str]] = {}
    for key in values:
        plain.setdefault(_plain(key), []).append(key)
    for name in wanted:
        for inner in (f"{name}.id", f"{name}.number", f"{name}.номер", name):
            yield from plain.get(inner, ())


def _plain(key: str) -> str:
    return re.sub(r"[\s_-]", "", key).lower() if "." not in key else key.strip().lower()


def _is_unresolved(value: Any) -> bool:
    return isinstance(value, str) and bool(_UNRESOLVED.fullmatch(value.strip()))


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int):
        return value if value > 0 else None
    text = str(value).strip().rpartition(":")[2].lstrip("#№ ") if isinstance(value, str) else ""
    return int(text) or None if _NUMBER.fullmatch(text) and len(text) < 19 else None


def _list_in(text: str) -> list[Any]:
    found = _loads(text)
    if isinstance(found, list):
        return found
    inner = text.strip().removeprefix("[").removesuffix("]")
    return [part.strip().strip("\"'") for part in inner.split(",") if part.strip()]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _loads(text: str) -> Any:
    try:
        # "strict" would refuse the line breaks that Planfix puts into texts.
        return json.loads(text, strict=False, parse_int=_whole)
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < 19 else digits


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


@dataclass(frozen=True, slots=True)
class ByPath:
    """The secret is the last part of the handler's path; the easiest to set up, and it gets into logs.

    Args:
        secret: 16 characters at least.
    """

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_secret(self.secret)

    def accepts(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the sender knows the secret."""
        return _same(path.partition("?")[0].rstrip("/").rpartition("/")[2], self.secret)


@dataclass(frozen=True, slots=True)
class ByHeader:
    """The secret is a header that the scenario sends.

    Args:
        secret: 16 characters at least.
        name: The name of the header.
    """

    secret: str = field(repr=False)
    name: str = SECRET_HEADER

    def __post_init__(self) -> None:
        _check_secret(self.secret)

    def accepts(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the sender knows the secret."""
        return _same(_header(headers, self.name), self.secret)


@dataclass(frozen=True, slots=True)
class ByHmac:
    """A header signs a text with HMAC-SHA256, made by the function ``HMACSHA256`` of the scenario.

    A scenario cannot sign the body that it is going to send, so what is signed is the number of the task and
    the name of the event with a colon between: ``7:status``. Whoever sees one request can repeat it, but not
    make up another.

    Args:
        secret: 16 characters at least.
        name: The name of the header; the signature is in hexadecimal or Base64.
    """

    secret: str = field(repr=False)
    name: str = SIGNATURE_HEADER

    def __post_init__(self) -> None:
        _check_secret(self.secret)

    def accepts(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the signature is that of the task and event in the body (or of the body itself)."""
        told = _header(headers, self.name).removeprefix("sha256=").strip()
        event = parse(body, _header(headers, "Content-Type"), query=path.partition("?")[2])
        texts = [bytes(body)]
        if (number := event.task_id or event.contact_id) is not None:
            texts.append(f"{number}:{event.name}".encode())
        verdicts = [self._is_signature(told, text) for text in texts]
        return any(verdicts)

    def _is_signature(self, told: str, text: bytes) -> bool:
        right = hmac.new(self.secret.encode(), text, hashlib.sha256).digest()
        return hmac.compare_digest(_digest(told), right)


Guard = ByPath | ByHeader | ByHmac
"""How a sender proves himself."""


def _digest(told: str) -> bytes:
    try:
        return bytes.fromhex(told) if len(told) == 64 else base64.b64decode(told, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _check_secret(secret: str) -> None:
    if not isinstance(secret, str) or len(secret) < 16 or not secret.isascii() or " " in secret:
        raise ConfigurationError(
            "the secret of the webhook is too short or cannot stand in an address",
            hint="give at least 16 Latin letters and digits, for example secrets.token_urlsafe()",
        )


def _same(told: str, secret: str) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "surrogatepass"), secret.encode())


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = name.lower()
    return next((str(value) for key, value in headers.items() if str(key).lower() == wanted), "")
