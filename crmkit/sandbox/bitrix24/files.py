"""Contents of files, the addresses that they are downloaded from, and custom fields that hold files."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.wire import Reply, Request

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.call import Call
    from crmkit.sandbox.bitrix24.kinds import FieldSpec, Kind
    from crmkit.sandbox.bitrix24.models import Caller
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["DOWNLOAD", "StoredFile", "address", "content_of", "kept", "save", "send", "show"]

DOWNLOAD = "download"
"""Not a method of the API, but it has the address of one."""


@dataclass(frozen=True)
class StoredFile:
    """The content of a file."""

    id: int
    name: str
    content: bytes = field(repr=False)


def content_of(given: Any) -> tuple[str, bytes] | None:
    """Read ``["name", "base64"]``; ``None`` if it is anything else.

    Example:
        >>> content_of(["a.txt", "aGk="]), content_of("aGk=")
        (('a.txt', b'hi'), None)
    """
    parts = as_list(given)
    if len(parts) != 2 or not all(isinstance(one, str) for one in parts) or not parts[0]:
        return None
    try:
        return parts[0], base64.b64decode(parts[1], validate=True)
    except binascii.Error:
        return None


def save(portal: Portal, name: str, content: bytes) -> int:
    """Keep a content and return its number."""
    number = portal.next_id("file", 101)
    portal.files[number] = StoredFile(number, name, content)
    return number


def address(portal: Portal, caller: Caller, number: int) -> str:
    """Return where a content can be downloaded by whoever asks, while it is there."""
    token = quote(f"disk|{number}|{_signature(portal, number)}", safe="")
    if caller.app is None:
        return f"{portal.origin}/rest/{caller.user}/{caller.key}/{DOWNLOAD}/?token={token}"
    access = next(
        one.access
        for one in reversed(portal.tokens.values())
        if one.app == caller.app.client_id and one.user == caller.user
    )
    return f"{portal.origin}/rest/{DOWNLOAD}.json?auth={access}&token={token}"


def send(portal: Portal, request: Request, token: str) -> Reply:
    """Answer a download.

    Raises:
        RestError: The address does not lead to a content.
    """
    if "Mozilla/" not in request.headers.get("user-agent", ""):  # the file server turns unknown clients away
        return Reply(403, b"<html><body>403 Forbidden</body></html>", "text/html; charset=utf-8")
    number = intval(token.removeprefix("disk|"))
    found = portal.files.get(number)
    if found is None or token != f"disk|{number}|{_signature(portal, number)}":
        raise RestError("ERROR_NOT_FOUND", "Could not find file", 404)
    disposition = f"attachment; filename*=utf-8''{quote(found.name)}"
    return Reply(200, found.content, "application/octet-stream", {"Content-Disposition": disposition})


def _signature(portal: Portal, number: int) -> str:
    return hashlib.sha256(f"{portal.member_id}:{number}".encode()).hexdigest()[:32]


def kept(portal: Portal, spec: FieldSpec, given: Any, old: Any) -> Any:
    """Return what a field holds after a change: ``["name", "base64"]`` is new, ``{"id": n}`` is kept.

    A file that the new value does not name is deleted, so a wrong number loses it. The old methods wrap a new
    file in ``fileData`` and mark an old one by ``remove``.
    """
    before = list(old or []) if spec.multiple else [old] if old else []
    after = []
    for one in as_list(given) if spec.multiple else [given]:
        number = _kept_one(portal, one, before)
        if number and number not in after:
            after.append(number)
    for gone in set(before) - set(after):
        portal.files.pop(gone, None)
    return after if spec.multiple else next(iter(after), None)


def _kept_one(portal: Portal, given: Any, before: list[int]) -> int:
    wrapped = as_dict(given)
    new = content_of(wrapped.get("fileData", given))
    if new is not None:
        return save(portal, *new)
    number = intval(wrapped.get("id", given if isinstance(given, (int, str)) else 0))
    return number if number in before and wrapped.get("remove") != "Y" else 0


def show(call: Call, kind: Kind, written: dict[str, Any], item: int, *, legacy: bool) -> dict[str, Any]:
    """Write the fields of an item that hold files, in which there are only numbers until now."""
    for spec in kind.file_fields:
        for name in {spec.name, spec.key} & written.keys():
            numbers = written[name]
            where = f"/bitrix/components/bitrix/crm.{kind.name}.show/show_file.php?ownerId={item}"
            page = f"{where}&fieldName={spec.name}&dynamic=Y&fileId="
            told = [_told(call, page, intval(one), legacy=legacy) for one in as_list(numbers) if one]
            if spec.multiple:
                written[name] = told or ([] if not legacy else False)
            else:
                written[name] = told[0] if told else "" if legacy else None
    return written


def _told(call: Call, page: str, number: int, *, legacy: bool) -> dict[str, Any]:
    if legacy:
        return {"id": number, "showUrl": f"{page}{number}", "downloadUrl": f"{page}{number}&auth="}
    machine = address(call.portal, call.caller, number)
    return {"id": number, "url": f"{call.portal.origin}{page}{number}", "urlMachine": machine}
