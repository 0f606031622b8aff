"""Directories and their entries. Adding an entry answers 200 without a word about its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.call import Call, Wanted, passing
from crmkit.sandbox.planfix.exceptions import Refused, bad_value
from crmkit.sandbox.planfix.field_rows import custom_data, custom_fields, field_row
from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.records import Directory, DirectoryEntry
from crmkit.sandbox.planfix.rows import only
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import custom_values

Test = Callable[[DirectoryEntry], bool]
CUSTOM = frozenset((*range(6101, 6118), 6152, 6153))
GROUP, ARCHIVED, ENTRY = 6003, 6005, 6006


def _find(call: Call) -> Directory:
    found = call.account.directories.get(call.number("id"))
    if found is None:
        raise Refused(8000, f"Directory not found by id -  {call.params['id']}", status=404)
    return found


def _shown(call: Call, one: Directory, wanted: Wanted) -> dict[str, Any]:
    group = call.account.directory_groups.get(one.group)
    shown = {
        "id": one.id,
        "name": one.name,
        "group": {"id": group.id, "name": group.name} if group else None,
        "fields": [field_row(spec, "directory") for spec in one.fields.values()],
        "sourceObjectId": "",
        "sourceDataVersion": "",
    }
    return only(shown, wanted)


@route("POST", "/directory/list", "common_metadata", error_status=500)
def directory_list(call: Call) -> dict[str, Any]:
    """List directories, of one group with ``groupId``."""
    wanted, (offset, size) = call.wanted("id,name"), call.page()
    group = call.body.get("groupId")
    found = [one for _, one in sorted(call.account.directories.items()) if group in (None, one.group)]
    rows = [_shown(call, one, wanted) for one in found[offset : offset + size]]
    return {call.settings.directory_list_key: rows}


@route("GET", "/directory/{id}", "common_metadata")
def directory_get(call: Call) -> dict[str, Any]:
    """Read a directory."""
    return {"directory": _shown(call, _find(call), call.wanted("id,name"))}


@route("GET", "/directory/groups", "common_metadata")
def directory_groups(call: Call) -> dict[str, Any]:
    """List the groups of directories."""
    return {"groups": [{"id": one.id, "name": one.name} for one in call.account.directory_groups.values()]}


@route("GET", "/customfield/directory/{id}", "common_metadata", error_status=500)
def directory_fields(call: Call) -> dict[str, Any]:
    """List the fields of a directory."""
    wanted = call.wanted() if call.request.query.get("fields") else None
    return {"customfields": custom_fields(_find(call).fields, "directory", wanted)}


@route("POST", "/directory/{id}/filters", "common_metadata", error_status=500)
def directory_filters(call: Call) -> dict[str, Any]:
    """List the filters saved for the entries of a directory."""
    about = f"directory:{_find(call).id}"
    return {"filters": [one.row(call.account.name_of) for one in call.account.filters_about(about)]}


def _entry(call: Call, directory: Directory) -> DirectoryEntry:
    entry = directory.entries.get(call.number("key"))
    if entry is None:
        raise Refused(8010, f"Directory entry not found by key {call.params['key']}")
    return entry


def _shown_entry(call: Call, directory: Directory, entry: DirectoryEntry, wanted: Wanted) -> dict[str, Any]:
    shown = {
        "directory": {"id": directory.id, "name": directory.name},
        "key": entry.key,
        "parentKey": entry.parent,
        "name": directory.title(entry.key),
        "archived": entry.archived,
        "isGroup": entry.is_group,
    }
    return only(shown, wanted) | custom_data(call, "directory", entry.fields, wanted, specs=directory.fields)


@route("GET", "/directory/{id}/entry/{key}", "common_metadata")
def entry_get(call: Call) -> dict[str, Any]:
    """Read an entry."""
    directory = _find(call)
    return {"entry": _shown_entry(call, directory, _entry(call, directory), call.wanted("key"))}


@route("POST", "/directory/{id}/entry/list", "common_metadata")
def entry_list(call: Call) -> dict[str, Any]:
    """List the entries of a directory in order of their keys, archived ones too."""
    directory, body = _find(call), call.body
    wanted, (offset, size) = call.wanted("key"), call.page()
    tests = _tests(call, directory, call.filters())
    if body.get("groupsOnly") is True:
        tests.append(lambda entry: entry.is_group)
    if body.get("entriesOnly") is True:
        tests.append(lambda entry: not entry.is_group)
    if body.get("groupId") is not None:
        parent = body["groupId"]
        tests.append(lambda entry: entry.parent == parent)
    if body.get("filterId"):
        tests.append(_saved(call, directory, str(body["filterId"])))
    found = list(passing(tests, (one for _, one in sorted(directory.entries.items()))))
    rows = [_shown_entry(call, directory, one, wanted) for one in found[offset : offset + size]]
    return {"directoryEntries": rows}


def _saved(call: Call, directory: Directory, number: str) -> Test:
    saved = call.account.saved_filters.get(number)
    if saved is None or saved.about != f"directory:{directory.id}":
        raise bad_value(f"Filter not found by id {number}")
    ways = [_tests(call, directory, filters) for filters in saved.alternatives]
    return lambda entry: any(all(test(entry) for test in way) for way in ways)


def _tests(call: Call, directory: Directory, filters: list[on.Filter]) -> list[Test]:
    made = (_test(call, directory, one) for one in filters)
    return [test for test in made if test is not None]


def _test(call: Call, directory: Directory, one: on.Filter) -> Test | None:
    number = one["type"]
    if number in CUSTOM:
        custom = on.custom(call, one, directory.fields)
        return (lambda entry: custom(entry.fields)) if custom else None
    if number == ARCHIVED:
        operator, value = on.operator_of(one, on.EQUALITY), one.get("value")
        if value not in (0, 1, True, False):
            on.ignored(call, one)
            return None
        return on.negated(operator, lambda entry: entry.archived == bool(value))
    if number in (GROUP, ENTRY):
        condition = on.numbers(call, one)
        if condition is None:
            return None
        among = condition
        return lambda entry: among(entry.parent if number == GROUP else entry.key)
    raise bad_value(f"Unknown filter type - {number}")


@route("POST", "/directory/{id}/entry/", "directory_add")
def entry_create(call: Call) -> None:
    """Add an entry or a group: 200 without a body, so its key has to be looked up."""
    directory, body = _find(call), call.body
    entry = DirectoryEntry(0, is_group=body.get("isGroup") is True)
    if entry.is_group and not body.get("name"):
        raise Refused(8011, "Error add entry")
    _write(call, directory, entry, code=8011)
    entry.key = call.account.new_id("directory entry")
    directory.entries[entry.key] = entry


@route("POST", "/directory/{id}/entry/{key}", "directory_update")
def entry_update(call: Call) -> None:
    """Change an entry or a group: 200 without a body."""
    directory = _find(call)
    _write(call, directory, _entry(call, directory), code=8012)


def _write(call: Call, directory: Directory, entry: DirectoryEntry, *, code: int) -> None:
    body, failures = call.body, list[dict[str, str]]()
    refusal = Refused(code, "Error add entry" if code == 8011 else "Entry update error")
    parent = body.get("parentKey", entry.parent)
    if parent:
        group = directory.entries.get(parent) if on.integer(parent) else None
        if group is None or not group.is_group or group is entry:
            raise refusal
    values = custom_values(call, body, directory.fields, _writable(directory, entry), failures)
    name = body.get("name", entry.name)
    if failures or not isinstance(name, str):
        raise refusal
    entry.parent = int(parent or 0)
    entry.name = name if entry.is_group else ""
    entry.archived = body.get("archived") is True if "archived" in body else entry.archived
    merged = {**entry.fields, **values}
    entry.fields = {number: value for number, value in merged.items() if value is not None}


def _writable(directory: Directory, entry: DirectoryEntry) -> set[int]:
    fields: dict[int, FieldDef] = directory.fields
    return set() if entry.is_group else set(fields)


@route("DELETE", "/directory/{id}/entry/{key}", "directory_delete")
def entry_delete(call: Call) -> None:
    """Delete an entry; a group goes with all that is in it."""
    directory = _find(call)
    doomed = [_entry(call, directory).key]
    while doomed:
        key = doomed.pop()
        doomed += [one.key for one in directory.entries.values() if one.parent == key]
        del directory.entries[key]
