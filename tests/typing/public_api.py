"""What the public names are to mypy. Never run: ``test_public_api.py`` lets ``mypy --strict`` read it.

An ``ignore`` below marks a mistake that mypy has to find: strict mode complains about one that it does not
need.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_type

import crmkit
from crmkit.bitrix24 import Bitrix24
from crmkit.clock import Clock, ManualClock, SystemClock
from crmkit.config import Config, PortalConfig, load, load_portal
from crmkit.crm.base import Budget, Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Explanation, Expression
from crmkit.crm.models import (
    Activity,
    Comment,
    Company,
    Contact,
    Deal,
    DealChanges,
    NewTask,
    Person,
    Ref,
    Task,
    TaskState,
    User,
    WriteResult,
)
from crmkit.crm.registry import connect
from crmkit.planfix import Planfix, filters
from crmkit.planfix.models import Created, Updated
from crmkit.planfix.models import Task as PlanfixTask
from crmkit.testing.clock import SandboxClock


def top_level() -> None:
    assert_type(crmkit.connect(), Crm)
    assert_type(crmkit.connect("main", config=Path("crmkit.toml"), clock=SystemClock(), rate=0.5), Crm)
    assert_type(crmkit.__version__, str)
    assert_type(crmkit.Planfix("https://acme.planfix.ru/rest", token=""), Planfix)
    assert_type(crmkit.Bitrix24("https://acme.bitrix24.ru/rest/1/key/"), Bitrix24)
    crmkit.conect()  # type: ignore[attr-defined]
    crmkit.connect(clock=5)  # type: ignore[arg-type]


def settings(config: Config) -> None:
    assert_type(load(), Config)
    assert_type(load_portal("main"), PortalConfig)
    assert_type(config.portal(), PortalConfig)
    assert_type(config.portal().deals.stages["new"].id, str)
    assert_type(config.recipes, dict[str, dict[str, Any]])
    assert_type(connect(config.portal()), Crm)
    config.portal().deals.stage  # type: ignore[attr-defined]  # noqa: B018


def clocks(manual: ManualClock) -> None:
    for clock in (SystemClock(), manual, SandboxClock("http://127.0.0.1:1/__control")):
        takes_clock(clock)


def takes_clock(clock: Clock) -> None:
    assert_type(clock.now(), datetime)


def expressions(deal: Deal) -> None:
    assert_type(Deal.is_open, Expression)
    assert_type(deal.is_open, bool)
    assert_type(Deal.is_open & Deal.idle_for(days=15), Expression)
    Deal.is_open & 5  # type: ignore[operator]
    Deal.idle_for("15")  # type: ignore[call-arg, arg-type]
    deal.title = "changed"  # type: ignore[misc]


def deals(crm: Crm) -> None:
    found = crm.deals.find(Deal.is_open, Deal.in_stage("new"))
    assert_type(found, Iterator[Deal])
    assert_type(next(found).untouched_since, datetime | None)
    assert_type(next(found).assignees, tuple[Person, ...])
    assert_type(crm.deals.explain(Deal.is_open), Explanation)
    assert_type(crm.deals.get("7").company, Ref | None)
    assert_type(crm.deals.history("7", until_human=True), tuple[Activity, ...])
    assert_type(crm.deals.update("7", DealChanges(stage="new", assignees=())), WriteResult)
    crm.deals.find("is_open")  # type: ignore[arg-type]
    crm.deals.get(7)  # type: ignore[arg-type]
    DealChanges(stage=5)  # type: ignore[arg-type]


def rooms(crm: Crm) -> None:
    deal, since = Ref(kind="deal", id="7"), datetime(2025, 3, 1, tzinfo=UTC)
    assert_type(crm.comments.add(deal, "text", notify=[Person(id="5")]), WriteResult)
    assert_type(crm.comments.find_own(deal, text="text", key="k", since=since), Comment | None)
    assert_type(crm.tasks.create(NewTask(title="t"), key="k"), WriteResult)
    assert_type(crm.tasks.get("7").state, TaskState)
    assert_type(crm.tasks.find_by_key("k", since=since), Task | None)
    assert_type(crm.users.list(), Iterator[User])
    assert_type(crm.companies.find(Company.created_since(since)), Iterator[Company])
    assert_type(crm.contacts.get("7"), Contact)
    assert_type(crm.me(), Person | None)
    assert_type(crm.budget(), Budget)
    assert_type(Capability.BATCH in crm.capabilities, bool)
    crm.tasks.create(NewTask(title="t"))  # type: ignore[call-arg]
    Ref(kind="dael", id="7")  # type: ignore[arg-type]


def vendor(planfix: Planfix) -> None:
    assert_type(next(planfix.tasks.list(filters=[filters.status.any_of(1, 2)])), PlanfixTask)
    assert_type(planfix.tasks.create(name="t"), Created)
    assert_type(planfix.tasks.update(7, name="t"), Updated)
    assert_type(planfix.call("GET", "/ping"), dict[str, Any])
    planfix.tasks.update(7, nmae="t")  # type: ignore[call-arg]
