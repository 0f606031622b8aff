"""Phones, e-mails and the like: the two shapes in which the old and the universal methods take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.kinds import MULTIFIELDS
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["changed_multifields", "comparable", "legacy_multifields", "shown_multifields", "with_reach"]


def with_reach(row: Row) -> Row:
    """Fill in what follows from phones and e-mails: what filters and the search for duplicates look at."""
    for name in MULTIFIELDS:
        row[name] = [one["VALUE"] for one in row.get("FM") or [] if one["TYPE_ID"] == name]
    row["COMM"] = [comparable(name, value) for name in ("PHONE", "EMAIL") for value in row[name]]
    return row | {"HAS_PHONE": "Y" if row["PHONE"] else "N", "HAS_EMAIL": "Y" if row["EMAIL"] else "N"}


def comparable(type_id: str, value: str) -> str:
    """Return what duplicates are found by: an e-mail in small letters, the digits of a phone.

    Example:
        >>> comparable("PHONE", "8 (900) 123-45-67"), comparable("EMAIL", "A@b.ru")
        ('PHONE:79001234567', 'EMAIL:a@b.ru')
    """
    if type_id == "EMAIL":
        return f"EMAIL:{value.casefold()}"
    digits = "".join(letter for letter in value if letter.isdigit())
    return f"PHONE:7{digits[1:]}" if len(digits) == 11 and digits[0] == "8" else f"PHONE:{digits}"


def shown_multifields(row: Row) -> list[dict[str, Any]]:
    """Return them as the universal methods do."""
    return [
        {"id": one["ID"], "valueType": one["VALUE_TYPE"], "value": one["VALUE"], "typeId": one["TYPE_ID"]}
        for one in row.get("FM") or []
    ]


def legacy_multifields(row: Row, type_id: str) -> list[dict[str, Any]]:
    """Return those of a type as the old methods do."""
    return [
        {"ID": str(one["ID"]), "VALUE_TYPE": one["VALUE_TYPE"], "VALUE": one["VALUE"], "TYPE_ID": type_id}
        for one in row.get("FM") or []
        if one["TYPE_ID"] == type_id
    ]


def changed_multifields(portal: Portal, old: list[Row], given: Any, *, legacy: bool = False) -> list[Row]:
    """Return the values after a change.

    Universal: a list adds; in an object a number changes or, with an empty value, deletes, any other key
    adds. Old: per type a list of rows, changed by ``ID``, deleted by ``DELETE`` or an empty value.
    What has no type, or is no row, is lost without a word.
    """
    kept = {one["ID"]: one for one in old}
    changes = _legacy_changes(given) if legacy else _universal_changes(given)
    for number, type_id, value_type, value in changes:
        if number in kept:
            if value:
                kept[number] = kept[number] | {
                    "VALUE": value,
                    "VALUE_TYPE": value_type or kept[number]["VALUE_TYPE"],
                }
            else:
                del kept[number]
        elif value and type_id in MULTIFIELDS:
            new = portal.next_id("multifield")
            kept[new] = {"ID": new, "TYPE_ID": type_id, "VALUE_TYPE": value_type or "WORK", "VALUE": value}
    return list(kept.values())


def _universal_changes(given: Any) -> list[tuple[int, str, str, str]]:
    by_number = isinstance(given, dict)
    found = []
    for key, raw in items(given):
        if not isinstance(raw, (dict, list)):
            continue
        row = as_dict(raw)
        number = intval(key) if by_number and key.isdigit() else 0
        found.append(
            (number, str(row.get("typeId", "")), str(row.get("valueType", "")), str(row.get("value") or ""))
        )
    return found


def _legacy_changes(given: Any) -> list[tuple[int, str, str, str]]:
    found = []
    for type_id, rows in as_dict(given).items():
        for raw in as_list(rows):
            if not isinstance(raw, (dict, list)):
                continue
            row = as_dict(raw)
            gone = row.get("DELETE") == "Y"
            value = "" if gone else str(row.get("VALUE") or "")
            found.append((intval(row.get("ID")), type_id, str(row.get("VALUE_TYPE", "")), value))
    return found
