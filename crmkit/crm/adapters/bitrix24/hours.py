"""Time that people have recorded in tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from crmkit.bitrix24 import Bitrix24, Command
from crmkit.bitrix24.envelope import rows_of
from crmkit.bitrix24.models import ElapsedTime

__all__ = ["seconds_of"]

PAGE = 50


def seconds_of(client: Bitrix24, tasks: Iterable[int]) -> Counter[int]:
    """Return the recorded seconds of each task: ``task.elapseditem.getlist``, fifty tasks per request.

    Raises:
        CrmkitError: A task could not be asked about.
    """
    total: Counter[int] = Counter()
    after = dict.fromkeys(tasks, 0)
    while after:
        commands = [
            # This old method goes by the order of its parameters: task, order, filter.
            Command("task.elapseditem.getlist", [task, {"ID": "asc"}, {">ID": last}])
            for task, last in after.items()
        ]
        pages = {}
        for task, outcome in zip(after, client.batch(commands), strict=True):
            pages[task] = [
                ElapsedTime.from_row(row) for row in rows_of(outcome.command.method, outcome.value())
            ]
        for task, rows in pages.items():
            total[task] += sum(one.seconds or 0 for one in rows if one.id > after[task])
        after = {task: rows[-1].id for task, rows in pages.items() if len(rows) == PAGE}
    return total
