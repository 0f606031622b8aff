"""``crm.entity.mergeBatch``."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.merging import conflicts, merge
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.rights import DELETE, READ, UPDATE, may
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []


@method("crm.entity.mergeBatch")
def merge_batch(call: Call) -> Any:
    """Merge items into the first one, unless their fields disagree: then people have to decide."""
    given = as_dict(call.get("params"))
    if not given.get("entityTypeId"):
        raise _refused("The parameter entityTypeId is required.")
    kind = call.portal.kinds.get(intval(given["entityTypeId"]))
    if kind is None:
        raise _refused(f"Entity type {given['entityTypeId']} is not supported")
    numbers = list(
        dict.fromkeys(number for one in as_list(given.get("entityIds")) if (number := intval(one)) > 0)
    )
    if not numbers:
        raise _refused("The parameter entityIds does not contains valid elements.")
    if len(numbers) == 1:
        raise _refused("The parameter entityIds must contains at least two elements.")
    rows = [row for number in numbers if (row := call.portal.items[kind.id].get(number)) is not None]
    if len(rows) < len(numbers):
        raise _refused("Owner was not found")
    for place, row in enumerate(rows):
        needed = (READ, DELETE if place else UPDATE)
        if not all(may(call.portal, call.user, kind, row, action) for action in needed):
            raise RestError(403, "Access denied", 403)
    if conflicts(kind, rows):
        return {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    gone = merge(call.portal, kind, rows, crm.Author(call.user, call.caller))
    return {"STATUS": "SUCCESS", "ENTITY_IDS": gone}


def _refused(text: str) -> RestError:
    return RestError(0, text)
