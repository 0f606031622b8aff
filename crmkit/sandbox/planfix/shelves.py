"""The collections of an account: what is kept by number, without rules of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from crmkit.sandbox.planfix.models import (
    Comment,
    Contact,
    DataTag,
    DataTagEntry,
    FieldDef,
    Group,
    LogEntry,
    Notification,
    ObjectKind,
    Process,
    Project,
    SavedFilter,
    Status,
    Task,
    Token,
    User,
)
from crmkit.sandbox.planfix.records import (
    ChecklistItem,
    Directory,
    MainField,
    Report,
    ReportRun,
    ReportSave,
    StoredFile,
    TelegramBot,
)

__all__ = ["FIELD_OWNERS", "FieldSets", "Shelves"]

FIELD_OWNERS = ("task", "contact", "user", "project")


@dataclass
class FieldSets:
    """The custom fields by what they belong to; numbers are unique over all of them."""

    task: dict[int, FieldDef] = field(default_factory=dict)
    contact: dict[int, FieldDef] = field(default_factory=dict)
    user: dict[int, FieldDef] = field(default_factory=dict)
    project: dict[int, FieldDef] = field(default_factory=dict)
    main: dict[int, MainField] = field(default_factory=dict)
    groups: dict[str, dict[int, str]] = field(
        default_factory=lambda: {owner: {1: "Основные"} for owner in FIELD_OWNERS}
    )
    """The sets that fields are arranged in, by owner and number."""

    def of(self, owner: str) -> dict[int, FieldDef]:
        """Return the fields of ``task``, ``contact``, ``user`` or ``project``."""
        fields: dict[int, FieldDef] = getattr(self, owner)
        return fields

    def next_id(self) -> int:
        """Return a number no field has yet."""
        taken = [number for owner in FIELD_OWNERS for number in self.of(owner)]
        return max((*taken, *self.main), default=100) + 1

    def next_group(self) -> int:
        """Return a number no set of fields has yet."""
        return max(number for sets in self.groups.values() for number in sets) + 1


class Shelves:
    """What an account holds, by number."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.positions: dict[int, str] = {}
        self.workspaces: dict[int, str] = {}
        self.contacts: dict[int, Contact] = {}
        self.contact_groups: dict[int, Group] = {}
        self.contact_templates: dict[int, ObjectKind] = {}
        self.projects: dict[int, Project] = {}
        self.project_groups: dict[int, Group] = {}
        self.project_templates: dict[int, ObjectKind] = {}
        self.statuses: dict[int, Status] = {}
        self.processes: dict[int, Process] = {}
        self.contact_processes: dict[int, Process] = {}
        self.objects: dict[int, ObjectKind] = {}
        self.templates: dict[int, ObjectKind] = {}
        self.fields = FieldSets()
        self.directories: dict[int, Directory] = {}
        self.directory_groups: dict[int, Group] = {}
        self.data_tags: dict[int, DataTag] = {}
        self.data_tag_groups: dict[int, Group] = {}
        self.saved_filters: dict[str, SavedFilter] = {}
        self.tokens: dict[str, Token] = {}
        self.tasks: dict[int, Task] = {}
        self.comments: dict[int, Comment] = {}
        self.entries: dict[int, DataTagEntry] = {}
        self.checklist: dict[int, ChecklistItem] = {}
        self.files: dict[int, StoredFile] = {}
        self.reports: dict[int, Report] = {}
        self.report_saves: dict[int, ReportSave] = {}
        self.report_runs: list[ReportRun] = []
        self.telegram_bots: dict[int, TelegramBot] = {}
        self.notifications: list[Notification] = []
        self.log: list[LogEntry] = []
        self._ids: defaultdict[str, count[int]] = defaultdict(lambda: count(1))

    def filters_about(self, what: str) -> list[SavedFilter]:
        """Return the filters saved for ``task``, ``contact`` or ``directory:3``."""
        return [one for one in self.saved_filters.values() if one.about == what]

    def entries_of(self, comment: Comment) -> list[DataTagEntry]:
        """Return the rows of analytics that a comment carries."""
        return [self.entries[key] for key in comment.entries if key in self.entries]

    def new_id(self, what: str) -> int:
        """Return the next free number of a ``task``, ``comment``, ``contact``, ``file`` and so on."""
        return next(self._ids[what])

    def start_ids(self, what: str, first: int) -> None:
        """Let the numbers of a kind go on from here."""
        self._ids[what] = count(first)

    def name_of(self, ref: str) -> str:
        """Return the name behind a reference; empty if there is nobody."""
        kind, _, number = ref.partition(":")
        if kind == "directory":
            directory, _, key = number.partition(":")
            found = self.directories.get(int(directory))
            return found.title(int(key)) if found else ""
        if kind in ("user", "contact"):
            person = (self.users if kind == "user" else self.contacts).get(int(number))
            return person.full_name if person else ""
        shelf: Any = {"group": self.groups, "task": self.tasks, "project": self.projects}[kind]
        named = shelf.get(int(number))
        return named.name if named else ""

    def exists(self, ref: str) -> bool:
        """Tell whether there is somebody behind a reference."""
        kind, _, number = ref.partition(":")
        shelf: Any = {"user": self.users, "contact": self.contacts, "group": self.groups}.get(kind, {})
        return int(number) in shelf

    def groups_of(self, ref: str) -> tuple[str, ...]:
        """Return the groups that a person belongs to, as references."""
        kind, _, number = ref.partition(":")
        user = self.users.get(int(number)) if kind == "user" else None
        return tuple(f"group:{group}" for group in user.groups) if user else ()
