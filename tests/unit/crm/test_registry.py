"""Adapters are found by name, and what goes wrong is told with the place in the settings."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from crmkit.clock import Clock, ManualClock, SystemClock
from crmkit.config import PortalConfig
from crmkit.crm import registry
from crmkit.crm.base import Crm
from crmkit.exceptions import ConfigurationError
from crmkit.testing.clock import SandboxClock

HERE = {"provider": "planfix", "url": "http://127.0.0.1:9/rest", "token": "any"}


class Fake(Crm):
    """An adapter of somebody else."""

    provider = "fake"

    def __init__(self, portal: PortalConfig, clock: Clock) -> None:
        self.portal, self.clock = portal.key, clock


def connect_fake(portal: PortalConfig, *, clock: Clock) -> Fake:
    return Fake(portal, clock)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let a package that brings adapters be installed; return its entry points, to be filled."""
    values: dict[str, str] = {}

    def entry_points(*, group: str) -> list[EntryPoint]:
        assert group == "crmkit.adapters"
        return [EntryPoint(name, value, group) for name, value in values.items()]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return values


def portal(**other: str) -> PortalConfig:
    return PortalConfig.model_validate({**HERE, **other})


def test_the_built_in_adapter_is_found_without_metadata(installed: dict[str, str]) -> None:
    with registry.connect(portal()) as crm:
        assert (crm.provider, crm.portal) == ("planfix", "planfix:127.0.0.1:9")
    assert registry.providers() == ("bitrix24", "planfix")


def test_a_package_brings_another_adapter(installed: dict[str, str]) -> None:
    installed["fake"] = f"{__name__}:connect_fake"
    assert registry.providers() == ("bitrix24", "fake", "planfix")


def test_a_package_replaces_an_adapter(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    installed["planfix"] = "replaced:connect_fake"
    monkeypatch.setattr(EntryPoint, "load", lambda self: connect_fake)
    assert isinstance(registry.connect(portal()), Fake)


def test_an_unknown_provider(installed: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        registry.connect(portal(provider="planfx"))
    assert str(caught.value) == "portal.provider: no provider 'planfx' (did you mean planfix?)"
    with pytest.raises(ConfigurationError, match=r"\(known: bitrix24, planfix\)"):
        registry.connect(portal(provider="zzz"))


@pytest.mark.parametrize("value", ["no.such.module:connect", "crmkit.clock:no_such_name"])
def test_an_adapter_that_cannot_be_loaded(installed: dict[str, str], value: str) -> None:
    installed["broken"] = value
    with pytest.raises(
        ConfigurationError, match=rf"portal\.provider: the adapter '{value}' cannot be loaded"
    ):
        registry.connect(portal(provider="broken"))


def test_the_clock_is_the_given_one_else_that_of_the_settings(
    installed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed["fake"] = "replaced:connect_fake"
    monkeypatch.setattr(EntryPoint, "load", lambda self: connect_fake)
    given = ManualClock(SystemClock().now())
    assert registry.connect(portal(provider="fake"), clock=given).clock is given
    assert isinstance(registry.connect(portal(provider="fake")).clock, SystemClock)
    assert isinstance(registry.connect(portal(provider="fake", clock="sandbox")).clock, SandboxClock)


def test_a_token_that_is_nowhere(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    with pytest.raises(
        ConfigurationError, match=r"portal\.token: environment variable NO_SUCH_TOKEN is not set"
    ):
        registry.connect(portal(token="env:NO_SUCH_TOKEN"))
