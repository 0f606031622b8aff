"""What an account does by itself: scenarios, buttons, incoming webhooks, and the requests they send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from crmkit.sandbox.planfix.matching import Condition, check_logic

__all__ = [
    "EVENTS",
    "Attempt",
    "Button",
    "Delivery",
    "Event",
    "HttpRequest",
    "IncomingWebhook",
    "Scenario",
    "Steps",
]

EVENTS = (
    "created",
    "changed",
    "status",
    "came_to_match",
    "changed_to_match",
    "changed_still_matching",
    "accepted",
    "deleted",
    "merged",
    "date",
    "comment",
    "datatag",
    "datatag_row",
    "datatag_row_changed",
    "checklist",
    "checklist_changed",
)
"""Everything that can start a scenario. ``came_to_match``: created or changed, and the conditions hold since
then; ``changed_to_match``: the same without creation; ``changed_still_matching``: they held before and do
still. ``date``: a date of the task has come. ``datatag``: a comment with rows; ``datatag_row``: each row."""
MATCHING = ("came_to_match", "changed_to_match", "changed_still_matching")
CARDS, CARD_EVENTS = ("contact", "company"), ("created", "changed", "comment")
DATES = ("start", "end", "delayed_till")
LOOPBACK = ("127.0.0.1", "localhost")
METHODS = ("GET", "POST", "PUT", "DELETE")
KINDS = ("get", "post", "json")
OPERATIONS = ("create_task", "change_task", "add_comment", "create_contact", "none")


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a task.

    Attributes:
        kinds: Names of :data:`EVENTS`: a change of the status is a change too.
        task: To which one.
        author: Who did it: ``user:4``.
        at: When, in seconds since 1970.
        changed: What changed: attributes of a task, ``field 109``.
        comment: The comment that was added, if any.
        chain: The scenarios that have led here, the first one first.
        contact: To which contact or company it happened instead; then ``task`` is 0.
    """

    kinds: frozenset[str]
    task: int
    author: str
    at: float
    changed: tuple[str, ...] = ()
    comment: int = 0
    chain: tuple[int, ...] = ()
    contact: int = 0


@dataclass
class HttpRequest:
    """A request as it is typed into a scenario: placeholders anywhere.

    Attributes:
        url: On this machine: a sandbox talks to nobody else. Values are percent-encoded in it, except between
            ``%%%``.
        body: Raw text. Values are put in as they are: a quotation mark in one breaks a JSON body.
        form: Parameters of a form instead of a raw body.
        headers: Further headers, for example ``Content-Type`` or a shared secret.
        user, password: Of Basic authentication.
        hmac_header, hmac_secret: A header that gets the HMAC-SHA256 of the body, in hexadecimal.
        retry: Whether it is tried again after a failure.
        answer_as_comment: Whether the answer is put into a comment.
    """

    url: str
    method: str = "POST"
    body: str = ""
    form: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    hmac_header: str = ""
    hmac_secret: str = field(default="", repr=False)
    retry: bool = True
    answer_as_comment: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise ValueError(f"a sandbox sends to http://127.0.0.1 only, not to {parts.hostname!r}")
        if self.method not in METHODS:
            raise ValueError(f"no method {self.method!r}; there are {', '.join(METHODS)}")
        if self.body and self.form:
            raise ValueError("a request has a raw body or the parameters of a form, not both")


@dataclass
class Steps:
    """What a scenario or a button does, in this order.

    Attributes:
        status: The new status; 0 leaves it.
        fields: Custom fields by number, in the API's shapes.
        comment: Text of a comment, with placeholders.
        request: A request to send.
    """

    status: int = 0
    fields: dict[int, Any] = field(default_factory=dict)
    comment: str = ""
    request: HttpRequest | None = None


@dataclass
class Scenario:
    """Does something when something happens.

    Attributes:
        id: Its number.
        name: What people call it.
        events: Which of :data:`EVENTS` start it; one is enough.
        steps: What it does; values are read when it does it.
        about: ``task``, or of the process of contacts ``contact`` (persons) or ``company``: these send
            requests only, when one is created, changed or commented.
        object: Of which kind of task; 0 for all.
        status: Only if the task has this status by then; 0 for any.
        conditions: What must hold, by then for most events, at the change for those about matching.
        logic: How the conditions are joined: ``(1 И 2) ИЛИ 3``; by default all of them.
        date: Of which date the event ``date`` is: ``start``, ``end``, ``delayed_till``, or ``field 106``.
        fields: Only if one of these custom fields changed.
        but_by: Whose doings do not count: ``user:90``.
        delay: Seconds from the event to the steps.
        debounce: Whether another event starts the delay again; otherwise each event counts.
        author: Who does it; by default who caused it.
        active: Whether it is switched on.
    """

    id: int
    name: str
    events: tuple[str, ...]
    steps: Steps
    about: str = "task"
    object: int = 0
    status: int = 0
    conditions: tuple[Condition, ...] = ()
    logic: str = ""
    date: str = ""
    fields: tuple[int, ...] = ()
    but_by: tuple[str, ...] = ()
    delay: float = 0.0
    debounce: bool = False
    author: str = ""
    active: bool = True

    def __post_init__(self) -> None:
        unknown = set(self.events) - set(EVENTS)
        if unknown or not self.events:
            raise ValueError(f"no events {sorted(unknown)}; there are {', '.join(EVENTS)}")
        check_logic(self.logic, len(self.conditions))
        if ("date" in self.events) is not bool(self.date):
            raise ValueError('the event "date" and the date it is about go together')
        if self.about not in ("task", *CARDS):
            raise ValueError(f"scenarios are about task, {' or '.join(CARDS)}, not {self.about!r}")
        done = self.steps.status or self.steps.fields or self.steps.comment
        of_tasks = self.object or self.status or self.conditions or done
        if self.about in CARDS and (of_tasks or not set(self.events) <= set(CARD_EVENTS)):
            raise ValueError(f"scenarios of contacts send a request on {', '.join(CARD_EVENTS)}, no more")
        if self.date and self.date not in DATES and not self.date.removeprefix("field ").isdigit():
            raise ValueError(f"no date {self.date!r}; there are {', '.join(DATES)} and field N")

    @property
    def matches(self) -> bool:
        """Whether it listens for tasks that come to satisfy its conditions."""
        return not set(self.events).isdisjoint(MATCHING)

    def listens_to(self, event: Event) -> bool:
        """Tell whether an event starts it, as far as the event itself tells.

        A scenario is not started again by what it led to itself.
        """
        if not self.active or self.id in event.chain or event.author in self.but_by:
            return False
        if self.fields and not {f"field {number}" for number in self.fields}.intersection(event.changed):
            return False
        return not event.kinds.isdisjoint(self.events)


@dataclass
class Button:
    """A button in tasks of an object; 0 for all. A hidden one can be pressed by a webhook only."""

    id: int
    name: str
    steps: Steps
    object: int = 0
    hidden: bool = False


@dataclass
class IncomingWebhook:
    """An address that does something when it is called. Whoever knows the code may call it, and repeat it.

    Attributes:
        code: The only secret.
        kind: ``get`` (parameters in the address), ``post`` (a form) or ``json``.
        params: What the parameters mean, by name; of JSON by path (``deal.id``, ``items[0].name``). Meanings:
            ``task`` (its number), ``name``, ``description``, ``status``, ``comment``, ``assignee``,
            ``counterparty``, ``field:109``.
        operation: ``create_task``, ``change_task``, ``add_comment``, ``create_contact`` or ``none``.
        object: The object of a new task.
        button: A button to press afterwards; 0 for none.
        author: Who does it.
        answers: Whether the number of what was created or changed is told: ``{"task": 123}``.
    """

    code: str = field(repr=False)
    kind: str
    params: dict[str, str]
    operation: str = "none"
    object: int = 1
    button: int = 0
    author: str = "user:91"
    answers: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.operation not in OPERATIONS:
            raise ValueError(f"a webhook is one of {KINDS} and does one of {OPERATIONS}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request was sent. ``status`` is 0 if there was no answer."""

    at: float
    status: int


@dataclass
class Delivery:
    """A request that a scenario or button sends, with every attempt.

    ``state``: ``waiting``, ``delivered`` or ``given up``.
    """

    id: int
    task: int
    request: HttpRequest
    due: float
    comment: int = 0
    author: str = ""
    scenario: int = 0
    contact: int = 0
    state: str = "waiting"
    url: str = ""
    body: str = ""
    attempts: list[Attempt] = field(default_factory=list)
