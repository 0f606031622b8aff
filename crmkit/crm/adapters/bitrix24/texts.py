"""What the adapter itself tells people in the portal, in its language."""

from __future__ import annotations

from collections.abc import Mapping

from crmkit.crm.models import TaskState

__all__ = ["how_to_answer"]

TEXTS = {
    ("ru", TaskState.REJECTED): "Чтобы отклонить: поставьте тег «{tag}» и завершите задачу.",
    ("ru", TaskState.CANCELLED): "Чтобы отменить: поставьте тег «{tag}» и завершите задачу.",
    ("ru", TaskState.DONE): "Чтобы подтвердить: поставьте тег «{tag}» и завершите задачу.",
    ("en", TaskState.REJECTED): "To reject: add the tag “{tag}” and complete the task.",
    ("en", TaskState.CANCELLED): "To cancel: add the tag “{tag}” and complete the task.",
    ("en", TaskState.DONE): "To confirm: add the tag “{tag}” and complete the task.",
}
TOLD = (TaskState.DONE, TaskState.REJECTED)
"""Cancelling is ours to do, not that of those who are asked."""


def how_to_answer(tags: Mapping[TaskState, str], language: str) -> str:
    """Return the line under a task that tells how to say something else than "done".

    Example:
        >>> how_to_answer({TaskState.REJECTED: "no"}, "en")
        'To reject: add the tag “no” and complete the task.'
    """
    return "\n".join(TEXTS[language, state].format(tag=tags[state]) for state in TOLD if state in tags)
