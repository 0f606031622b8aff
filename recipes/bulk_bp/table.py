"""Rows become deals: every cell is checked and every name resolved before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmkit.automation.messages import Language, Message
from crmkit.automation.rows import Problem, Row, Rows, read, write_problems
from crmkit.crm.models import NewDeal
from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp import mapping as columns
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, RowDeal, plain
from recipes.bulk_bp.texts import say

__all__ = ["Table", "read_table"]

KEY_LENGTH = 80


@dataclass(frozen=True)
class Table:
    """A file whose rows are known.

    Attributes:
        rows: What can be imported, by key, in the order of the file.
        problems: What is wrong, by line.
        mistakes: Where the rows with mistakes were written; ``None`` if there are none.
        new_companies: Names of companies that the portal does not have, by their plain form.
        fingerprint: Tells whether it is the same file still.
        ignored: Columns that nobody asked for.
    """

    rows: Mapping[str, RowDeal]
    problems: Mapping[int, tuple[Message, ...]]
    mistakes: Path | None
    new_companies: Mapping[str, str]
    fingerprint: str
    ignored: tuple[str, ...] = ()


def read_table(settings: BulkBpSettings, portal: Portal, language: Language) -> Table:
    """Read the file and resolve every name in it.

    Raises:
        ConfigurationError: The file or the mapping cannot be used, or rows have mistakes and the settings
            want to send nothing then.
    """
    file = Path(settings.file).expanduser()
    plan = columns.load(Path(settings.mapping)) if settings.mapping else columns.template(portal, language)
    rows = read(file, columns.columns_of(plan, portal), portal.timezone, unique="key", sheet=settings.sheet)
    resolver = _Resolver(settings, portal, plan)
    for row in rows.good:
        resolver.take(row)
    all_problems = (*rows.problems, *resolver.problems)
    told: dict[int, list[Message]] = defaultdict(list)
    for one in sorted(all_problems, key=lambda one: one.number):
        told[one.number].append(say("problem", column=one.column, problem=one.message))
    mistakes = _write_mistakes(settings, rows, all_problems, language) if all_problems else None
    if mistakes and settings.bad_rows == "stop":
        first = told[min(told)][0].render("en")
        raise ConfigurationError(
            f"{file}: {len(told)} rows have mistakes; line {min(told)}: {first}",
            hint=f'nothing was sent; correct them in {mistakes}, or set bad_rows = "skip"',
        )
    return Table(
        rows=resolver.rows,
        problems={number: tuple(messages) for number, messages in told.items()},
        mistakes=mistakes,
        new_companies=resolver.new_companies,
        fingerprint=rows.fingerprint,
        ignored=rows.ignored,
    )


class _Resolver:
    """Takes rows whose cells are right and makes deals of them."""

    def __init__(self, settings: BulkBpSettings, portal: Portal, plan: columns.FileMapping) -> None:
        self._settings, self._portal, self._plan = settings, portal, plan
        self.rows: dict[str, RowDeal] = {}
        self.problems: list[Problem] = []
        self.new_companies: dict[str, str] = {}

    def take(self, row: Row) -> None:
        values = row.values
        company = str(values.get("company", ""))
        if problem := self._problem(values["key"], company):
            column, message = problem
            self.problems.append(Problem(row.number, column, message))
            return
        if company and plain(company) not in self._portal.companies:
            self.new_companies.setdefault(plain(company), company)
        assignee = values.get("assignee")
        deal = NewDeal(
            title=_title(self._plan, values),
            pipeline=values.get("pipeline", self._settings.pipeline),
            stage=values.get("stage", self._settings.stage),
            assignees=(self._portal.person(assignee),) if assignee else (),
            amount=values.get("amount"),
            currency=values.get("currency", ""),
            fields=self._fields(values),
        )
        self.rows[values["key"]] = RowDeal(row.number, values["key"], deal, company)

    def _problem(self, key: str, company: str) -> tuple[str, Message] | None:
        if len(key) > KEY_LENGTH:
            return "key", say("wrong.key", count=len(key), limit=KEY_LENGTH)
        if not company:
            return None
        there = self._portal.companies.get(plain(company), ())
        if len(there) > 1:
            return "company", say("wrong.companies", name=company, count=len(there))
        if not there and not self._settings.create_companies:
            return "company", say("wrong.company", name=company)
        return None

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for target, value in values.items():
            kind, _, name = target.partition(":")
            if kind != "field":
                continue
            spec = self._portal.fields[name]
            one = self._portal.person(value) if spec.type == "person" else value
            found[name] = (one,) if spec.type == "choices" else one
        return found


def _title(plan: columns.FileMapping, values: Mapping[str, Any]) -> str:
    """Return the title of a row; parts that are empty leave no delimiter behind."""
    if not plan.title:
        return str(values["title"])
    parts = [str(values[name]) for name in plan.title if values.get(name) not in (None, "")]
    return plan.between.join(parts) or str(values["key"])


def _write_mistakes(
    settings: BulkBpSettings, rows: Rows, problems: tuple[Problem, ...], language: Language
) -> Path:
    suffix = rows.file.suffix if rows.file.suffix.lower() == ".xlsx" else ".csv"
    target = rows.file.with_name(f"{rows.file.stem}-mistakes{suffix}")
    if settings.mistakes:
        target = Path(settings.mistakes).expanduser()
    everything = Rows(rows.file, rows.header, rows.good, problems, rows.cells)
    write_problems(everything, target, language)
    return target
