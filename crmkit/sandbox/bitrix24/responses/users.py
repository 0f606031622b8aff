"""People, departments and what they are told."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.listing import order_of, page_of, specs, table_of
from crmkit.sandbox.bitrix24.models import INVITED, User
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, truthy
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import iso

__all__: list[str] = []

USER = specs(
    "ID:integer NAME:string LAST_NAME:string EMAIL:string WORK_POSITION:string UF_DEPARTMENT:integer* "
    "USER_TYPE:string ACTIVE:active PERSONAL_MOBILE:string IS_ADMIN:active"
)
DEPARTMENT = specs("ID:integer NAME:string SORT:integer PARENT:integer UF_HEAD:integer")
RESERVED = ("SORT", "ORDER", "START", "FILTER", "ADMIN_MODE", "AUTH", "SELECT")


@method("user.get", "user")
@method("user.search", "user")
def user_get(call: Call) -> Any:
    """Return a page of people; a filter may also stand among the parameters themselves."""
    given = dict(as_dict(call.loose("filter")))
    given |= {key: value for key, value in call.params.items() if key.upper() not in RESERVED}
    given = {key.upper(): value for key, value in given.items()}
    active = given.pop("ACTIVE", None)
    people = [user for user in call.portal.users.values() if active is None or user.active == _true(active)]
    order = order_of({str(call.loose("sort") or "ID"): call.loose("order") or "asc"}, USER)
    rows = page_of(call, table_of(map(_row, people)), USER, given=given, order=order)
    return [_shown(call, call.portal.users[row["ID"]]) for row in rows]


@method("user.current", "user")
def user_current(call: Call) -> Any:
    """Return who calls."""
    return _shown(call, call.portal.users[call.user])


@method("user.fields", "user")
def user_fields(call: Call) -> Any:
    """Return the names of the fields."""
    return {name: name for name in USER}


@method("user.add", "user")
def user_add(call: Call) -> Any:
    """Invite a colleague, or a guest into work groups."""
    portal = call.portal
    if not portal.is_admin(call.user):
        raise RestError("ERROR_CORE", "access_denied")
    email = str(call.loose("EMAIL") or "")
    if "@" not in email:
        raise RestError("ERROR_ARGUMENT", "wrong_email", argument="")
    if any(one.email.casefold() == email.casefold() for one in portal.users.values()):
        raise RestError("ERROR_ARGUMENT", "A user with this email already exists", argument="")
    extranet = call.loose("EXTRANET") == "Y"
    groups = [intval(one) for one in as_list(call.loose("SONET_GROUP_ID"))]
    departments = [intval(one) for one in as_list(call.loose("UF_DEPARTMENT"))]
    _check_places(call, extranet, groups, departments)
    number = max(portal.users) + 1
    portal.users[number] = User(
        number,
        str(call.loose("NAME") or ""),
        str(call.loose("LAST_NAME") or ""),
        email=email,
        position=str(call.loose("WORK_POSITION") or ""),
        departments=departments,
        extranet=extranet,
        registered=portal.now(),
    )
    for group in groups:
        if group in portal.groups:
            portal.groups[group].members.setdefault(number, INVITED)
            portal.notify(number, str(call.loose("MESSAGE_TEXT") or ""), kind="invitation", author=call.user)
    return number


def _check_places(call: Call, extranet: bool, groups: list[int], departments: list[int]) -> None:
    """Refuse whoever has no place: no group, no department, no seat."""
    portal, settings = call.portal, call.portal.settings
    if extranet and not groups:
        raise RestError("ERROR_ARGUMENT", "no_sonet_group_for_extranet", argument="")
    if extranet and not any(one in portal.groups for one in groups):
        raise RestError("ERROR_NO_GROUP", "Group is specified incorrectly")
    if (extranet and not settings.guests) or not (extranet or departments):
        raise RestError("ERROR_ARGUMENT", "no_extranet_field", argument="")
    if settings.seats and sum(one.active for one in portal.users.values()) >= settings.seats:
        raise RestError("ERROR_ARGUMENT", "user_count_exceeded", argument="")


@method("user.update", "user")
def user_update(call: Call) -> Any:
    """Change a colleague; ``ACTIVE`` dismisses or brings back."""
    if not call.portal.is_admin(call.user) and intval(call.loose("ID")) != call.user:
        raise RestError("ERROR_CORE", "access_denied")
    user = call.portal.users.get(intval(call.loose("ID")))
    if user is None:
        raise RestError("ERROR_NOT_FOUND", "User not found")
    user.name = str(call.loose("NAME") or user.name)
    user.last_name = str(call.loose("LAST_NAME") or user.last_name)
    user.position = str(call.loose("WORK_POSITION") or user.position)
    if call.loose("ACTIVE") is not None:
        user.active = _true(call.loose("ACTIVE"))
    if call.loose("UF_DEPARTMENT") is not None:
        user.departments = [intval(one) for one in as_list(call.loose("UF_DEPARTMENT"))]
    return True


@method("department.get", "department")
def department_get(call: Call) -> Any:
    """Return departments; the filter stands among the parameters."""
    given = {key.upper(): value for key, value in call.params.items() if key.upper() not in RESERVED}
    rows = (
        {
            "ID": one.id,
            "NAME": one.name,
            "SORT": one.sort,
            "PARENT": one.parent or None,
            "UF_HEAD": one.head or None,
        }
        for one in call.portal.departments.values()
    )
    order = order_of({str(call.loose("sort") or "ID"): call.loose("order") or "asc"}, DEPARTMENT)
    found = page_of(call, table_of(rows), DEPARTMENT, given=given, order=order)
    return [_department(row) for row in found]


@method("im.notify", "im")
@method("im.notify.personal.add", "im")
@method("im.notify.system.add", "im")
def notify(call: Call) -> Any:
    """Tell somebody something; the same tag replaces what was told before. To nobody: ``false``."""
    user = intval(call.loose("USER_ID") or call.loose("TO"))
    if user <= 0:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    text = str(call.loose("MESSAGE") or "")
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    tag = str(call.loose("TAG") or "")
    if tag and call.caller.app is None and not call.loose("CLIENT_ID"):
        raise RestError("ACCESS_DENIED", "Client ID not specified", 403)
    if user not in call.portal.users or not call.portal.users[user].active:
        return False
    kind = "system" if call.method == "im.notify.system.add" else "personal"
    return call.portal.notify(user, text, kind=kind, author=call.user, tag=tag)


@method("im.notify.delete", "im")
def notify_delete(call: Call) -> Any:
    """Take notifications back, by number or tag; only one's own."""
    number, tag = intval(call.loose("ID")), str(call.loose("TAG") or "")
    if not number and not tag:
        raise RestError("PARAMS_ERROR", "Incorrect params")
    if tag and call.caller.app is None and not call.loose("CLIENT_ID"):
        raise RestError("ACCESS_DENIED", "Access denied! Client ID not specified", 403)
    told = call.portal.notifications
    for one in [one for one in told.values() if call.user in (one.user, one.author)]:
        if one.id == number or (tag and one.tag == tag):
            del told[one.id]
    return True


def _true(value: Any) -> bool:
    return truthy(value) and value not in ("N", "n", "false")


def _row(user: User) -> Row:
    return {
        "ID": user.id,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "EMAIL": user.email,
        "WORK_POSITION": user.position,
        "UF_DEPARTMENT": user.departments,
        "USER_TYPE": "extranet" if user.extranet else "employee",
        "PERSONAL_MOBILE": user.phone,
    }


def _shown(call: Call, user: User) -> dict[str, Any]:
    return {
        "ID": str(user.id),
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "SECOND_NAME": "",
        "EMAIL": user.email,
        "LAST_LOGIN": "",
        "DATE_REGISTER": iso(user.registered, call.zone),
        "TIME_ZONE": "",
        "IS_ONLINE": "N",
        "TIMESTAMP_X": {},  # as the vendor sends it: an object where a date should be
        "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "",
        "PERSONAL_BIRTHDAY": "",
        "PERSONAL_MOBILE": user.phone,
        "WORK_POSITION": user.position,
        "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": user.departments,
        "USER_TYPE": "extranet" if user.extranet else "employee",
    }


def _department(row: Row) -> dict[str, Any]:
    told = {"ID": str(row["ID"]), "NAME": row["NAME"], "SORT": row["SORT"]}
    if row["PARENT"]:
        told["PARENT"] = str(row["PARENT"])
    if row["UF_HEAD"]:
        told["UF_HEAD"] = str(row["UF_HEAD"])
    return told
