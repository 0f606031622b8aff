"""Fills the placeholders of scenarios: ``{{Задача.Номер}}``, ``{{Задача.Сумма}}``, ``{{Комментарий.Текст}}``.

Nothing is escaped except in addresses, and what cannot be resolved stays as it is typed: both as the vendor
does it, and both break what a hasty receiver expects. Between ``%%%`` stands a formula, or a value that is
not to be escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from crmkit.sandbox.planfix.fields import encode, string_value
from crmkit.sandbox.planfix.formulas import Formula
from crmkit.sandbox.planfix.text import plain
from crmkit.sandbox.planfix.timepoints import point

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account
    from crmkit.sandbox.planfix.models import Comment, Contact, FieldDef, Task

__all__ = ["Context"]

_SPECIAL = re.compile(r"%%%(.*?)%%%|\{\{([^{}]+)\}\}", re.DOTALL)
_CALL = re.compile(r"\s*[A-Z][A-Z0-9]*\s*\(")
MOMENT = "%d-%m-%Y %H:%M"


class Context:
    """What placeholders are about.

    Args:
        account: The account; its zone is that of the dates.
        task: ``{{Задача...}}``.
        comment: ``{{Комментарий...}}``, if there is one.
        author: ``{{Событие.Автор}}``: who caused it.
        at: ``{{Системные.Текущее время}}``.
        contact: ``{{Контакт...}}``, in scenarios of contacts; then there is no task.
    """

    def __init__(
        self,
        account: Account,
        task: Task | None,
        comment: Comment | None,
        *,
        author: str,
        at: float,
        contact: Contact | None = None,
    ) -> None:
        self._account = account
        self._task = task
        self._contact = contact
        self._comment = comment
        self._author = author
        self._at = at
        self._zone = ZoneInfo(account.settings.timezone)

    def fill(self, text: str) -> str:
        """Return a text with its formulas and placeholders replaced; values are put in as they are."""
        return self._filled(text, str)

    def fill_url(self, text: str) -> str:
        """Return an address: values are percent-encoded, except between ``%%%``."""
        return self._filled(text, lambda value: quote(value, safe=""))

    def _filled(self, text: str, escape: Callable[[str], str]) -> str:
        # In one pass: what a value holds is not looked at again.
        return _SPECIAL.sub(
            lambda found: (
                self._computed(found[0], found[1])
                if found[1] is not None
                else self._value(found[0], found[2], escape)
            ),
            text,
        )

    def _computed(self, typed: str, formula: str) -> str:
        """Return the value of a formula; a text without a function is filled in, an unknown one stays."""
        if not _CALL.match(formula):
            return self.fill(formula)
        about = self._task or self._contact
        moment = f"{about.id if about else 0} {self._at}"
        value = Formula(self._account.settings, self.fill, moment).compute(formula)
        return typed if value is None else value

    def _value(self, typed: str, variable: str, escape: Callable[[str], str]) -> str:
        kind, _, name = variable.strip().partition(".")
        value = self._resolve(kind, name.strip('"'))  # names with odd signs are typed in quotes
        return typed if value is None else escape(value)

    def _resolve(self, kind: str, name: str) -> str | None:
        if kind == "Задача" and self._task is not None:
            getter = TASK.get(name)
            return getter(self, self._task) if getter else self._field(name, self._task)
        if kind == "Контакт" and self._contact is not None:
            card = CONTACT.get(name)
            return card(self, self._contact) if card else self._card_field(name, self._contact)
        if kind == "Комментарий" and self._comment is not None:
            comment = COMMENT.get(name)
            return comment(self, self._comment) if comment else None
        if kind == "Событие" and name == "Автор":
            return self.name(self._author)
        if kind == "Системные":
            shown = {"Текущее время": MOMENT, "Текущая дата": "%d-%m-%Y"}.get(name)
            return datetime.fromtimestamp(self._at, self._zone).strftime(shown) if shown else None
        return None

    def _field(self, name: str, task: Task) -> str | None:
        """Return a custom field by its name; ``None`` if the task has no such field."""
        kind = self._account.kind_of(task)
        return self._named(name, self._account.fields.task, kind.fields if kind else None, task.fields)

    def _card_field(self, name: str, contact: Contact) -> str | None:
        template = self._account.contact_templates.get(contact.template)
        attached = template.fields if template else None
        return self._named(name, self._account.fields.contact, attached, contact.fields)

    def _named(
        self, name: str, specs: dict[int, FieldDef], attached: set[int] | None, values: dict[int, Any]
    ) -> str | None:
        for spec in specs.values():
            if spec.name == name and (attached is None or spec.id in attached):
                shown = encode(spec, values.get(spec.id), self._point, self._account.name_of)
                return string_value(shown)
        return None

    def _point(self, at: float) -> Any:
        return point(at, self._zone, utc_seconds=False)

    def name(self, ref: str) -> str:
        """Return the name behind a reference; empty for nobody."""
        return self._account.name_of(ref) if ref else ""

    def names(self, refs: Iterable[str]) -> str:
        """Return names, not numbers: an array arrives as a text."""
        return ", ".join(map(self.name, refs))

    def moment(self, at: float | None) -> str:
        """Return a moment in the account's zone."""
        return datetime.fromtimestamp(at, self._zone).strftime(MOMENT) if at is not None else ""

    def status(self, number: int) -> str:
        """Return the name of a status."""
        return self._account.statuses[number].name


TASK: dict[str, Callable[[Context, Task], str]] = {
    "Номер": lambda c, t: str(t.id),
    "Название": lambda c, t: t.name,
    "Описание": lambda c, t: plain(t.description),
    "Статус": lambda c, t: c.status(t.status),
    "Постановщик": lambda c, t: c.name(t.assigner),
    "Исполнители": lambda c, t: c.names(t.assignees),
    "Участники": lambda c, t: c.names(t.participants),
    "Аудиторы": lambda c, t: c.names(t.auditors),
    "Контрагент": lambda c, t: c.name(f"contact:{t.counterparty}" if t.counterparty else ""),
    "Проект": lambda c, t: c.name(f"project:{t.project}" if t.project else ""),
    "Дата создания": lambda c, t: c.moment(t.created),
    "Дата последнего изменения": lambda c, t: c.moment(t.updated),
    "Планируемое начало": lambda c, t: c.moment(t.start),
    "Планируемое завершение": lambda c, t: c.moment(t.end),
}
CONTACT: dict[str, Callable[[Context, Contact], str]] = {
    "Номер": lambda c, k: str(k.id),
    "Название": lambda c, k: k.full_name,
    "Имя": lambda c, k: k.name,
    "Фамилия": lambda c, k: k.lastname,
    "Email": lambda c, k: k.email,
    "Телефон": lambda c, k: k.phones[0][0] if k.phones else "",
    "Ответственные": lambda c, k: c.names(k.supervisors),
    "Дата создания": lambda c, k: c.moment(k.created),
}
"""By analogy with tasks: which variables there are for contacts is not in the documents at hand."""
COMMENT: dict[str, Callable[[Context, Comment], str]] = {
    "Номер": lambda c, m: str(m.id),
    "Текст": lambda c, m: plain(m.text),
    "Автор": lambda c, m: c.name(m.owner),
    "Дата": lambda c, m: c.moment(m.at),
}
