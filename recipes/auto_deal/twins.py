"""Which companies seem to be one client: the same INN, email, phone or name, however it was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from crmkit.crm.models import Company, Ref
from recipes.auto_deal.snapshot import Twin

__all__ = ["Twins", "normal"]

PHONE_DIGITS = 10
"""The national number: +7 and 8 before it mean the same."""
SHORTEST_PHONE = 6
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Twins:
    """Remembers of every company what two cards of one client would have in common.

    Args:
        by: What is compared: ``inn``, ``email``, ``phone``, ``name``.
    """

    def __init__(self, by: Iterable[str]) -> None:
        self._by = tuple(by)
        self._cards: dict[str, _Card] = {}
        self._same: dict[tuple[str, str], set[str]] = {}

    def learn(self, companies: Iterable[Company]) -> None:
        """Take in companies, new ones and changed ones."""
        for company in companies:
            self.forget(company.id)
            card = _Card(company, self._by)
            self._cards[company.id] = card
            for mark in card.marks.items():
                self._same.setdefault(mark, set()).add(company.id)

    def forget(self, company_id: str) -> None:
        """Leave a company out from now on."""
        card = self._cards.pop(company_id, None)
        for mark in card.marks.items() if card else ():
            self._same[mark].discard(company_id)

    def older(self, company: Company) -> tuple[Twin, ...]:
        """Return the older companies that agree with this one, the oldest first, each once."""
        return tuple(self._older(_Card(company, self._by)))

    def _older(self, card: _Card) -> Iterator[Twin]:
        seen: dict[str, str] = {}
        for mark, value in card.marks.items():
            for number in self._same.get((mark, value), ()):
                seen.setdefault(number, mark)
        for other in sorted((self._cards[number] for number in seen), key=lambda one: one.age):
            if other.age < card.age and not card.contradicts(other):
                yield Twin(other.ref, seen[other.ref.id])


class _Card:
    """What is compared of a company."""

    def __init__(self, company: Company, by: Iterable[str]) -> None:
        values = {"email": company.email, "phone": company.phone, "name": company.name}
        found = {mark: normal(mark, values.get(mark) or company.fields.get(mark)) for mark in by}
        self.ref: Ref = company.ref
        self.inn = normal("inn", company.fields.get("inn"))
        self.marks = {mark: value for mark, value in found.items() if value}
        self.age = (company.created_at or LONG_AGO, len(company.id), company.id)

    def contradicts(self, other: _Card) -> bool:
        """Tell whether they cannot be one client: each has an INN, and it is not the same."""
        return bool(self.inn and other.inn and self.inn != other.inn)


def normal(mark: str, value: object) -> str:
    """Return a value so that it can be compared; an empty one if there is nothing to compare.

    Example:
        >>> normal("phone", "8 (495) 123-45-67") == normal("phone", "+7 495 1234567")
        True
        >>> normal("name", "ООО «Рога и Копыта»"), normal("inn", " 7701 234567 ")
        ('ооо рога и копыта', '7701234567')
    """
    text = "" if value is None else str(value)
    if mark == "email":
        return text.strip().casefold()
    if mark == "name":
        plain = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
        return " ".join(re.findall(r"\w+", plain))
    digits = "".join(re.findall(r"\d", text))
    if mark == "inn":
        return digits
    return digits[-PHONE_DIGITS:] if len(digits) >= SHORTEST_PHONE else ""
