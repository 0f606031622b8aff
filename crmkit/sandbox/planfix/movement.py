"""What many people do at random while somebody reads: comments, changes, new tasks, deleted ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from crmkit.sandbox.planfix.models import Comment, Task

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account

__all__ = ["Movement"]

AMOUNT = 109
SAYINGS = ("Созвонились.", "Отправил предложение.", "Ждём ответа.", "Клиент просит скидку.")


class Movement:
    """People at work; what they do depends on the random alone.

    Args:
        account: Where they work; it needs tasks of object 1.
        seed: Of the random.
    """

    def __init__(self, account: Account, seed: int) -> None:
        self._account = account
        self._dice = random.Random(seed)  # noqa: S311 (not for secrets)
        self._doings: dict[str, tuple[Callable[[Task, str], None], int]] = {
            "comment": (self._comment, 8),
            "field": (self._field, 5),
            "status": (self._status, 4),
            "assign": (self._assign, 2),
            "delete": (self._delete, 1),
            "create": (self._create, 2),
        }

    def stir(self, times: int, only: tuple[str, ...] = ()) -> list[int]:
        """Let so many things happen and return the numbers of the tasks they happened to, in order.

        Args:
            times: How many.
            only: Some of ``comment``, ``field``, ``status``, ``assign``, ``delete``, ``create``; all by
                default.

        Raises:
            LookupError: There is no such doing.
        """
        if unknown := set(only) - set(self._doings):
            raise LookupError(f"there is no doing {sorted(unknown)}; there are {', '.join(self._doings)}")
        with self._account.lock:
            people = [user.ref for user in self._account.users.values() if self._works(user.ref)]
            names = list(only) or list(self._doings)
            weights = [self._doings[name][1] for name in names]
            tasks = list(self._account.tasks.values())
            touched = []
            for _ in range(times):
                (name,) = self._dice.choices(names, weights)
                task = self._dice.choice(tasks)
                while task.is_deleted:
                    task = self._dice.choice(tasks)
                before = len(self._account.tasks)
                self._doings[name][0](task, self._dice.choice(people))
                made = len(self._account.tasks) > before
                touched.append(max(self._account.tasks) if made else task.id)
            return touched

    def _works(self, ref: str) -> bool:
        user = self._account.users[int(ref[5:])]
        return user.status == "Active" and user.role == "User"

    def _comment(self, task: Task, who: str) -> None:
        account, text = self._account, self._dice.choice(SAYINGS)
        account.add_comment(task, Comment(account.new_id("comment"), task.id, who, account.now(), text=text))

    def _field(self, task: Task, who: str) -> None:
        amount = self._dice.randrange(1, 10**6)
        self._account.change_task(task, {"fields": {AMOUNT: amount}}, author=who)

    def _status(self, task: Task, who: str) -> None:
        others = [one for one in self._account.processes[task.process].statuses if one != task.status]
        self._account.change_task(task, {"status": self._dice.choice(others)}, author=who)

    def _assign(self, task: Task, who: str) -> None:
        self._account.change_task(task, {"assignees": (who,)}, author=who)

    def _delete(self, task: Task, who: str) -> None:
        self._account.change_task(task, {"is_deleted": True}, author=who)

    def _create(self, task: Task, who: str) -> None:
        account, now = self._account, self._account.now()
        made = Task(
            account.new_id("task"),
            "Новая сделка",
            created=now,
            updated=now,
            status=account.processes[task.process].statuses[0],
            process=task.process,
            object=task.object,
            assigner=who,
            assignees=(who,),
        )
        account.add_task(made, author=who)
