"""lost_client, line by line, on the real chain: recipe, adapter, client, HTTP, Bitrix24 sandbox, ledger.

People act in the portal's own interface; what came of it is read from the portal, not from the recipe.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.plan import Plan
from crmkit.crm.base import Crm
from crmkit.reports import to_csv, write
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.sandbox import Fault, Sandbox
from crmkit.testing.bitrix24 import open_crm
from recipes.lost_client import LostClient, LostClientSettings

DEAL, CONTACT = 2, 3
MANAGER, HEAD = "user:4", "user:2"
VIDEO = "https://video.example.com/why-we-do-not-call"
NEW, WON, NO_MONEY, NO_INTEREST = "C3:NEW", "C3:WON", "C3:NO_MONEY", "C3:LOSE"
FIELD, YES, NO = "UF_CRM_TARGET_CLIENT", 55, 56
MANY = 1000 if os.environ.get("CRMKIT_FULL") else 150
WRITES = (".add", ".update", "complete", "renew")


class Seminars:
    """A company that sells seminars: its portal, the recipe, the ledger. Time stands still."""

    def __init__(self, stack: ExitStack, folder: Path, settings: dict[str, Any]) -> None:
        sandbox = Sandbox.bitrix24(seed="crm_cases", clock="frozen", companies=3, deals=0)
        self.box: Any = stack.enter_context(sandbox)
        self.crm: Crm = stack.enter_context(open_crm(self.box))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.recipe = LostClient(LostClientSettings(**{"video_url": VIDEO, **settings}))
        self._count = 0

    def contact(self, **values: Any) -> int:
        self._count += 1
        named = {"NAME": "Анна", "LAST_NAME": f"Смирнова {self._count}", "ASSIGNED_BY_ID": 4}
        return int(self.box.act.create(MANAGER, entity_type=CONTACT, **named, **values))

    def deal(self, *contacts: int, stage: str = NEW, **values: Any) -> int:
        """Let the manager create a deal; it moves to its stage as people move deals."""
        own = {"TITLE": f"Семинар {self._count}", "CATEGORY_ID": 3, "ASSIGNED_BY_ID": 4}
        number = int(self.box.act.create(MANAGER, CONTACT_IDS=list(contacts), **own, **values))
        if stage != NEW:
            self.box.act.set_stage(MANAGER, number, stage)
        return number

    def move(self, deal: int, stage: str) -> None:
        self.wait(minutes=5)
        self.box.act.set_stage(MANAGER, deal, stage)

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    def plan(self) -> Plan:
        return self.recipe.plan(self.crm, memory=self.ledger)

    def run(self) -> RunResult:
        result: RunResult = self.plan().apply()
        return result

    def verdicts(self) -> dict[str, int]:
        return self.plan().verdicts()

    def value(self, contact: int) -> str:
        """Return what a person sees in the field."""
        row = self.box.portal.items[CONTACT].get(contact)
        return {YES: "ДА", NO: "НЕТ"}.get(int(row[FIELD] or 0), "ПУСТО")

    def set_value(self, contact: int, value: int | None, who: str = MANAGER) -> None:
        self.wait(minutes=5)
        self.box.act.set_fields(who, contact, {FIELD: value or ""}, entity_type=CONTACT)

    def history(self, entity_type: int, number: int) -> list[str]:
        """Return what our robot has written into the timeline."""
        comments = self.box.portal.comments.having("OWNER", f"{entity_type}:{number}")
        return [row["COMMENT"] for row in comments if row["AUTHOR_ID"] == 90]

    def tasks(self) -> list[Any]:
        return [row for row in self.box.portal.tasks if row["CREATED_BY"] == 90]

    def writes(self) -> int:
        """Return how many writing calls of our robot have reached the portal, those in batches too."""
        calls = Counter(name for entry in self.box.requests for name in _calls(entry))
        return sum(count for name, count in calls.items() if name.endswith(WRITES))


def _calls(entry: Any) -> Iterator[str]:
    commands = (entry.body or {}).get("cmd") if isinstance(entry.body, dict) else None
    if not commands:
        yield entry.operation
        return
    for command in commands.values() if isinstance(commands, dict) else commands:
        yield str(command).partition("?")[0]


@pytest.fixture
def make_seminars(tmp_path: Path) -> Iterator[Callable[..., Seminars]]:
    """Open a portal; keywords are settings of the recipe."""
    with ExitStack() as stack:
        yield lambda **settings: Seminars(stack, tmp_path, settings)


@pytest.fixture
def seminars(make_seminars: Callable[..., Seminars]) -> Seminars:
    return make_seminars()


def test_R3_01_the_field_has_the_values_yes_no_and_nothing(seminars: Seminars) -> None:
    spec = next(one for one in seminars.crm.contacts.fields() if one.key == "target_client")
    assert spec.name == "Целевой клиент"
    assert set(spec.options) == {"ДА", "НЕТ"}
    contact = seminars.contact()
    seminars.deal(contact, stage=NO_MONEY)
    assert seminars.value(contact) == "ПУСТО"
    seminars.run()
    assert seminars.value(contact) == "НЕТ"


def test_R3_02_who_took_part_or_prepares_to_is_a_target_client(seminars: Seminars) -> None:
    took_part, prepares = seminars.contact(), seminars.contact()
    seminars.deal(took_part, stage=WON)
    seminars.deal(prepares)
    seminars.run()
    assert (seminars.value(took_part), seminars.value(prepares)) == ("ПУСТО", "ПУСТО")


def test_R3_03_the_lost_stage_starts_it_and_other_stages_do_not(seminars: Seminars) -> None:
    contact = seminars.contact()
    deal = seminars.deal(contact)
    assert seminars.verdicts() == {}
    seminars.move(deal, NO_MONEY)
    assert seminars.verdicts() == {"mark": 1}


def test_R3_04_and_R3_05_the_contact_becomes_no(seminars: Seminars) -> None:
    contact = seminars.contact()
    seminars.deal(contact, stage=NO_MONEY)
    result = seminars.run()
    assert result.counts == {"done": 1}
    assert seminars.value(contact) == "НЕТ"
    assert seminars.verdicts() == {"marked": 1}


def test_R3_06_and_R3_07_the_deal_tells_the_result_and_links_the_video(seminars: Seminars) -> None:
    contact = seminars.contact()
    deal = seminars.deal(contact, stage=NO_MONEY)
    seminars.run()
    (in_deal,), (in_contact,) = seminars.history(DEAL, deal), seminars.history(CONTACT, contact)
    for text in (in_deal, in_contact):
        assert VIDEO in text
        assert "Целевой клиент" in text
        assert "НЕТ" in text
        assert "отсутствия денег" in text
    assert "Смирнова" in in_deal


def test_R3_08_the_exclusion_list_and_its_proof(
    make_seminars: Callable[..., Seminars], tmp_path: Path
) -> None:
    mailing = tmp_path / "mailing.csv"
    mailing.write_bytes(
        "Имя;Почта;Телефон\nАнна;Client1@example.org;\nПётр;;8 (912) 345-67-89\n".encode("cp1251")
    )
    seminars = make_seminars(mailing_lists=[str(mailing)])
    lost = 1  # a contact of the seed: client1@example.org
    by_hand, other = seminars.contact(), seminars.contact()
    seminars.deal(lost, stage=NO_MONEY)
    seminars.deal(other, stage=WON)
    seminars.set_value(by_hand, NO)
    seminars.run()
    context = _context(seminars)
    tables = {
        table.name: table
        for table in seminars.recipe.tables(context, seminars.plan().items, _known(seminars))
    }
    listed = {row["id"]: row for row in tables["exclusion_list"].records("ru")}
    assert set(listed) == {str(lost), str(by_hand)}
    assert listed[str(lost)]["by"] == "автоматизация"
    assert listed[str(lost)]["email"] == "client1@example.org"
    assert listed[str(by_hand)]["by"] == "сотрудник"
    (still,) = tables["still_listed"].records("ru")
    assert (still["row"], still["id"]) == (2, str(lost))
    assert "client1@example.org" in to_csv(tables["exclusion_list"], "ru")
    target = tmp_path / "report.xlsx"
    write(list(tables.values()), target, "ru")
    assert target.stat().st_size > 1000


def _context(seminars: Seminars) -> Any:
    from crmkit.automation.recipe import Context

    return Context(seminars.crm, seminars.recipe.settings, seminars.ledger, "ru")


def _known(seminars: Seminars) -> Any:
    portal = seminars.crm.portal
    return seminars.ledger.recall(portal, "lost_client", seminars.ledger.known(portal, "lost_client"))


def test_R3_09_nobody_can_forget_it_a_sweep_finds_what_no_event_told(seminars: Seminars) -> None:
    contacts = [seminars.contact() for _ in range(3)]
    for contact in contacts:
        seminars.deal(contact, stage=NO_MONEY)
    seminars.wait(days=20)
    assert seminars.run().counts == {"done": 3}
    assert [seminars.value(one) for one in contacts] == ["НЕТ"] * 3


def test_R3_10_only_plain_methods_of_the_crm_are_used(seminars: Seminars) -> None:
    seminars.deal(seminars.contact(), stage=NO_MONEY)
    seminars.run()
    called = {name for entry in seminars.box.requests for name in _calls(entry)}
    assert {name for name in called if name.startswith("bizproc")} == set()


def test_T3_another_open_deal_is_a_task_and_no_flag(seminars: Seminars) -> None:
    contact = seminars.contact()
    deal = seminars.deal(contact, stage=NO_MONEY)
    seminars.deal(contact)
    seminars.run()
    assert seminars.value(contact) == "ПУСТО"
    (task,) = seminars.tasks()
    assert task["RESPONSIBLE_ID"] == 4
    assert "Смирнова" in task["TITLE"]
    assert seminars.history(DEAL, deal) == []
    before = seminars.writes()
    assert seminars.run().counts == {}
    assert seminars.writes() == before


@pytest.mark.parametrize("before", [None, YES], ids=["nothing", "yes"])
def test_T3_opened_again_the_former_value_comes_back(seminars: Seminars, before: int | None) -> None:
    contact = seminars.contact()
    seminars.set_value(contact, before)
    deal = seminars.deal(contact, stage=NO_MONEY)
    was = seminars.value(contact)
    seminars.run()
    assert seminars.value(contact) == "НЕТ"
    seminars.move(deal, NEW)
    assert seminars.run().counts == {"done": 1}
    assert seminars.value(contact) == was
    assert len(seminars.history(DEAL, deal)) == 2
    assert seminars.run().counts == {}


def test_T3_what_a_person_sets_after_us_stays_untouched(seminars: Seminars) -> None:
    contact = seminars.contact()
    deal = seminars.deal(contact, stage=NO_MONEY)
    seminars.run()
    seminars.set_value(contact, YES)
    before = seminars.writes()
    seminars.run()
    seminars.move(deal, NEW)
    seminars.run()
    assert seminars.value(contact) == "ДА"
    assert seminars.writes() == before


def test_T3_a_second_run_writes_nothing(seminars: Seminars) -> None:
    seminars.deal(seminars.contact(), stage=NO_MONEY)
    seminars.run()
    before = seminars.writes()
    assert seminars.run().counts == {}
    assert seminars.writes() == before


def test_a_person_is_faster_than_the_write(seminars: Seminars) -> None:
    contact = seminars.contact()
    seminars.deal(contact, stage=NO_MONEY)
    plan = seminars.plan()
    seminars.set_value(contact, NO)
    result = plan.apply()
    assert result.counts == {"changed": 1}
    assert seminars.history(CONTACT, contact) == []


@pytest.mark.parametrize("operation", ["crm.item.update", "crm.timeline.comment.add"])
def test_a_lost_answer_is_settled_by_looking(seminars: Seminars, operation: str) -> None:
    contact = seminars.contact()
    deal = seminars.deal(contact, stage=NO_MONEY)
    seminars.box.faults.add(Fault("drop_answer", operation))
    seminars.run()
    seminars.run()
    assert seminars.value(contact) == "НЕТ"
    assert len(seminars.history(DEAL, deal)) == 1
    assert len(seminars.history(CONTACT, contact)) == 1


def test_undo_puts_the_value_back_and_spares_what_people_changed(seminars: Seminars) -> None:
    from crmkit.runtime.undo import undo

    touched, left = seminars.contact(), seminars.contact()
    for contact in (touched, left):
        seminars.deal(contact, stage=NO_MONEY)
    run = seminars.run().run
    seminars.set_value(touched, YES)
    undo(run, seminars.crm, seminars.ledger)
    assert (seminars.value(touched), seminars.value(left)) == ("ДА", "ПУСТО")


def test_many_deals_lost_in_an_hour(seminars: Seminars) -> None:
    """A fifth of their contacts has other open deals: right flags, right tasks, one entry each."""
    contacts = [seminars.contact() for _ in range(MANY)]
    deals = [seminars.deal(contact, stage=NO_MONEY) for contact in contacts]
    alive = set(contacts[::5])
    for contact in sorted(alive):
        seminars.deal(contact)
    result = seminars.run()
    asked, marked = MANY // 5, MANY - MANY // 5
    assert result.counts == {"done": MANY}
    assert Counter(map(seminars.value, contacts)) == {"НЕТ": marked, "ПУСТО": asked}
    assert {contact for contact in contacts if seminars.value(contact) == "ПУСТО"} == alive
    assert len(seminars.tasks()) == asked
    assert Counter(len(seminars.history(DEAL, deal)) for deal in deals) == {1: marked, 0: asked}
    assert Counter(len(seminars.history(CONTACT, one)) for one in contacts) == {1: marked, 0: asked}
    before = seminars.writes()
    assert seminars.run().counts == {}
    assert seminars.writes() == before
