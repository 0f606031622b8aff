"""What a person sets up in a portal so that it tells us about changes: events of an outgoing webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from crmkit.config import Bound
from crmkit.crm.adapters.bitrix24.room import Tools
from crmkit.crm.adapters.bitrix24.setup_texts import PREFIX, TEXTS
from crmkit.crm.setup import Call, Guide, Handler, Line, Watch

__all__ = ["events_of", "guide"]

EVENTS = {
    "deal": ("ONCRMDEALADD", "ONCRMDEALUPDATE"),
    "company": ("ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE"),
    "contact": ("ONCRMCONTACTADD", "ONCRMCONTACTUPDATE"),
    "task": ("ONTASKADD", "ONTASKUPDATE"),
}
"""What is told of a creation and of a change, by kind."""
COMMENTED = {"task": "ONTASKCOMMENTADD"}
TIMELINE = "ONCRMTIMELINECOMMENTADD"
MOVED = "ONCRMDEALMOVETOCATEGORY"
"""Not among the events of outgoing webhooks: an application hears it."""
SECTIONS = {"deal": "deals", "company": "companies", "contact": "contacts"}


def guide(tools: Tools, watches: Sequence[Watch], handler: Handler) -> Guide:
    """Return one outgoing webhook per watch, with the calls by which an application would bind its events."""
    calls: list[Call] = []
    missing: list[Line] = []
    remarks: list[Line] = []
    for watch in watches:
        fields = list(_fields(tools, watch, missing, remarks))
        stages = list(_stages(tools, watch, missing, remarks))
        calls.append(_call(watch, handler, fields, stages))
    if handler.proof != "header":
        where = tools.portal.where("webhook.proof")
        remarks.append(_say("path", where=where, proof=handler.proof))
    return Guide(tuple(calls), tuple(missing), tuple(remarks), TEXTS, secret_by_portal=True)


def events_of(watch: Watch) -> tuple[str, ...]:
    """Return the events of an outgoing webhook that tell what is watched.

    Example:
        >>> events_of(Watch("x", created=True, comments=True))
        ('ONCRMDEALADD', 'ONCRMTIMELINECOMMENTADD')
    """
    added, changed = EVENTS[watch.of]
    return (
        *([added] if watch.created else []),
        *([changed] if watch.stages or watch.fields else []),
        *([COMMENTED.get(watch.of, TIMELINE)] if watch.comments else []),
    )


def _call(watch: Watch, handler: Handler, fields: list[str], stages: list[str]) -> Call:
    events = events_of(watch)
    moved = (MOVED,) if watch.of == "deal" and watch.stages else ()
    steps = [
        _say("open", url=handler.url),
        _say("events", events=", ".join(events)),
        *([_say("fields", names=", ".join(fields))] if fields else []),
        *([_say("stages", names=", ".join(stages))] if stages else []),
        _say("token"),
        _say("app"),
    ]
    if stages and watch.of == "deal":
        steps.append(_say("robot", names=", ".join(stages), url=handler.url, event=watch.event))
    steps.append(_say("once"))
    bound = [
        ["event.bind", {"event": event, "handler": handler.url, "event_type": "online"}]
        for event in (*events, *moved)
    ]
    lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in bound)
    return Call(watch.event, tuple(steps), url=handler.url, template=f"[\n{lines}\n]")


def _fields(tools: Tools, watch: Watch, missing: list[Line], remarks: list[Line]) -> Iterator[str]:
    section = SECTIONS.get(watch.of, "")
    names: Mapping[str, Bound] = tools.account.bound(section) if section else {}
    for key in watch.fields:
        where = tools.portal.where(f"{watch.section}.fields.{key}")
        bound = names.get(key)
        found = tools.account.find_field(bound.id, section) if bound else None
        if bound is None:
            remarks.append(_say("unbound", where=tools.portal.where(f"{watch.section}.fields"), name=key))
        elif found is None:
            missing.append(_say("field_gone", where=where, number=bound.id))
        else:
            yield f"«{found.title}» ({found.name})"


def _stages(tools: Tools, watch: Watch, missing: list[Line], remarks: list[Line]) -> Iterator[str]:
    if watch.of != "deal" or watch.stages == "any":
        return
    known, names = tools.account.stages().stages, tools.portal.deals.stages
    for key in watch.stages:
        bound = names.get(key)
        if bound is None:
            remarks.append(_say("unbound", where=tools.portal.where("deals.stages"), name=key))
        elif bound.id not in known:
            where = tools.portal.where(f"deals.stages.{key}")
            missing.append(_say("stage_gone", where=where, number=bound.id))
        else:
            yield f"«{known[bound.id].name}» ({bound.id})"


def _say(key: str, **params: object) -> Line:
    return Line(PREFIX + key, params)
