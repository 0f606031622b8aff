"""How an integrator builds the scenario that tells us about changes: the API can neither make nor read one.

The instructions are data, a key and what goes into its text, so that whoever shows them does it in the
reader's language: ``crmkit.automation.messages.register(TEXTS)`` takes the texts over. They name the object,
statuses and fields of the very account. They hold no secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from crmkit.exceptions import ValidationError
from crmkit.planfix.field_types import FieldType
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.process import ObjectType, Status
from crmkit.planfix.scenario_texts import PREFIX, TEXTS
from crmkit.planfix.webhooks import SECRET_HEADER, SIGNATURE_HEADER

__all__ = ["TEXTS", "Instruction", "Place", "Request", "setup_instructions", "setup_request"]

Proof = Literal["path", "header", "hmac"]
"""How a request proves who sends it: see :mod:`crmkit.planfix.webhooks`."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECRET = "SECRET"  # noqa: S105 (stands where the secret belongs)
NUMBERS = {"task": "{{Задача.Номер}}", "contact": "{{Контакт.Номер}}"}
"""Planfix's variables; they are called so whatever the language of the interface."""
FREE_TEXT = (FieldType.LINE, FieldType.TEXT, FieldType.LOCATION, FieldType.AI_RESULT)
"""Whatever people type into these breaks a JSON that is typed by hand: nothing is escaped."""
_PLAIN = re.compile(r"[\w -]+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: a key of :data:`TEXTS` and what goes into the text."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario lives: an object, the object of a template, a process, or the contacts.

    Example:
        >>> Place("process", 3).opening().params
        {'name': '', 'number': 3}
    """

    kind: Literal["object", "template", "process", "contacts", "companies"]
    number: int = 0
    name: str = ""

    @property
    def variable(self) -> str:
        """Whose number a request carries: ``task`` or ``contact``."""
        return "contact" if self.kind in ("contacts", "companies") else "task"

    def opening(self) -> Instruction:
        """Return the first step: where to click."""
        return _say(f"open_{self.kind}", name=self.name, number=self.number)


@dataclass(frozen=True, slots=True)
class Request:
    """What is typed into the operation "HTTP request"; ``SECRET`` stands where the secret belongs.

    Attributes:
        url: The address.
        headers: Further headers.
        form: The body as parameters of a form: the better way.
        template: The body as JSON, for who wants the values of fields too; without those of free text.
            Empty for contacts: how their variables are called is not in the documents.
    """

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    template: str


def setup_instructions(
    place: ObjectType | Place,
    url: str,
    proof: Proof,
    *,
    event: str,
    created: bool = False,
    any_status: bool = False,
    statuses: Iterable[Status] = (),
    fields: Iterable[CustomField] = (),
    on_comments: bool = False,
    robots: Iterable[str] = (),
    minutes: int = 1,
) -> tuple[Instruction, ...]:
    """Return the steps that build a scenario.

    Args:
        place: Where: the object, from ``planfix.objects.get``, or another place.
        url: Where the handler listens, https; an address of this machine may be http.
        proof: How the scenario proves itself; no secret is shown.
        event: What the event is to be called in the request.
        created: Fire when a task or contact is created.
        any_status: Fire on every change of the status.
        statuses: Fire when the status becomes one of these, from ``planfix.objects.statuses``.
        fields: Fire when one of these fields changes.
        on_comments: Fire on comments.
        robots: The names of the users whose changes are not to fire, our own robot first.
        minutes: How long to wait for a burst to end; less than a minute needs the tariff Corporation.

    Raises:
        ValidationError: Nothing is said on which the scenario could fire, or the address is no https address.
    """
    spot = Place("object", place.id, place.name) if isinstance(place, ObjectType) else place
    triggers = [
        *([_say("on_created")] if created else []),
        *([_say("on_any_status")] if any_status else []),
        *_named("on_status", statuses),
        *_named("on_fields", fields),
        *([_say("on_comment")] if on_comments else []),
    ]
    if not triggers:
        raise ValidationError(
            "scenario: nothing to fire on", hint="give created, statuses, fields or on_comments"
        )
    people = ", ".join(f"«{name}»" for name in robots)
    request = setup_request(spot, url, proof, event=event)
    shown = ", ".join(f"{name} = {value}" for name, value in request.form.items())
    return (
        spot.opening(),
        *([_say("one_each")] if len(triggers) > 1 else []),
        *triggers,
        *([_say("not_robot", robots=people)] if people else []),
        _say("delay", minutes=minutes),
        _say("request", url=request.url),
        *_proof(proof, request),
        _say("parameters", form=shown),
        _say("retry"),
        _say("check", event=event),
    )


def setup_request(
    place: Place, url: str, proof: Proof, *, event: str, fields: Mapping[str, CustomField] | None = None
) -> Request:
    """Return what is typed into the request of a scenario.

    Args:
        place: Where the scenario lives.
        url: Where the handler listens.
        proof: How the scenario proves itself.
        event: What the event is to be called.
        fields: Whose values the JSON is to carry, by the name they get in it.

    Raises:
        ValidationError: The address is no https address.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValidationError("scenario: the handler has no https address", hint="give https://…")
    base, number = url.rstrip("/"), NUMBERS[place.variable]
    headers: dict[str, str] = {}
    if proof == "header":
        headers[SECRET_HEADER] = SECRET
    elif proof == "hmac":
        headers[SIGNATURE_HEADER] = f'%%%HMACSHA256("{number}:{event}";"{SECRET}")%%%'
    values = {place.variable: number, "event": event}
    known = {key: _variable(one.name) for key, one in (fields or {}).items() if one.type not in FREE_TEXT}
    body = values | {"status": "{{Задача.Статус}}"} | known if place.variable == "task" else {}
    return Request(
        url=f"{base}/{SECRET}" if proof == "path" else base,
        headers=headers,
        form=values,
        template=json.dumps(body, ensure_ascii=False, indent=2).replace('\\"', '"') if body else "",
    )


def _variable(name: str) -> str:
    """Return the variable of a custom field; names with other signs than letters stand in quotes."""
    return f"{{{{Задача.{name}}}}}" if _PLAIN.fullmatch(name) else f'{{{{Задача."{name}"}}}}'


def _say(key: str, **params: Any) -> Instruction:
    return Instruction(PREFIX + key, params)


def _named(key: str, things: Iterable[Status] | Iterable[CustomField]) -> list[Instruction]:
    names = ", ".join(f"«{one.name}» ({one.id})" for one in things)
    return [_say(key, names=names)] if names else []


def _proof(proof: Proof, request: Request) -> list[Instruction]:
    if proof == "path":
        return [_say("by_path")]
    return [_say(f"by_{proof}", header=name, value=value) for name, value in request.headers.items()]
