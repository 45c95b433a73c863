"""What holds for every command: help, exit codes, errors in words, a quick start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Arauto
from webapp import VERSION
from webapp.cli import COMMANDS
from webapp.cli.frame import LateCommands
from webapp.config import ROOT


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    group = LateCommands(COMMANDS)
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, child) for child in command.commands]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_explains_itself(bare: Arauto, words: tuple[str, ...]) -> None:
    ended = bare(*words, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: arauto {' '.join(words)}".rstrip())
    assert len(ended.out.splitlines()) > 4


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    group = LateCommands(COMMANDS)
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert " ".join((command.help or "").split("\n\n")[0].split()) == COMMANDS[name].words


def test_version(bare: Arauto) -> None:
    assert bare("--version").out == f"arauto, version {VERSION}\n"


@pytest.mark.parametrize("arguments", [["nosuch"], ["migrate", "--nosuch"], ["message", "show", "x"], ["emit"]])
def test_wrong_usage_is_exit_code_2(bare: Arauto, arguments: list[str]) -> None:
    ended = bare(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Error: " in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["emit", "password.changed", "--title", "x"],
        ["message", "list"],
        ["config", "export"],
        ["token", "create", "t"],
        ["user", "create", "u", "--role", "viewer"],
        ["drain", "--once"],
        ["send-test", "Relay", "--to", "a@corp.example"],
        ["serve"],
        ["worker"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_database_without_tables_is_refused_with_what_to_run(bare: Arauto, arguments: list[str]) -> None:
    ended = bare(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "The database has no tables yet. Run: arauto migrate\n"


def test_a_wrong_setting_is_named(bare: Arauto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARAUTO_JOBS", "perhaps")
    ended = bare("migrate")
    assert (ended.code, ended.err) == (1, "ARAUTO_JOBS is not usable: say on or off.\n")


def test_a_database_that_is_not_there_is_told_in_words(bare: Arauto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARAUTO_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    ended = bare("migrate")
    assert ended.code == 1
    assert ended.err.startswith("The database did not answer as it should: ")
    assert "Traceback" not in ended.err


def test_an_unexpected_error_shows_no_traceback_unless_asked(arauto: Arauto, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("webapp.services.tokens.create", broken)
    ended = arauto("token", "create", "t")
    assert ended.code == 1
    assert "KeyError: 'a bug'" in ended.err
    assert "Traceback" not in ended.err
    with pytest.raises(KeyError):
        arauto("--debug", "token", "create", "t")


def test_help_imports_nothing_heavy() -> None:
    heavy = "('flask', 'sqlalchemy', 'rich')"
    script = f"import sys; from webapp.cli import main; print([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_no_command_but_migrate_waits_for_the_tools_of_migrations(tmp_path: Path) -> None:
    script = "import sys, wsgi, webapp.cli.serving; print('alembic' in sys.modules)"
    environ = {**os.environ, "ARAUTO_DATA_DIR": str(tmp_path), "ARAUTO_JOBS": "off"}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "False"


def test_the_console_script_is_installed() -> None:
    ended = subprocess.run(
        [Path(sys.executable).with_name("arauto"), "--version"], capture_output=True, text=True, check=True
    )
    assert ended.stdout == f"arauto, version {VERSION}\n"
