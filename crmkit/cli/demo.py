"""``crmkit demo``: the whole life of a stale-deal return on a sandbox, figures read back from it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.rule import Rule
from rich.text import Text

from crmkit.automation.messages import LANGUAGES
from crmkit.automation.show import duration, plan_view
from crmkit.cli.errors import DONE, SOME_FAILED
from crmkit.cli.frame import command
from crmkit.cli.output import Output
from crmkit.cli.sandbox import seed_of, share_of_stalled
from crmkit.cli.session import Session

__all__ = ["register"]

FEWEST = 100
FAST = 200


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "demo")
    def demo(
        session: Session,
        *,
        deals: Annotated[int, typer.Option("--deals", min=FEWEST, help="cli.option.deals")] = 2000,
        fast: Annotated[bool, typer.Option("--fast", help="cli.option.fast")] = False,
    ) -> int:
        from crmkit.cli.demo_story import SCENES, staged  # noqa: PLC0415  (loads SQLAlchemy)

        out, began, deals = session.out, time.monotonic(), FAST if fast else deals
        out.say("demo.title", style="bold")
        out.say("demo.intro", style="dim")
        scenes = []
        seed = seed_of(share_of_stalled(deals))
        with staged(deals, seed, lambda total: out.progress("progress.apply", total)) as story:
            for play in SCENES:
                scenes.append(play(story))
                _show(out, scenes[-1])
        checks = [check for scene in scenes for check in scene.checks]
        wrong = sum(not check.ok for check in checks)
        _end(out, len(checks), wrong, time.monotonic() - began)
        out.document(
            {
                "deals": deals,
                "scenes": [_plain(scene) for scene in scenes],
                "checks": len(checks),
                "wrong": wrong,
            }
        )
        return SOME_FAILED if wrong else DONE


def _show(out: Output, scene: Any) -> None:
    """Print a scene: when, what happened, what was checked."""
    out.show()
    head = out.text(f"demo.{scene.name}.head", at=scene.at)
    out.show(Rule(Text(head, style="bold cyan"), align="left", style="dim"))
    if scene.carried_out:
        out.show(plan_view(scene.carried_out, out.language, 1))
        out.show()
    out.show(out.text(f"demo.{scene.name}.text", **_spoken(out, scene.figures)))
    if scene.plan:
        out.show()
        out.show(plan_view(scene.plan, out.language, 4))
    if scene.results:
        _show_report(out, scene.results)
    if scene.checks:
        out.show()
    for check in scene.checks:
        expected, found = check.counts()
        mark = Text("  ✓ ", style="green") if check.ok else Text("  ✗ ", style="bold red")
        said = Text(out.text(f"demo.check.{check.name}", expected=expected, found=found))
        out.show(Text.assemble(mark, said if check.ok else Text.assemble(said, f" ({expected} ≠ {found})")))


def _show_report(out: Output, results: Any) -> None:
    """Print the same report in both languages."""
    for language in LANGUAGES:
        out.show(Text(f"\n{out.text(f'demo.report.{language}')}", style="bold"))
        for line in results.summary():
            if not line.key.endswith(".manager"):
                out.show(f"  {line.render(language)}")


def _end(out: Output, checks: int, wrong: int, seconds: float) -> None:
    out.show()
    out.show(Rule(style="dim"))
    if wrong:
        out.say("demo.wrong", wrong=wrong, checks=checks, style="bold red")
    else:
        out.say("demo.end", checks=checks, time=duration(seconds, out.language), style="bold green")
    out.say("demo.next", style="dim")


def _spoken(out: Output, figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures as a text of the catalogue takes them."""
    spoken = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    spoken |= figures.get("excluded", {})
    if "seconds" in figures:
        spoken["time"] = duration(figures["seconds"], out.language)
    return spoken


def _plain(scene: Any) -> dict[str, Any]:
    checks = []
    for check in scene.checks:
        expected, found = check.counts()
        checks.append({"name": check.name, "ok": check.ok, "expected": expected, "found": found})
    return {"name": scene.name, "at": scene.at.isoformat(), "figures": scene.figures, "checks": checks}
