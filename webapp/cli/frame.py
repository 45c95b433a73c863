"""What all commands share: late imports, the application, answers on stdout, and errors in words on stderr."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from webapp import VERSION, starting
from webapp.errors import ArautoError, InvalidInput

if TYPE_CHECKING:
    from flask import Flask


@dataclass(frozen=True, slots=True)
class Row:
    """Where a command lives (a module of this package, which names it as the command does), and what it does."""

    module: str
    words: str


class LateCommands(click.Group):
    """Imports a command's module when it is called, so that `--help` need not wait for all of them."""

    def __init__(self, rows: Mapping[str, Row], **settings: Any):
        super().__init__(**settings)
        self._rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = self._rows.get(cmd_name)
        if row is None:
            return None
        with starting():
            module = import_module(f"webapp.cli.{row.module}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        command.help = command.help or row.words
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.words) for name, row in self._rows.items()])


def command_line(rows: Mapping[str, Row]) -> Callable[[], None]:
    """The console script: runs the command named on the command line and ends the process."""

    @click.group(cls=LateCommands, rows=rows, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(VERSION, prog_name="arauto")
    @click.option("--debug", is_flag=True, help="Show where in the program an unexpected error came from.")
    def arauto(debug: bool) -> None:
        """Arauto: tells the right people what happened, and proves it.

        Settings come from the environment (ARAUTO_DATA_DIR, ARAUTO_DATABASE_URL and others).
        """

    def main() -> None:
        os.umask(0o077)
        try:
            arauto(prog_name="arauto")
        except ArautoError as error:
            fail(error)
        except Exception as error:
            if "--debug" in sys.argv[1:2]:
                raise
            fail(_unexpected(error))

    return main


def _unexpected(error: Exception) -> str:
    """Words for an error that no service put into words."""
    origin = getattr(error, "orig", None)
    if origin is not None:
        return f"The database did not answer as it should: {one_line(origin).rstrip('.')}. Run: arauto check"
    if isinstance(error, OSError):
        return f"The operating system refused it: {one_line(error).rstrip('.')}."
    return (
        f"Arauto met an error that it did not expect: {type(error).__name__}: {one_line(error).rstrip('.')}. "
        "Run it again as `arauto --debug …` and report what it prints."
    )


def one_line(value: object) -> str:
    """The text of anything on one line; what would steer the terminal is shown as escapes."""
    line = " ".join(str(value).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def fail(error: ArautoError | str) -> NoReturn:
    """Say on stderr what is wrong, one problem a line, and end with exit code 1."""
    lines = error.problems if isinstance(error, InvalidInput) else [error]
    for line in lines:
        click.echo(str(line), err=True)
    sys.exit(1)


@contextmanager
def application(*, logs: int = logging.WARNING) -> Iterator[Flask]:
    """The application without pages, its context pushed. Raises SchemaBehind unless the database is at our schema."""
    from webapp import create_core
    from webapp.services import schema

    app = create_core()
    logging.getLogger().setLevel(logs)
    schema.require_current(app.config["SQLALCHEMY_DATABASE_URI"])
    with app.app_context():
        act_as_operator()
        yield app


def act_as_operator() -> None:
    """What this command does, the operating system's user does. The environment is not asked: it can say anybody."""
    import pwd

    from webapp.services.actor import Actor, act_as

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    act_as(Actor("command", name, socket.gethostname()))


def standard_input() -> str:
    """All of the standard input, as text."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArautoError("The standard input is not text in UTF-8.") from error


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def say_json(value: object) -> None:
    """Print a value as JSON; times become RFC 3339."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
