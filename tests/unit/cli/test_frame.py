"""What all commands have in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.automation import messages
from crmkit.cli import texts
from crmkit.cli.errors import exit_code
from crmkit.cli.frame import language_of
from crmkit.cli.main import main, program
from crmkit.cli.output import Output
from crmkit.exceptions import (
    AuthenticationError,
    ConfigurationError,
    CrmkitError,
    OutcomeUnknown,
    QuotaExhausted,
    TransportError,
)

SHARED = {"--config", "--portal", "--json", "--lang", "--debug"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_has_the_shared_options() -> None:
    found = dict(commands(program("en")))
    assert {"demo", "init", "doctor", "recipes", "plan", "apply", "undo", "report"} <= {
        path[0] for path in found
    }
    runs = {"list", "show", "retry", "letters", "settle", "export"}
    assert {path[1] for path in found if path[0] == "runs"} == runs
    for path, command in found.items():
        assert {option for parameter in command.params for option in parameter.opts} >= SHARED, path


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_help_text_is_in_the_catalogue(language: messages.Language) -> None:
    for path, command in commands(program(language)):
        assert command.help, path
        helps = [parameter.help or "" for parameter in command.params]
        for told in (command.help, *helps):
            assert not told.startswith("cli."), (path, told)
        is_russian = any("а" <= letter <= "я" for letter in command.help)
        assert is_russian == (language == "ru"), (path, command.help)


def test_both_languages_take_the_same_parameters() -> None:
    import string

    def parameters(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, (russian, english) in texts.TEXTS.items():
        assert parameters(russian) == parameters(english), key


def test_every_text_of_the_program_is_used() -> None:
    from pathlib import Path

    import crmkit.cli

    folder = Path(crmkit.cli.__file__).parent
    code = "".join(
        file.read_text(encoding="utf-8") for file in folder.glob("*.py") if "texts" not in file.name
    )
    composed = ("help.", "demo.", "sandbox.written", "sandbox.paste")
    unused = [key for key in texts.TEXTS if f'{key}"' not in code and not key.startswith(composed)]
    assert unused == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (AuthenticationError("x"), 3),
        (TransportError("x"), 3),
        (QuotaExhausted("x"), 3),
        (OutcomeUnknown("x"), 1),
        (CrmkitError("x"), 1),
        (RuntimeError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("argv", "environment", "system", "language"),
    [
        (["--lang", "ru"], "en", "en_US", "ru"),
        (["--lang=en"], "ru", "ru_RU", "en"),
        ([], "ru", "en_US", "ru"),
        ([], "", "ru_RU", "ru"),
        ([], "", "de_DE", "en"),
        ([], "", None, "en"),
        (["--lang", "fr"], "", "ru_RU", "ru"),
        (["--lang"], "", "", "en"),
    ],
)
def test_the_readers_language(
    argv: list[str], environment: str, system: str | None, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMKIT_LANG", environment)
    monkeypatch.setattr("locale.getlocale", lambda: (system, "UTF-8"))
    assert language_of(argv) == language


def test_an_error_with_json_is_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["type"] == "UsageError"
    assert len(captured.err.splitlines()) == 2


def test_secrets_are_kept_from_all_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output("en", as_json=True)
    out.keep_secret("t0ps3cret")
    out.problem("refused t0ps3cret\nand more", "look at t0ps3cret")
    out.trace("Traceback: t0ps3cret")
    out.failure("Error", "t0ps3cret", "t0ps3cret", 3)
    captured = capsys.readouterr()
    assert "t0ps3cret" not in captured.out + captured.err
    assert captured.err.splitlines()[0] == "Error: refused *** and more"


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("crmkit ")
    assert main([]) == 0
    captured = capsys.readouterr()
    assert (captured.out.startswith("Usage:"), captured.err) == (True, "")
    assert main(["runs", "--help"]) == 0
    assert "retry" in capsys.readouterr().out


def test_help_is_quick_to_come_by() -> None:
    """The ledger's database and the spreadsheets are loaded by the commands that need them."""
    code = "import sys, crmkit.cli.main; print({'sqlalchemy', 'pandas', 'openpyxl'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_seen_enough(options: list[str]) -> None:
    """``crmkit recipes NAME | head -1`` ends without a complaint."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crmkit.cli", "recipes", "stale_deals", *options],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
