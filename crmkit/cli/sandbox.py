"""``crmkit sandbox``: a local Planfix or Bitrix24 to try things on, and a way to let its days pass."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from crmkit.cli.errors import DONE
from crmkit.cli.files import write_text
from crmkit.cli.frame import command, subcommands
from crmkit.cli.session import Session
from crmkit.cli.toml import to_toml
from crmkit.exceptions import ConfigurationError
from crmkit.sandbox import Sandbox
from crmkit.testing.clock import SandboxClock

__all__ = ["Vendor", "register", "seed_of", "share_of_stalled"]

SUPERVISOR = "user:2"
"""The head of a sales group in the sandbox's account."""


class Vendor(StrEnum):
    """Whose portal is emulated."""

    PLANFIX = "planfix"
    BITRIX24 = "bitrix24"


class Case(StrEnum):
    """What is in the portal: the deals of the stale-deal recipe, or what the other recipes need."""

    STALE_DEALS = "stale_deals"
    CRM_CASES = "crm_cases"
    NEXT_STEP = "next_step"


RECIPES: dict[Case, dict[str, Any]] = {
    Case.STALE_DEALS: {"stale_deals": {"supervisor": SUPERVISOR}},
    Case.CRM_CASES: {
        "lost_client": {"video_url": "https://example.com/why-we-do-not-call", "since": "2025-01-01"},
    },
    Case.NEXT_STEP: {"next_step": {"supervisor": SUPERVISOR}},
}
"""Settings to begin with."""
DEALS = {Case.CRM_CASES: 120, Case.NEXT_STEP: 3}
"""How many deals the cases have that are not about many."""


def register(app: typer.Typer) -> None:
    """Add ``sandbox start`` and ``sandbox advance``."""
    group = subcommands(app, "sandbox")

    @command(group, "start")
    def start(
        session: Session,
        *,
        vendor: Annotated[Vendor, typer.Option("--vendor", help="cli.option.vendor")] = Vendor.PLANFIX,
        port: Annotated[int, typer.Option("--port", min=0, max=65535, help="cli.option.port")] = 8765,
        case: Annotated[Case, typer.Option("--case", help="cli.option.case")] = Case.STALE_DEALS,
        deals: Annotated[
            int | None, typer.Option("--deals", min=1, help="cli.option.deals", show_default=False)
        ] = None,
        stalled: Annotated[
            int | None, typer.Option("--stalled", min=0, help="cli.option.stalled", show_default=False)
        ] = None,
        seed: Annotated[int, typer.Option("--seed", help="cli.option.seed")] = 7,
        write: Annotated[Path | None, typer.Option("--write", help="cli.option.write")] = None,
    ) -> int:
        with _started(
            vendor, port, seed=case.value, random_seed=seed, **_options(case, deals, stalled)
        ) as box:
            _introduce(session, box, RECIPES[case], write)
            box.serve_forever()
        return DONE

    @command(group, "advance")
    def advance(
        session: Session,
        days: Annotated[float, typer.Option("--days", min=0, help="cli.option.days")] = 0,
        hours: Annotated[float, typer.Option("--hours", min=0, help="cli.option.hours")] = 0,
        minutes: Annotated[float, typer.Option("--minutes", min=0, help="cli.option.minutes")] = 0,
    ) -> int:
        clock = session.crm.clock
        if not isinstance(clock, SandboxClock):
            what = f"{session.portal.where('clock')}: this portal's time is real"
            raise ConfigurationError(what, hint="only the clock of a sandbox can be moved")
        clock.advance(days=days, hours=hours, minutes=minutes)
        now = clock.now().astimezone(session.portal.zone)
        session.out.document({"now": now.isoformat()})
        session.out.say("sandbox.now", time=now)
        return DONE


def share_of_stalled(deals: int) -> int:
    """Return how many of so many deals are stalled in the case that the sandbox retells: 611 of 2,000.

    Example:
        >>> share_of_stalled(2000), share_of_stalled(200)
        (611, 61)
    """
    return round(deals * 611 / 2000)


def seed_of(stalled: int) -> dict[str, int]:
    """Return the options of the seed for so many stalled deals, their exceptions in the usual proportion.

    Example:
        >>> seed_of(611)
        {'stalled': 611, 'refused': 24, 'snoozed': 12}
    """
    return {"stalled": stalled, "refused": round(stalled * 24 / 611), "snoozed": round(stalled * 12 / 611)}


def _options(case: Case, deals: int | None, stalled: int | None) -> dict[str, int]:
    """Return what the seed is told.

    Raises:
        ConfigurationError: Only the stale-deal case has stalled deals.
    """
    if case is not Case.STALE_DEALS:
        if stalled is not None:
            raise ConfigurationError(
                "--stalled: only the case stale_deals has stalled deals", hint="leave it out"
            )
        return {"deals": DEALS[case] if deals is None else deals}
    count = 2000 if deals is None else deals
    return {"deals": count, **seed_of(share_of_stalled(count) if stalled is None else stalled)}


def _started(vendor: Vendor, port: int, **options: Any) -> Any:
    problem = ""
    try:
        make = Sandbox.bitrix24 if vendor is Vendor.BITRIX24 else Sandbox.planfix
        return make(port=port, **options).start()
    except OSError as error:
        problem = error.strerror or str(error)
    except ValueError as error:
        problem = str(error)
    raise ConfigurationError(f"the sandbox cannot start on port {port}: {problem}", hint="try --port 0")


def _others(box: Any) -> dict[str, Any]:
    """Return further views of the same portal: in Planfix each kind of deals is one of its own."""
    views: dict[str, Any] = getattr(box, "portal_configs", {})
    return {name: view for name, view in views.items() if name != "main"}


def _introduce(session: Session, box: Any, recipes: dict[str, Any], write: Path | None) -> None:
    """Tell where the sandbox is and how crmkit finds it."""
    out = session.out
    config = {
        "default_portal": "sandbox",
        "store": {"url": "sqlite:///sandbox.db"},
        "portals": {"sandbox": box.portal_config, **_others(box)},
        "recipes": recipes,
    }
    out.document({"url": box.url, "control_url": box.control_url, "config": config})
    now: datetime = box.clock.now().astimezone(ZoneInfo(box.portal_config["timezone"]))
    out.say("sandbox.runs", url=box.url, control=box.control_url, time=now)
    if write:
        write_text(write, to_toml(config) + "\n")
        out.say("sandbox.written", path=write)
    else:
        out.say("sandbox.paste", path="crmkit.toml")
        out.show(to_toml(config))
    out.note("sandbox.stop")
