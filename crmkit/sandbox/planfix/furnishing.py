"""What every account of the sandbox has besides people and processes: directories, analytics, reports."""

from __future__ import annotations

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.models import DataTag, FieldDef, Group
from crmkit.sandbox.planfix.records import Directory, DirectoryEntry, Report, ReportField, TelegramBot

__all__ = ["CALLS", "GOODS", "TIME_SPENT", "furnish"]

GOODS, TIME_SPENT, CALLS = 1, 1, 2
FIRST_FILE, FIRST_ENTRY = 204_301, 1
SHELF = {"Кабель": ("ВВГнг 3х2,5", "ПВС 2х1,5"), "Свет": ("Светильник складской", "Прожектор 50 Вт")}


def furnish(account: Account) -> None:
    """Put in positions, a workspace, groups, a directory of goods, two kinds of analytics and a report."""
    for user in account.users.values():
        if user.position and user.position not in account.positions.values():
            account.positions[len(account.positions) + 1] = user.position
    account.workspaces[1] = "Основное пространство"
    account.project_groups[1] = Group(1, "Проекты продаж")
    account.directory_groups[1] = Group(1, "Торговля")
    account.data_tag_groups[1] = Group(1, "Работа с клиентом")
    account.directories[GOODS] = _goods()
    account.data_tags |= {TIME_SPENT: _time_spent(), CALLS: _calls()}
    account.reports[1] = Report(
        1,
        "Сделки по ответственным",
        fields=[
            ReportField(1, "Ответственный", 1, "assignee"),
            ReportField(2, "Сделок", 2, "count"),
            ReportField(3, "Сумма", 3, "field:109"),
        ],
    )
    account.telegram_bots[12345] = TelegramBot(12345)
    account.start_ids("directory entry", 1 + max(account.directories[GOODS].entries))
    account.start_ids("entry", FIRST_ENTRY)
    account.start_ids("file", FIRST_FILE)


def _goods() -> Directory:
    goods = Directory(
        GOODS,
        "Товары",
        group=1,
        fields={
            401: FieldDef(401, "Название", 0),
            402: FieldDef(402, "Цена", 1),
            403: FieldDef(403, "Склад", 7),
        },
    )
    key = 0
    for group, names in SHELF.items():
        key += 1
        parent = key
        goods.entries[key] = DirectoryEntry(key, name=group, is_group=True)
        for name in names:
            key += 1
            goods.entries[key] = DirectoryEntry(key, parent, fields={401: name, 402: 100 * key, 403: True})
    return goods


def _time_spent() -> DataTag:
    """Return the kind of analytics that shows up in the calendar: it has a date and a period of time."""
    return DataTag(
        TIME_SPENT,
        "Фактическое время",
        {
            501: FieldDef(501, "Дата", 3),
            502: FieldDef(502, "Время", 6),
            503: FieldDef(503, "Сотрудник", 11),
            504: FieldDef(504, "Что сделано", 2),
        },
        group=1,
    )


def _calls() -> DataTag:
    return DataTag(
        CALLS,
        "Звонок",
        {
            511: FieldDef(511, "Итог", 8, ["дозвонился", "не дозвонился", "перезвонить"]),
            512: FieldDef(512, "Минут", 1),
            513: FieldDef(513, "С кем", 10),
        },
        group=1,
    )
