"""``crmkit models pull`` writes a module with the fields of the account."""

from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_the_module_is_written_once(run: Run, tmp_path: Path) -> None:
    answer = run("models", "pull", "--out", "fields.py")
    assert answer.code == 0
    text = (tmp_path / "fields.py").read_text(encoding="utf-8")
    assert "sostoyanie_vozvrata: Annotated[TaskSostoyanieVozvrata | str | None" in text
    assert "= custom(101)" in text
    compile(text, "fields.py", "exec")
    again = run("models", "pull", "--out", "fields.py")
    assert (again.code, again.error) == (2, "Error: fields.py is already there")
    document = run("models", "pull", "-o", "fields.py", "--force", "--json").json
    assert document["written"] == "fields.py"
    assert document["fields"] >= 9
