"""Fills a portal: the skeleton that every seed has, and what is particular to each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crmkit.sandbox.bitrix24 import next_step as steps
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.crm import fresh
from crmkit.sandbox.bitrix24.kinds import DEAL, LEAD, QUOTE
from crmkit.sandbox.bitrix24.models import App, Category, Department, User
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.processes import Step
from crmkit.sandbox.bitrix24.userfields import add_field
from crmkit.sandbox.seeds import sales_team
from crmkit.sandbox.seeds.bitrix24_crm_cases import furnish, mapping
from crmkit.sandbox.seeds.bitrix24_stale_deals import fill
from crmkit.sandbox.seeds.stale_deals import REASONS

__all__ = ["ADMIN", "NOISY_ROBOT", "ROBOT", "SEEDS", "STAGES", "portal_mapping", "skeleton"]

ADMIN, ROBOT, NOISY_ROBOT = 1, 90, 91
STAGES = {
    "new": ("NEW", "Новая", ""),
    "working": ("PREPARATION", "В работе", ""),
    "negotiation": ("EXECUTING", "Переговоры", ""),
    "invoice": ("FINAL_INVOICE", "Счёт выставлен", ""),
    "won": ("WON", "Выиграна", "S"),
    "refused": ("LOSE", "Отказ", "F"),
}
LEAD_STAGES = (
    ("NEW", "Не обработан", ""),
    ("IN_PROCESS", "В работе", ""),
    ("PROCESSED", "Обработан", ""),
    ("CONVERTED", "Качественный лид", "S"),
    ("JUNK", "Некачественный лид", "F"),
)
QUOTE_STAGES = (
    ("DRAFT", "Новое", ""),
    ("SENT", "Отправлено клиенту", ""),
    ("APPROVED", "Принято", "S"),
    ("DECLAINED", "Отклонено", "F"),
)
FIELDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "return_state": (
        "RETURN_STATE",
        "enumeration",
        "Состояние возврата",
        ("свободная сделка", "проверка контрагента", "подтверждено"),
    ),
    "label": ("LABEL", "enumeration", "Метка", ("Свободная сделка", "VIP", "Тендер")),
    "previous_assignee": ("PREVIOUS_ASSIGNEE", "employee", "Предыдущий исполнитель", ()),
    "new_assignee": ("NEW_ASSIGNEE", "employee", "Новый исполнитель", ()),
    "refusal_reason": ("REFUSAL_REASON", "enumeration", "Причина отказа", REASONS),
    "snooze_until": ("SNOOZE_UNTIL", "date", "Отложить до", ()),
    "snooze_reason": ("SNOOZE_REASON", "string", "Причина паузы", ()),
    "release_hold": ("RELEASE_HOLD", "boolean", "Снять удержание", ()),
}
"""Logical names, and the custom fields that stand for them."""
LISTS = {
    "SOURCE": (
        ("CALL", "Звонок"),
        ("EMAIL", "Электронная почта"),
        ("WEB", "Веб-сайт"),
        ("RECOMMENDATION", "По рекомендации"),
    ),
    "DEAL_TYPE": (("SALE", "Продажа"), ("COMPLEX", "Комплексная продажа"), ("SERVICES", "Услуги")),
    "COMPANY_TYPE": (("CUSTOMER", "Клиент"), ("SUPPLIER", "Поставщик"), ("PARTNER", "Партнёр")),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("SUPPLIER", "Поставщики"), ("PARTNER", "Партнёры")),
}
MANAGERS = tuple(one.number for one in sales_team() if one.role == "manager" and one.active)
DAY = 86400


def portal_mapping(seed: str) -> dict[str, Any]:
    """Return how the logical names of ``crmkit.toml`` map to a portal of this seed."""
    if seed == "crm_cases":
        return mapping()
    fields = {key: {"id": f"UF_CRM_{name}", "name": title} for key, (name, _, title, _) in FIELDS.items()}
    fields["amount"] = {"id": "OPPORTUNITY", "name": "Сумма"}
    stages = {key: {"id": number, "name": name} for key, (number, name, _) in STAGES.items()}
    tags = {"rejected": "отклонено", "cancelled": "отменено"}
    if seed == "next_step":
        fields |= steps.mapping()
    approval = {"stages": {state: {"id": f"tag:{tag}"} for state, tag in tags.items()}}
    return {"deals": {"stages": stages, "fields": fields}, "tasks": {"approval": approval}}


def skeleton(portal: Portal, *, random_seed: int = 7) -> None:
    """Put in people, departments, pipelines, fields, an application and a webhook per person."""
    for number, name, parent, head in (
        (1, "ООО «Пример»", 0, 1),
        (2, "Отдел продаж 1", 1, 2),
        (3, "Отдел продаж 2", 1, 3),
    ):
        portal.departments[number] = Department(number, name, parent, head)
    for one in sales_team():
        colleague = User(
            one.number,
            one.name,
            one.lastname,
            email=f"user{one.number}@example.com",
            position=one.position,
            departments=[one.group + 1 if one.group else 1],
            active=one.active,
            admin=one.number in (ADMIN, ROBOT),
            registered=portal.now() - 400 * DAY,
        )
        portal.join(colleague, random_seed)
    app = hashlib.sha256(f"application {random_seed}".encode()).hexdigest()
    client_id = f"local.{app[:14]}.{app[14:22]}"
    portal.apps[client_id] = App(client_id, app[:50], portal.settings.scopes, application_token=app[-32:])
    _pipelines(portal)
    for name, type_, title, options in FIELDS.values():
        enum = [{"VALUE": value, "SORT": 10 * place} for place, value in enumerate(options, 1)]
        many = name == "LABEL"
        add_field(portal, portal.kinds[DEAL], f"UF_CRM_{name}", type_, title, multiple=many, enum=enum)
    _templates(portal)


def _pipelines(portal: Portal) -> None:
    deal = portal.kinds[DEAL]
    for number, name in ((0, "Продажи"), (1, "Повторные продажи")):
        portal.categories[DEAL][number] = Category(number, DEAL, name, 100 + number * 100, number == 0)
        for place, (stage, shown, semantics) in enumerate(STAGES.values(), 1):
            status = f"{deal.stage_prefix(number)}{stage}"
            portal.add_status(
                deal.stage_entity(number),
                status,
                shown,
                place * 10,
                semantics=semantics,
                system=stage in ("NEW", "WON", "LOSE"),
                category=number,
            )
    for kind, stages in ((portal.kinds[LEAD], LEAD_STAGES), (portal.kinds[QUOTE], QUOTE_STAGES)):
        for place, (stage, shown, semantics) in enumerate(stages, 1):
            entity = kind.stage_entity(0)
            portal.add_status(entity, stage, shown, place * 10, semantics=semantics, system=True)
    for entity, entries in LISTS.items():
        for place, (key, shown) in enumerate(entries, 1):
            portal.add_status(entity, key, shown, place * 10)
    portal.next_id("category")  # 1 is taken


def _templates(portal: Portal) -> None:
    portal.processes.add(
        "Согласование",
        DEAL,
        (
            Step("comment", text="Запущено согласование: {=Template:Reason}"),
            Step("notify", text="Сделка отправлена на согласование"),
            Step("pause", seconds=DAY),
            Step("comment", text="Согласование завершено"),
        ),
        Reason="без причины",
    )
    portal.processes.add(
        "Пометить VIP",
        DEAL,
        (Step("set", values={"ADDITIONAL_INFO": "VIP"}), Step("comment", text="Помечено")),
    )


def empty(portal: Portal, *, start: datetime, random_seed: int = 7) -> None:
    """A portal without items."""
    skeleton(portal, random_seed=random_seed)


def deals(portal: Portal, *, start: datetime, deals: int = 5000, random_seed: int = 7) -> None:
    """So many deals, numbered from 1; they are made when asked for, and take no memory until then."""
    skeleton(portal, random_seed=random_seed)
    kind = portal.kinds[DEAL]
    stages = [stage for stage, _, _ in STAGES.values()]
    now, step = int(start.timestamp()), 60
    pattern = fresh(portal, kind, ADMIN, now)

    def make(number: int) -> Row:
        created = now - (deals - number + 1) * step
        place = number * 7 % len(stages)
        row = dict(pattern)
        row["ID"] = number
        row["TITLE"] = f"Сделка № {number}"
        row["STAGE_ID"] = stages[place]
        row["STAGE_SEMANTIC_ID"] = "PPPPSF"[place]
        row["CLOSED"] = "NNNNYY"[place]
        row["IS_NEW"] = "Y" if place == 0 else "N"
        row["OPPORTUNITY"] = number % 900 * 1000 + 0.5
        row["ASSIGNED_BY_ID"] = MANAGERS[number % len(MANAGERS)]
        row["DATE_CREATE"] = row["DATE_MODIFY"] = row["MOVED_TIME"] = row["LAST_ACTIVITY_TIME"] = created
        row["COMMENTS"] = "Сделка для проверки скорости"
        return row

    portal.items[DEAL].imagine(range(1, deals + 1), make)
    portal.newest(DEAL, now)


def stale_deals(portal: Portal, *, start: datetime, random_seed: int = 7, **options: Any) -> None:
    """Deals that live and deals that got stuck; see :class:`crmkit.sandbox.seeds.StaleDeals`."""
    skeleton(portal, random_seed=random_seed)
    stages = {key: stage for key, (stage, _, _) in STAGES.items()}
    fill(portal, start, stages, noisy_robot=NOISY_ROBOT, random_seed=random_seed, **options)


def crm_cases(portal: Portal, *, start: datetime, random_seed: int = 7, **options: Any) -> None:
    """Companies, contacts, pipelines and processes; see :mod:`crmkit.sandbox.seeds.bitrix24_crm_cases`."""
    skeleton(portal, random_seed=random_seed)
    furnish(portal, start, random_seed=random_seed, **options)


def next_step(portal: Portal, *, start: datetime, random_seed: int = 7, **options: int) -> None:
    """Put in what :mod:`crmkit.sandbox.bitrix24.next_step` tells. Option: ``deals``."""
    skeleton(portal, random_seed=random_seed)
    steps.furnish(portal, **options)


SEEDS: dict[str, Callable[..., None]] = {
    "empty": empty,
    "deals": deals,
    "stale_deals": stale_deals,
    "crm_cases": crm_cases,
    "next_step": next_step,
}
