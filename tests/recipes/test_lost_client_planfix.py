"""lost_client on the Planfix sandbox: the client of a deal is its counterparty, a person or a company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.recipe import Context
from crmkit.crm.base import Crm
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.runtime.undo import undo
from crmkit.sandbox import Fault, Sandbox
from crmkit.sandbox.planfix.models import Contact
from crmkit.testing.planfix import open_crm
from recipes.lost_client import LostClient, LostClientSettings

MANAGER = "user:4"
VIDEO = "https://video.example.com/why-we-do-not-call"
WORKING, WON, NO_MONEY = 2, 5, 7
TASK_OBJECT = 4
NOTE, UPDATE_CARD = "POST /contact/{id}/comments/", "POST /contact/{id}"


class Seminars:
    """A company that sells seminars: its account, the recipe, the ledger."""

    def __init__(self, stack: ExitStack, folder: Path, settings: dict[str, Any]) -> None:
        sandbox = Sandbox.planfix(seed="crm_cases", clock="frozen", companies=2, deals=0)
        self.box: Any = stack.enter_context(sandbox)
        self.crm: Crm = stack.enter_context(open_crm(self.box))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.recipe = LostClient(LostClientSettings(**{"video_url": VIDEO, **settings}))
        self.field = next(int(spec.id) for spec in self.crm.contacts.fields() if spec.key == "target_client")
        self._number = 9000

    def client(self, *, company: bool = False) -> int:
        self._number += 1
        name = f"ООО «Ромашка {self._number}»" if company else "Анна"
        self.box.account.contacts[self._number] = Contact(
            self._number,
            name,
            "" if company else "Смирнова",
            is_company=company,
            template=self.box.account.contacts[1001 if company else 5001].template,
            supervisors=[MANAGER],
        )
        return self._number

    def deal(self, client: int, status: int = WORKING) -> int:
        number = int(self.box.act.create_task(MANAGER, f"Семинар для {client}", assignees=(MANAGER,)))
        self.box.account.tasks[number].counterparty = client
        self.box.act.set_status(MANAGER, number, status)
        return number

    def move(self, deal: int, status: int) -> None:
        self.box.clock.advance(minutes=5)
        self.box.act.set_status(MANAGER, deal, status)

    def run(self) -> RunResult:
        result: RunResult = self.recipe.plan(self.crm, memory=self.ledger).apply()
        return result

    def verdicts(self) -> dict[str, int]:
        return self.recipe.plan(self.crm, memory=self.ledger).verdicts()

    def value(self, client: int) -> str:
        return str(self.box.account.contacts[client].fields.get(self.field) or "ПУСТО")

    def set_value(self, client: int, value: str | None) -> None:
        self.box.clock.advance(minutes=5)
        self.box.act.set_card(MANAGER, client, **{f"field_{self.field}": value})

    def history(self, deal: int) -> list[str]:
        account = self.box.account
        comments = [account.comments[one] for one in account.tasks[deal].comments]
        return [one.text for one in comments if one.owner == "user:90" and one.text]

    def questions(self) -> list[Any]:
        return [task for task in self.box.account.tasks.values() if task.object == TASK_OBJECT]

    def writes(self) -> int:
        reads = ("/list", "GET ")
        ours = [entry for entry in self.box.requests if entry.user == "user:90"]
        return sum(not any(part in entry.operation for part in reads) for entry in ours)


@pytest.fixture
def make_seminars(tmp_path: Path) -> Iterator[Callable[..., Seminars]]:
    """Open an account; keywords are settings of the recipe."""
    with ExitStack() as stack:
        yield lambda **settings: Seminars(stack, tmp_path, settings)


@pytest.fixture
def seminars(make_seminars: Callable[..., Seminars]) -> Seminars:
    return make_seminars()


def test_R3_01_the_field_has_the_values_yes_no_and_nothing(seminars: Seminars) -> None:
    spec = next(one for one in seminars.crm.contacts.fields() if one.key == "target_client")
    assert {"ДА", "НЕТ"} <= set(spec.options)
    assert seminars.value(seminars.client()) == "ПУСТО"


def test_R3_02_who_took_part_or_prepares_to_is_a_target_client(seminars: Seminars) -> None:
    took_part, prepares = seminars.client(), seminars.client()
    seminars.deal(took_part, WON)
    seminars.deal(prepares)
    assert seminars.run().counts == {}
    assert (seminars.value(took_part), seminars.value(prepares)) == ("ПУСТО", "ПУСТО")


def test_R3_03_to_R3_05_the_lost_status_marks_the_client(seminars: Seminars) -> None:
    client = seminars.client()
    deal = seminars.deal(client)
    assert seminars.verdicts() == {}
    seminars.move(deal, NO_MONEY)
    assert seminars.run().counts == {"done": 1}
    assert seminars.value(client) == "НЕТ"


def test_R3_06_and_R3_07_the_histories_tell_it_and_link_the_video(seminars: Seminars) -> None:
    client = seminars.client()
    deal = seminars.deal(client, NO_MONEY)
    seminars.run()
    (in_deal,) = seminars.history(deal)
    assert VIDEO in in_deal
    assert "НЕТ" in in_deal
    noted = [entry for entry in seminars.box.requests if entry.operation == NOTE]
    assert len(noted) == 1


def test_R3_08_the_exclusion_list(seminars: Seminars) -> None:
    client = seminars.client()
    seminars.deal(client, NO_MONEY)
    seminars.run()
    plan = seminars.recipe.plan(seminars.crm, memory=seminars.ledger)
    known = seminars.ledger.known(seminars.crm.portal, "lost_client")
    memories = seminars.ledger.recall(seminars.crm.portal, "lost_client", known)
    context: Any = Context(seminars.crm, seminars.recipe.settings, seminars.ledger, "ru")
    tables = {one.name: one for one in seminars.recipe.tables(context, plan.items, memories)}
    assert [row["id"] for row in tables["exclusion_list"].records("ru")] == [str(client)]


def test_R3_09_a_sweep_finds_what_no_event_told(seminars: Seminars) -> None:
    clients = [seminars.client() for _ in range(3)]
    for client in clients:
        seminars.deal(client, NO_MONEY)
    seminars.box.clock.advance(days=20)
    assert seminars.run().counts == {"done": 3}


def test_a_company_is_marked_where_deals_are_made_with_companies(
    make_seminars: Callable[..., Seminars],
) -> None:
    seminars = make_seminars(mark="company")
    client = seminars.client(company=True)
    seminars.deal(client, NO_MONEY)
    assert seminars.run().counts == {"done": 1}
    assert seminars.value(client) == "НЕТ"
    assert seminars.run().counts == {}


def test_T3_another_open_deal_is_a_task_and_no_flag(seminars: Seminars) -> None:
    client = seminars.client()
    seminars.deal(client, NO_MONEY)
    seminars.deal(client)
    assert seminars.run().counts == {"done": 1}
    assert seminars.value(client) == "ПУСТО"
    (task,) = seminars.questions()
    assert MANAGER in task.assignees
    before = seminars.writes()
    assert seminars.run().counts == {}
    assert seminars.writes() == before


@pytest.mark.parametrize("value", [None, "ДА"], ids=["nothing", "yes"])
def test_T3_opened_again_the_former_value_comes_back(seminars: Seminars, value: str | None) -> None:
    client = seminars.client()
    seminars.set_value(client, value)
    deal = seminars.deal(client, NO_MONEY)
    was = seminars.value(client)
    seminars.run()
    assert seminars.value(client) == "НЕТ"
    seminars.move(deal, WORKING)
    assert seminars.run().counts == {"done": 1}
    assert seminars.value(client) == was
    assert seminars.run().counts == {}


def test_T3_what_a_person_sets_after_us_stays_untouched(seminars: Seminars) -> None:
    client = seminars.client()
    deal = seminars.deal(client, NO_MONEY)
    seminars.run()
    seminars.set_value(client, "ДА")
    seminars.run()
    seminars.move(deal, WORKING)
    seminars.run()
    assert seminars.value(client) == "ДА"


def test_T3_a_second_run_writes_nothing(seminars: Seminars) -> None:
    seminars.deal(seminars.client(), NO_MONEY)
    seminars.run()
    before = seminars.writes()
    assert seminars.run().counts == {}
    assert seminars.writes() == before


@pytest.mark.parametrize("operation", [UPDATE_CARD, "POST /task/{id}/comments/", NOTE])
def test_a_lost_answer_is_settled_by_looking(seminars: Seminars, operation: str) -> None:
    client = seminars.client()
    deal = seminars.deal(client, NO_MONEY)
    seminars.box.faults.add(Fault("drop_answer", operation))
    seminars.run()
    seminars.run()
    assert seminars.value(client) == "НЕТ"
    assert len(seminars.history(deal)) == 1
    noted = [entry for entry in seminars.box.requests if entry.operation == NOTE]
    assert len(noted) == 1


def test_undo_puts_the_value_back(seminars: Seminars) -> None:
    client = seminars.client()
    seminars.deal(client, NO_MONEY)
    run = seminars.run().run
    undo(run, seminars.crm, seminars.ledger)
    assert seminars.value(client) == "ПУСТО"
