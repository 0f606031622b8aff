"""Work groups and projects, their members and guests."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import empty_code
from crmkit.sandbox.bitrix24.listing import Specs, lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.models import INVITED, MEMBER, MODERATOR, OWNER, Group
from crmkit.sandbox.bitrix24.php import as_list, intval
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

GROUP = specs(
    "ID:integer SITE_ID:string NAME:string DESCRIPTION:string DATE_CREATE:datetime DATE_UPDATE:datetime "
    "ACTIVE:string VISIBLE:string OPENED:string CLOSED:string SUBJECT_ID:integer OWNER_ID:integer "
    "KEYWORDS:string NUMBER_OF_MEMBERS:integer DATE_ACTIVITY:datetime SUBJECT_NAME:string PROJECT:string "
    "IS_EXTRANET:string"
)
TAKEN = ("NAME", "DESCRIPTION", "VISIBLE", "OPENED", "CLOSED", "PROJECT", "KEYWORDS", "INITIATE_PERMS")
EXTRANET_SITE = "co"


@method("sonet_group.create", "sonet_group")
def create(call: Call) -> Any:
    """Make a group; the wish to make it an extranet one may be lost without a word."""
    name = str(call.loose("NAME") or "")
    if not name:
        raise empty_code("Cannot create group")
    portal = call.portal
    owner = intval(call.loose("OWNER_ID")) if portal.is_admin(call.user) else 0
    number = portal.next_id("group")
    sites = [str(one) for one in as_list(call.loose("SITE_ID"))]
    portal.groups[number] = Group(
        number,
        name,
        owner or call.user,
        portal.now(),
        fields=_taken(call),
        members={owner or call.user: OWNER},
        extranet=EXTRANET_SITE in sites and portal.settings.extranet_groups,
    )
    return number


@method("sonet_group.update", "sonet_group")
def update(call: Call) -> Any:
    """Change a group; its owner, its moderators and administrators may."""
    group = _group(call)
    if not _leads(call, group, OWNER, MODERATOR):
        raise empty_code("User has no permissions to update group")
    group.fields |= _taken(call)
    group.name = str(group.fields.get("NAME") or group.name)
    return group.id


@method("sonet_group.delete", "sonet_group")
def delete(call: Call) -> Any:
    """Delete a group; its owner and administrators may."""
    group = _group(call)
    if not _leads(call, group, OWNER):
        raise empty_code("User has no permissions to delete group")
    del call.portal.groups[group.id]
    return True


@method("sonet_group.setowner", "sonet_group")
def set_owner(call: Call) -> Any:
    """Give a group to somebody else; who had it becomes a moderator."""
    group = call.portal.groups.get(intval(call.loose("GROUP_ID")))
    if group is None:
        raise empty_code("Invalid workgroup/project ID")
    user = intval(call.loose("USER_ID"))
    if user not in call.portal.users:
        raise empty_code("Invalid user ID")
    if not _leads(call, group, OWNER):
        raise empty_code("Insufficient permissions to complete the operation.")
    group.members |= {group.owner: MODERATOR, user: OWNER}
    group.owner = user
    return True


@method("sonet_group.get", "sonet_group")
def get(call: Call) -> Any:
    """Return a page of groups."""
    rows = table_of(_row(one) for one in call.portal.groups.values())
    return lines(call, page_of(call, rows, GROUP), GROUP)


@method("socialnetwork.api.workgroup.list", "socialnetwork")
def workgroup_list(call: Call) -> Any:
    """Return a page of groups; without ``select`` only their numbers. Groups of guests only are hidden."""
    groups = (one for one in call.portal.groups.values() if not one.extranet)
    rows = page_of(call, table_of(map(_row, groups)), GROUP, given=call.get("filter") or {}, legacy=False)
    known: Specs = {name: GROUP[name] for name in GROUP if name in _selected(call)}
    written = lines(call, rows, known | {"ID": GROUP["ID"]})
    return {"workgroups": [{GROUP[name].key: value for name, value in line.items()} for line in written]}


@method("sonet_group.user.get", "sonet_group")
def members(call: Call) -> Any:
    """Return the members of a group; invited people are none yet."""
    return [
        {"USER_ID": str(user), "ROLE": role}
        for user, role in sorted(_group(call).members.items())
        if role != INVITED
    ]


@method("sonet_group.user.invite", "sonet_group")
def invite(call: Call) -> Any:
    """Invite people; who is a member already is left out without an error."""
    group = _group(call)
    found = [user for user in _people(call) if user not in group.members]
    for user in found:
        group.members[user] = INVITED
        call.portal.notify(user, str(call.loose("MESSAGE") or ""), kind="invitation", author=call.user)
    return [str(user) for user in found]


@method("sonet_group.user.add", "sonet_group")
def add(call: Call) -> Any:
    """Add people without asking them; a guest turns the group into an extranet one."""
    group, people = _group(call), _people(call)
    if not call.portal.is_admin(call.user):
        raise empty_code("No permissions to add users")
    found = [user for user in people if group.members.get(user, INVITED) == INVITED]
    for user in found:
        group.admit(call.portal.users[user])
    return [str(user) for user in found]


@method("sonet_group.user.request", "sonet_group")
def request(call: Call) -> Any:
    """Ask to be let in; an open group lets in at once."""
    group = _group(call)
    if group.members.get(call.user, INVITED) != INVITED:
        raise empty_code("Cannot request to join group")
    if group.fields.get("OPENED") == "Y":
        group.admit(call.portal.users[call.user])
    else:
        group.members[call.user] = INVITED
        text = str(call.loose("MESSAGE") or "")
        call.portal.notify(group.owner, text, kind="request", author=call.user)
    return True


@method("sonet_group.user.update", "sonet_group")
def change_role(call: Call) -> Any:
    """Change the role of members."""
    group, role = _group(call), str(call.loose("ROLE") or "")
    if not call.portal.is_admin(call.user):
        raise empty_code("No permissions to update users role")
    if role not in (MODERATOR, MEMBER):
        raise empty_code("Incorrect role code")
    found = [user for user in _people(call) if group.members.get(user) in (MODERATOR, MEMBER)]
    for user in found:
        group.members[user] = role
    return [str(user) for user in found]


@method("sonet_group.user.delete", "sonet_group")
def remove(call: Call) -> Any:
    """Remove members; the owner stays."""
    group = _group(call)
    if not call.portal.is_admin(call.user):
        raise empty_code("No permissions to update users role")
    found = [user for user in _people(call) if group.members.get(user, OWNER) != OWNER]
    for user in found:
        del group.members[user]
    return [str(user) for user in found]


def _taken(call: Call) -> dict[str, Any]:
    return {name: call.loose(name) for name in TAKEN if call.loose(name) is not None}


def _selected(call: Call) -> set[str]:
    wanted = {str(one).upper() for one in as_list(call.get("select"))}
    return set(GROUP) if "*" in wanted else wanted


def _group(call: Call) -> Group:
    number = intval(call.loose("GROUP_ID") or call.loose("ID"))
    if number <= 0:
        raise empty_code("Wrong group ID")
    group = call.portal.groups.get(number)
    if group is None:
        raise empty_code("Socialnetwork group not found")
    return group


def _leads(call: Call, group: Group, *roles: str) -> bool:
    return call.portal.is_admin(call.user) or group.members.get(call.user) in roles


def _people(call: Call) -> list[int]:
    wanted = [intval(one) for one in as_list(call.loose("USER_ID"))]
    found = [user for user in wanted if user in call.portal.users]
    if not found:
        raise empty_code("Wrong user IDs")
    return found


def _row(group: Group) -> Row:
    given = group.fields
    return {
        "ID": group.id,
        "SITE_ID": EXTRANET_SITE if group.extranet else "s1",
        "NAME": group.name,
        "DESCRIPTION": given.get("DESCRIPTION"),
        "DATE_CREATE": group.created,
        "DATE_UPDATE": group.created,
        "ACTIVE": "Y",
        "VISIBLE": given.get("VISIBLE", "Y"),
        "OPENED": given.get("OPENED", "N"),
        "CLOSED": given.get("CLOSED", "N"),
        "SUBJECT_ID": 1,
        "OWNER_ID": group.owner,
        "KEYWORDS": given.get("KEYWORDS"),
        "NUMBER_OF_MEMBERS": sum(role != INVITED for role in group.members.values()),
        "DATE_ACTIVITY": group.created,
        "SUBJECT_NAME": "Рабочие группы",
        "PROJECT": given.get("PROJECT", "N"),
        "IS_EXTRANET": "Y" if group.extranet else "N",
    }
