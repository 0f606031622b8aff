"""Puts the stories of :class:`crmkit.sandbox.seeds.StaleDeals` into a Bitrix24 portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.multifields import with_reach
from crmkit.sandbox.seeds.stale_deals import DealStory, Happening, StaleDeals

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.conditions import Row
    from crmkit.sandbox.bitrix24.kinds import Kind
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["fill"]

DEAL, CONTACT, COMPANY = 2, 3, 4
CREATED, MOVED, FINAL = 1, 2, 3


@dataclass(frozen=True)
class _Place:
    """Where the stories are put: the portal, its stages by logical name, the robot that makes noise."""

    portal: Portal
    stages: Mapping[str, str]
    robot: int


def fill(
    portal: Portal,
    start: datetime,
    stages: Mapping[str, str],
    *,
    noisy_robot: int,
    random_seed: int = 7,
    **options: Any,
) -> None:
    """Write companies, contacts and deals with their past.

    What a client says arrives as an incoming mail, which moves the last activity; what the responsible person
    writes is a comment, which does not.
    """
    stories = StaleDeals(start, seed=random_seed, **options)
    now = int(start.timestamp())
    place = _Place(portal, stages, noisy_robot)
    for number, company in enumerate(stories.companies, 1):
        created = now - 200 * 86400
        _put(
            portal,
            COMPANY,
            {"ID": number, "TITLE": company.name, "DATE_CREATE": created, "CONTACT_IDS": [number]},
        )
        phone = [
            {
                "ID": portal.next_id("multifield"),
                "TYPE_ID": "PHONE",
                "VALUE_TYPE": "WORK",
                "VALUE": company.phone,
            }
        ]
        person = {"NAME": company.person_name, "LAST_NAME": company.person_lastname, "COMPANY_ID": number}
        links = {"COMPANY_IDS": [number], "FM": phone}
        _put(portal, CONTACT, with_reach({"ID": number, "DATE_CREATE": created, **person, **links}))
    for number, story in enumerate(stories, 1):
        _deal(place, number, story)
    portal.newest(DEAL, max((row["DATE_CREATE"] for row in portal.items[DEAL]), default=0))


def _put(portal: Portal, entity_type: int, values: Row) -> Row:
    kind = portal.kinds[entity_type]
    created = values["DATE_CREATE"]
    row = {name: spec.default for name, spec in kind.fields.items()}
    stamps = dict.fromkeys(("DATE_MODIFY", "MOVED_TIME", "LAST_ACTIVITY_TIME"), created)
    people = dict.fromkeys(
        ("CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID", "ASSIGNED_BY_ID", "LAST_ACTIVITY_BY"), 1
    )
    row |= {name: value for name, value in (stamps | people).items() if name in kind.fields}
    row |= values
    portal.items[entity_type].put(row)
    return row


def _deal(place: _Place, number: int, story: DealStory) -> None:
    portal = place.portal
    kind = portal.kinds[DEAL]
    created = int(story.created)
    custom = {
        "UF_CRM_REFUSAL_REASON": _option(kind, "UF_CRM_REFUSAL_REASON", story.refusal_reason),
        "UF_CRM_SNOOZE_UNTIL": story.snooze_until.date().isoformat() if story.snooze_until else None,
        "UF_CRM_SNOOZE_REASON": story.snooze_reason or None,
    }
    by_manager = dict.fromkeys(
        ("CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID", "ASSIGNED_BY_ID", "LAST_ACTIVITY_BY"), story.manager
    )
    row = {
        "ID": number,
        "TITLE": story.title,
        "CATEGORY_ID": 0,
        "STAGE_ID": place.stages["new"],
        "STAGE_SEMANTIC_ID": "P",
        "IS_NEW": "Y",
        "CURRENCY_ID": "RUB",
        "OPPORTUNITY": float(story.amount),
        "COMPANY_ID": story.company + 1,
        "CONTACT_ID": story.company + 1,
        "CONTACT_IDS": [story.company + 1],
        "DATE_CREATE": created,
        **by_manager,
        **custom,
    }
    row = _put(portal, DEAL, row)
    _history(portal, row, CREATED, created)
    for happening in story.happenings:
        _happen(place, row, happening)


def _option(kind: Kind, name: str, value: str) -> int | None:
    return next((one["ID"] for one in kind.fields[name].enum if one["VALUE"] == value), None)


def _happen(place: _Place, row: Row, happening: Happening) -> None:
    portal = place.portal
    at, manager = int(happening.at), row["ASSIGNED_BY_ID"]
    if happening.kind == "comment" and happening.actor == "client":
        _mail(portal, row, at, happening.what)
        row |= {"LAST_ACTIVITY_TIME": at, "DATE_MODIFY": at}
    elif happening.kind == "comment":
        robot = happening.actor == "robot"
        _comment(portal, row, at, place.robot if robot else manager, happening.what)
        if robot:
            row |= {"LAST_ACTIVITY_TIME": at, "LAST_ACTIVITY_BY": place.robot, "DATE_MODIFY": at}
            row["MODIFY_BY_ID"] = place.robot
    elif happening.kind == "stage":
        semantic = {"won": "S", "refused": "F"}.get(happening.what, "P")
        row |= {"STAGE_ID": place.stages[happening.what], "STAGE_SEMANTIC_ID": semantic, "IS_NEW": "N"}
        row |= {"MOVED_TIME": at, "DATE_MODIFY": at, "CLOSED": "N" if semantic == "P" else "Y"}
        _history(portal, row, MOVED if semantic == "P" else FINAL, at)
    else:
        row["DATE_MODIFY"] = at


def _history(portal: Portal, row: Row, type_: int, at: int) -> None:
    history = portal.stage_history[DEAL]
    history.put(
        {
            "ID": history.next_id(),
            "TYPE_ID": type_,
            "OWNER_ID": row["ID"],
            "CREATED_TIME": at,
            "CATEGORY_ID": 0,
            "STAGE_SEMANTIC_ID": row["STAGE_SEMANTIC_ID"],
            "STAGE_ID": row["STAGE_ID"],
        }
    )


def _comment(portal: Portal, row: Row, at: int, author: int, text: str) -> None:
    portal.comments.put(
        {
            "ID": portal.comments.next_id(),
            "OWNER": f"{DEAL}:{row['ID']}",
            "ENTITY_ID": row["ID"],
            "ENTITY_TYPE": "deal",
            "ENTITY_TYPE_ID": DEAL,
            "AUTHOR_ID": author,
            "COMMENT": text,
            "CREATED": at,
            "FILES": {},
        }
    )


def _mail(portal: Portal, row: Row, at: int, text: str) -> None:
    portal.activities.put(
        {
            "ID": portal.activities.next_id(),
            "OWNER": f"{DEAL}:{row['ID']}",
            "OWNER_ID": row["ID"],
            "OWNER_TYPE_ID": DEAL,
            "TYPE_ID": 4,
            "PROVIDER_ID": "CRM_EMAIL",
            "PROVIDER_TYPE_ID": "EMAIL",
            "SUBJECT": "Письмо клиента",
            "DESCRIPTION": text,
            "CREATED": at,
            "LAST_UPDATED": at,
            "START_TIME": at,
            "END_TIME": at,
            "DEADLINE": None,
            "COMPLETED": "Y",
            "STATUS": 2,
            "RESPONSIBLE_ID": row["ASSIGNED_BY_ID"],
            "PRIORITY": 2,
            "DIRECTION": 1,
            "AUTHOR_ID": row["ASSIGNED_BY_ID"],
            "EDITOR_ID": row["ASSIGNED_BY_ID"],
            "ORIGIN_ID": None,
            "PINGS": [],
            "OFFSETS": [],
        }
    )
