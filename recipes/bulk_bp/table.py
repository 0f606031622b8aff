"""Rows become deals: every cell is checked and every name resolved before anything is sent."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmkit.automation.messages import Language, Message
from crmkit.automation.rows import Problem, Row, Rows, read, write_problems
from crmkit.crm.models import NewDeal, Person
from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp import mapping as columns
from recipes.bulk_bp.keys import LONGEST, row_ref
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, RowDeal, plain
from recipes.bulk_bp.texts import say

__all__ = ["Resolver", "Table", "read_table"]


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
        ConfigurationError: The file, the mapping or the settings cannot be used, or rows have mistakes and
            the settings want to send nothing then.
    """
    if not settings.file:
        hint = "set it in [recipes.bulk_bp]; crmkit recipes bulk_bp --template FILE writes an empty one"
        raise ConfigurationError("bulk_bp: file: none is named", hint=hint)
    file = Path(settings.file).expanduser()
    plan = columns.of(settings.mapping, portal, language)
    rows = read(file, columns.columns_of(plan, portal), portal.timezone, unique="key", sheet=settings.sheet)
    resolver = Resolver(settings, portal, plan)
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
            f"{file}: rows with mistakes: {len(told)}; line {min(told)}: {first}",
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


class Resolver:
    """Takes rows whose cells are right and makes deals of them.

    Args:
        settings: What is true of rows that do not say it.
        portal: Where the names are known.
        plan: Which column goes where.

    Raises:
        ConfigurationError: The pipeline or the stage of the settings does not exist, or there are several.
    """

    def __init__(self, settings: BulkBpSettings, portal: Portal, plan: columns.FileMapping) -> None:
        self._settings, self._portal, self._plan = settings, portal, plan
        self._words = {one.to: one.values for one in plan.columns.values() if one.values}
        self.rows: dict[str, RowDeal] = {}
        self.problems: list[Problem] = []
        self.new_companies: dict[str, str] = {}
        self._check_defaults()

    def take(self, row: Row) -> None:
        """Make a deal of a row, or say what is wrong with it."""
        values = {target: self._translated(target, value) for target, value in row.values.items()}
        try:
            made = self._row(row.number, values)
        except _Wrong as wrong:
            self.problems.append(Problem(row.number, self._title_of(wrong.target), wrong.message))
            return
        if made.company and plain(made.company) not in self._portal.companies:
            self.new_companies.setdefault(plain(made.company), made.company)
        self.rows[made.key] = made

    def _row(self, number: int, values: Mapping[str, Any]) -> RowDeal:
        key, company = str(values["key"]), str(values.get("company", ""))
        longest = LONGEST - len(str(row_ref(self._settings.source, "")))
        if len(key) > longest:
            raise _Wrong("key", say("wrong.key", count=len(key), limit=longest))
        self._check_company(company)
        pipeline, stage = self._place(values)
        deal = NewDeal(
            title=_title(self._plan, values),
            pipeline=pipeline,
            stage=stage,
            assignees=self._people(values, "assignee"),
            amount=values.get("amount"),
            currency=values.get("currency", ""),
            fields=self._fields(values),
        )
        return RowDeal(number, key, deal, company)

    def _translated(self, target: str, value: Any) -> Any:
        """Return a text as the mapping wants it said; choices were translated when they were read."""
        own = target in ("title", "company", "currency") or target.startswith("text:")
        return self._words.get(target, {}).get(value, value) if own else value

    def _check_company(self, name: str) -> None:
        there = self._portal.companies.get(plain(name), ()) if name else ()
        if len(there) > 1:
            raise _Wrong("company", say("wrong.companies", name=name, count=len(there)))
        creates = self._settings.create_companies and self._portal.creates_companies
        if name and not there and not creates:
            raise _Wrong("company", say("wrong.company", name=name))

    def _place(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Return pipeline and stage; a title that several pipelines have needs the pipeline beside it."""
        named = values.get("pipeline", self._settings.pipeline)
        pipeline = self._one("pipeline", named, self._portal.pipelines_called(named)) if named else ""
        stage = values.get("stage", self._settings.stage)
        if not stage:
            return pipeline, ""
        return pipeline, self._one("stage", stage, self._portal.stages_called(stage, pipeline))

    def _people(self, values: Mapping[str, Any], target: str) -> tuple[Person, ...]:
        name = values.get(target)
        if not name:
            return ()
        return (self._portal.person(self._one(target, name, self._portal.people_called(name))),)

    def _one(self, target: str, name: str, found: tuple[str, ...]) -> str:
        if len(found) != 1:
            what = "wrong.none" if not found else "wrong.several"
            raise _Wrong(target, say(what, name=name, count=len(found)))
        return found[0]

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for target, value in values.items():
            kind, _, name = target.partition(":")
            if kind != "field":
                continue
            match self._portal.fields[name].type:
                case "person":
                    found[name] = self._people(values, target)[0]
                case "choices":
                    found[name] = (value,)
                case _:
                    found[name] = value
        return found

    def _title_of(self, target: str) -> str:
        return next((title for title, one in self._plan.columns.items() if one.to == target), target)

    def _check_defaults(self) -> None:
        problem = ""
        try:
            self._place({})
        except _Wrong as wrong:
            problem = f"{wrong.target}: {wrong.message.render('en')}"
        if problem and "pipeline" not in {one.to for one in self._plan.columns.values()}:
            raise ConfigurationError(f"bulk_bp: {problem}", hint="see crmkit doctor for what the portal has")


class _Wrong(Exception):
    """A row cannot be used."""

    def __init__(self, target: str, message: Message) -> None:
        super().__init__(target)
        self.target, self.message = target, message


def _title(plan: columns.FileMapping, values: Mapping[str, Any]) -> str:
    """Return the title of a row; parts that are empty leave no delimiter behind."""
    if not plan.title:
        return str(values["title"])
    parts = [str(values[name]) for name in plan.title if values.get(name) not in (None, "")]
    return plan.between.join(parts) or str(values["key"])


def _write_mistakes(
    settings: BulkBpSettings, rows: Rows, problems: tuple[Problem, ...], language: Language
) -> Path:
    """Write the rows with mistakes beside the file.

    The name tells of which mistakes it is, so a file in which somebody corrects them is not written over.

    Raises:
        ConfigurationError: It cannot be written, or would be written over the file itself.
    """
    suffix = rows.file.suffix if rows.file.suffix.lower() == ".xlsx" else ".csv"
    told = "\n".join(f"{one.number} {one.column} {one.message.render(language)}" for one in problems)
    digest = hashlib.sha256(f"{rows.fingerprint}\n{told}".encode()).hexdigest()[:8]
    target = rows.file.with_name(f"{rows.file.stem}-mistakes-{digest}{suffix}")
    if settings.mistakes:
        target = Path(settings.mistakes).expanduser()
        if target.exists() and target.samefile(rows.file):
            raise ConfigurationError(
                f"bulk_bp: mistakes: {target} is the file itself", hint="name another file, or none"
            )
    if settings.mistakes or not target.exists():
        write_problems(Rows(rows.file, rows.header, rows.good, problems, rows.cells), target, language)
    return target
