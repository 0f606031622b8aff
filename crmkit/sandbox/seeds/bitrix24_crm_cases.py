"""A Bitrix24 portal for the other cases: deals of new companies, lost clients, processes for many deals.

Everything has the same numbers in every run. Beside what every seed has (users 1 to 15, 90 and 91,
pipelines «Продажи» and «Повторные продажи», the fields of stale deals) there are:

- Departments: 1 the company, 2 and 3 sales, 4 «Колл-центр» (head 20), 5 «Бухгалтерия» (head 30).
- People: 20, 21, 22 of the call centre; 30, 31 accountants; 15 is dismissed; 40 is a guest in group 1.
- Roles: 21 and 22 have «Колл-центр»: they look at contacts, companies and the deals of pipeline 2 and may
  change these deals, nothing else. Nobody else has a role.
- Pipelines of deals: 0 «Продажи», 1 «Повторные продажи», 2 «Обзвон», 3 «Семинары», 4 «Работа по
  бухгалтерскому аутсорсингу»; their stages are in :data:`PIPELINES`.
- Processes for deals (:data:`TEMPLATES`): 3 «Первый звонок», 4 «Повторный звонок», 5 «Передача менеджеру»
  (asks the responsible person), 6 «Закрытие» (ends at once), 7 «Подготовка документов», 8 «Настройка
  учёта», 9 «Первая консультация».
- Groups: 1 belongs to company 3, whose ``UF_CRM_GROUP_ID`` says so; user 40 is its guest.
- Fields: :data:`FIELDS`. Items of lists carry an ``XML_ID`` (``tariff_individual``); their numbers are 52
  to 54 (tariff of a company), 55 ДА and 56 НЕТ (target client), 57 to 59 (tariff of a deal), 60 to 63 (loss
  reason).

Companies ``1..companies`` come round in sixes and tens:

- Type: every third one (3, 6, ...) is a ``CUSTOMER`` «Клиент», the others a ``SUPPLIER`` or ``PARTNER``.
- Tariff by ``number % 6``: 1 «Базовый»; 2 «Индивидуальный», cost «12 000,50 ₽»; 3 «Стандарт»; 4 no tariff;
  5 «Индивидуальный» without a cost; 0 «Индивидуальный», cost «много». Company 9 has «Стандарт» and a cost.
- Contacts: company n has contact n, with the e-mail ``clientN@example.org``. Companies 10, 20, ... have
  none; the contacts of 8, 18, ... have no e-mail; that of 6 has the e-mail of user 4, that of 3 the
  guest's; contacts 1 and 2 share a phone.
- The responsible person is a manager in turn; of company 5 the dismissed user 15.

Deals ``1..deals``: the companies have one, two and three of them in turn, in the pipelines 0, 3 and 2, and
on the stages of each in turn. So in pipeline 3 every fourth deal is lost for lack of money; of three of
their contacts it is the only deal, four have a won one, two an open one (with the usual numbers of both).
Deals of pipeline 4 are not there: a recipe shall make them.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.models import MEMBER, OWNER, Category, Department, Group, User
from crmkit.sandbox.bitrix24.processes import Step
from crmkit.sandbox.bitrix24.rights import ALL, Role
from crmkit.sandbox.bitrix24.userfields import add_field

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.conditions import Row
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["FIELDS", "PIPELINES", "TEMPLATES", "furnish", "mapping"]

DEAL, CONTACT, COMPANY = 2, 3, 4
ADMIN, GUEST, DISMISSED = 1, 40, 15
DAY = 86400
PEOPLE = (
    (20, "Лариса", "Орлова", 4, "Руководитель колл-центра"),
    (21, "Никита", "Рябов", 4, "Оператор колл-центра"),
    (22, "Вера", "Титова", 4, "Оператор колл-центра"),
    (30, "Галина", "Белова", 5, "Главный бухгалтер"),
    (31, "Олег", "Громов", 5, "Бухгалтер"),
)
PIPELINES: dict[int, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    2: (
        "Обзвон",
        (
            ("NEW", "Новая", ""),
            ("CALLBACK", "Перезвонить", ""),
            ("HANDOVER", "Передана менеджеру", ""),
            ("WON", "Сделка успешна", "S"),
            ("LOSE", "Сделка провалена", "F"),
        ),
    ),
    3: (
        "Семинары",
        (
            ("NEW", "Приглашён", ""),
            ("WON", "Участвовал", "S"),
            ("NO_MONEY", "Завершена по причине отсутствия денег", "F"),
            ("LOSE", "Нет интереса", "F"),
        ),
    ),
    4: (
        "Работа по бухгалтерскому аутсорсингу",
        (
            ("NEW", "Новая", ""),
            ("DOCUMENTS", "Подготовка документов", ""),
            ("SETUP", "Настройка учёта", ""),
            ("WON", "На обслуживании", "S"),
            ("LOSE", "Отказ", "F"),
        ),
    ),
}
"""Pipelines of deals by their number: name and stages (id without the prefix, name, S won or F lost)."""
TARIFFS = (("basic", "Базовый"), ("standard", "Стандарт"), ("individual", "Индивидуальный"))
REASONS = (("money", "Нет денег"), ("interest", "Нет интереса"), ("double", "Дубль"), ("other", "Другое"))
FIELDS: tuple[tuple[int, str, str, str, tuple[tuple[str, str], ...]], ...] = (
    (COMPANY, "TARIFF", "enumeration", "Тип тарифа", TARIFFS),
    (COMPANY, "COST", "string", "Стоимость обслуживания", ()),
    (COMPANY, "GROUP_ID", "integer", "Группа клиента", ()),
    (COMPANY, "CLIENT_CONTACT", "crm", "Ответственный со стороны клиента", ()),
    (CONTACT, "TARGET_CLIENT", "enumeration", "Целевой клиент", (("yes", "ДА"), ("no", "НЕТ"))),
    (DEAL, "TARIFF", "enumeration", "Тип тарифа", TARIFFS),
    (DEAL, "COST", "money", "Стоимость", ()),
    (DEAL, "MONTH", "string", "Месяц создания", ()),
    (DEAL, "SERVICE_FROM", "date", "Обслуживание с", ()),
    (DEAL, "SERVICE_TO", "date", "Обслуживание по", ()),
    (DEAL, "LOSS_REASON", "enumeration", "Причина проигрыша", REASONS),
    (DEAL, "CALLBACK_AT", "datetime", "Дата перезвона", ()),
    (DEAL, "REFUSAL", "boolean", "Отказ", ()),
    (DEAL, "COPY_OF", "crm", "Исходная сделка", ()),
    (DEAL, "OPERATOR", "employee", "Оператор", ()),
)
"""Custom fields: of which type of items, name without ``UF_CRM_``, type, title, items of a list."""
TEMPLATES: dict[str, tuple[Step, ...]] = {
    "Первый звонок": (
        Step("comment", text="Первый звонок: {=Template:Note}"),
        Step("pause", seconds=DAY),
        Step("comment", text="Первый звонок завершён"),
    ),
    "Повторный звонок": (Step("pause", seconds=2 * DAY), Step("comment", text="Пора перезвонить")),
    "Передача менеджеру": (
        Step("assign", text="Примите сделку в работу", otherwise=(Step("comment", text="Не принята"),)),
        Step("comment", text="Принята в работу"),
    ),
    "Закрытие": (Step("comment", text="Закрыто"),),
    "Подготовка документов": (
        Step("notify", text="Подготовьте документы"),
        Step("pause", seconds=3 * DAY),
    ),
    "Настройка учёта": (Step("notify", text="Настройте учёт"), Step("pause", seconds=5 * DAY)),
    "Первая консультация": (
        Step("notify", text="Назначьте консультацию"),
        Step("pause", seconds=7 * DAY),
    ),
}
"""Templates of processes for deals, in the order of their numbers; ``Note`` is a parameter of all."""
FIRST_TEMPLATE = 3
"""The number of the first of them; every portal has two already."""
WORKFLOWS = {
    "Первый звонок": "first_call",
    "Повторный звонок": "callback",
    "Передача менеджеру": "handover",
    "Закрытие": "closing",
    "Подготовка документов": "documents",
    "Настройка учёта": "setup",
    "Первая консультация": "consultation",
}
OWN_NAMES = {(2, "LOSE"): "failed", (3, "NO_MONEY"): "no_money", (3, "LOSE"): "no_interest"}
TASKS = (
    "decision",
    "missing",
    "first_call",
    "callback",
    "client_group",
    "documents",
    "setup",
    "consultation",
)
"""Kinds of tasks; in Bitrix24 a kind is only a name."""
CALL_CENTRE = Role(
    "Колл-центр", {(DEAL, 2): {"read": ALL, "update": ALL}, CONTACT: {"read": ALL}, COMPANY: {"read": ALL}}
)
TARIFF_OF = ("individual", "basic", "individual", "standard", "", "individual")
COST_OF = ("много", "", "12 000,50 ₽", "", "", "")
TYPES = ("CUSTOMER", "SUPPLIER", "PARTNER")
MANAGERS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
IN_TURN = (0, 3, 2)
"""The pipelines of the deals."""
IN_CYCLE = (0, 1, 1, 2, 2, 2)
"""To which of three companies each of six deals belongs."""
EMAILS = {3: "guest@example.org", 6: "user4@example.com"}
NAMES = ("Альфа", "Вектор", "Гранит", "Дельта", "Заря", "Импульс", "Лидер", "Орион", "Север", "Урал")


def mapping() -> dict[str, Any]:
    """Return how the logical names of ``crmkit.toml`` map to this portal.

    Stages are named by what they mean, those of pipelines beside «Продажи» with the pipeline in front:
    ``calls_new``, ``seminars_won``, ``no_money``, ``outsourcing_new``, ``failed``.
    """
    names = {2: "calls", 3: "seminars", 4: "outsourcing"}
    stages = {"new": {"id": "NEW", "name": "Новая"}, "won": {"id": "WON", "name": "Выиграна"}}
    for number, (_, own) in PIPELINES.items():
        for stage, shown, _ in own:
            key = OWN_NAMES.get((number, stage), f"{names[number]}_{stage.lower()}")
            stages[key] = {"id": f"C{number}:{stage}", "name": shown}
    fields: dict[int, dict[str, Any]] = {DEAL: {}, CONTACT: {}, COMPANY: {}}
    for kind, name, _, title, _ in FIELDS:
        fields[kind][name.lower()] = {"id": f"UF_CRM_{name}", "name": title}
    fields[DEAL]["amount"] = {"id": "OPPORTUNITY", "name": "Сумма"}
    processes = enumerate(TEMPLATES, FIRST_TEMPLATE)
    return {
        "deals": {
            "pipelines": {"sales": {"id": "0", "name": "Продажи"}}
            | {names[number]: {"id": str(number), "name": name} for number, (name, _) in PIPELINES.items()},
            "stages": stages,
            "fields": fields[DEAL],
        },
        "contacts": {"fields": fields[CONTACT]},
        "companies": {"fields": fields[COMPANY]},
        "tasks": {kind: {} for kind in TASKS},
        "workflows": {WORKFLOWS[name]: {"id": str(number), "name": name} for number, name in processes},
    }


def furnish(
    portal: Portal, start: datetime, *, companies: int = 60, deals: int = 120, random_seed: int = 7
) -> None:
    """Put in what the cases need.

    Args:
        portal: With the skeleton that all seeds have.
        start: The first moment of the sandbox; companies and deals are older.
        companies: How many; each has a contact or none.
        deals: How many.
        random_seed: Of the secrets of the webhooks.
    """
    _people(portal, random_seed)
    _pipelines(portal)
    for entity_type, name, type_, title, options in FIELDS:
        enum = [
            {"VALUE": shown, "SORT": 10 * place, "XML_ID": f"{name}_{key}".lower()}
            for place, (key, shown) in enumerate(options, 1)
        ]
        add_field(portal, portal.kinds[entity_type], f"UF_CRM_{name}", type_, title, enum=enum)
    for name, steps in TEMPLATES.items():
        portal.processes.add(name, DEAL, steps, Note="")
    now = int(start.timestamp())
    for number in range(1, companies + 1):
        _company(portal, number, now - 90 * DAY + number * 60)
    _deals(portal, deals, companies, now - 30 * DAY)
    if companies >= 3:
        _group(portal)


def _people(portal: Portal, random_seed: int) -> None:
    portal.departments[4] = Department(4, "Колл-центр", 1, 20)
    portal.departments[5] = Department(5, "Бухгалтерия", 1, 30)
    since = portal.now() - 400 * DAY
    for number, name, surname, department, position in PEOPLE:
        email = f"user{number}@example.com"
        person = User(number, name, surname, email, position, [department], registered=since)
        portal.join(person, random_seed)
    guest = User(GUEST, "Инна", "Гостева", "guest@example.org", extranet=True, registered=since)
    portal.join(guest, random_seed)
    portal.roles |= {21: CALL_CENTRE, 22: CALL_CENTRE}


def _pipelines(portal: Portal) -> None:
    kind = portal.kinds[DEAL]
    for number, (name, stages) in PIPELINES.items():
        portal.next_id("category")  # the number that is taken here
        portal.categories[DEAL][number] = Category(number, DEAL, name, 100 + number * 100)
        for place, (stage, shown, semantics) in enumerate(stages, 1):
            portal.add_status(
                kind.stage_entity(number),
                f"{kind.stage_prefix(number)}{stage}",
                shown,
                place * 10,
                semantics=semantics,
                system=stage in ("NEW", "WON", "LOSE"),
                category=number,
            )


def _company(portal: Portal, number: int, created: int) -> None:
    cost = "9 000" if number == 9 else COST_OF[number % 6]
    values = {
        "TITLE": f"ООО «{NAMES[number % 10]} {number}»",
        "COMPANY_TYPE": TYPES[number % 3],
        "ASSIGNED_BY_ID": DISMISSED if number == 5 else MANAGERS[number % len(MANAGERS)],
        "UF_CRM_TARIFF": _option(portal, COMPANY, "TARIFF", TARIFF_OF[number % 6]),
        "UF_CRM_COST": cost or None,
    }
    _add(portal, COMPANY, values, created)
    if number % 10:
        _contact(portal, number, created)


def _contact(portal: Portal, number: int, created: int) -> None:
    phone = f"+7900{max(number, 2):07}"
    email = EMAILS.get(number, f"client{number}@example.org")
    reach = [("PHONE", phone)] + ([] if number % 10 == 8 else [("EMAIL", email)])
    values = {
        "NAME": "Контакт",
        "LAST_NAME": f"Клиентов {number}",
        "COMPANY_ID": number,
        "ASSIGNED_BY_ID": MANAGERS[number % len(MANAGERS)],
        "FM": [
            {"ID": portal.next_id("multifield"), "TYPE_ID": kind, "VALUE_TYPE": "WORK", "VALUE": value}
            for kind, value in reach
        ],
    }
    portal.items[CONTACT].reserve(number)
    _add(portal, CONTACT, values, created)


def _deals(portal: Portal, count: int, companies: int, first: int) -> None:
    seen = Counter[int]()
    for number in range(1, count + 1):
        cycle, place = divmod(number - 1, len(IN_CYCLE))
        category = IN_TURN[(cycle + place) % len(IN_TURN)]
        stages = list(portal.stages(portal.kinds[DEAL], category))
        stage = stages[seen[category] % len(stages)]
        seen[category] += 1
        company = (cycle * 3 + IN_CYCLE[place]) % companies + 1 if companies else 0
        values: Row = {
            "TITLE": f"Сделка {number}",
            "CATEGORY_ID": category,
            "STAGE_ID": stage,
            "ASSIGNED_BY_ID": MANAGERS[number % len(MANAGERS)],
            "OPPORTUNITY": float(number % 50 * 1000),
            "COMPANY_ID": company or None,
            "CONTACT_ID": company if company % 10 else None,
            "ORIGIN_ID": f"seed-{number}",
            "ORIGINATOR_ID": "seed",
        }
        if stage.endswith(":NO_MONEY"):
            values["UF_CRM_LOSS_REASON"] = _option(portal, DEAL, "LOSS_REASON", "money")
        _add(portal, DEAL, values, first + number * 60)


def _add(portal: Portal, entity_type: int, values: Row, created: int) -> None:
    """Add an item of the past, as an administrator imports one."""
    stamps = dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "LAST_ACTIVITY_TIME"), created)
    if "MOVED_TIME" in portal.kinds[entity_type].fields:
        stamps["MOVED_TIME"] = created
    crm.add(portal, portal.kinds[entity_type], {**stamps, **values}, crm.Author(ADMIN), imported=True)


def _option(portal: Portal, entity_type: int, name: str, key: str) -> Any:
    wanted = f"{name}_{key}".lower()
    enum = portal.kinds[entity_type].fields[f"UF_CRM_{name}"].enum
    return next((one["ID"] for one in enum if one["XML_ID"] == wanted), None)


def _group(portal: Portal) -> None:
    number = portal.next_id("group")
    company = portal.items[COMPANY].get(3) or {}
    members = {ADMIN: OWNER, GUEST: MEMBER}
    portal.groups[number] = Group(
        number, f"{company['TITLE']}: совместная работа", ADMIN, portal.now(), members=members, extranet=True
    )
    portal.items[COMPANY].put(company | {"UF_CRM_GROUP_ID": number})
