"""The body of an upload, made piece by piece while it is sent: a file may be larger than the memory."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeGuard

from crmkit.exceptions import ValidationError

__all__ = ["FORM_FIELD", "Upload", "opened"]

FORM_FIELD = "file"
"""What the vendor calls the part of the form that holds the file."""
_PIECE = 65_536


class Upload:
    """A multipart form with one file. It can be gone through again, for an attempt that never left.

    Args:
        file: Open, binary, seekable; what is sent begins at its present position.
        name: Its name in the portal; may hold any letters.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._start = file.tell()
        self._size = file.seek(0, os.SEEK_END) - self._start
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        # RFC 7578 lets the type of a part out, but not every reader of forms can do without it.
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{FORM_FIELD}"; filename="{_quoted(name)}"'
            "\r\nContent-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._size
        yield self._head
        while left:
            piece = self._file.read(min(_PIECE, left))
            if not piece:
                raise OSError("the file became shorter while it was sent")
            left -= len(piece)
            yield piece
        yield self._tail


@contextmanager
def opened(content: object) -> Iterator[BinaryIO]:
    """Open what is to be uploaded as a file that can be sent twice.

    A stream that cannot go back (a pipe) is copied to a temporary file first: its length has to be told.

    Args:
        content: Bytes, the path of a file, or an open binary file, which stays open.

    Raises:
        ValidationError: It is none of these.
    """
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    elif isinstance(content, bytes):
        yield io.BytesIO(content)
    elif not _is_binary_file(content):
        raise ValidationError(
            f"file: {type(content).__name__} is no content", hint="give bytes, a binary file or a Path"
        )
    elif content.seekable():
        yield content
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(content, copy)
            copy.seek(0)
            yield copy


def _is_binary_file(content: object) -> TypeGuard[BinaryIO]:
    return hasattr(content, "read") and not isinstance(content, io.TextIOBase)


def _quoted(name: str) -> str:
    """Return a file name that cannot end the header it stands in, as browsers write it."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
