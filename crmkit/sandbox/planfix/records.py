"""What an account holds besides tasks, people and comments: files, directories, checklists, reports."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from crmkit.sandbox.planfix.models import FieldDef

__all__ = [
    "ChecklistItem",
    "Directory",
    "DirectoryEntry",
    "MainField",
    "Report",
    "ReportField",
    "ReportRun",
    "ReportSave",
    "StoredFile",
    "TelegramBot",
]

KILOBYTE = 1024


@dataclass(slots=True)
class ChecklistItem:
    """A line of a task's checklist."""

    id: int
    task: int
    name: str
    at: float
    is_done: bool = False
    assignees: tuple[str, ...] = ()


@dataclass(slots=True)
class StoredFile:
    """A file, or a link to an online document."""

    id: int
    name: str
    owner: str
    at: float
    content: bytes = field(default=b"", repr=False)
    link: str = ""
    target: str = "task"

    @property
    def size(self) -> int:
        """Kilobytes, rounded up: what the vendor shows, whatever its description says about bytes."""
        return math.ceil(len(self.content) / KILOBYTE)


@dataclass(slots=True)
class DirectoryEntry:
    """An entry of a directory, or a group of entries, which has a name instead of fields."""

    key: int
    parent: int = 0
    name: str = ""
    is_group: bool = False
    archived: bool = False
    fields: dict[int, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Directory:
    """A directory: its fields and entries by number and key."""

    id: int
    name: str
    group: int = 0
    fields: dict[int, FieldDef] = field(default_factory=dict)
    entries: dict[int, DirectoryEntry] = field(default_factory=dict)

    def title(self, key: int) -> str:
        """Return what an entry is called: its first field; of a group its name; empty if there is none."""
        entry = self.entries.get(key)
        if entry is None:
            return ""
        first = min(self.fields, default=0)
        return entry.name or str(entry.fields.get(first, ""))


@dataclass(slots=True)
class MainField:
    """A custom field of the account itself, with its value."""

    spec: FieldDef
    value: Any = None


@dataclass(slots=True)
class ReportField:
    """A column of a report. ``source`` says where the sandbox takes its values from."""

    id: int
    name: str
    num: int
    source: str
    formula: str = ""
    hidden: bool = False


@dataclass(slots=True)
class ReportSave:
    """A report as it was at a moment: the rows, header first; each a list of texts and numbers."""

    id: int
    report: int
    name: str
    at: float
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class ReportRun:
    """A report that is being made, or was."""

    request: str
    report: int
    started: float
    ready: float
    save: int = 0


@dataclass(slots=True)
class Report:
    """A report over the tasks of an object, a row per person responsible, or per status."""

    id: int
    name: str
    object: int = 1
    by: str = "assignee"
    fields: list[ReportField] = field(default_factory=list)
    saves: list[int] = field(default_factory=list)


@dataclass(slots=True)
class TelegramBot:
    """A bot of the account: who manages its webhook, and the secret, which is never shown."""

    id: int
    managed_externally: bool = False
    secret: str = field(default="", repr=False)
