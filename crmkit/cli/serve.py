"""``crmkit serve`` and ``crmkit worker``: the service."""

from __future__ import annotations

import importlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmkit.cli.errors import DONE, SOME_FAILED
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError
from crmkit.reports.calendar import feed

if TYPE_CHECKING:
    from crmkit.runtime.service import Service

__all__ = ["TURN", "register"]

LOOK_EVERY = 30.0
"""Seconds between two looks at the health of the service."""
BACKLOG = 2048
TURN = 0.0005
"""Seconds after which a thread lets another one run. With Python's own 5 ms an answer waits for the threads
that work: by tests/benchmarks/service_load.py 99 % of the answers came within 140 ms instead of 25."""


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "serve")
    def serve(
        session: Session,
        *,
        host: Annotated[str, typer.Option("--host", help="cli.option.host", show_default=False)] = "",
        port: Annotated[
            int | None,
            typer.Option("--port", min=0, max=65535, help="cli.option.serve_port", show_default=False),
        ] = None,
        receive_only: Annotated[bool, typer.Option("--receive-only", help="cli.option.receive_only")] = False,
    ) -> int:
        web, settings = _module("uvicorn"), session.config.serve
        with (
            _service(session, work=not receive_only) as service,
            _listening(host or settings.host, settings.port if port is None else port) as listener,
        ):
            options = {"log_config": None, "access_log": False, "server_header": False, "lifespan": "off"}
            grace = int(settings.grace) + 1
            server = web.Server(
                web.Config(
                    service.receiver(_calendar(session, service)).app,
                    **options,
                    timeout_graceful_shutdown=grace,
                )
            )

            def end() -> None:
                server.should_exit = True

            with _running(service, end) as problems:
                session.out.note("serve.listens", address=_shown(listener))
                server.run(sockets=[listener])
            return SOME_FAILED if problems else DONE

    @command(app, "worker")
    def worker(session: Session) -> int:
        wanted = threading.Event()
        with _service(session) as service, _running(service, wanted.set) as problems:
            session.out.note("worker.works")
            wanted.wait()
        return SOME_FAILED if problems else DONE


@contextmanager
def _service(session: Session, *, work: bool = True) -> Iterator[Service]:
    """Open the service, with its log as lines of JSON on stderr."""
    from crmkit.runtime.service import Service, logging_to  # noqa: PLC0415  (loads SQLAlchemy)

    config, out = session.config, session.out
    for name in config.portals:
        portal = config.portal(name)
        with suppress(ConfigurationError):  # who serves it says so in a better place
            out.keep_secret(portal.secret().get_secret_value())
            out.keep_secret(portal.webhook_secret().get_secret_value())
    with logging_to(out.scrub), Service(config, session.recipe, work=work) as service:
        yield service


def _calendar(session: Session, service: Service) -> Callable[..., bytes] | None:
    """Return what answers the secret addresses of calendars, if the settings have a secret for them."""
    settings = session.config.calendar
    if settings.secret is None:
        return None
    secret = settings.secret.read(session.config.source.parent if session.config.source else Path())
    session.out.keep_secret(secret.get_secret_value())

    def answer(portal: str, recipe: str, token: str) -> bytes:
        ctx, made = service.context(portal, recipe)
        return feed(ctx, token, made, secret=secret.get_secret_value(), revoked=settings.revoked)

    return answer


@contextmanager
def _running(service: Service, end: Callable[[], None]) -> Iterator[list[str]]:
    """Run the service until the end; ``end`` is called on a signal, or when something is wrong for good.

    Yields:
        What was wrong, if anything.
    """
    problems: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_EVERY):
            health = service.engine.health()
            if not health.ok:
                problems.append(health.problem)
                end()
                return

    with _signals(end), _quick_turns():
        service.start()
        watcher = threading.Thread(target=watch, name="crmkit-health")
        watcher.start()
        try:
            yield problems
        finally:
            over.set()
            watcher.join()
            if not service.stop():
                problems.append("not all of it came to its end")


@contextmanager
def _quick_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    """Let signals end the service instead of the process."""
    before = {one: signal.signal(one, lambda *_: end()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the port, before anything else begins."""
    problem, listener = "", None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if listener is None:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {problem}", hint="choose another one: --host, --port or [serve]"
        )
    with listener:
        yield listener


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name
    raise ConfigurationError(f"the service needs {missing}", hint='pip install "crmkit[serve]"')
