"""Russian names of people and companies, deterministic by the random that is handed in."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

__all__ = ["Colleague", "Company", "companies", "sales_team"]

MEN = ("Алексей", "Андрей", "Виктор", "Дмитрий", "Евгений", "Игорь", "Максим", "Олег", "Павел", "Сергей")
WOMEN = ("Анна", "Вера", "Екатерина", "Елена", "Ирина", "Мария", "Наталья", "Ольга", "Светлана", "Юлия")
SURNAMES = (
    "Белов",
    "Васильев",
    "Громов",
    "Данилов",
    "Егоров",
    "Жуков",
    "Зайцев",
    "Ильин",
    "Королёв",
    "Лебедев",
    "Макаров",
    "Никитин",
    "Орлов",
    "Павлов",
    "Рябов",
    "Савельев",
    "Титов",
    "Ушаков",
    "Фёдоров",
    "Чернов",
)
FORMS = ("ООО", "ООО", "ООО", "АО", "ТД", "ГК")
FIRST = (
    "Альфа",
    "Балтика",
    "Вектор",
    "Волга",
    "Гранит",
    "Дельта",
    "Енисей",
    "Заря",
    "Импульс",
    "Кристалл",
    "Лидер",
    "Меридиан",
    "Невский",
    "Орион",
    "Партнёр",
    "Радуга",
    "Север",
    "Спектр",
    "Титан",
    "Урал",
    "Феникс",
    "Центр",
    "Эталон",
    "Южный",
)
SECOND = (
    "Агро",
    "Авто",
    "Арсенал",
    "Бетон",
    "Вент",
    "Груп",
    "Дент",
    "Инвест",
    "Кабель",
    "Логистик",
    "Маркет",
    "Медиа",
    "Монтаж",
    "Оптик",
    "Пак",
    "Плюс",
    "Ресурс",
    "Сервис",
    "Снаб",
    "Строй",
    "Тех",
    "Торг",
    "Фарм",
    "Хим",
    "Электро",
)


@dataclass(frozen=True)
class Colleague:
    """Somebody of the sales company. ``role``: director, head, manager or robot; ``group`` 0 is none."""

    number: int
    name: str
    lastname: str
    role: str
    group: int = 0
    active: bool = True
    position: str = ""


@dataclass(frozen=True)
class Company:
    """A client and its contact person."""

    name: str
    person_name: str
    person_lastname: str
    phone: str


def sales_team() -> tuple[Colleague, ...]:
    """Return the people of the sales company: a director, two heads, twelve managers, two robots."""
    managers = (
        ("Ольга", "Иванова"),
        ("Павел", "Кузнецов"),
        ("Ирина", "Смирнова"),
        ("Денис", "Попов"),
        ("Юлия", "Соколова"),
        ("Артём", "Морозов"),
        ("Наталья", "Волкова"),
        ("Кирилл", "Новиков"),
        ("Светлана", "Фролова"),
        ("Роман", "Козлов"),
        ("Анна", "Лаврова"),
        ("Егор", "Степанов"),
    )
    return (
        Colleague(1, "Виктор", "Андреев", "director", position="Директор"),
        Colleague(2, "Марина", "Петрова", "head", 1, position="Руководитель отдела продаж"),
        Colleague(3, "Сергей", "Захаров", "head", 2, position="Руководитель отдела продаж"),
        *(
            Colleague(
                number,
                name,
                lastname,
                "manager",
                group=1 + number % 2,
                active=number != 15,
                position="Менеджер по продажам",
            )
            for number, (name, lastname) in enumerate(managers, start=4)
        ),
        Colleague(90, "Робот", "crmkit", "robot"),
        Colleague(91, "Робот", "Планфикса", "robot"),
    )


def companies(dice: random.Random, count: int) -> list[Company]:
    """Return so many companies with different names."""
    stems = [
        f"{first}{'-' if second[0] in 'АЕИОУЭЮЯ' else ''}{second}" for first, second in product(FIRST, SECOND)
    ]
    dice.shuffle(stems)
    return [_company(dice, stems[index % len(stems)], index // len(stems)) for index in range(count)]


def _company(dice: random.Random, stem: str, round_: int) -> Company:
    woman = dice.random() < 0.5
    surname = dice.choice(SURNAMES)
    return Company(
        name=f"{dice.choice(FORMS)} «{stem}{f' {round_ + 1}' if round_ else ''}»",
        person_name=dice.choice(WOMEN if woman else MEN),
        person_lastname=f"{surname}а" if woman else surname,
        phone=f"+7900{dice.randrange(10**7):07}",
    )
