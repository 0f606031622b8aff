"""Reports: definitions, making one (slowly, seldom, one at a time), what was saved, in chunks."""

from __future__ import annotations

import hashlib
from typing import Any

from crmkit.sandbox.planfix.call import Call, Wanted
from crmkit.sandbox.planfix.exceptions import Refused, bad_value
from crmkit.sandbox.planfix.field_rows import moment
from crmkit.sandbox.planfix.records import Report, ReportRun, ReportSave
from crmkit.sandbox.planfix.reporting import chunks, finish
from crmkit.sandbox.planfix.rows import only
from crmkit.sandbox.planfix.urls import route

PAUSE = 600.0
"""Seconds between two runs, by the vendor's help page."""
TARIFF = "corporation"


def _find(call: Call) -> Report:
    report = call.account.reports.get(call.number("id"))
    if report is None:
        raise Refused(9000, f"Report not found by id {call.params['id']}")
    return report


def _shown(report: Report, wanted: Wanted) -> dict[str, Any]:
    fields = [
        {"id": one.id, "num": one.num, "formula": one.formula, "name": one.name, "hidden": one.hidden}
        for one in report.fields
    ]
    return only({"id": report.id, "name": report.name, "fields": fields}, wanted)


@route("POST", "/report/list", "report_readonly")
def report_list(call: Call) -> dict[str, Any]:
    """List reports."""
    wanted, (offset, size) = call.wanted("id,name"), call.page()
    reports = [report for _, report in sorted(call.account.reports.items())]
    return {"reports": [_shown(report, wanted) for report in reports[offset : offset + size]]}


@route("GET", "/report/{id}", "report_readonly")
def report_get(call: Call) -> dict[str, Any]:
    """Read what a report consists of."""
    return {"report": _shown(_find(call), call.wanted("id,name"))}


@route("POST", "/report/{id}/generate", "report_readonly", status=201)
def report_generate(call: Call) -> dict[str, Any]:
    """Begin to make a report: on the highest tariff only, one at a time, ten minutes after the last one."""
    account, report = call.account, _find(call)
    if call.settings.tariff != TARIFF:
        raise Refused(9001, "Report billing error", status=403)
    finish(account)
    now, last = account.now(), account.report_runs[-1] if account.report_runs else None
    if last is not None and (not last.save or now < last.started + PAUSE):
        raise Refused(9002, f"Report already in progress by requestId - {last.request}", status=403)
    name = hashlib.sha256(f"{report.id} {now} {len(account.report_runs)}".encode()).hexdigest()[:32]
    account.report_runs.append(ReportRun(name, report.id, now, now + call.settings.report_seconds))
    return {"requestId": name}


@route("GET", "/report/status/{requestId}", "report_readonly")
def report_status(call: Call) -> dict[str, Any]:
    """Tell whether a report is ready; then what was saved."""
    finish(call.account)
    asked = call.params["requestId"]
    run = next((one for one in call.account.report_runs if one.request == asked), None)
    if run is None:
        raise Refused(9003, "Request id does not exist")
    if not run.save:
        return {"status": "in_progress"}
    save = call.account.report_saves[run.save]
    return {"status": "ready", "save": {"id": save.id, "name": save.name, "reportId": save.report}}


@route("POST", "/report/{id}/save/list", "report_readonly")
def save_list(call: Call) -> dict[str, Any]:
    """List what was saved of a report."""
    finish(call.account)
    wanted = call.wanted("id,name")
    saves = [call.account.report_saves[number] for number in _find(call).saves]
    return {"saves": [_shown_save(call, save, wanted) for save in saves]}


def _shown_save(call: Call, save: ReportSave, wanted: Wanted) -> dict[str, Any]:
    count = len(chunks(save.rows, call.settings.report_chunk))
    shown = {
        "id": save.id,
        "reportId": save.report,
        "dateTime": moment(call, save.at),
        "name": save.name,
        "chunks": count,
        "chunksCount": count,
    }
    return only(shown, wanted)


@route("POST", "/report/{id}/save/{saveId}/data", "report_readonly")
def save_data(call: Call) -> dict[str, Any]:
    """Read one chunk of what was saved; every chunk begins with the header."""
    report, chunk = _find(call), call.request.query.get("chunk", "0")
    save = call.account.report_saves.get(call.number("saveId"))
    if save is None or save.report != report.id:
        raise Refused(9000, f"Report save not found by id {call.params['saveId']}")
    parts = chunks(save.rows, call.settings.report_chunk)
    if not chunk.isdigit() or int(chunk) >= len(parts):
        raise bad_value(f"Incorrect chunk - {chunk!r}")
    rows = [
        {
            "type": "Header" if index == 0 else "Normal",
            "depth": 0,
            "items": [{"text": text, "link": "", "hidden": False} for text in row],
        }
        for index, row in enumerate(parts[int(chunk)])
    ]
    return {"chunk": int(chunk), "rows": rows}
