"""`arauto config`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from webapp.cli.frame import application, json_option, say_json
from webapp.errors import ArautoError
from webapp.services import configuration


@click.group()
def config() -> None:
    """Apply or export the configuration as a YAML file."""


@config.command("apply")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove what the file does not name.")
@json_option
def apply_file(file: str, dry_run: bool, prune: bool, as_json: bool) -> None:
    """Make the configuration say what FILE says; - is the standard input.

    All or nothing, and a second time changes nothing. What FILE does not name stays as it is, unless --prune is given.
    """
    text = _read(file)
    with application():
        changes = configuration.apply(text, dry_run=dry_run, prune=prune)
        lines = [configuration.describe(change) for change in changes]
    if as_json:
        say_json([{"section": c.section, "name": c.name, "action": c.action, "fields": [*c.fields]} for c in changes])
        return
    for line in lines:
        click.echo(line)
    click.echo(_summary(len(changes), dry_run))


@config.command("export")
@click.option("--output", metavar="FILE", help="Write to FILE, readable for you alone, instead of printing.")
def export_file(output: str | None) -> None:
    """Print the whole configuration as YAML. Secrets are never exported."""
    with application():
        text = configuration.export()
    if output is None or output == "-":
        click.echo(text, nl=False)
    else:
        _write(Path(output), text)


def _summary(count: int, dry_run: bool) -> str:
    if not count:
        return "Nothing to change: the configuration says this already."
    what = f"{count} change{'s' if count > 1 else ''}"
    return f"{what} would be made. Nothing was changed: this was a dry run." if dry_run else f"{what} made."


def _read(file: str) -> bytes | str:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ArautoError(f"{file} cannot be read: {error.strerror}.") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and never for a moment readable to others."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ArautoError(f"{path} cannot be written: {error.strerror}.") from error
