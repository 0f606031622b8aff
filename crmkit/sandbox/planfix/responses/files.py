"""Files: upload, by link, read, rename, attach, download, delete; the files of tasks, contacts, projects."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import unquote, urlsplit

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_value, file_not_found, forbidden, missing
from crmkit.sandbox.planfix.library import files_of_task, parse_upload, signed_link
from crmkit.sandbox.planfix.models import Contact, Project, Task
from crmkit.sandbox.planfix.records import StoredFile
from crmkit.sandbox.planfix.responses.contacts import find_contact
from crmkit.sandbox.planfix.responses.projects import find_project
from crmkit.sandbox.planfix.responses.tasks import find_task
from crmkit.sandbox.planfix.rows import files, only
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.wire import Reply

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TARGETS = ("task", "directory")
FETCH_SECONDS = 5.0
OK = 200


def _find(call: Call, number: int) -> StoredFile:
    found = call.account.files.get(number)
    if found is None:
        raise file_not_found(number)
    return found


def _own(call: Call, file: StoredFile) -> None:
    if file.owner != call.user.ref and not call.user.sees_all:
        raise forbidden(f"Access denied for file by id - {file.id}")


def _keep(call: Call, name: str, content: bytes, *, link: str = "") -> int:
    target = call.request.query.get("targetType", "task")
    if target not in TARGETS:
        raise bad_value(f"Incorrect targetType - {target!r}")
    account = call.account
    number = account.new_id("file")
    account.files[number] = StoredFile(number, name, call.user.ref, account.now(), content, link, target)
    return number


@route("POST", "/file/", "file_add")
def file_upload(call: Call) -> dict[str, Any]:
    """Take a file from the part ``file`` of a form; it answers 200, not 201."""
    found = parse_upload(call.request.headers.get("content-type", ""), call.request.body)
    if found is None:
        raise Refused(7001, "Rest API error upload file")
    return {"id": _keep(call, *found)}


@route("POST", "/file/from-url/", "file_add")
def file_from_url(call: Call) -> dict[str, Any]:
    """Fetch a file. Whatever is not on this machine is refused as unsafe: nothing leaves it."""
    url = call.body.get("url")
    if not isinstance(url, str) or not url:
        raise missing("url")
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "http" and parts.hostname in LOOPBACK and (parts.port or 80) > 0
    except ValueError:
        safe = False
    if not safe:
        raise bad_value("Unsafe url for downloading file")
    name = call.body.get("name") or unquote(parts.path.rpartition("/")[2]) or "file"
    if not isinstance(name, str):
        raise bad_value(f"Incorrect name - {name!r}")
    # Other requests go on meanwhile: the file may well lie in this very sandbox.
    call.account.lock.release()
    try:
        content = _fetch(parts.hostname or "", parts.port or 80, f"{parts.path or '/'}?{parts.query}")
    finally:
        call.account.lock.acquire()
    if content is None:
        raise Refused(7002, "Rest API error")
    return {"id": _keep(call, name, content)}


def _fetch(host: str, port: int, path: str) -> bytes | None:
    connection = http.client.HTTPConnection(host, port, timeout=FETCH_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        return content if answer.status == OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


@route("GET", "/file/{id}", "file_readonly")
def file_get(call: Call) -> dict[str, Any]:
    """Read what is known of a file; the link to its content expires."""
    file = _find(call, call.number("id"))
    shown = {
        "id": file.id,
        "name": file.name,
        "size": file.size,
        "downloadUrl": signed_link(call.account, file.id, call.request.headers.get("host", "")),
        "link": file.link or None,
    }
    return {"file": only(shown, call.wanted("id,name,size"))}


@route("POST", "/file/{id}", "file_update")
def file_update(call: Call) -> dict[str, Any]:
    """Rename a file, or give an online document another link."""
    file = _find(call, call.number("id"))
    _own(call, file)
    for name in ("name", "link"):
        value = call.body.get(name)
        if value is not None:
            if not isinstance(value, str) or not value:
                raise bad_value(f"Incorrect {name} - {value!r}")
            setattr(file, name, value)
    return {}


@route("DELETE", "/file/{id}", "file_delete")
def file_delete(call: Call) -> dict[str, Any]:
    """Delete a file, wherever it is attached."""
    file = _find(call, call.number("id"))
    _own(call, file)
    account = call.account
    del account.files[file.id]
    holders: tuple[dict[int, Any], ...] = (
        account.tasks,
        account.contacts,
        account.projects,
        account.comments,
    )
    for shelf in holders:
        for holder in shelf.values():
            if file.id in holder.files:
                holder.files = tuple(number for number in holder.files if number != file.id)
    return {}


@route("GET", "/file/{id}/download", "file_readonly")
def file_download(call: Call) -> Reply:
    """Send the content, or the way to it: 302 to a link that is signed and expires (a setting)."""
    file = _find(call, call.number("id"))
    if call.settings.downloads == "redirect":
        link = signed_link(call.account, file.id, call.request.headers.get("host", ""))
        return Reply(302, headers={"Location": link})
    return Reply(200, file.content, content_type="application/octet-stream")


def _attach(call: Call, holder: Task | Contact | Project) -> dict[str, Any]:
    file = _find(call, call.number("id"))
    if file.id not in holder.files:
        holder.files = (*holder.files, file.id)
    return {}


def _target(call: Call, kind: str) -> int:
    number = call.request.query.get("id", "").rpartition(":")[2]
    if not number:
        raise missing("id")
    if not number.isdigit():
        raise bad_value(f"Incorrect id of {kind} - {number!r}")
    return int(number)


def _denied(kind: str, number: int) -> Refused:
    """Return code 6: what is not there and what is not for these eyes look the same."""
    return forbidden(f"Access denied for {kind} by id - {number}")


@route("POST", "/file/{id}/attach/task", "file_update")
def attach_to_task(call: Call) -> dict[str, Any]:
    """Attach a file to the description of a task; which task stands in the query."""
    number = _target(call, "task")
    try:
        task = find_task(call, number, alive=True)
    except Refused:
        raise _denied("task", number) from None
    return _attach(call, task)


@route("POST", "/file/{id}/attach/contact", "file_update")
def attach_to_contact(call: Call) -> dict[str, Any]:
    """Attach a file to a contact."""
    number = _target(call, "contact")
    contact = call.account.contacts.get(number)
    if contact is None:
        raise _denied("contact", number)
    return _attach(call, contact)


@route("POST", "/file/{id}/attach/project", "file_update")
def attach_to_project(call: Call) -> dict[str, Any]:
    """Attach a file to a project."""
    number = _target(call, "project")
    project = call.account.projects.get(number)
    if project is None:
        raise _denied("project", number)
    return _attach(call, project)


@route("GET", "/task/{id}/files", "task_readonly")
def task_files(call: Call) -> dict[str, Any]:
    """List the files of a task, those of its comments too unless ``onlyFromDescription``."""
    task = find_task(call, call.number("id"))
    numbers = task.files if call.flag("onlyFromDescription") else files_of_task(call.account, task)
    return {"files": files(call, numbers)}


@route("GET", "/contact/{id}/files", "contact_readonly")
def contact_files(call: Call) -> dict[str, Any]:
    """List the files of a contact, those of its comments too unless ``onlyFromDescription``."""
    contact = find_contact(call)
    numbers = list(contact.files)
    if not call.flag("onlyFromDescription"):
        for comment in (call.account.comments[number] for number in contact.comments):
            numbers += () if comment.deleted else comment.files
    return {"files": files(call, dict.fromkeys(numbers))}


@route("GET", "/project/{id}/files", "project_readonly")
def project_files(call: Call) -> dict[str, Any]:
    """List the files of a project."""
    offset, size = call.query_page()
    found = files(call, find_project(call, call.number("id")).files)
    return {"files": found[offset : offset + size]}
