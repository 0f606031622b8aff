"""Makes reports out of the tasks of an account."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.models import Task
from crmkit.sandbox.planfix.records import Report, ReportField, ReportRun, ReportSave

__all__ = ["chunks", "finish"]


def finish(account: Account) -> None:
    """Save the reports that are ready by now, as the account was when they were asked for or is now."""
    for run in account.report_runs:
        if not run.save and run.ready <= account.now():
            _save(account, run)


def _save(account: Account, run: ReportRun) -> None:
    report = account.reports[run.report]
    number = account.new_id("report save")
    run.save = number
    name = f"{report.name} №{len(report.saves) + 1}"
    account.report_saves[number] = ReportSave(number, report.id, name, run.ready, _rows(account, report))
    report.saves.append(number)


def _rows(account: Account, report: Report) -> list[list[Any]]:
    """Return the header and a row per person responsible, or per status in the order of the process."""
    groups: defaultdict[str, list[Task]] = defaultdict(list)
    if report.by == "status":
        process = account.processes[account.objects[report.object].process]
        groups |= {f"status:{number}": [] for number in process.statuses}
    for task in account.tasks.values():
        if task.object == report.object and not task.is_deleted:
            by_person = task.assignees[0] if task.assignees else ""
            groups[f"status:{task.status}" if report.by == "status" else by_person].append(task)
    columns = [one for one in sorted(report.fields, key=lambda one: one.num) if not one.hidden]
    header: list[Any] = [one.name for one in columns]
    ordered = groups.items() if report.by == "status" else sorted(groups.items())
    rows = [[_cell(account, one, ref, tasks) for one in columns] for ref, tasks in ordered]
    return [header, *rows]


def _cell(account: Account, column: ReportField, ref: str, tasks: list[Task]) -> Any:
    if column.source == "status":
        return account.statuses[int(ref.partition(":")[2])].name
    if column.source == "assignee":
        return account.name_of(ref) if ref else "—"
    if column.source == "count":
        return len(tasks)
    number = int(column.source.partition(":")[2])
    return sum(task.fields.get(number) or 0 for task in tasks)


def chunks(rows: list[list[Any]], size: int) -> list[list[list[Any]]]:
    """Return the rows in chunks of so many, each behind the header; there is always one."""
    header, rest = rows[:1], rows[1:]
    starts = range(0, max(len(rest), 1), size)
    return [[*header, *rest[start : start + size]] for start in starts]
