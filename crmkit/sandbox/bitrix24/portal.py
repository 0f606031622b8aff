"""The state of an emulated portal."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.bitrix24.delivery import Events
from crmkit.sandbox.bitrix24.files import StoredFile
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT, DEAL, FIRST_DYNAMIC, INVOICE, LEAD, QUOTE, Kind
from crmkit.sandbox.bitrix24.limits import Bucket, Budgets
from crmkit.sandbox.bitrix24.models import (
    App,
    BesideTasks,
    Category,
    Department,
    Group,
    Notification,
    Status,
    Token,
    User,
    Webhook,
)
from crmkit.sandbox.bitrix24.processes import Processes
from crmkit.sandbox.bitrix24.rights import Role
from crmkit.sandbox.bitrix24.settings import Settings
from crmkit.sandbox.bitrix24.table import Table
from crmkit.sandbox.bitrix24.universal_lists import UniversalList
from crmkit.sandbox.bitrix24.vendor_fields import make_kind
from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.faults import Faults

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.v3 import Remembered

__all__ = ["Portal"]

MEMBER_ID = "c0ffee00crmkitsandbox00000000001"
KEPT_NOTES = 1000
REFRESH_LIFE = 180 * 86400


class Portal:
    """A Bitrix24 portal in memory.

    Args:
        clock: The sandbox's time.
        settings: Its limits and doubts.
        faults: Troubles that strike single commands and events.
    """

    def __init__(self, clock: SandboxClock, settings: Settings, faults: Faults) -> None:
        self.clock = clock
        self.settings = settings
        self.faults = faults
        self.lock = threading.RLock()
        self.zone = ZoneInfo(settings.timezone)
        self.member_id = MEMBER_ID
        self.token_life = 3600
        self.bucket = Bucket(clock, settings)
        self.budgets = Budgets(clock, settings)
        self.users: dict[int, User] = {}
        self.departments: dict[int, Department] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.apps: dict[str, App] = {}
        self.tokens: dict[str, Token] = {}
        self.roles: dict[int, Role] = {}
        """Roles in the CRM by user; who has none may everything."""
        self.kinds: dict[int, Kind] = {}
        self.items: dict[int, Table] = {}
        self.statuses: dict[int, Status] = {}
        self.categories: dict[int, dict[int, Category]] = {}
        self.stage_history: dict[int, Table] = {}
        self.comments, self.activities = Table("OWNER"), Table("OWNER")
        self.log_messages, self.product_rows, self.requisites = Table("OWNER"), Table("OWNER"), Table("OWNER")
        self.pings: list[tuple[int, int]] = []
        """A heap of reminders: when, and of which activity."""
        self.lists: dict[int, UniversalList] = {}
        self.calendar = Table("OWNER")
        self.drive = Table("PARENT", "ROOT_OF")
        self.files: dict[int, StoredFile] = {}
        self.tasks = Table("XML_ID", "UF_CRM_TASK", "TAGS", "GROUP_ID", "PARENT_ID")
        self.checklists, self.elapsed = Table("TASK_ID"), Table("TASK_ID")
        self.beside_tasks = BesideTasks()
        self.notifications: dict[int, Notification] = {}
        self.groups: dict[int, Group] = {}
        self.events = Events(self)
        self.notes: deque[str] = deque(maxlen=KEPT_NOTES)
        """What the portal says about requests, loudly: methods that it does not emulate."""
        self.codes: dict[str, tuple[str, int, float]] = {}
        """Authorization codes: of which application, for whom, until when."""
        self.refreshes = 0
        self.remembered: dict[tuple[str, str], Remembered] = {}
        self.origin = "http://127.0.0.1"
        """Where the portal answers; the sandbox tells it."""
        self.processes = Processes(self)
        self._ids: dict[str, Iterator[int]] = {}
        self._newest: dict[int, int] = {}
        self._tagged: dict[tuple[int, str], int] = {}
        self._looked = 0
        for entity_type in (LEAD, DEAL, CONTACT, COMPANY, QUOTE):
            self.add_kind(make_kind(entity_type))
        self.add_kind(make_kind(INVOICE, title="Счета"))

    @property
    def domain(self) -> str:
        """The portal's host name and port."""
        return self.origin.partition("//")[2]

    def now(self) -> int:
        """Return the present moment in whole seconds, as the portal keeps moments."""
        return int(self.clock.timestamp())

    def next_id(self, what: str, first: int = 1) -> int:
        """Return the next number of something that is kept in no table."""
        if what not in self._ids:
            self._ids[what] = count(first)
        return next(self._ids[what])

    def join(self, user: User, random_seed: int) -> None:
        """Take somebody in, with an incoming webhook while they are active."""
        self.users[user.id] = user
        if user.active:
            secret = hashlib.sha256(f"webhook {user.id} {random_seed}".encode()).hexdigest()[:16]
            self.webhooks[secret] = Webhook(user.id, secret, self.settings.scopes)

    def add_kind(self, kind: Kind) -> None:
        """Take up a type of CRM items."""
        self.kinds[kind.id] = kind
        links = ("COMPANY_ID", "COMPANY_IDS", "CONTACT_ID", "CONTACT_IDS")
        self.items[kind.id] = Table(
            "ORIGIN_ID", "XML_ID", "COMM", *(one for one in links if one in kind.fields)
        )
        self.categories[kind.id] = {}
        self.stage_history[kind.id] = Table("OWNER_ID")

    def add_smart_process(self, entity_type: int, type_id: int, title: str) -> Kind:
        """Make a smart process.

        Raises:
            ValueError: The number is not that of a smart process.
        """
        if entity_type < FIRST_DYNAMIC:
            raise ValueError(f"the types of smart processes begin at {FIRST_DYNAMIC}, not {entity_type}")
        kind = make_kind(entity_type, type_id=type_id, title=title)
        self.add_kind(kind)
        return kind

    def stages(self, kind: Kind, category: int) -> dict[str, Status]:
        """Return the stages of a pipeline by their ids, in their order."""
        entity = kind.stage_entity(category)
        found = sorted((one for one in self.statuses.values() if one.entity_id == entity), key=_by_sort)
        return {one.status_id: one for one in found}

    def add_status(self, entity_id: str, status_id: str, name: str, sort: int, **more: Any) -> Status:
        """Add a stage, or an entry of another list."""
        status = Status(self.next_id("status", 101), entity_id, status_id, name, sort, **more)
        self.statuses[status.id] = status
        return status

    def newest(self, entity_type: int, created: int = 0) -> int:
        """Return when the newest item of a type was created, which imports have to respect.

        ``created`` tells of a new item, or spares looking at all of them the first time.
        """
        if entity_type not in self._newest:
            rows = self.items[entity_type]
            known = created or max((row["DATE_CREATE"] for row in rows), default=0)
            self._newest[entity_type] = known
        self._newest[entity_type] = max(self._newest[entity_type], created)
        return self._newest[entity_type]

    def issue(self, client_id: str, user: int) -> Token:
        """Give an application a new pair of tokens for a user."""
        number = self.next_id("token")
        now = self.clock.timestamp()
        token = Token(
            access=_opaque("access", client_id, user, number),
            refresh=_opaque("refresh", client_id, user, number),
            app=client_id,
            user=user,
            expires=now + self.token_life,
            refresh_expires=now + REFRESH_LIFE,
        )
        self.tokens[token.access] = token
        return token

    def due(self) -> bool:
        """Tell whether time has passed since the last look at what is due."""
        now = self.now()
        passed, self._looked = now != self._looked, now
        return passed

    def is_admin(self, user: int) -> bool:
        """Tell whether somebody is an administrator."""
        return user in self.users and self.users[user].admin

    def notify(self, user: int, text: str, *, kind: str, author: int = 0, tag: str = "") -> int:
        """Tell somebody something; an earlier notification with the same tag is replaced."""
        number = self.next_id("notification")
        if tag:
            self.notifications.pop(self._tagged.get((user, tag), 0), None)
            self._tagged[user, tag] = number
        self.notifications[number] = Notification(number, user, text, kind, self.now(), author, tag)
        return number


def _by_sort(status: Status) -> tuple[int, int]:
    return status.sort, status.id


def _opaque(*parts: object) -> str:
    """Return a token that looks like one and is the same in every run."""
    return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()[:70]
