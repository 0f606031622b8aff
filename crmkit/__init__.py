"""Typed clients and automation recipes for Planfix and Bitrix24.

``connect`` opens a portal that ``crmkit.toml`` or the environment describes; ``Bitrix24`` and ``Planfix`` are
the vendors' own clients. Everything is loaded when it is first used: ``import crmkit`` itself loads neither
HTTP nor a database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.bitrix24 import Bitrix24
    from crmkit.clock import Clock
    from crmkit.crm.base import Crm
    from crmkit.planfix import Planfix

__all__ = ["Bitrix24", "Planfix", "__version__", "connect"]

__version__ = "0.1.0"

_LAZY = {"Bitrix24": "crmkit.bitrix24", "Planfix": "crmkit.planfix"}


def connect(
    name: str | None = None,
    *,
    config: str | Path | None = None,
    clock: Clock | str | None = None,
    **overrides: Any,
) -> Crm:
    """Connect to a portal by the name it has in ``crmkit.toml``, or to one that is described right here.

    Args:
        name: The name of a section ``[portals.NAME]``; by default ``default_portal``, else the only one.
            Without such a section: the name of a provider, the rest being given as keyword arguments.
        config: The settings file; by default as for :func:`crmkit.config.load`.
        clock: Where time comes from; by default as the settings say. A text is the key of the settings.
        **overrides: Keys of the portal's section that win over the file and the environment, for example
            ``url="https://acme.planfix.ru/rest", token="env:PLANFIX_TOKEN"``. The token itself is taken
            only as a ``pydantic.SecretStr``, or for a sandbox on this machine.

    Returns:
        The portal behind the neutral interface. Nothing was sent yet. Close it, or use it in ``with``.

    Raises:
        ConfigurationError: The settings are wrong or incomplete.

    Example:
        >>> with connect("planfix", url="http://127.0.0.1:9/rest", token="any") as crm:
        ...     crm.portal
        'planfix:127.0.0.1:9'
    """
    from crmkit.config import load_portal  # noqa: PLC0415  (import crmkit stays light)
    from crmkit.crm import registry  # noqa: PLC0415

    if isinstance(clock, str):
        overrides["clock"], clock = clock, None
    return registry.connect(load_portal(name, config, overrides), clock=clock)


if not TYPE_CHECKING:  # or every misspelt name would have the type Any

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(importlib.import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
