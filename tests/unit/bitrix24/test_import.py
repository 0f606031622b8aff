"""The client is there quickly: what importing it must not bring along."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crmkit.bitrix24

HEAVY = {
    *("alembic", "asyncio", "dbos", "keyring", "openpyxl", "pandas", "pydantic_settings", "rich"),
    *("sqlalchemy", "tomllib", "typer"),
    *(f"crmkit.{name}" for name in ("automation", "cli", "config", "crm", "planfix", "reports", "runtime")),
    *("crmkit.sandbox", "crmkit.testing", "crmkit.bitrix24.catalogue"),
}
AT_FIRST_USE = {
    "pydantic.main",
    *(f"crmkit.bitrix24.{name}" for name in ("batch", "events", "fields", "filters", "lists", "models")),
    *(f"crmkit.bitrix24.{name}" for name in ("outcomes", "parcel", "resources.items", "tokens", "v3")),
}
"""What a client has that was not used yet: models are the most of what an import costs."""
USED = """
from crmkit.bitrix24 import Deal, Task
with b24:
    b24.deals, b24.tasks
facts = Deal.__pydantic_complete__ or Task.__pydantic_complete__
"""


def loaded(then: str = "facts = None") -> tuple[set[str], Any]:
    made = 'from crmkit import Bitrix24\nb24 = Bitrix24("https://acme.bitrix24.ru/rest/1/s3cretk3y/")'
    code = f"import json, sys\n{made}\n{then}\nb24.close()\nprint(json.dumps([sorted(sys.modules), facts]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, facts = json.loads(run.stdout)
    return set(names), facts


def test_a_client_loads_nothing_that_it_does_not_use() -> None:
    names, _ = loaded()
    assert (HEAVY | AT_FIRST_USE) & names == set()
    own = sorted(name for name in names if name.startswith("crmkit"))
    assert len(own) < 35, own


def test_what_is_used_is_loaded_but_not_yet_built() -> None:
    names, built = loaded(USED)
    assert HEAVY & names == set()
    assert {"crmkit.bitrix24.models", "crmkit.bitrix24.resources.items"} <= names
    assert not built, "a model is built when its first row comes"
    own = sorted(name for name in names if name.startswith("crmkit"))
    assert len(own) < 60, own


def test_the_names_that_are_loaded_late_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(Path(str(crmkit.bitrix24.__file__)).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("crmkit.")
        for alias in node.names
    }
    assert seen == crmkit.bitrix24._LAZY
    assert sorted(seen) == sorted(crmkit.bitrix24.__all__)
    for name in crmkit.bitrix24.__all__:
        assert getattr(crmkit.bitrix24, name) is not None
    assert set(crmkit.bitrix24.__all__) <= set(dir(crmkit.bitrix24))
    with pytest.raises(AttributeError, match="no attribute 'Dael'"):
        _ = crmkit.bitrix24.Dael  # type: ignore[attr-defined]
