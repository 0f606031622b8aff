"""The client is there quickly: what importing it must not bring along."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    *("alembic", "asyncio", "dbos", "keyring", "openpyxl", "pandas", "pydantic_settings", "rich"),
    *("sqlalchemy", "tomllib", "typer"),
    *(f"crmkit.{name}" for name in ("automation", "cli", "config", "crm", "planfix", "reports", "runtime")),
    *("crmkit.sandbox", "crmkit.testing", "crmkit.bitrix24.catalogue"),
}
CODE = """
import json, sys
from crmkit import Bitrix24
from crmkit.bitrix24 import Deal, Task
with Bitrix24("https://acme.bitrix24.ru/rest/1/s3cretk3y/") as b24:
    b24.deals, b24.tasks
print(json.dumps([sorted(sys.modules), Deal.__pydantic_complete__ or Task.__pydantic_complete__]))
"""


def test_a_client_loads_nothing_that_it_does_not_use() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    loaded, built = json.loads(run.stdout)
    assert HEAVY & set(loaded) == set()
    assert not built, "a model is built when its first row comes"
    own = [name for name in loaded if name.startswith("crmkit")]
    assert len(own) < 60, own
