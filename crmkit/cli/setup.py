"""``crmkit setup``: tells what a person sets up in the portal so that it calls us when something happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from crmkit.automation.messages import register as add_texts
from crmkit.automation.messages import text
from crmkit.cli import finder
from crmkit.cli.errors import DONE, USAGE
from crmkit.cli.frame import command
from crmkit.cli.handler_secret import HandlerSecret, secret_of
from crmkit.cli.session import Session
from crmkit.crm.setup import SECRET, Call, Guide, Handler, Line

__all__ = ["register"]

Proof = Literal["path", "header", "hmac"]
Shown = tuple[str, dict[str, Any]]
STATES = {
    "kept": "setup.secret.kept",
    "written": "setup.secret.written",
    "unset": "setup.secret.unset",
    "portal": "setup.secret.portal",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "setup")
    def setup(
        session: Session,
        recipe: Annotated[str, typer.Argument(help="cli.argument.recipe")],
        *,
        url: Annotated[str, typer.Option("--url", help="cli.option.handler_url", show_default=False)] = "",
        show_secret: Annotated[bool, typer.Option("--show-secret", help="cli.option.show_secret")] = False,
    ) -> int:
        kind, portal = finder.find(recipe), session.portal
        settings = portal.webhook
        address = (url or settings.url or f"https://YOUR-SERVER/hooks/{portal.name or 'main'}").rstrip("/")
        handler = Handler(address, settings.proof)
        with session.out.progress("progress.check"):
            guide = session.crm.setup_guide(kind.watches, handler) if kind.watches else Guide(())
        add_texts(guide.texts or {"ru": {}, "en": {}})
        secret = secret_of(session, by_portal=guide.secret_by_portal) if guide.calls else None
        session.out.document(_document(session, recipe, handler, guide, secret, show=show_secret))
        for line in _lines(session, recipe, guide, secret, show=show_secret):
            session.out.raw(f"{line}\n")
        return USAGE if guide.missing else DONE


def _document(
    session: Session, recipe: str, handler: Handler, guide: Guide, secret: HandlerSecret | None, *, show: bool
) -> dict[str, Any]:
    return {
        "portal": session.portal.name,
        "provider": session.crm.provider,
        "recipe": recipe,
        "url": handler.url,
        "proof": handler.proof,
        "secret": secret.document(show=show) if secret else None,
        "calls": [_call(session, call, secret, show=show) for call in guide.calls],
        "missing": [_said(session, line) for line in guide.missing],
        "remarks": [_said(session, line) for line in guide.remarks],
    }


def _call(session: Session, call: Call, secret: HandlerSecret | None, *, show: bool) -> dict[str, Any]:
    shown = secret.value if secret and show and secret.value else SECRET
    return {
        "event": call.event,
        "steps": [_said(session, line) for line in call.steps],
        "method": call.method,
        "url": call.url.replace(SECRET, shown),
        "headers": {name: value.replace(SECRET, shown) for name, value in call.headers.items()},
        "form": dict(call.form),
        "json": call.template,
    }


def _lines(
    session: Session, recipe: str, guide: Guide, secret: HandlerSecret | None, *, show: bool
) -> Iterator[str]:
    say = session.out.text
    yield say("setup.portal", portal=session.portal.name, provider=session.crm.provider, recipe=recipe)
    if not guide.calls and not guide.missing:
        yield say("setup.nothing", recipe=recipe)
    for number, call in enumerate(guide.calls, start=1):
        made = _call(session, call, secret, show=show)
        yield ""
        yield say("setup.call", number=number, count=len(guide.calls), event=call.event)
        yield from (f"  {place}. {step}" for place, step in enumerate(made["steps"], start=1))
        if call.template:
            yield say("setup.json") if call.form else say("setup.calls")
            yield from (f"    {line}" for line in call.template.splitlines())
    yield from _problems(session, guide)
    if secret:
        yield ""
        yield from (say(key, **params) for key, params in _about(secret, show=show))
        if "YOUR-SERVER" in guide.calls[0].url:
            yield say("setup.address", section=session.portal.where("webhook.url"))


def _problems(session: Session, guide: Guide) -> Iterator[str]:
    for key, mark, lines in (("setup.missing", "✗", guide.missing), ("setup.remarks", "·", guide.remarks)):
        if lines:
            yield ""
            yield session.out.text(key)
            yield from (f"  {mark} {_said(session, line)}" for line in lines)


def _about(secret: HandlerSecret, *, show: bool) -> Iterator[Shown]:
    """Tell where the secret is, and the secret itself if that is asked for."""
    yield STATES[secret.state], {"place": secret.reference}
    if not secret.configured:
        yield "setup.secret.bind", {"where": secret.where, "reference": secret.reference}
    if secret.value:
        yield ("setup.secret.is", {"secret": secret.value}) if show else ("setup.secret.hidden", {})


def _said(session: Session, line: Line) -> str:
    return text(line.key, session.out.language, **line.params)
