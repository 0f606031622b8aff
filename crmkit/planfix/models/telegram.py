"""Telegram bots that are connected to the account."""

from __future__ import annotations

from crmkit.planfix.models.base import Model

__all__ = ["TelegramWebhook"]


class TelegramWebhook(Model):
    """How the webhook of a bot is set up; the secret itself is never told."""

    bot_id: int | None = None
    webhook_managed_externally: bool | None = None
    webhook_secret_token_configured: bool | None = None
