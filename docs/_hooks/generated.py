"""Writes the pages made from code: ``python docs/_hooks/generated.py``. A test keeps them current."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmkit.automation.recipe import Recipe
from crmkit.cli.main import program
from crmkit.crm.adapters.bitrix24.capabilities import CAPABILITIES as BITRIX24
from crmkit.crm.adapters.planfix.capabilities import CAPABILITIES as PLANFIX
from crmkit.crm.capabilities import Capability
from crmkit.planfix import operations
from recipes.auto_deal import AutoDeal
from recipes.bulk_bp import BulkBp
from recipes.bulk_bp.satellites import (
    BulkBpCalls,
    BulkBpHandover,
    BulkBpRefusals,
    BulkBpRoles,
    BulkBpSpaces,
)
from recipes.lost_client import LostClient
from recipes.next_step import NextStep
from recipes.stale_deals import StaleDeals

DOCS = Path(__file__).parents[1]
NOTICE = "<!-- Made by docs/_hooks/generated.py; do not edit. -->\n"
RECIPES: dict[type[Recipe[Any, Any]], str] = {
    StaleDeals: "warn_after=10",
    AutoDeal: "mode=monthly",
    LostClient: "lookback_days=90",
    NextStep: "noise=card",
    BulkBp: "released=1",
    BulkBpCalls: "daily_cap=50",
    BulkBpRefusals: "repeat=each",
    BulkBpHandover: "days=2",
    BulkBpSpaces: "resend_days=14",
    BulkBpRoles: "adding=true",
}
"""Whose settings have a page, with an example of one."""
PROVIDERS = (PLANFIX, BITRIX24)


def cli_page() -> str:
    """Return the reference of the program's commands."""
    english, russian = program("en"), program("ru")
    commands = "\n".join(_command(("crmkit", name), one) for name, one in english.commands.items())
    return f"""{NOTICE}
# Commands

{english.help}

{russian.help}

Every command takes `--config FILE`, `--portal NAME`, `--json`, `--lang ru|en` and `--debug`.

| exit code | meaning |
|---|---|
| 0 | all done |
| 1 | some items failed; the rest is done, and `crmkit runs retry RUN` tries again |
| 2 | wrong usage or configuration; nothing was written |
| 3 | the portal is out of reach, refused the credentials or has no requests left |
| 130 | interrupted; what was done is in the ledger |

{commands}"""


def capabilities_page() -> str:
    """Return what each provider can do, from the capability objects of the adapters."""
    names = " | ".join(one.provider for one in PROVIDERS)
    rows = "\n".join(_row(capability) for capability in Capability)
    return f"""{NOTICE}
# What each provider can do

Recipes name the capabilities they need; `crmkit doctor` tells which are missing. "Yes" means that the adapter
does it, tested against the sandbox; nothing here was verified on a live portal.

| capability | {names} | limits and reasons |
|---|{"---|" * len(PROVIDERS)}---|
{rows}
"""


def settings_page(recipe: type[Recipe[Any, Any]], example: str) -> str:
    """Return the settings of a recipe, and how one of them is given for once."""
    properties = recipe.settings_type.model_json_schema()["properties"]
    rows = "\n".join(_setting(name, schema) for name, schema in properties.items())
    return f"""{NOTICE}
# Settings of {recipe.name.replace("_", " ")}

In `[recipes.{recipe.name}]` of `crmkit.toml`, or for once: `crmkit plan {recipe.name} --set {example}`.

| setting | default | meaning |
|---|---|---|
{rows}
"""


def operations_page() -> str:
    """Return every operation of the Planfix API and what it is called here."""
    return f"""{NOTICE}
# Planfix operations

All {len(operations.OPERATIONS)} operations of the vendor's description (version 1.6.9), as methods of
`crmkit.Planfix`. What is newer goes through `planfix.call(verb, path, json)`.

After a lost answer a `read` and an `idempotent` operation are repeated, a `write` never is: it ends as
`OutcomeUnknown`, and a key or a look tells what became of it. The scope is the one that the token needs most
likely; the vendor does not say it operation by operation.

{operations.table()}
"""


def pages() -> dict[Path, str]:
    """Return every generated page with its text."""
    return {
        DOCS / "reference" / "cli.md": cli_page(),
        DOCS / "providers" / "capabilities.md": capabilities_page(),
        DOCS / "providers" / "planfix-operations.md": operations_page(),
        **{
            DOCS / "recipes" / f"{recipe.name}-settings.md": settings_page(recipe, example)
            for recipe, example in RECIPES.items()
        },
    }


def _row(capability: Capability) -> str:
    marks = " | ".join("yes" if capability in one else "no" for one in PROVIDERS)
    told = (f"{one.provider}: {one.reasons[capability]}" for one in PROVIDERS if capability in one.reasons)
    reasons = "<br>".join(told)
    return f"| `{capability}` | {marks} | {reasons} |"


def _setting(name: str, schema: dict[str, Any]) -> str:
    default = f"`{json.dumps(schema['default'], ensure_ascii=False)}`" if "default" in schema else "(needed)"
    return f"| `{name}` | {default} | {schema['description'].replace('|', '/')} |"


def _command(path: tuple[str, ...], command: Any) -> str:
    if children := getattr(command, "commands", None):
        return "\n".join(_command((*path, name), child) for name, child in children.items())
    options = "\n".join(_options(command))
    arguments = " ".join(_argument(one) for one in command.params if one.param_type_name == "argument")
    call = f"{' '.join((*path, arguments))}".strip()
    return f"## {' '.join(path)}\n\n{command.help}\n\n```console\n{call}\n```\n\n{options}\n"


def _argument(parameter: Any) -> str:
    name = parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _options(command: Any) -> Iterator[str]:
    shared = {"config", "portal", "as_json", "lang", "debug", "help"}
    rows = [one for one in command.params if one.name not in shared]
    if rows:
        yield "| | |\n|---|---|"
    for one in rows:
        name = (
            ", ".join(f"`{word}`" for word in one.opts) if one.param_type_name == "option" else _argument(one)
        )
        yield f"| {name} | {one.help} |"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
