"""A Planfix account for the other cases: deals of new companies, lost clients, many deals, client spaces.

Everything has the same numbers in every run. Beside the skeleton (users 1 to 15, 90, 91; objects 1 «Сделка»
and 2 «Согласование»; fields 101 to 109) there are:

====================  ===================================================================================
people                20 (head), 21, 22 of group 3 «Колл-центр»; 30 (head), 31 of group 4 «Бухгалтерия»;
                      15 is dismissed
object 1 «Сделка»     its process 1 also has 7 «Завершена по причине отсутствия денег», 8 «Сделка
                      провалена», 9 «Перезвонить», 10 «Нет интереса»; 9 is open, the others are closed
object 3 «Обслуж…»    «Бухгалтерское обслуживание», process 3 «Работа по бухгалтерскому аутсорсингу»:
                      31 «Новая», 32 «Подготовка документов», 33 «Настройка учёта», 34 «На обслуживании»
                      (closed), 35 «Отказ» (closed); no deal is there, a recipe shall make them
object 4 «Задача»     process 4: 41 «В работе», and closed 42 «Выполнена», 43 «Отклонена», 44 «Отменена»;
                      task templates 11 «Подготовка документов», 12 «Настройка учёта», 13 «Первая
                      консультация», 14 «Позвонить клиенту 1 раз»
fields                :data:`DEAL_FIELDS` (110 to 119), :data:`CARD_FIELDS` of contacts and companies
                      (201 to 209)
project 1             the space of company 3, of template 1 «Пространство клиента»; field 205 says so
reports, filters      reports 2 and 3 by person over objects 1 and 3, 4 over object 1 by status; saved
                      filters 40002 lost, 40003 won deals
====================  ===================================================================================

Company n is contact ``1000 + n``, its person is contact ``5000 + n``; they come round in sixes and tens:

- Type (field 204): every third one is «Клиент», the others «Поставщик» or «Партнёр».
- Tariff by ``n % 6``: 1 «Базовый»; 2 «Индивидуальный», cost «12 000,50 ₽»; 3 «Стандарт»; 4 no tariff;
  5 «Индивидуальный» without a cost; 0 «Индивидуальный», cost «много». Company 9 has «Стандарт» and a cost.
- Persons: companies 10, 20, ... have none; those of 8, 18, ... have no e-mail; that of 6 has the e-mail of
  user 4; those of 1 and 2 share a phone; that of 3 has access to the account.
- The responsible person is a manager in turn; of company 5 the dismissed user 15.

Deal n is task ``70000 + n``. The companies have one, two and three of them in turn. Its counterparty is the
person of odd companies, where there is one, else the company. The statuses come in the order of
:data:`IN_TURN`, so of 120 deals 12 are lost for lack of money: 4 are the only deal of their client, 4 clients
have bought another time, 4 have another deal open.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.models import (
    Comment,
    Contact,
    FieldDef,
    Group,
    ObjectKind,
    Process,
    Project,
    SavedFilter,
    Status,
    Task,
    Token,
    User,
)
from crmkit.sandbox.planfix.records import Report, ReportField

__all__ = ["CARD_FIELDS", "DEAL_FIELDS", "SALES", "SERVICE", "WORK", "furnish", "mappings"]

DAY = 86400.0
ADMIN, DISMISSED = "user:1", "user:15"
PEOPLE = (
    (20, "Лариса", "Орлова", 3, "Руководитель колл-центра"),
    (21, "Никита", "Рябов", 3, "Оператор колл-центра"),
    (22, "Вера", "Титова", 3, "Оператор колл-центра"),
    (30, "Галина", "Белова", 4, "Главный бухгалтер"),
    (31, "Олег", "Громов", 4, "Бухгалтер"),
)
Stages = dict[str, tuple[int, str, bool]]
SALES: Stages = {
    "new": (1, "Новая", True),
    "working": (2, "В работе", True),
    "negotiation": (3, "Переговоры", True),
    "invoice": (4, "Счёт выставлен", True),
    "callback": (9, "Перезвонить", True),
    "won": (5, "Выиграна", False),
    "refused": (6, "Отказ", False),
    "no_money": (7, "Завершена по причине отсутствия денег", False),
    "failed": (8, "Сделка провалена", False),
    "no_interest": (10, "Нет интереса", False),
}
SERVICE: Stages = {
    "new": (31, "Новая", True),
    "documents": (32, "Подготовка документов", True),
    "accounting": (33, "Настройка учёта", True),
    "won": (34, "На обслуживании", False),
    "refused": (35, "Отказ", False),
}
WORK: Stages = {
    "open": (41, "В работе", True),
    "done": (42, "Выполнена", False),
    "rejected": (43, "Отклонена", False),
    "cancelled": (44, "Отменена", False),
}
TARIFFS = ["Базовый", "Стандарт", "Индивидуальный"]
DEAL_FIELDS = {
    "tariff": FieldDef(110, "Тип тарифа", 8, TARIFFS),
    "cost": FieldDef(111, "Стоимость", 1),
    "month": FieldDef(112, "Месяц создания", 0),
    "service_from": FieldDef(113, "Обслуживание с", 3),
    "service_to": FieldDef(114, "Обслуживание по", 3),
    "loss_reason": FieldDef(115, "Причина проигрыша", 8, ["Нет денег", "Нет интереса", "Дубль", "Другое"]),
    "callback_at": FieldDef(116, "Дата перезвона", 5),
    "refusal": FieldDef(117, "Отказ", 7),
    "copy_of": FieldDef(118, "Исходная сделка", 16),
    "operator": FieldDef(119, "Оператор", 11),
}
"""Further custom fields of deals by logical name; the first five are those of object 3."""
CARD_FIELDS = {
    "tariff": FieldDef(201, "Тип тарифа", 8, TARIFFS),
    "cost": FieldDef(202, "Стоимость обслуживания", 0),
    "inn": FieldDef(203, "ИНН", 0),
    "company_type": FieldDef(204, "Тип компании", 8, ["Клиент", "Поставщик", "Партнёр"]),
    "workspace": FieldDef(205, "Проект клиента", 22),
    "client_contact": FieldDef(206, "Ответственный со стороны клиента", 10),
    "service_start": FieldDef(207, "Начало обслуживания", 3),
    "target_client": FieldDef(208, "Целевой клиент", 8, ["ДА", "НЕТ"]),
    "service_end": FieldDef(209, "Окончание обслуживания", 3),
}
"""Custom fields of contacts and companies by logical name."""
AMOUNT = FieldDef(109, "Сумма", 1)
OF_SERVICE = ("tariff", "cost", "month", "service_from", "service_to")
PATTERNS = ("Подготовка документов", "Настройка учёта", "Первая консультация", "Позвонить клиенту 1 раз")
FIRST_COMPANY, FIRST_PERSON, FIRST_DEAL, FIRST_FREE = 1000, 5000, 70_000, 9001
TARIFF_OF = ("Индивидуальный", "Базовый", "Индивидуальный", "Стандарт", "", "Индивидуальный")
COST_OF = ("много", "", "12 000,50 ₽", "", "", "")
TYPES = ("Клиент", "Поставщик", "Партнёр")
MANAGERS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
IN_CYCLE = (0, 1, 1, 2, 2, 2)
"""To which of three companies each of six deals belongs."""
IN_TURN = (
    "new",
    "won",
    "no_money",
    "working",
    "failed",
    "negotiation",
    "no_interest",
    "invoice",
    "refused",
    "callback",
)
"""The statuses of the deals."""
NAMES = ("Альфа", "Вектор", "Гранит", "Дельта", "Заря", "Импульс", "Лидер", "Орион", "Север", "Урал")


def mappings() -> dict[str, dict[str, Any]]:
    """Return what ``crmkit.toml`` calls things: portal ``main`` for object 1, ``service`` for object 3.

    A portal has one kind of deals, so the two objects are two portals with the same address and token.
    """
    work = {"object": 4, "stages": _stages(WORK)}
    approval = {
        "object": 2,
        "stages": {
            "open": {"id": 21, "name": "На согласовании"},
            "done": {"id": 22, "name": "Подтверждено"},
            "rejected": {"id": 23, "name": "Отклонено"},
            "cancelled": {"id": 24, "name": "Отменено"},
        },
    }
    shared = {
        "tasks": {"approval": approval, "task": work, "decision": work, "callback": work},
        "contacts": {"fields": _fields({"target_client": CARD_FIELDS["target_client"]})},
        "companies": {"fields": _fields(CARD_FIELDS)},
    }
    service = {name: DEAL_FIELDS[name] for name in OF_SERVICE}
    sales = {name: spec for name, spec in DEAL_FIELDS.items() if name not in OF_SERVICE}
    return {
        "main": {
            "deals": {"object": 1, "stages": _stages(SALES), "fields": _fields({"amount": AMOUNT, **sales})},
            **shared,
        },
        "service": {
            "deals": {
                "object": 3,
                "stages": _stages(SERVICE),
                "fields": _fields({"amount": AMOUNT, **service}),
            },
            **shared,
        },
    }


def _stages(stages: Stages) -> dict[str, dict[str, Any]]:
    return {key: {"id": number, "name": name} for key, (number, name, _) in stages.items()}


def _fields(specs: dict[str, FieldDef]) -> dict[str, dict[str, Any]]:
    return {key: {"id": spec.id, "name": spec.name} for key, spec in specs.items()}


def furnish(
    account: Account, start: datetime, *, companies: int = 60, deals: int = 120, random_seed: int = 7
) -> None:
    """Put in what the cases need.

    Args:
        account: With the skeleton that all seeds have.
        start: The first moment of the sandbox; companies and deals are older.
        companies: How many, fewer than 4,000; each has a person or none.
        deals: How many.
        random_seed: Of the tokens.

    Raises:
        ValueError: More companies than there are numbers for.
    """
    if not 0 <= companies < FIRST_PERSON - FIRST_COMPANY:
        raise ValueError("there are numbers for 3,999 companies")
    _people(account, random_seed)
    _objects(account)
    _card_fields(account)
    now = start.timestamp()
    for number in range(1, companies + 1):
        _company(account, number, now - 90 * DAY + number * 60)
    account.start_ids("contact", FIRST_FREE)
    for number in range(1, deals + 1):
        _deal(account, number, companies, now - 30 * DAY + number * 60)
    account.start_ids("task", FIRST_DEAL + deals + 1)
    _space(account, now - 60 * DAY)
    _reports(account)


def _people(account: Account, random_seed: int) -> None:
    account.groups |= {3: Group(3, "Колл-центр"), 4: Group(4, "Бухгалтерия")}
    for number, name, lastname, group, position in PEOPLE:
        login = f"user{number}"
        account.users[number] = User(
            number,
            name,
            lastname,
            email=f"{login}@example.ru",
            login=login,
            groups=[group],
            position=position,
        )
        if position not in account.positions.values():
            account.positions[len(account.positions) + 1] = position
        secret = hashlib.sha256(f"crmkit sandbox {random_seed} {number}".encode()).hexdigest()[:32]
        account.tokens[secret] = Token(secret, number)


def _objects(account: Account) -> None:
    kinds = (
        (1, "Сделка", "Сделка", SALES, [name for name in DEAL_FIELDS if name not in OF_SERVICE]),
        (3, "Бухгалтерское обслуживание", "Работа по бухгалтерскому аутсорсингу", SERVICE, OF_SERVICE),
        (4, "Задача", "Задача", WORK, ()),
    )
    for number, name, process, stages, fields in kinds:
        for status, shown, active in stages.values():
            account.statuses[status] = Status(status, shown, is_active=active)
        account.processes[number] = Process(number, process, [status for status, _, _ in stages.values()])
        kind = account.objects.setdefault(number, ObjectKind(number, name, number))
        kind.fields |= {DEAL_FIELDS[field].id for field in fields} | ({AMOUNT.id} if number == 3 else set())
    for spec in DEAL_FIELDS.values():
        account.fields.task[spec.id] = FieldDef(spec.id, spec.name, spec.type, list(spec.options))
    for number, name in enumerate(PATTERNS, start=11):
        account.templates[number] = ObjectKind(number, name, 4)
    account.project_templates[1] = ObjectKind(1, "Пространство клиента", 0)


def _card_fields(account: Account) -> None:
    for key, spec in CARD_FIELDS.items():
        account.fields.contact[spec.id] = FieldDef(spec.id, spec.name, spec.type, list(spec.options))
        account.contact_templates[2].fields.add(spec.id)
        if key == "target_client":
            account.contact_templates[1].fields.add(spec.id)


def _company(account: Account, number: int, created: float) -> None:
    manager = DISMISSED if number == 5 else f"user:{MANAGERS[number % len(MANAGERS)]}"
    values = {
        "tariff": TARIFF_OF[number % 6],
        "cost": "9 000" if number == 9 else COST_OF[number % 6],
        "inn": f"77{number:08}",
        "company_type": TYPES[number % 3],
    }
    company = Contact(
        FIRST_COMPANY + number,
        f"ООО «{NAMES[number % 10]} {number}»",
        is_company=True,
        template=2,
        supervisors=[manager],
        fields={CARD_FIELDS[key].id: value for key, value in values.items() if value},
    )
    cards = [company]
    if number % 10:
        cards.append(_person(number, manager))
        company.contacts.append(cards[1].id)
        company.fields[CARD_FIELDS["client_contact"].id] = cards[1].ref
    for card in cards:
        card.created = card.updated = created
        card.process, card.group, card.added_by = 1, 1, ADMIN
        account.contacts[card.id] = card


def _person(number: int, manager: str) -> Contact:
    email = {6: "user4@example.ru"}.get(number, f"client{number}@example.org")
    return Contact(
        FIRST_PERSON + number,
        "Контакт",
        f"Клиентов {number}",
        template=1,
        phones=[(f"+7900{max(number, 2):07}", 1)],
        email="" if number % 10 == 8 else email,
        companies=[FIRST_COMPANY + number],
        supervisors=[manager],
        has_access=number == 3,
    )


def _deal(account: Account, number: int, companies: int, created: float) -> None:
    cycle, place = divmod(number - 1, len(IN_CYCLE))
    company = (cycle * 3 + IN_CYCLE[place]) % companies + 1 if companies else 0
    person = FIRST_PERSON + company
    client = person if company % 2 and person in account.contacts else FIRST_COMPANY + company
    status, _, active = SALES[IN_TURN[(number - 1) % len(IN_TURN)]]
    manager = f"user:{MANAGERS[number % len(MANAGERS)]}"
    fields: dict[int, Any] = {AMOUNT.id: number % 50 * 1000 + 1000}
    if status == SALES["no_money"][0]:
        fields[DEAL_FIELDS["loss_reason"].id] = "Нет денег"
    task = Task(
        FIRST_DEAL + number,
        f"Сделка {number}",
        created=created,
        updated=created,
        status=status,
        process=1,
        object=1,
        counterparty=client if company else 0,
        assigner=manager,
        assignees=(manager,),
        fields=fields,
    )
    account.tasks[task.id] = task
    first = SALES["new"][0]
    if status != first:
        moved = created + 5 * DAY
        entry = Comment(account.new_id("comment"), task.id, manager, moved, type="None")
        entry.status_change = (first, status)
        account.comments[entry.id] = entry
        task.comments.append(entry.id)
        task.updated = moved
        task.completed = None if active else moved


def _space(account: Account, at: float) -> None:
    company = account.contacts.get(FIRST_COMPANY + 3)
    if company is None:
        return
    number = account.new_id("project")
    account.projects[number] = Project(
        number,
        f"{company.name}: совместная работа",
        template=1,
        group=1,
        counterparty=company.id,
        owner=ADMIN,
        start=at,
        created=at,
        client_managers=list(company.supervisors),
    )
    company.fields[CARD_FIELDS["workspace"].id] = number


def _reports(account: Account) -> None:
    for number, name, kind in ((2, "Сделки продаж", 1), (3, "Обслуживание", 3)):
        columns = [
            ReportField(1, "Ответственный", 1, "assignee"),
            ReportField(2, "Сделок", 2, "count"),
            ReportField(3, "Сумма", 3, f"field:{AMOUNT.id}"),
        ]
        account.reports[number] = Report(number, name, object=kind, fields=columns)
    by_status = [
        ReportField(1, "Статус", 1, "status"),
        ReportField(2, "Сделок", 2, "count"),
        ReportField(3, "Сумма", 3, f"field:{AMOUNT.id}"),
    ]
    account.reports[4] = Report(4, "Сделки по статусам", by="status", fields=by_status)
    lost = [SALES[name][0] for name in ("no_money", "failed", "no_interest")]
    for key, name, statuses in (("40002", "Проиграны", lost), ("40003", "Выиграны", [SALES["won"][0]])):
        among = {"type": 10, "operator": "equal", "value": statuses}
        account.saved_filters[key] = SavedFilter(key, name, ADMIN, [[among]])
