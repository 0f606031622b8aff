"""Tells whether a fresh decision is still the planned one, apart from what moves with the time alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crmkit.automation.actions import Action

__all__ = ["same_actions"]

TIMES = re.compile(
    r"""
      \d{4}-\d{2}-\d{2} (?:[T\ ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?   # ISO
    | \d{1,2}[./]\d{1,2}[./]\d{2,4}                                                         # 18.03.2025
    | \d{1,2}:\d{2}(?::\d{2})?                                                              # 09:30
    | \d+ \s+ (?:дн|ден|сут|недел|час|мин|day|week|hour|min)\w*                             # 7 дней
    | \d+ \s+ (?:событи|robot\ event)\w*                                                    # 3 события робота
    """,
    re.VERBOSE | re.IGNORECASE,
)
REFERENCE = {"kind", "id", "name"}


def same_actions(planned: Iterable[Action], fresh: Iterable[Action]) -> bool:
    """Tell whether two lists of actions mean the same: kind, step, episode, and what is written.

    Dates, times and numbers of days inside texts may differ, as may deadlines and moments (not days) that are
    written into fields: they move while a plan waits to be applied. So does the number of events of robots
    that did not count. Names may differ, not the ids.
    """
    return [_meaning(action) for action in planned] == [_meaning(action) for action in fresh]


def _meaning(action: Action) -> Any:
    meaning = _timeless(action.model_dump(mode="json", exclude={"key", "reason", "data"}))
    task = meaning.get("task", {}) if action.kind != "update_task" else meaning["changes"]
    if task.get("deadline"):
        task["deadline"] = "#"
    for part in (meaning, task):
        for name in part.keys() & {"text", "title"}:
            part[name] = TIMES.sub("#", part[name] or "")
    return meaning


def _timeless(value: Any) -> Any:
    if isinstance(value, list):
        return [_timeless(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$moment" in value:
        return "#"
    named = value.keys() == REFERENCE
    return {key: _timeless(part) for key, part in value.items() if not (named and key == "name")}
