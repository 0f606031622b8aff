"""Fills an account: the skeleton that every seed has, and the stories of a seed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crmkit.sandbox.planfix import crm_cases
from crmkit.sandbox.planfix import next_step as steps
from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.furnishing import furnish
from crmkit.sandbox.planfix.models import (
    Comment,
    Contact,
    FieldDef,
    Group,
    ObjectKind,
    Process,
    SavedFilter,
    Status,
    Task,
    Token,
    User,
)
from crmkit.sandbox.seeds import DealStory, Happening, StaleDeals, sales_team
from crmkit.sandbox.seeds.stale_deals import REASONS

__all__ = ["FIELDS", "SEEDS", "STAGES", "TASK_STAGES", "portal_mapping", "portal_mappings", "skeleton"]

STAGES = {
    "new": (1, "Новая"),
    "working": (2, "В работе"),
    "negotiation": (3, "Переговоры"),
    "invoice": (4, "Счёт выставлен"),
    "won": (5, "Выиграна"),
    "refused": (6, "Отказ"),
}
TASK_STAGES = {
    "open": (21, "На согласовании"),
    "done": (22, "Подтверждено"),
    "rejected": (23, "Отклонено"),
    "cancelled": (24, "Отменено"),
}
OPEN_STATUSES = frozenset({1, 2, 3, 4, 21})
FIELDS = {
    "return_state": FieldDef(
        101, "Состояние возврата", 8, ["свободная сделка", "проверка контрагента", "подтверждено"]
    ),
    "label": FieldDef(102, "Метка", 20, ["Свободная сделка", "VIP", "Тендер"]),
    "previous_assignee": FieldDef(103, "Предыдущий исполнитель", 11),
    "new_assignee": FieldDef(104, "Новый исполнитель", 11),
    "refusal_reason": FieldDef(105, "Причина отказа", 8, list(REASONS)),
    "snooze_until": FieldDef(106, "Отложить до", 3),
    "snooze_reason": FieldDef(107, "Причина паузы", 0),
    "release_hold": FieldDef(108, "Снять удержание", 7),
    "amount": FieldDef(109, "Сумма", 1),
}
NUMBER = {key: spec.id for key, spec in FIELDS.items()}
ROBOT, NOISY_ROBOT, ADMIN = 90, 91, 1
FIRST_TASK, FIRST_CONTACT, FIRST_COMMENT = 70001, 1001, 500001


def portal_mappings(seed: str) -> dict[str, dict[str, Any]]:
    """Return how the logical names of ``crmkit.toml`` map to an account of this seed, by portal."""
    basic = portal_mapping()
    if seed == "next_step":
        own = steps.mapping()
        basic["deals"]["fields"] |= own["fields"]
        return {"main": {**basic, "steps": own["steps"]}}
    if seed != "crm_cases":
        return {"main": basic}
    found = crm_cases.mappings()
    found["main"]["deals"]["fields"] |= basic["deals"]["fields"]
    return found


def portal_mapping() -> dict[str, Any]:
    """Return how the logical names of ``crmkit.toml`` map to the skeleton."""

    def stages(table: dict[str, tuple[int, str]]) -> dict[str, dict[str, Any]]:
        return {key: {"id": number, "name": name} for key, (number, name) in table.items()}

    fields = {key: {"id": spec.id, "name": spec.name} for key, spec in FIELDS.items()}
    return {
        "deals": {"object": 1, "stages": stages(STAGES), "fields": fields},
        "tasks": {"approval": {"object": 2, "stages": stages(TASK_STAGES)}},
    }


def skeleton(account: Account, *, random_seed: int = 7) -> None:
    """Put in people, processes, objects, fields and a token per person."""
    for number, name in ((1, "Отдел продаж 1"), (2, "Отдел продаж 2")):
        account.groups[number] = Group(number, name)
    roles = {"director": "Admin", "robot": "Robot"}
    for one in sales_team():
        account.users[one.number] = User(
            one.number,
            one.name,
            one.lastname,
            role=roles.get(one.role, "User"),
            status="Active" if one.active else "Inactive",
            email="" if one.role == "robot" else f"user{one.number}@example.ru",
            login="" if one.role == "robot" else f"user{one.number}",
            groups=[one.group] if one.group else [],
            position=one.position,
        )
        secret = hashlib.sha256(f"crmkit sandbox {random_seed} {one.number}".encode()).hexdigest()[:32]
        account.tokens[secret] = Token(secret, one.number)
    for table, process, name in ((STAGES, 1, "Сделка"), (TASK_STAGES, 2, "Согласование")):
        for number, status in table.values():
            account.statuses[number] = Status(number, status, is_active=number in OPEN_STATUSES)
        account.processes[process] = Process(process, name, [number for number, _ in table.values()])
        account.objects[process] = ObjectKind(process, name, process)
    for spec in FIELDS.values():
        account.fields.task[spec.id] = FieldDef(spec.id, spec.name, spec.type, list(spec.options))
        account.objects[1].fields.add(spec.id)
    account.contact_processes[1] = Process(1, "Контакт")
    account.contact_groups[1] = Group(1, "Клиенты")
    account.contact_templates |= {
        1: ObjectKind(1, "Контакт", 1),
        2: ObjectKind(2, "Компания", 1, for_companies=True),
    }
    furnish(account)
    active = {"type": 10, "operator": "equal", "value": sorted(OPEN_STATUSES - {21})}
    account.saved_filters["40001"] = SavedFilter("40001", "Активные сделки", "user:1", [[active]])
    account.start_ids("task", FIRST_TASK)
    account.start_ids("comment", FIRST_COMMENT)
    account.start_ids("contact", FIRST_CONTACT)


def empty(account: Account, *, start: datetime, random_seed: int = 7) -> None:
    """Leave it at the skeleton: people, processes, objects and fields, but no tasks and no clients."""
    skeleton(account, random_seed=random_seed)


def stale_deals(account: Account, *, start: datetime, random_seed: int = 7, **options: int) -> None:
    """Tell the stories of :class:`crmkit.sandbox.seeds.StaleDeals`.

    Options: ``deals``, ``stalled``, ``refused``, ``snoozed``, ``robot_noise``.
    """
    skeleton(account, random_seed=random_seed)
    stories = StaleDeals(start, seed=random_seed, **options)
    clients = [_client(account, index, stories) for index in range(len(stories.companies))]
    for story in stories:
        _deal(account, story, *clients[story.company])


def _client(account: Account, index: int, stories: StaleDeals) -> tuple[int, int]:
    told, at = stories.companies[index], stories.start.timestamp() - 400 * 86400
    company = Contact(
        account.new_id("contact"), told.name, is_company=True, template=2, created=at, updated=at
    )
    person = Contact(
        account.new_id("contact"),
        told.person_name,
        told.person_lastname,
        template=1,
        phones=[(told.phone, 1)],
        created=at,
        updated=at,
    )
    for one, other in ((company, person), (person, company)):
        one.process, one.group, one.added_by = 1, 1, f"user:{ADMIN}"
        (one.contacts if one.is_company else one.companies).append(other.id)
        account.contacts[one.id] = one
    person.email = f"client{person.id}@example.ru"
    return company.id, person.id


def _deal(account: Account, story: DealStory, company: int, person: int) -> None:
    manager = f"user:{story.manager}"
    head = f"user:{1 + account.users[story.manager].groups[0]}"
    task = Task(
        id=account.new_id("task"),
        name=story.title,
        created=story.created,
        updated=story.created,
        status=STAGES["new"][0],
        process=1,
        object=1,
        counterparty=company,
        assigner=manager,
        assignees=(manager,),
        auditors=(head,),
        fields=_fields(story),
    )
    account.tasks[task.id] = task
    actors = {"manager": manager, "client": f"contact:{person}", "robot": f"user:{NOISY_ROBOT}"}
    for happening in story.happenings:
        _happen(account, task, happening, actors[happening.actor])


def _fields(story: DealStory) -> dict[int, Any]:
    fields: dict[int, Any] = {NUMBER["amount"]: story.amount}
    if story.refusal_reason:
        fields[NUMBER["refusal_reason"]] = story.refusal_reason
    if story.snooze_until:
        fields[NUMBER["snooze_until"]] = story.snooze_until.strftime("%d-%m-%Y")
        fields[NUMBER["snooze_reason"]] = story.snooze_reason
    return fields


def _happen(account: Account, task: Task, happening: Happening, actor: str) -> None:
    if happening.kind == "amount":
        task.updated = happening.at
        return
    entry = Comment(account.new_id("comment"), task.id, actor, happening.at)
    account.comments[entry.id] = entry
    task.comments.append(entry.id)
    if happening.kind == "comment":
        entry.text = happening.what
        entry.from_type = "Email" if happening.actor == "client" else "Planfix"
        task.commented = happening.at
        return
    status = STAGES[happening.what][0]
    entry.type, entry.status_change = "None", (task.status, status)
    task.status, task.updated = status, happening.at
    if status not in OPEN_STATUSES:
        task.completed = happening.at


def many_tasks(account: Account, *, start: datetime, random_seed: int = 7, tasks: int = 20_000) -> None:
    """Put in very many deals of the last year, plain ones, without clients and talks.

    Options: ``tasks``. With the setting ``movement`` people change them while they are read.
    """
    skeleton(account, random_seed=random_seed)
    dice = random.Random(random_seed)  # noqa: S311 (not for secrets)
    managers = [one.ref for one in account.users.values() if one.role == "User" and one.status == "Active"]
    year, now = 365 * 86400.0, start.timestamp()
    for index in range(tasks):
        created = now - year + year * index / tasks
        manager, status = dice.choice(managers), dice.randint(1, 6)
        number = account.new_id("task")
        account.tasks[number] = Task(
            number,
            f"Сделка {index + 1}",
            created=created,
            updated=created + (now - created) * dice.random(),
            status=status,
            process=1,
            object=1,
            assigner=manager,
            assignees=(manager,),
            fields={NUMBER["amount"]: dice.randrange(1, 200) * 5000},
        )


def cases(account: Account, *, start: datetime, random_seed: int = 7, **options: int) -> None:
    """Put in what :mod:`crmkit.sandbox.planfix.crm_cases` tells. Options: ``companies``, ``deals``."""
    skeleton(account, random_seed=random_seed)
    crm_cases.furnish(account, start, random_seed=random_seed, **options)


def next_step(account: Account, *, start: datetime, random_seed: int = 7, **options: int) -> None:
    """Put in what :mod:`crmkit.sandbox.planfix.next_step` tells. Option: ``deals``."""
    skeleton(account, random_seed=random_seed)
    steps.furnish(account, start, **options)


SEEDS: dict[str, Callable[..., None]] = {
    "empty": empty,
    "stale_deals": stale_deals,
    "many_tasks": many_tasks,
    "crm_cases": cases,
    "next_step": next_step,
}
