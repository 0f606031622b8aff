"""References of a batch to the results of earlier commands, resolved as oddly as the vendor does it."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["resolved"]

_REFERENCE = re.compile(r"\$(result|error|total|next|time)(\S*)", re.IGNORECASE)
_KEYS = re.compile(r"\[([^\]]*)\]")


def resolved(value: Any, results: dict[str, dict[str, Any]]) -> Any:
    """Replace the references in the parameters of a command.

    A reference runs to the next white space; the word is found in any case but looked up as written; a path
    that leads nowhere stops at the last thing there is, and if the value is nothing but the reference, it
    becomes that thing, even if it is all the results.

    Example:
        >>> results = {"result": {"add": 7, "list": [{"ID": "5"}]}, "error": {}, "total": {"list": 1}}
        >>> resolved({"ID": "$result[list][0][ID]", "UF": "D_$result[add]", "N": "$total[list]"}, results)
        {'ID': '5', 'UF': 'D_7', 'N': 1}
        >>> resolved("$result[gone][ID]", results)
        {'add': 7, 'list': [{'ID': '5'}]}
    """
    if isinstance(value, dict):
        return {key: resolved(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, results) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    for match in _REFERENCE.finditer(value):
        word = match[1]
        if word not in results:
            continue  # written in capitals: found, but there is no such thing
        found = _follow(results[word], _KEYS.findall(match[2]))
        if match[0] == value:
            return found
        if isinstance(found, (str, int, float)) and not isinstance(found, bool):
            value = value.replace(match[0], str(found))
    return value


def _follow(found: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(found, dict) and found.get(key) is not None:
            found = found[key]
        elif (
            isinstance(found, list)
            and key.isdigit()
            and int(key) < len(found)
            and found[int(key)] is not None
        ):
            found = found[int(key)]
        else:
            break
    return found
