"""Every operation of the vendor's description and what it is called here; data for tests, tools, documents.

The description is that of version 1.6.9 with 114 operations. Whatever the vendor adds is within reach of
:meth:`crmkit.planfix.Planfix.call` at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmkit.planfix.errors import required_scope
from crmkit.transport.request import Effect

__all__ = ["OPERATIONS", "Operation", "table"]


@dataclass(frozen=True, slots=True)
class Operation:
    """How an operation is called.

    Args:
        python: The method of the client, for example ``tasks.get``.
        effect: What a repeat would do: reads and idempotent writes are repeated after a lost answer.
        argument: The first argument that chooses this operation, where a method serves several.
    """

    python: str
    effect: Effect
    argument: str = ""

    @property
    def call(self) -> str:
        """The call as one writes it.

        Example:
            >>> OPERATIONS["POST /customfield/task/"].call
            'custom_fields.create("task", …)'
        """
        return f"{self.python}({self.argument + ', …' if self.argument else '…'})"


OPERATIONS: Mapping[str, Operation] = {
    "GET /ping": Operation("ping", Effect.READ),
    "POST /task/list": Operation("tasks.list", Effect.READ),
    "GET /task/{id}": Operation("tasks.get", Effect.READ),
    "POST /task/": Operation("tasks.create", Effect.WRITE),
    "POST /task/{id}": Operation("tasks.update", Effect.IDEMPOTENT),
    "GET /task/templates": Operation("tasks.templates", Effect.READ),
    "GET /task/recurring": Operation("tasks.recurring", Effect.READ),
    "GET /task/{id}/files": Operation("tasks.files", Effect.READ),
    "POST /task/filters": Operation("tasks.saved_filters", Effect.READ),
    "POST /task/{id}/checklist/list": Operation("checklists.list", Effect.READ),
    "GET /task/{id}/checklist/{itemId}": Operation("checklists.get", Effect.READ),
    "POST /task/{id}/checklist": Operation("checklists.create", Effect.WRITE),
    "POST /task/{id}/checklist/{itemId}": Operation("checklists.update", Effect.IDEMPOTENT),
    "POST /task/{id}/comments/list": Operation("comments.list", Effect.READ),
    "POST /task/{id}/comments/": Operation("comments.create", Effect.WRITE),
    "POST /task/{id}/comments/{commentId}": Operation("comments.update", Effect.IDEMPOTENT),
    "POST /contact/{id}/comments/list": Operation("comments.list", Effect.READ, "contact(7)"),
    "POST /contact/{id}/comments/": Operation("comments.create", Effect.WRITE, "contact(7)"),
    "POST /contact/{id}/comments/{commentId}": Operation("comments.update", Effect.IDEMPOTENT, "contact(7)"),
    "POST /comment/list": Operation("comments.search", Effect.READ),
    "GET /comment/{id}": Operation("comments.get", Effect.READ),
    "DELETE /comment/{id}": Operation("comments.delete", Effect.IDEMPOTENT),
    "POST /contact/list": Operation("contacts.list", Effect.READ),
    "GET /contact/{id}": Operation("contacts.get", Effect.READ),
    "POST /contact/": Operation("contacts.create", Effect.WRITE),
    "POST /contact/{id}": Operation("contacts.update", Effect.IDEMPOTENT),
    "POST /contact/import": Operation("contacts.import_many", Effect.WRITE),
    "GET /contact/{id}/files": Operation("contacts.files", Effect.READ),
    "GET /contact/templates": Operation("contacts.templates", Effect.READ),
    "GET /contact/groups": Operation("contacts.groups", Effect.READ),
    "POST /contact/filters": Operation("contacts.saved_filters", Effect.READ),
    "POST /project/list": Operation("projects.list", Effect.READ),
    "GET /project/{id}": Operation("projects.get", Effect.READ),
    "POST /project/": Operation("projects.create", Effect.WRITE),
    "POST /project/{id}": Operation("projects.update", Effect.IDEMPOTENT),
    "GET /project/{id}/files": Operation("projects.files", Effect.READ),
    "GET /project/templates": Operation("projects.templates", Effect.READ),
    "GET /project/groups": Operation("projects.groups", Effect.READ),
    "POST /user/list": Operation("users.list", Effect.READ),
    "GET /user/{id}": Operation("users.get", Effect.READ),
    "POST /user/": Operation("users.create", Effect.WRITE),
    "POST /user/{id}": Operation("users.update", Effect.IDEMPOTENT),
    "GET /user/groups": Operation("users.groups", Effect.READ),
    "GET /user/positions/": Operation("positions.list", Effect.READ),
    "POST /user/positions/": Operation("positions.create", Effect.WRITE),
    "POST /user/positions/{id}": Operation("positions.update", Effect.IDEMPOTENT),
    "GET /workspace/list": Operation("workspaces.list", Effect.READ),
    "GET /process/task": Operation("processes.tasks", Effect.READ),
    "GET /process/contact": Operation("processes.contacts", Effect.READ),
    "GET /process/task/{id}/statuses": Operation("processes.task_statuses", Effect.READ),
    "POST /object/list": Operation("objects.list", Effect.READ),
    "GET /object/{id}": Operation("objects.get", Effect.READ),
    "GET /object/{id}/statuses": Operation("objects.statuses", Effect.READ),
    "POST /datatag/list": Operation("datatags.list", Effect.READ),
    "GET /datatag/{id}": Operation("datatags.get", Effect.READ),
    "POST /datatag/{id}/entry/list": Operation("datatags.entries", Effect.READ),
    "GET /datatag/entry/{key}": Operation("datatags.entry", Effect.READ),
    "POST /task/{id}/datatags/": Operation("datatags.add", Effect.WRITE),
    "POST /task/{id}/datatags/{commentId}": Operation("datatags.append", Effect.WRITE),
    "POST /contact/{id}/datatags/": Operation("datatags.add", Effect.WRITE, "contact(7)"),
    "POST /contact/{id}/datatags/{commentId}": Operation("datatags.append", Effect.WRITE, "contact(7)"),
    "POST /datatag/entry/{key}": Operation("datatags.update_entry", Effect.IDEMPOTENT),
    "DELETE /datatag/entry/{key}": Operation("datatags.delete_entry", Effect.IDEMPOTENT),
    "POST /directory/list": Operation("directories.list", Effect.READ),
    "GET /directory/{id}": Operation("directories.get", Effect.READ),
    "GET /directory/groups": Operation("directories.groups", Effect.READ),
    "POST /directory/{id}/filters": Operation("directories.saved_filters", Effect.READ),
    "POST /directory/{id}/entry/list": Operation("directories.entries", Effect.READ),
    "GET /directory/{id}/entry/{key}": Operation("directories.entry", Effect.READ),
    "POST /directory/{id}/entry/": Operation("directories.add_entry", Effect.WRITE),
    "POST /directory/{id}/entry/{key}": Operation("directories.update_entry", Effect.IDEMPOTENT),
    "DELETE /directory/{id}/entry/{key}": Operation("directories.delete_entry", Effect.IDEMPOTENT),
    "GET /customfield/type": Operation("custom_fields.types", Effect.READ),
    "GET /customfield/task": Operation("custom_fields.tasks", Effect.READ),
    "GET /customfield/task/{id}": Operation("custom_fields.of_task", Effect.READ),
    "POST /customfield/task/": Operation("custom_fields.create", Effect.WRITE, '"task"'),
    "GET /customfield/group/task": Operation("custom_fields.sets", Effect.READ, '"task"'),
    "POST /customfield/group/task/": Operation("custom_fields.create_set", Effect.WRITE, '"task"'),
    "GET /customfield/contact": Operation("custom_fields.contacts", Effect.READ),
    "GET /customfield/contact/{id}": Operation("custom_fields.of_contact", Effect.READ),
    "POST /customfield/contact/": Operation("custom_fields.create", Effect.WRITE, '"contact"'),
    "GET /customfield/group/contact": Operation("custom_fields.sets", Effect.READ, '"contact"'),
    "POST /customfield/group/contact/": Operation("custom_fields.create_set", Effect.WRITE, '"contact"'),
    "GET /customfield/project": Operation("custom_fields.projects", Effect.READ),
    "GET /customfield/project/{id}": Operation("custom_fields.of_project", Effect.READ),
    "POST /customfield/project/": Operation("custom_fields.create", Effect.WRITE, '"project"'),
    "GET /customfield/group/project": Operation("custom_fields.sets", Effect.READ, '"project"'),
    "POST /customfield/group/project/": Operation("custom_fields.create_set", Effect.WRITE, '"project"'),
    "GET /customfield/user": Operation("custom_fields.users", Effect.READ),
    "GET /customfield/user/{id}": Operation("custom_fields.of_user", Effect.READ),
    "POST /customfield/user/": Operation("custom_fields.create", Effect.WRITE, '"user"'),
    "GET /customfield/group/user": Operation("custom_fields.sets", Effect.READ, '"user"'),
    "POST /customfield/group/user/": Operation("custom_fields.create_set", Effect.WRITE, '"user"'),
    "GET /customfield/datatag/{id}": Operation("custom_fields.datatag", Effect.READ),
    "GET /customfield/directory/{id}": Operation("custom_fields.directory", Effect.READ),
    "GET /customfield/main": Operation("custom_fields.main", Effect.READ),
    "POST /customfield/main/": Operation("custom_fields.create_main", Effect.WRITE),
    "POST /customfield/main/{id}": Operation("custom_fields.update_main", Effect.IDEMPOTENT),
    "GET /file/{id}": Operation("files.get", Effect.READ),
    "GET /file/{id}/download": Operation("files.download", Effect.READ),
    "POST /file/": Operation("files.upload", Effect.WRITE),
    "POST /file/from-url/": Operation("files.upload_from_url", Effect.WRITE),
    "POST /file/{id}": Operation("files.update", Effect.IDEMPOTENT),
    "DELETE /file/{id}": Operation("files.delete", Effect.IDEMPOTENT),
    "POST /file/{id}/attach/task": Operation("files.attach_to_task", Effect.IDEMPOTENT),
    "POST /file/{id}/attach/contact": Operation("files.attach_to_contact", Effect.IDEMPOTENT),
    "POST /file/{id}/attach/project": Operation("files.attach_to_project", Effect.IDEMPOTENT),
    "POST /report/list": Operation("reports.list", Effect.READ),
    "GET /report/{id}": Operation("reports.get", Effect.READ),
    "POST /report/{id}/generate": Operation("reports.generate", Effect.WRITE),
    "GET /report/status/{requestId}": Operation("reports.status", Effect.READ),
    "POST /report/{id}/save/list": Operation("reports.saves", Effect.READ),
    "POST /report/{id}/save/{saveId}/data": Operation("reports.chunk", Effect.READ),
    "POST /integration/telegram/bots/{botId}/webhook": Operation("telegram.set_webhook", Effect.IDEMPOTENT),
}
"""The vendor's name of an operation -> how it is called here."""


def table() -> str:
    """Return all operations as a table in Markdown."""
    rows = [
        f"| `{name}` | `{one.call}` | {one.effect} | {'' if name == 'GET /ping' else required_scope(name)} |"
        for name, one in OPERATIONS.items()
    ]
    return "\n".join(("| operation | method | effect | scope |", "|---|---|---|---|", *rows))
