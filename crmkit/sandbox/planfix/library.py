"""Files: who has them, what becomes of those that nobody has, uploads as browsers send them, signed links."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account
    from crmkit.sandbox.planfix.models import Task

__all__ = ["DOWNLOADS", "files_of_task", "parse_upload", "release", "signature", "signed_link"]

DOWNLOADS = "/download/"
"""Where signed links lead to, beside the API."""
VALID = 600.0
"""Seconds of a signed link."""

FILES_FIELD = 21
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PLAIN = re.compile(rb'\bfilename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_EXTENDED = re.compile(rb"\bfilename\*=(?:utf-8)''([^;\r\n]+)", re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"', re.IGNORECASE)


def parse_upload(content_type: str, body: bytes, part: str = "file") -> tuple[str, bytes] | None:
    r"""Return name and content of the part of a form; ``None`` if there is no such part with a file name.

    Example:
        >>> body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n--x--'
        >>> parse_upload("multipart/form-data; boundary=x", body)
        ('a.txt', b'hi')
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None or not content_type.lower().startswith("multipart/form-data"):
        return None
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:]:
        head, _, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is not None and name[1] == part.encode() and (title := _file_name(head)):
            return title, content
    return None


def _file_name(head: bytes) -> str:
    extended, plain = _EXTENDED.search(head), _PLAIN.search(head)
    if extended:
        return unquote(extended[1].decode("ascii", "replace"))
    # Browsers and urllib3 write a quotation mark as %22, others put a backslash before it.
    name = plain[1].decode("utf-8", "replace").replace("%22", '"') if plain else ""
    return re.sub(r"\\(.)", r"\1", name)


def signed_link(account: Account, number: int, host: str) -> str:
    """Return a link to a file that needs no token and expires.

    It names the machine otherwise than the API does, as a vendor's storage is another host: a client must not
    take its token there.
    """
    expires = int(account.now() + VALID)
    port = host.rpartition(":")[2]
    return (
        f"http://localhost:{port}{DOWNLOADS}{number}?expires={expires}&signature={signature(number, expires)}"
    )


def signature(number: int, expires: int) -> str:
    """Return the signature of a link."""
    return hmac.new(b"crmkit sandbox", f"{number} {expires}".encode(), hashlib.sha256).hexdigest()[:32]


def files_of_task(account: Account, task: Task) -> list[int]:
    """Return the files of a task: those of its description, then those of its comments."""
    comments = (account.comments[number] for number in task.comments)
    inside = chain.from_iterable(one.files for one in comments if not one.deleted)
    return list(dict.fromkeys((*task.files, *inside)))


def release(account: Account, numbers: Iterable[int]) -> None:
    """Delete those of the files that nothing refers to any more."""
    loose = set(numbers)
    if not loose:
        return
    for used in _used(account):
        loose.difference_update(used)
    for number in loose:
        account.files.pop(number, None)


def _used(account: Account) -> Iterator[Iterable[int]]:
    holders: dict[str, dict[int, Any]] = {
        "task": account.tasks,
        "contact": account.contacts,
        "project": account.projects,
    }
    for comment in account.comments.values():
        yield comment.files
    for owner, shelf in holders.items():
        numbers = [one.id for one in account.fields.of(owner).values() if one.type == FILES_FIELD]
        for holder in shelf.values():
            yield holder.files
            for number in numbers:
                yield holder.fields.get(number) or ()
