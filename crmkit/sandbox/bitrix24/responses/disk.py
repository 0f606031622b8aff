"""The drive: storages, folders, files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from crmkit.sandbox.bitrix24 import files
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.models import User
from crmkit.sandbox.bitrix24.php import as_dict, intval, truthy
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

STORAGE = specs(
    "ID:integer NAME:string CODE:string MODULE_ID:string ENTITY_TYPE:string ENTITY_ID:string "
    "ROOT_OBJECT_ID:integer"
)
FOLDER = specs(
    "ID:integer NAME:string CODE:string STORAGE_ID:integer TYPE:string REAL_OBJECT_ID:integer "
    "PARENT_ID:integer DELETED_TYPE:integer CREATE_TIME:datetime UPDATE_TIME:datetime DELETE_TIME:datetime "
    "CREATED_BY:integer UPDATED_BY:integer DELETED_BY:integer"
)
FILE = specs(
    "ID:integer NAME:string CODE:string STORAGE_ID:integer TYPE:string PARENT_ID:integer "
    "DELETED_TYPE:integer GLOBAL_CONTENT_VERSION:integer FILE_ID:integer SIZE:integer CREATE_TIME:datetime "
    "UPDATE_TIME:datetime DELETE_TIME:datetime CREATED_BY:integer UPDATED_BY:integer DELETED_BY:integer"
)
COMMON = 1
"""The company's storage; that of a user has the user's number and 1000 more."""
PERSONAL = 1000
BIN = 3
"""``DELETED_TYPE`` of what lies in the recycle bin."""
FRESH = ("ID", "REAL_OBJECT_ID", "DELETED_TYPE", "GLOBAL_CONTENT_VERSION", "FILE_ID")
"""Numbers, not texts, in the answer about what has just been made."""


@method("disk.storage.getList", "disk")
def storages(call: Call) -> Any:
    """Return a page of the storages that the caller may see: the company's and their own; admins see all."""
    portal = call.portal
    rows = [_storage(call, COMMON, "Общий диск", "common", "shared_files_s1")]
    rows += [
        _storage(call, PERSONAL + user.id, user.full_name, "user", str(user.id))
        for user in portal.users.values()
        if _may_see(call, user)
    ]
    return lines(call, page_of(call, table_of(rows), STORAGE), STORAGE)


@method("disk.storage.getChildren", "disk")
def storage_children(call: Call) -> Any:
    """Return a page of what lies in the root folder of a storage."""
    number = intval(_argument(call, "id"))
    if number != COMMON and number - PERSONAL not in call.portal.users:
        raise _not_found("storage")
    return _children(call, _root(call, number))


@method("disk.folder.getChildren", "disk")
def folder_children(call: Call) -> Any:
    """Return a page of what lies in a folder."""
    return _children(call, _object(call, "folder")["ID"])


@method("disk.folder.get", "disk")
def folder_get(call: Call) -> Any:
    """Return a folder."""
    return _told(call, _object(call, "folder"))


@method("disk.folder.addSubFolder", "disk")
def add_folder(call: Call) -> Any:
    """Make a folder in a folder."""
    parent = _object(call, "folder")
    name = str(as_dict(_argument(call, "data")).get("NAME") or "")
    if not name:
        raise _argument_missing("data[NAME]")
    if _taken(call, parent["ID"], name):
        raise RestError("DISK_OBJ_22000", "An item with this name already exists")
    row = _new(call, parent, name, "folder")
    return _told(call, row, fresh=True)


@method("disk.folder.uploadFile", "disk")
def upload(call: Call) -> Any:
    """Put a file into a folder."""
    parent = _object(call, "folder")
    given = files.content_of(call.loose("fileContent"))
    if given is None:
        raise _argument_missing("fileContent")
    name = str(as_dict(_argument(call, "data")).get("NAME") or given[0])
    if _taken(call, parent["ID"], name):
        if not truthy(call.loose("generateUniqueName")):
            raise RestError("DISK_OBJ_22000", "An item with this name already exists")
        name = _unique(call, parent["ID"], name)
    number = files.save(call.portal, name, given[1])
    more = {"FILE_ID": number, "SIZE": len(given[1]), "GLOBAL_CONTENT_VERSION": 1}
    return _told(call, _new(call, parent, name, "file", **more), fresh=True)


@method("disk.file.get", "disk")
def file_get(call: Call) -> Any:
    """Return a file and where its content can be downloaded."""
    return _told(call, _object(call, "file"))


@method("disk.file.markDeleted", "disk")
def mark_deleted(call: Call) -> Any:
    """Put a file into the recycle bin."""
    row, now = _object(call, "file"), call.portal.now()
    gone = row | {"DELETED_TYPE": BIN, "DELETE_TIME": now, "DELETED_BY": call.user}
    call.portal.drive.put(gone)
    return _told(call, gone)


@method("disk.file.delete", "disk")
def delete(call: Call) -> Any:
    """Delete a file for good."""
    row = _object(call, "file")
    call.portal.drive.forget(row["ID"])
    call.portal.files.pop(row["FILE_ID"], None)
    return True


def _argument_missing(name: str) -> RestError:
    return RestError("ERROR_ARGUMENT", f"Invalid value of parameter {{{name}}}")


def _not_found(what: str) -> RestError:
    return RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{what}`")


def _argument(call: Call, name: str) -> Any:
    value = call.loose(name)
    if not value:
        raise _argument_missing(name)
    return value


def _storage(call: Call, number: int, name: str, kind: str, entity: str) -> Row:
    root = _root(call, number)
    told = {"ID": number, "NAME": name, "MODULE_ID": "disk", "ENTITY_TYPE": kind, "ENTITY_ID": entity}
    return told | {"ROOT_OBJECT_ID": root}


def _may_see(call: Call, user: User) -> bool:
    return user.id == call.user or call.portal.is_admin(call.user)


def _root(call: Call, storage: int) -> int:
    """Return the root folder of a storage, which is made when it is first asked for."""
    drive = call.portal.drive
    row = next(iter(drive.having("ROOT_OF", str(storage))), None)
    if row is None:
        row = _plain(call, storage, 0, "folder", "Диск") | {"ROOT_OF": str(storage)}
        drive.put(row)
    number: int = row["ID"]
    return number


def _plain(call: Call, storage: int, parent: int, kind: str, name: str) -> Row:
    now, number = call.portal.now(), call.portal.drive.next_id()
    row: Row = {"ID": number, "NAME": name, "STORAGE_ID": storage, "TYPE": kind, "PARENT_ID": parent}
    row |= {"PARENT": str(parent), "DELETED_TYPE": 0, "REAL_OBJECT_ID": number}
    return row | {"CREATE_TIME": now, "UPDATE_TIME": now, "CREATED_BY": call.user, "UPDATED_BY": call.user}


def _new(call: Call, parent: Row, name: str, kind: str, **more: Any) -> Row:
    row = _plain(call, parent["STORAGE_ID"], parent["ID"], kind, name) | more
    call.portal.drive.put(row)
    return row


def _object(call: Call, kind: str) -> Row:
    number = intval(_argument(call, "id"))
    row = call.portal.drive.get(number)
    if row is None or row["TYPE"] != kind:
        raise RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{number}`")
    if not _open_to(call, row):
        raise access_denied("Access denied")
    return row


def _open_to(call: Call, row: Row) -> bool:
    """Tell whether the caller may see something: the company's storage is everybody's."""
    return row["STORAGE_ID"] in (COMMON, PERSONAL + call.user) or call.portal.is_admin(call.user)


def _inside(call: Call, parent: int) -> list[Row]:
    return [one for one in call.portal.drive.having("PARENT", str(parent)) if not one["DELETED_TYPE"]]


def _taken(call: Call, parent: int, name: str) -> bool:
    return any(one["NAME"].casefold() == name.casefold() for one in _inside(call, parent))


def _unique(call: Call, parent: int, name: str) -> str:
    path, number = PurePosixPath(name), 1
    while _taken(call, parent, name):
        name = f"{path.stem} ({number}){path.suffix}"
        number += 1
    return name


def _children(call: Call, parent: int) -> Any:
    rows = page_of(call, table_of(_inside(call, parent)), FOLDER | FILE)
    return [_told(call, row) for row in rows]


def _told(call: Call, row: Row, *, fresh: bool = False) -> dict[str, Any]:
    known = FOLDER if row["TYPE"] == "folder" else FILE
    told = lines(call, [row], known)[0]
    told["DELETE_TIME"] = told["DELETE_TIME"] or None
    told["DELETED_BY"] = told["DELETED_BY"] or (None if fresh else "0")
    if fresh:
        told |= {name: row[name] for name in FRESH if name in known}
    if row["TYPE"] == "file":
        told["DOWNLOAD_URL"] = files.address(call.portal, call.caller, row["FILE_ID"])
    where = "file" if row["TYPE"] == "file" else "path"
    told["DETAIL_URL"] = f"{call.portal.origin}/docs/{where}/{row['NAME']}"
    return told
