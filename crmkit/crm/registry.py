"""Finds the adapter of a provider by name, so that nobody but the adapter imports a vendor's client."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import urlsplit

from crmkit.clock import Clock, SystemClock
from crmkit.config import PortalConfig, did_you_mean
from crmkit.crm.base import Crm
from crmkit.exceptions import ConfigurationError

__all__ = ["ENTRY_POINT_GROUP", "connect", "providers"]

ENTRY_POINT_GROUP = "crmkit.adapters"
BUILT_IN = {
    "bitrix24": "crmkit.crm.adapters.bitrix24:connect",
    "planfix": "crmkit.crm.adapters.planfix:connect",
}
"""Used where the package's metadata is not installed, for example from a source tree on the path."""

Connect = Callable[..., Crm]


def connect(portal: PortalConfig, *, clock: Clock | None = None) -> Crm:
    """Connect to a portal through the adapter of its provider. Nothing is sent yet.

    A package adds a provider with an entry point of the group ``crmkit.adapters`` that names a callable
    ``connect(portal, *, clock) -> Crm``.

    Args:
        portal: Its settings.
        clock: Where time comes from; by default as ``clock`` in the settings says.

    Raises:
        ConfigurationError: No adapter has this name, it cannot be loaded, or the token is not found.
    """
    return _adapter(portal)(portal, clock=clock or _clock(portal))


def providers() -> tuple[str, ...]:
    """Return the names of the providers that can be connected to.

    Example:
        >>> "planfix" in providers()
        True
    """
    return tuple(sorted(_entries()))


def _entries() -> dict[str, EntryPoint]:
    built_in = {name: EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in BUILT_IN.items()}
    return built_in | {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def _adapter(portal: PortalConfig) -> Connect:
    entries = _entries()
    entry = entries.get(portal.provider)
    if entry is None:
        hint = did_you_mean(portal.provider, entries) or f"known: {', '.join(sorted(entries))}"
        raise ConfigurationError(f"{portal.where('provider')}: no provider {portal.provider!r}", hint=hint)
    try:
        found: Connect = entry.load()
    except (ImportError, AttributeError) as error:
        what = f"the adapter {entry.value!r} cannot be loaded: {error}"
        raise ConfigurationError(
            f"{portal.where('provider')}: {what}", hint="install its package again"
        ) from error
    return found


def _clock(portal: PortalConfig) -> Clock:
    if portal.clock == "system":
        return SystemClock()
    # By name: crmkit.testing is a layer above, and only a sandbox needs it.
    parts = urlsplit(portal.url)
    clock: Clock = importlib.import_module("crmkit.testing.clock").SandboxClock(
        f"{parts.scheme}://{parts.netloc}/__control"
    )
    return clock
