"""A sales company in which deals got stuck: most of them live, some have not been touched for weeks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmkit.sandbox.seeds.people import Company, companies, sales_team

__all__ = ["REASONS", "DealStory", "Happening", "StaleDeals"]

STAGES = ("new", "working", "negotiation", "invoice")
REASONS = ("Дорого", "Выбрали другого поставщика", "Нет бюджета", "Не подошли сроки", "Проект отменён")
GOODS = (
    "Поставка кабельной продукции",
    "Поставка светильников для склада",
    "Монтаж вентиляции в цехе",
    "Сервисный договор на год",
    "Партия упаковки",
    "Оснащение офиса",
    "Замена насосного оборудования",
    "Видеонаблюдение на объекте",
    "Ремонт холодильных камер",
    "Поставка спецодежды",
    "Аудит электрохозяйства",
    "Комплект стеллажей",
)
SOURCES = (
    "Заявка с сайта.",
    "Входящий звонок, интересуются условиями.",
    "Повторное обращение клиента.",
    "Познакомились на выставке, просят предложение.",
)
MANAGER_SAYS = (
    "Созвонились, клиент думает до конца недели.",
    "Отправил коммерческое предложение.",
    "Уточнили состав заказа, пересчитываю смету.",
    "Встретились на объекте, замеры сделаны.",
    "Клиент просит скидку, согласовываю.",
    "Выслал договор на проверку юристам.",
    "Не дозвонился, перезвоню завтра.",
    "Договорились вернуться к вопросу после согласования бюджета.",
    "Направил счёт.",
    "Сравнивают с другим поставщиком, ждём решения.",
)
CLIENT_SAYS = (
    "Здравствуйте! Пришлите, пожалуйста, обновлённую спецификацию.",
    "Получили, посмотрим и вернёмся с ответом.",
    "Можно ли сдвинуть поставку на две недели?",
    "Передал руководителю, жду решения.",
)
ROBOT_SAYS = "Данные контрагента обновлены автоматически."
SNOOZES = (
    "Клиент в отпуске",
    "Ждём утверждения бюджета на квартал",
    "Тендер объявят позже",
    "Сезонная пауза",
)
MIN_IDLE, MAX_IDLE, FRESH = 15, 60, 14
"""Days: a stalled deal was touched more than 15 and at most 60 days ago, a fresh one less than 14."""
MAX_AGE = 90
SATURDAY, HOLIDAYS = 5, 8


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a deal.

    ``kind``: ``comment`` (``what`` is the text), ``stage`` (the new stage), ``amount`` (a field changed).
    ``actor``: ``manager``, ``client`` or ``robot``.
    """

    at: float
    actor: str
    kind: str
    what: str


@dataclass(slots=True)
class DealStory:
    """A deal from its creation to the present moment."""

    title: str
    company: int
    manager: int
    created: float
    stage: str
    amount: int
    happenings: list[Happening]
    stalled: bool = False
    refusal_reason: str = ""
    snooze_until: datetime | None = None
    snooze_reason: str = ""


def _works(day: datetime) -> bool:
    """Tell whether people work on a day; in Russia the year begins with a week of holidays."""
    return day.weekday() < SATURDAY and not (day.month == 1 and day.day <= HOLIDAYS)


class StaleDeals:
    """The stories of a sales company. Everything happens within working hours.

    Args:
        start: The present moment; an aware datetime in the company's zone.
        deals: How many deals there are.
        stalled: How many of them nobody has touched for 15 to 60 days: open, or refused without a reason.
        refused: How many of the stalled are refused without a reason.
        snoozed: How many of the stalled are put off on purpose, with a reason.
        robot_noise: How many deals come on top that are as idle, but were commented by a robot of late.
        seed: Of the random.

    Raises:
        ValueError: The numbers contradict each other.
    """

    def __init__(
        self,
        start: datetime,
        *,
        deals: int = 2000,
        stalled: int = 611,
        refused: int = 24,
        snoozed: int = 12,
        robot_noise: int = 0,
        seed: int = 7,
    ) -> None:
        if not 0 <= stalled <= deals or min(refused, snoozed, robot_noise) < 0:
            raise ValueError("there cannot be more stalled deals than deals, nor less than none")
        self.start = start
        self.deals = deals
        self.stalled = stalled
        self.refused = min(refused, stalled)
        self.snoozed = min(snoozed, stalled - self.refused)
        self.robot_noise = robot_noise
        self._managers = tuple(one.number for one in sales_team() if one.role == "manager" and one.active)
        self._dice = random.Random(seed)  # noqa: S311 (not for secrets)
        self.companies: list[Company] = companies(self._dice, max(1, (deals + robot_noise) // 3))
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        ago = {days: midnight - timedelta(days=days) for days in range(1, MAX_IDLE + MAX_AGE)}
        self._days = [(days, day.timestamp()) for days, day in ago.items() if _works(day)]
        """Working days, the last one first: how many days ago, and when they began."""
        idle = [index for index, (days, _) in enumerate(self._days) if MIN_IDLE < days <= MAX_IDLE]
        fresh = [index for index, (days, _) in enumerate(self._days) if days < FRESH]
        self._ranges = {False: (idle[0], idle[-1]), True: (fresh[0], fresh[-1])}

    def __iter__(self) -> Iterator[DealStory]:
        """Yield the deals in the order of their creation."""
        kinds = (
            ["refused"] * self.refused
            + ["snoozed"] * self.snoozed
            + ["stalled"] * (self.stalled - self.refused - self.snoozed)
            + ["fresh"] * (self.deals - self.stalled)
            + ["noisy"] * self.robot_noise
        )
        self._dice.shuffle(kinds)
        spans = [self._span(fresh=kind == "fresh") for kind in kinds]
        for (first, last), kind in sorted(zip(spans, kinds, strict=True), key=lambda one: -one[0][0]):
            yield self._story(kind, first, last)

    def _span(self, *, fresh: bool) -> tuple[int, int]:
        """Return the days (by index) on which a deal was created and touched last."""
        last = self._dice.randint(*self._ranges[fresh])
        return min(last + self._dice.randrange(3, MAX_AGE * 5 // 7), len(self._days) - 1), last

    def _moment(self, index: int) -> float:
        return self._days[index][1] + self._dice.randrange(9 * 3600, 18 * 3600)

    def _story(self, kind: str, first: int, last: int) -> DealStory:
        dice = self._dice
        company = dice.randrange(len(self.companies))
        stage = self._last_stage(kind)
        created = self._moment(first)
        story = DealStory(
            title=f"{dice.choice(GOODS)} — {self.companies[company].name}",
            company=company,
            manager=dice.choice(self._managers),
            created=created,
            stage=stage,
            amount=dice.randrange(8, 900) * 5000,
            happenings=self._happenings(first, last, self._path(stage)),
            stalled=kind in ("refused", "snoozed", "stalled"),
        )
        story.happenings.insert(0, Happening(created, "manager", "comment", dice.choice(SOURCES)))
        if stage == "refused" and kind != "refused":
            story.refusal_reason = dice.choice(REASONS)
        if kind == "snoozed":
            story.snooze_until = self.start + timedelta(days=dice.randrange(10, 60))
            story.snooze_reason = dice.choice(SNOOZES)
        if kind == "noisy":
            noise = self._moment(dice.randint(*self._ranges[True]))
            story.happenings.append(Happening(noise, "robot", "comment", ROBOT_SAYS))
        return story

    def _last_stage(self, kind: str) -> str:
        if kind == "refused":
            return "refused"
        if kind == "fresh":
            return self._dice.choices([*STAGES, "won", "refused"], weights=[20, 30, 20, 12, 11, 7])[0]
        return self._dice.choice(STAGES)

    def _path(self, stage: str) -> list[str]:
        """Return the stages that a deal went through after the first one."""
        if stage in STAGES:
            return list(STAGES[1 : STAGES.index(stage) + 1])
        return [*STAGES[1 : self._dice.randrange(2, 5)], stage]

    def _happenings(self, first: int, last: int, path: list[str]) -> list[Happening]:
        """Return talks and changes of stage between two days; the closing stage is the last of them."""
        dice = self._dice
        count = len(path) + dice.randrange(1, 4)
        moments = sorted(self._moment(dice.randint(last + 1, first - 1)) for _ in range(count - 1))
        closed = bool(path) and path[-1] not in STAGES
        slots = set(dice.sample(range(count - closed), len(path) - closed)) | (
            {count - 1} if closed else set()
        )
        steps = iter(path)
        return [
            Happening(at, "manager", "stage", next(steps)) if index in slots else self._talk(at)
            for index, at in enumerate([*moments, self._moment(last)])
        ]

    def _talk(self, at: float) -> Happening:
        dice = self._dice
        roll = dice.random()
        if roll < 0.2:
            return Happening(at, "client", "comment", dice.choice(CLIENT_SAYS))
        if roll < 0.3:
            return Happening(at, "manager", "amount", "")
        return Happening(at, "manager", "comment", dice.choice(MANAGER_SAYS))
