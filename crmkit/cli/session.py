"""What a command works with: settings, portal, ledger and recipes, each opened when first asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crmkit import config as settings
from crmkit.automation.recipe import Context, Recipe
from crmkit.cli import finder
from crmkit.cli.output import Output
from crmkit.crm.base import Crm
from crmkit.crm.registry import connect
from crmkit.exceptions import ConfigurationError

if TYPE_CHECKING:
    from crmkit.runtime.ledger import Ledger

__all__ = ["Session"]


class Session:
    """One call of the program. Closes at its end what it opened.

    Args:
        out: Where it writes.
        config: The file of settings, or ``None`` for the usual places.
        portal: The portal's name, or ``None`` for the default one.
    """

    def __init__(self, out: Output, *, config: Path | None = None, portal: str | None = None) -> None:
        self.out = out
        self.file = config
        self._name = portal
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def config(self) -> settings.Config:
        """The settings."""
        return settings.load(self.file)

    @cached_property
    def portal(self) -> settings.PortalConfig:
        """The settings of the portal."""
        portal = self.config.portal(self._name)
        self.out.keep_secret(portal.secret().get_secret_value())
        return portal

    @property
    def zone(self) -> tzinfo:
        """The time zone of the portal, or UTC where no portal is configured."""
        return self.portal.zone if self.config.portals else UTC

    @cached_property
    def crm(self) -> Crm:
        """The portal itself."""
        return self._open.enter_context(connect(self.portal))

    @cached_property
    def ledger(self) -> Ledger:
        """What was done so far."""
        from crmkit.runtime.ledger import Ledger  # noqa: PLC0415  (loads SQLAlchemy, which --help can do without)

        ledger = Ledger(self.config.store.url)
        self._open.callback(ledger.close)
        return ledger

    def settings_of(self, recipe: str) -> dict[str, Any]:
        """Return what the configuration says about a recipe."""
        return dict(self.config.recipes.get(recipe, {}))

    def recipe(self, name: str, overrides: Iterable[str] | None = None) -> Recipe[Any, Any]:
        """Make a recipe from the configuration.

        Args:
            name: The recipe's name.
            overrides: ``key=value`` pairs that win over the configuration; values as in TOML, the quotes
                of texts may be left out.

        Raises:
            ConfigurationError: No such recipe, or a setting is unknown or out of bounds.
        """
        values = self.settings_of(name) | dict(map(_pair, overrides or ()))
        return finder.make(name, values, "--set" if overrides else str(self.config.source or ""))

    def context(self, recipe: Recipe[Any, Any]) -> Context[Any]:
        """Return what a recipe looks at the portal with."""
        return Context(self.crm, recipe.settings, self.ledger, self.portal.language)


def _pair(text: str) -> tuple[str, Any]:
    """Take ``key=value`` apart.

    Example:
        >>> _pair("warn_after=10"), _pair("supervisor=user:2")
        (('warn_after', 10), ('supervisor', 'user:2'))
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigurationError(f"--set {text}: is not key=value", hint="for example --set warn_after=10")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
