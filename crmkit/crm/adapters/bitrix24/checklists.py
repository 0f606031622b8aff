"""The checklist of a task, brought to what it should be; doing it twice does no harm."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.bitrix24 import Bitrix24, Command, Effect

__all__ = ["bring_to"]

HEADING = "BX_CHECKLIST"
"""How the portal calls the heading that it puts above the lines."""


def bring_to(client: Bitrix24, task: int, lines: Sequence[str]) -> None:
    """Let exactly these lines be the ones that are still to be done: add them, tick the others off.

    A lost answer is settled by looking at the checklist and doing what is missing.

    Raises:
        BatchError: Something could not be done.
    """
    for _ in range(3):
        commands = _missing(client, task, lines)
        if not commands:
            return
        result = client.batch(commands)
        if not result.unknown:
            result.results()
            return
    client.batch(_missing(client, task, lines)).results()


def _missing(client: Bitrix24, task: int, lines: Sequence[str]) -> list[Command]:
    items = client.tasks.checklist.list(task)
    headings = {item.parent_id for item in items}
    lines_there = (
        one for one in items if one.id not in headings and not (one.title or "").startswith(HEADING)
    )
    known = {(item.title or "").strip(): item for item in lines_there}
    commands = []
    for line in dict.fromkeys(one.strip() for one in lines):
        item = known.pop(line, None)
        if item is None:
            params = {"TASKID": task, "FIELDS": {"TITLE": line}}
            commands.append(Command("task.checklistitem.add", params))
        elif item.is_complete:
            params = {"TASKID": task, "ITEMID": item.id}
            commands.append(Command("task.checklistitem.renew", params, effect=Effect.IDEMPOTENT))
    for item in known.values():
        if not item.is_complete:
            params = {"TASKID": task, "ITEMID": item.id}
            commands.append(Command("task.checklistitem.complete", params, effect=Effect.IDEMPOTENT))
    return commands
