"""A portal on paper and files on disk: what the import is made from, without a portal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.crm.models import FieldSpec, Pipeline, Ref, Stage, User
from recipes.bulk_bp import BulkBpSettings, Portal
from recipes.bulk_bp.table import Table, read_table

MOSCOW = ZoneInfo("Europe/Moscow")
HEADER = "Номер;Название;Воронка;Стадия;Ответственный;Компания;Сумма"
Read = Callable[..., Table]


def stages(pipeline: str) -> tuple[Stage, ...]:
    """Both pipelines have a stage «Новая»; only calls have «Перезвонить»."""
    own = [Stage(id=f"{pipeline}:NEW", name="Новая", key=f"{pipeline}_new", pipeline=pipeline)]
    if pipeline == "calls":
        own.append(Stage(id="calls:CALLBACK", name="Перезвонить", pipeline=pipeline))
    return tuple(own)


@pytest.fixture
def portal() -> Portal:
    """Two pipelines, people of whom two share a name, companies of which two do."""
    people = [
        User(id="4", name="Ольга Иванова", email="olga@example.com"),
        User(id="5", name="Пётр Смирнов", email="petr@example.com"),
        User(id="6", name="Пётр Смирнов", email="smirnov@example.com"),
        User(id="7", name="Иван Ушёл", is_active=False),
        User(id="90", name="Робот", is_robot=True),
    ]
    fields = [
        FieldSpec(id="UF_A", name="Дата перезвона", key="callback_at", type="datetime"),
        FieldSpec(id="UF_B", name="Тариф", key="tariff", type="choice", options=("Базовый", "Стандарт")),
        FieldSpec(id="UF_C", name="Оператор", key="operator", type="person"),
        FieldSpec(id="UF_D", name="Метки", key="labels", type="choices", options=("А", "Б")),
        FieldSpec(id="UF_E", name="Файл", key="file", type="other"),
        FieldSpec(id="UF_F", name="Сумма", key="other_amount", type="number"),
    ]
    return Portal(
        timezone=MOSCOW,
        users={one.id: one for one in people},
        fields={one.key: one for one in fields},
        pipelines=(
            Pipeline(id="2", name="Обзвон", key="calls", stages=stages("calls")),
            Pipeline(id="3", name="Семинары", key="seminars", stages=stages("seminars")),
        ),
        companies={
            "ооо ромашка": (Ref(kind="company", id="1"),),
            "двойник": (Ref(kind="company", id="2"), Ref(kind="company", id="3")),
        },
    )


@pytest.fixture
def read_text(tmp_path: Path, portal: Portal) -> Read:
    """Read lines under the header of the template; keywords are settings."""

    def read(*lines: str, header: str = HEADER, encoding: str = "utf-8", **settings: Any) -> Table:
        file = tmp_path / "deals.csv"
        file.write_text("\n".join((header, *lines)), encoding=encoding)
        return read_table(BulkBpSettings(file=str(file), **settings), portal, "ru")

    return read
