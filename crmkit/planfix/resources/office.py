"""Small things of the account: positions of employees, workspaces, Telegram bots."""

from __future__ import annotations

import re
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import named, positive
from crmkit.planfix.models.base import Named
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.models.telegram import TelegramWebhook
from crmkit.planfix.resources.base import Resource
from crmkit.transport.request import Effect

__all__ = ["Positions", "Telegram", "Workspaces"]

_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")


class Positions(Resource):
    """``/user/positions/*``: what employees can be."""

    def list(self) -> tuple[Named, ...]:
        """Return the positions: ``GET /user/positions/``.

        The schema says ``positions``, the vendor's example ``posts``: both are read.
        """
        return self._connection.many(
            Named, ("positions", "posts"), "GET /user/positions/", params={"fields": "id,name"}
        )

    def create(self, name: str) -> Created:
        """Add a position: ``POST /user/positions/``. Never repeated blindly."""
        body = {"name": named("position", name)}
        return Created(self._connection.create("POST /user/positions/", json=body))

    def update(self, position_id: int, name: str) -> Updated:
        """Rename a position: ``POST /user/positions/{id}``. May be repeated."""
        return self._connection.update(
            "POST /user/positions/{id}",
            positive("position", position_id),
            json={"name": named("position", name)},
        )


class Workspaces(Resource):
    """``/workspace/*``. Read-only."""

    def list(self) -> tuple[Named, ...]:
        """Return the workspaces: ``GET /workspace/list``."""
        return self._connection.many(Named, "workspaces", "GET /workspace/list")


class Telegram(Resource):
    """``/integration/telegram/*``: bots that were connected in the web interface."""

    def set_webhook(
        self, bot_id: int, *, secret_token: str = "", managed_externally: bool | None = None
    ) -> TelegramWebhook:
        """Say who manages the webhook of a bot: ``POST /integration/telegram/bots/{botId}/webhook``.

        May be repeated.

        Args:
            bot_id: The bot.
            secret_token: What Telegram proves itself with: 32 to 256 Latin letters, digits, ``_``, ``-``.
            managed_externally: Whether Planfix leaves the webhook alone.

        Raises:
            ValidationError: Neither was given, or the secret does not fit; nothing was sent.
        """
        body: dict[str, Any] = {}
        if secret_token:
            self._connection.transport.redactor.add(secret_token)
            if not _SECRET.fullmatch(secret_token):
                raise ValidationError(
                    "telegram: this secret does not fit", hint="32 to 256 Latin letters, digits, _ and -"
                )
            body["secretToken"] = secret_token
        if managed_externally is not None:
            body["webhookManagedExternally"] = managed_externally
        if not body:
            raise ValidationError("telegram: nothing to set", hint="give secret_token or managed_externally")
        response = self._connection.send(
            "POST /integration/telegram/bots/{botId}/webhook",
            positive("bot", bot_id),
            effect=Effect.IDEMPOTENT,
            json=body,
        )
        return self._connection.parse(TelegramWebhook, response.json() or {})
