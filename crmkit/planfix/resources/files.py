"""Files: upload, take over from an address, read, attach, download, delete."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import named, positive, shown
from crmkit.planfix.connection import FieldKey, field_list
from crmkit.planfix.models.base import File
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.resources.base import Resource
from crmkit.planfix.upload import Upload, opened
from crmkit.transport.request import Effect, Response

__all__ = ["FILE_FIELDS", "Files"]

FILE_FIELDS: tuple[str, ...] = ("id", "name", "size", "downloadUrl", "link")
"""All fields of a file."""
For = Literal["task", "directory"]
"""What an uploaded file is meant for; files of contacts and projects are ``task`` too."""
_PIECE = 65_536


class Files(Resource):
    """``/file/*``. What is attached to a task, contact or project: ``tasks.files`` and its likes."""

    def get(self, file_id: int, *, fields: Iterable[FieldKey] = FILE_FIELDS) -> File:
        """Read what is known of a file: ``GET /file/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields)}
        return self._connection.one(File, "file", "GET /file/{id}", positive("file", file_id), params=params)

    def upload(self, content: bytes | BinaryIO | Path, *, name: str = "", target: For = "task") -> Created:
        """Upload a file: ``POST /file/``. Never repeated blindly.

        A file that is attached to nothing does no harm, so after a lost answer it may be uploaded again. It
        is read while it is sent: memory does not grow with its size.

        Args:
            content: The bytes, an open binary file, or the path of a file.
            name: Its name in the portal; that of the path by default.
            target: What it is meant for.

        Raises:
            ValidationError: There is no name, or the content is none of these; nothing was sent.
            OutcomeUnknown: The answer was lost.
        """
        params = _target(target)
        name = named("file", name or (content.name if isinstance(content, Path) else ""))
        with opened(content) as file:
            upload = Upload(file, name)
            return Created(self._connection.create("POST /file/", upload=upload, params=params))

    def upload_from_url(self, url: str, *, name: str, target: For = "task") -> Created:
        """Let the portal fetch a file from an address: ``POST /file/from-url/``. Never repeated blindly.

        The portal refuses addresses of its own ("unsafe url").

        Args:
            url: Where it is; the portal must be able to reach it.
            name: Its name in the portal.
            target: What it is meant for.

        Raises:
            ValidationError: The address is none, or it was refused.
            OutcomeUnknown: The answer was lost.
        """
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise ValidationError("file: no address to fetch it from", hint="give https://…")
        body = {"name": named("file", name), "url": url}
        return Created(self._connection.create("POST /file/from-url/", json=body, params=_target(target)))

    def update(self, file_id: int, *, name: str = "", link: str = "") -> Updated:
        """Rename a file, or point an online document elsewhere: ``POST /file/{id}``. May be repeated.

        Raises:
            ValidationError: Nothing was given; nothing was sent.
        """
        body = {key: named(key, value) for key, value in (("name", name), ("link", link)) if value}
        if not body:
            raise ValidationError("file: nothing to change", hint="give name or link")
        return self._connection.update("POST /file/{id}", positive("file", file_id), json=body)

    def delete(self, file_id: int) -> bool:
        """Delete a file: ``DELETE /file/{id}``. May be repeated.

        Returns:
            ``True`` if the portal deleted it now, ``False`` if there was none.
        """
        return self._connection.delete("DELETE /file/{id}", positive("file", file_id))

    def attach_to_task(self, file_id: int, task_id: int) -> Updated:
        """Attach a file to a task, beside those it has: ``POST /file/{id}/attach/task``. May be repeated."""
        return self._attach("POST /file/{id}/attach/task", file_id, positive("task", task_id))

    def attach_to_contact(self, file_id: int, contact_id: int) -> Updated:
        """Attach a file to a contact: ``POST /file/{id}/attach/contact``. May be repeated."""
        return self._attach("POST /file/{id}/attach/contact", file_id, positive("contact", contact_id))

    def attach_to_project(self, file_id: int, project_id: int) -> Updated:
        """Attach a file to a project: ``POST /file/{id}/attach/project``. May be repeated."""
        return self._attach("POST /file/{id}/attach/project", file_id, positive("project", project_id))

    def download(self, file_id: int) -> Response:
        """Open a file for reading: ``GET /file/{id}/download``. Redirects are followed, without the token.

        Returns:
            The answer, to be used in a ``with`` statement; ``iter_bytes()`` yields it piece by piece, in
            constant memory.

        Raises:
            NotFound: There is none with this number.

        Example:
            ``with planfix.files.download(7) as answer: total = sum(map(len, answer.iter_bytes()))``
        """
        return self._connection.send(
            "GET /file/{id}/download", positive("file", file_id), effect=Effect.READ, stream=True
        )

    def save(self, file_id: int, path: Path) -> int:
        """Download a file to a path, in constant memory; return its size in bytes.

        What is there under that name is replaced once the download is complete, and kept if it fails.

        Raises:
            NotFound: There is none with this number.
            TransportError: The connection broke before the end.
        """
        part = path.with_name(path.name + ".part")
        size = 0
        try:
            with self.download(file_id) as answer, part.open("wb") as target:
                for piece in answer.iter_bytes(_PIECE):
                    size += target.write(piece)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return size

    def _attach(self, operation: str, file_id: int, target: int) -> Updated:
        return self._connection.update(operation, positive("file", file_id), params={"id": target})


def _target(target: For) -> dict[str, Any] | None:
    if target not in ("task", "directory"):
        raise ValidationError(f"file: no target {shown(target)}", hint="allowed: task, directory")
    return {"targetType": target} if target != "task" else None
