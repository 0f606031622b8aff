"""Who is to be left alone, the proof that nobody writes to them, and who bought after all."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context
from crmkit.automation.table import Cell, Column, Kind, Table
from crmkit.crm.models import Company, Contact, Ref
from crmkit.exceptions import ConfigurationError
from recipes.lost_client.case import Story
from recipes.lost_client.losses import add_months
from recipes.lost_client.settings import LostClientSettings
from recipes.lost_client.snapshot import Client
from recipes.lost_client.texts import PREFIX, say
from recipes.lost_client.verdicts import Verdict

__all__ = ["results", "tables"]

Ctx = Context[LostClientSettings]
BOUGHT = f"{PREFIX}why.won"


def results(items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
    """Return what came of it, a line each."""
    steps = Counter(effect.step for memory in memories.values() for effect in memory.effects)
    verdicts = Counter(item.verdict for item in items)
    return (
        say("report.marked", count=steps["mark"]),
        say("report.restored", count=steps["restore"]),
        say("report.human", count=steps["released"]),
        say("report.asked", count=steps["ask"] + steps["ask_reason"] + steps["expired"]),
        say("report.no_reason", count=verdicts[Verdict.NO_REASON]),
    )


def tables(ctx: Ctx, items: Sequence[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Table, ...]:
    """Return the exclusion list, its proof where mailing lists are named, and the regrets.

    Raises:
        ConfigurationError: A mailing list cannot be read.
    """
    excluded = list(_excluded(ctx))
    listed = (_still_listed(ctx, excluded),) if ctx.settings.mailing_lists else ()
    return (_exclusion_list(ctx, excluded, memories), *listed, _regrets(ctx, memories))


def _excluded(ctx: Ctx) -> Iterator[Client]:
    """Yield everybody who bears a mark now, whoever has set it."""
    for value in sorted(ctx.settings.marks):
        if ctx.settings.mark == "company":
            yield from ctx.crm.companies.find(Company.field(ctx.settings.field, value))
        else:
            yield from ctx.crm.contacts.find(Contact.field(ctx.settings.field, value))


def _exclusion_list(ctx: Ctx, clients: Sequence[Client], memories: Mapping[Ref, Memory]) -> Table:
    names: tuple[tuple[str, Kind], ...] = (
        ("id", "text"),
        ("client", "text"),
        ("email", "text"),
        ("phone", "text"),
        ("value", "text"),
        ("by", "text"),
        ("since", "day"),
        ("deal", "text"),
        ("reason", "text"),
        ("review", "day"),
    )
    rows = [_excluded_row(ctx, one, memories.get(one.ref)) for one in clients]
    return Table("exclusion_list", say("report.excluded"), _columns(*names), rows)


def _excluded_row(ctx: Ctx, client: Client, memory: Memory | None) -> tuple[Cell, ...]:
    value = str(client.fields[ctx.settings.field])
    mark = Story(memory).mark if memory else None
    ours = mark if mark is not None and mark.after.get(ctx.settings.field) == value else None
    return (
        client.id,
        client.name,
        client.email,
        client.phone,
        value,
        say("by.us") if ours else say("by.person"),
        *(_mark_cells(ctx, ours) if ours else (None, "", "", None)),
    )


def _mark_cells(ctx: Ctx, mark: Effect) -> tuple[Cell, ...]:
    since = mark.at.astimezone(ctx.crm.timezone)
    months = mark.data.get("months")
    review = add_months(since, months).date() if months else None
    return since.date(), mark.data["title"], mark.data["reason"], review


def _still_listed(ctx: Ctx, clients: Sequence[Client]) -> Table:
    """Return whoever is excluded and still stands in a mailing or dial list: the proof if there is nobody."""
    known: dict[str, Client] = {}
    for client in clients:
        known |= {address: client for address in (_email(client.email), _phone(client.phone)) if address}
    found: list[tuple[Cell, ...]] = []
    count = 0
    for name in ctx.settings.mailing_lists:
        for number, row in _rows(Path(name)):
            count += 1
            addresses = {one for cell in row for one in (_email(cell), _phone(cell)) if one}
            hits = {known[one].id: known[one] for one in addresses & known.keys()}
            found += [(name, number, one.id, one.name, one.email, one.phone) for one in hits.values()]
    names: tuple[tuple[str, Kind], ...] = (
        ("file", "text"),
        ("row", "number"),
        ("id", "text"),
        ("client", "text"),
        ("email", "text"),
        ("phone", "text"),
    )
    note = say("report.checked", files=len(ctx.settings.mailing_lists), rows=count, found=len(found))
    return Table("still_listed", say("report.still_listed"), _columns(*names), found, note)


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file with their numbers; UTF-8 or the Windows code page of Russian."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"lost_client: mailing_lists: {file}: {error.strerror}", hint="correct the path"
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), start=1):
        if row:
            yield number, row


def _email(text: str) -> str:
    address = text.strip().casefold()
    return address if "@" in address and " " not in address else ""


def _phone(text: str) -> str:
    """Return the last ten digits: people write the country in many ways.

    Example:
        >>> _phone("+7 (912) 345-67-89") == _phone("89123456789")
        True
    """
    digits = "".join(one for one in text if one.isdigit())
    letters = any(one.isalpha() for one in text)
    return digits[-10:] if len(digits) >= 10 and not letters and "@" not in text else ""


def _regrets(ctx: Ctx, memories: Mapping[Ref, Memory]) -> Table:
    """Return the clients whose mark was taken back because they bought."""
    rows: list[tuple[Cell, ...]] = []
    for ref, memory in memories.items():
        for effect in memory.effects:
            why: Any = effect.data.get("why")
            if effect.step == "restore" and isinstance(why, Message) and why.key == BOUGHT:
                marked = memory.of_episode(effect.episode, "mark")
                since = marked.at.astimezone(ctx.crm.timezone).date() if marked else None
                bought = effect.at.astimezone(ctx.crm.timezone).date()
                rows.append((ref.id, ref.name, since, bought, why.params["deal"]))
    columns = _columns(
        ("id", "text"), ("client", "text"), ("since", "day"), ("bought", "day"), ("deal", "text")
    )
    return Table("regrets", say("report.regrets"), columns, rows)


def _columns(*names: tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name, say(f"column.{name}"), kind) for name, kind in names)
