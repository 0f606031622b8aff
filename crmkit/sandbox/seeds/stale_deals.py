"""A sales company in which deals got stuck: most of them live, some have not been touched for weeks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmkit.sandbox.seeds.people import Company, companies

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


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a deal.

    ``kind``: ``comment`` (``what`` is the text), ``stage`` (the new stage), ``amount`` (nothing but a field changed).
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


class StaleDeals:
    """The stories of a sales company.

    Args:
        start: The present moment; an aware datetime in the company's zone.
        deals: How many deals there are.
        stalled: How many of them nobody has touched for 15 to 60 days: open, or refused without a reason.
        refused: How many of the stalled are refused without a reason.
        snoozed: How many of the stalled are put off on purpose, with a reason.
        robot_noise: How many deals come on top that are as idle, but were commented by a robot of late.
        managers: Numbers of the managers.
        seed: Of the random.
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
        managers: tuple[int, ...] = tuple(range(4, 15)),
        seed: int = 7,
    ) -> None:
        if not 0 <= stalled <= deals or robot_noise < 0:
            raise ValueError("there cannot be more stalled deals than deals")
        self.start = start
        self.deals = deals
        self.stalled = stalled
        self.refused = min(refused, stalled)
        self.snoozed = min(snoozed, stalled - self.refused)
        self.robot_noise = robot_noise
        self._managers = managers
        self._dice = random.Random(seed)  # noqa: S311 (not for secrets)
        self.companies: list[Company] = companies(self._dice, max(1, (deals + robot_noise) // 3))
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        ago = [midnight - timedelta(days=days) for days in range(1, 400)]
        working = [(days, day.timestamp()) for days, day in enumerate(ago, 1) if day.weekday() < 5]
        self._idle_days = [day for days, day in working if MIN_IDLE < days <= MAX_IDLE]
        self._fresh_days = [day for days, day in working if days < FRESH]
        self._days = [day for _, day in working]

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
        plans = sorted((self._span(kind), index, kind) for index, kind in enumerate(kinds))
        for (created, last), _, kind in plans:
            yield self._story(kind, created, last)

    def _span(self, kind: str) -> tuple[float, float]:
        """Return when a deal was created and when it was touched last, both within working hours."""
        last = self._moment(self._fresh_days if kind == "fresh" else self._idle_days)
        age = self._dice.randrange(2, 90) * 86400
        index = min(range(0, len(self._days), 1), key=lambda one: abs(self._days[one] - (last - age)))
        return min(self._moment([self._days[index]]), last - 3600), last

    def _moment(self, days: list[float]) -> float:
        return self._dice.choice(days) + self._dice.randrange(9 * 3600, 18 * 3600)

    def _story(self, kind: str, created: float, last: float) -> DealStory:
        dice = self._dice
        company = dice.randrange(len(self.companies))
        stage = self._last_stage(kind)
        story = DealStory(
            title=f"{dice.choice(GOODS)} — {self.companies[company].name}",
            company=company,
            manager=dice.choice(self._managers),
            created=created,
            stage=stage,
            amount=dice.randrange(8, 900) * 5000,
            happenings=self._happenings(created, last, self._path(stage)),
            stalled=kind in ("refused", "snoozed", "stalled"),
        )
        if stage == "refused" and kind != "refused":
            story.refusal_reason = dice.choice(REASONS)
        if kind == "snoozed":
            story.snooze_until = self.start + timedelta(days=dice.randrange(10, 60))
            story.snooze_reason = dice.choice(SNOOZES)
        if kind == "noisy":
            story.happenings.append(Happening(self._moment(self._fresh_days), "robot", "comment", ROBOT_SAYS))
        return story

    def _last_stage(self, kind: str) -> str:
        if kind == "refused":
            return "refused"
        if kind == "fresh":
            return self._dice.choices([*STAGES, "won", "refused"], weights=[20, 30, 20, 12, 11, 7])[0]
        return self._dice.choice(STAGES)

    def _path(self, stage: str) -> list[str]:
        if stage in STAGES:
            return list(STAGES[1 : STAGES.index(stage) + 1])
        return [*STAGES[1 : self._dice.randrange(2, 5)], stage]

    def _happenings(self, created: float, last: float, path: list[str]) -> list[Happening]:
        dice = self._dice
        talk = dice.randrange(1, 4)
        moments = sorted(created + dice.random() * (last - created) for _ in range(len(path) + talk - 1))
        slots = set(dice.sample(range(len(moments) + 1), len(path)))
        if path and path[-1] in ("won", "refused"):
            slots = set(dice.sample(range(len(moments)), len(path) - 1)) | {len(moments)}
        steps = iter(path)
        return [
            Happening(float(int(at)), "manager", "stage", next(steps))
            if index in slots
            else self._talk(float(int(at)))
            for index, at in enumerate([*moments, last])
        ]

    def _talk(self, at: float) -> Happening:
        dice = self._dice
        roll = dice.random()
        if roll < 0.2:
            return Happening(at, "client", "comment", dice.choice(CLIENT_SAYS))
        if roll < 0.3:
            return Happening(at, "manager", "amount", "")
        return Happening(at, "manager", "comment", dice.choice(MANAGER_SAYS))
