"""Methods for everybody: who am I, what may I do, what time is it."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.urls import find, method, methods
from crmkit.sandbox.bitrix24.values import iso

__all__: list[str] = []


@method("profile", "")
def profile(call: Call) -> Any:
    """Return who calls."""
    user = call.portal.users[call.user]
    return {
        "ID": str(user.id),
        "ADMIN": user.admin,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    }


@method("scope", "")
def scope(call: Call) -> Any:
    """Return what the caller may use; with ``full``, all scopes there are."""
    if call.loose("full"):
        return sorted({one.scope for one in methods().values() if one.scope})
    return list(call.caller.scopes)


@method("methods", "")
def methods_(call: Call) -> Any:
    """Return the methods that the caller may use, of one scope if it is given."""
    wanted = call.loose("scope")
    return [
        one.name
        for one in methods().values()
        if one.version == 2 and (one.scope == wanted if wanted else one.scope in ("", *call.caller.scopes))
    ]


@method("method.get", "")
def method_get(call: Call) -> Any:
    """Tell whether a method exists and may be used."""
    found = find(str(call.loose("name", "")))
    available = found is not None and found.scope in ("", *call.caller.scopes)
    return {"isExisting": found is not None, "isAvailable": available}


@method("server.time", "")
def server_time(call: Call) -> Any:
    """Return the server's time."""
    return iso(call.portal.now(), call.zone)


@method("app.info", "")
def app_info(call: Call) -> Any:
    """Return what the portal knows of an application, or of the licence if a webhook asks."""
    told: dict[str, Any] = {"LICENSE": "ru_ent250", "LICENSE_TYPE": "ent250", "LICENSE_FAMILY": "ent"}
    app = call.caller.app
    if app is None:
        return {"SCOPE": list(call.caller.scopes), **told}
    return {
        "ID": 1,
        "CODE": app.client_id,
        "VERSION": 1,
        "STATUS": "L",
        "INSTALLED": app.installed,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": "ru",
        **told,
    }


@method("feature.get", "")
def feature_get(call: Call) -> Any:
    """Tell whether the plan has a feature."""
    code = call.loose("CODE")
    if not code:
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    settings = call.portal.settings
    known = {
        "rest_offline_extended": settings.offline_extended,
        "rest_auth_connector": settings.offline_extended,
    }
    return {"value": "Y" if known.get(str(code), False) else "N"}
