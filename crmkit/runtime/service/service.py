"""Puts the service together from the settings: portals, recipes, engine, receiver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.recipe import Context, Recipe
from crmkit.config import Config, PortalConfig, ServedRecipe
from crmkit.crm.base import Crm
from crmkit.crm.doors import Door
from crmkit.crm.registry import connect
from crmkit.crm.setup import Watch
from crmkit.exceptions import ConfigurationError, NotFound, Unsupported
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Engine, Rule, Sweep
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.service.work import Lane, Worker

if TYPE_CHECKING:
    from crmkit.runtime.service.receiver import Calendar, Gate, Receiver

__all__ = ["Service"]

EVERY_DAY = frozenset(range(1, 8))
log = logging.getLogger("crmkit.service")

Make = Callable[[str], Recipe[Any, Any]]


@dataclass
class _Portal:
    """A portal of the settings, opened."""

    name: str
    config: PortalConfig
    crm: Crm
    recipes: dict[str, Recipe[Any, Any]] = field(default_factory=dict)
    door: Door | None = None

    @property
    def watches(self) -> list[Watch]:
        return [watch for recipe in self.recipes.values() for watch in recipe.watches]


class Service:
    """The recipes of ``[serve]``, run by an engine; with a receiver before it if that is asked for.

    Args:
        config: The settings.
        make: Makes a recipe from the settings; called once for every recipe on every portal.
        engine: The engine; by default one on the database of the ledger. It is started and stopped here.
        work: ``False``: only take events in; other processes work.
        open_portal: Connects to a portal.

    Raises:
        ConfigurationError: ``[serve]`` names no recipe, or something that does not exist.
        Unsupported: A portal lacks something that a recipe requires.
    """

    def __init__(
        self,
        config: Config,
        make: Make,
        *,
        engine: Engine | None = None,
        work: bool = True,
        open_portal: Callable[[PortalConfig], Crm] = connect,
    ) -> None:
        self.config = config
        if not config.serve.recipes:
            raise ConfigurationError(
                f"{_where(config)}: it names no recipe",
                hint="add [serve.recipes.NAME], for example stale_deals",
            )
        with ExitStack() as stack:
            self._portals = {one.name: one for one in _opened(config, make, open_portal, stack)}
            self._ledger = stack.enter_context(Ledger(config.store.url))
            self.engine = engine or open_engine(config.store.url, workers=config.serve.workers, work=work)
            stack.callback(self.engine.stop, 0.0)
            for name, served in config.serve.recipes.items():
                self._add(name, served)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Begin to work."""
        self.engine.start()
        served = {name: sorted(portal.recipes) for name, portal in self._portals.items()}
        deaf = [name for name, portal in self._portals.items() if portal.door is None]
        log.info("started", extra={"facts": {"portals": served, "hear_no_events": deaf}})

    def stop(self) -> bool:
        """Take no more events in, finish what is under way; return whether that was possible in time."""
        ended = self.engine.stop(self.config.serve.grace)
        log.info("stopped", extra={"facts": {"ended": ended}})
        return ended

    def gates(self) -> Mapping[str, Gate]:
        """Return where the requests of the portals come in."""
        from crmkit.runtime.service.receiver import Gate  # noqa: PLC0415  (loads the web application)

        return {
            name: Gate(portal.crm.portal, portal.door)
            for name, portal in self._portals.items()
            if portal.door is not None
        }

    def receiver(self, calendar: Calendar | None = None) -> Receiver:
        """Return the web application; start the service before it takes requests.

        Args:
            calendar: Answers the secret addresses of calendars.
        """
        from crmkit.runtime.service.receiver import Receiver  # noqa: PLC0415  (loads the web application)

        return Receiver(self.engine, self.gates(), calendar=calendar)

    def context(self, portal: str, recipe: str) -> tuple[Context[Any], Recipe[Any, Any]]:
        """Return a recipe that is served on a portal, and what it looks at the portal with.

        Raises:
            NotFound: It is not served there.
        """
        here = self._portals.get(portal)
        made = here.recipes.get(recipe) if here else None
        if here is None or made is None:
            raise NotFound(f"{recipe} is not served on {portal}")
        return Context(here.crm, made.settings, self._ledger, here.config.language), made

    def _add(self, name: str, served: ServedRecipe) -> None:
        portals = [one for one in self._portals.values() if name in one.recipes]
        lanes = {
            one.crm.portal: Lane(one.name, one.crm, one.recipes[name], one.config.language) for one in portals
        }
        kinds = (one.door.kinds(one.recipes[name].watches) for one in portals if one.door is not None)
        rule = Rule(
            name,
            frozenset().union(*kinds),
            portals=frozenset(lanes),
            quiet=timedelta(seconds=served.quiet),
            longest=timedelta(seconds=served.longest),
        )
        self.engine.add(rule, Worker(lanes, self._ledger, self.engine))
        if served.cron:
            for one in portals:
                calendar = WorkCalendar(one.config.zone, working_days=EVERY_DAY)
                self.engine.add_sweep(Sweep(one.crm.portal, name, served.cron, calendar))


def _opened(
    config: Config, make: Make, open_portal: Callable[[PortalConfig], Crm], stack: ExitStack
) -> Iterable[_Portal]:
    """Open the portals on which something is served, with their recipes and doors."""
    wanted = {
        name: [
            recipe for recipe, served in config.serve.recipes.items() if name in (served.portals or (name,))
        ]
        for name in config.portals
    }
    found: dict[tuple[str, str], str] = {}
    for name, recipes in wanted.items():
        if not recipes:
            continue
        settings = config.portal(name)
        portal = _Portal(name, settings, stack.enter_context(open_portal(settings)))
        for recipe in recipes:
            twin = found.setdefault((recipe, portal.crm.portal), name)
            if twin != name:  # what it has done on one it would take for done on the other
                what = f"{_where(config)}.{recipe}: {twin} and {name} are the same portal"
                raise ConfigurationError(what, hint="name one of them: portals = [...]")
            portal.recipes[recipe] = made = make(recipe)
            for capability in sorted(made.requires):
                portal.crm.capabilities.require(capability)
        portal.door = _door(portal)
        yield portal


def _door(portal: _Portal) -> Door | None:
    """Return what reads the events of a portal, ``None`` if it cannot or is not set up to send any."""
    if portal.config.webhook.secret is None:
        return None
    try:
        return portal.crm.door(portal.watches)
    except Unsupported:
        return None


def _where(config: Config) -> str:
    return f"{config.source or 'crmkit.toml'}: serve.recipes"
