"""`arauto inbound`. Classifying needs neither application nor database: only the mail room is imported for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from webapp.cli.frame import json_option, one_line
from webapp.mail.classify import Reading
from webapp.mail.classify import classify as classified
from webapp.mail.mime import LARGEST


class _Reports(click.Group):
    """Reports need the application; it is loaded only when one of them is asked for."""

    NAMES = ("lift", "list", "process", "show", "suppressed")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), *self.NAMES))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.NAMES:
            return super().get_command(ctx, cmd_name)
        from webapp.cli import inbound_reports

        command: click.Command = getattr(inbound_reports, f"{cmd_name}_inbound")
        return command


@click.group(cls=_Reports)
def inbound() -> None:
    """Mail that comes in: list, show, process again, or say what a file would be."""


@inbound.command("classify")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def classify_files(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what the mail in each FILE would be: a bounce, a reply, …

    Works offline and without database. The answer is one line of JSON for each file, with or without --json. A file
    that cannot be read is named, and the exit code is 1 in the end.
    """
    unreadable = False
    for file in files:
        try:
            with file.open("rb") as opened:
                raw = opened.read(LARGEST + 1)
        except OSError as error:
            click.echo(f"{one_line(file)}: {error.strerror or one_line(error)}.", err=True)
            unreadable = True
            continue
        name = os.fsencode(file).decode("utf-8", "replace")
        click.echo(json.dumps({"file": name, **told(classified(raw))}, ensure_ascii=False))
    sys.exit(1 if unreadable else 0)


def told(reading: Reading) -> dict[str, Any]:
    """What is said of a mail, in plain values."""
    return {
        "kind": reading.kind,
        "recipients": [
            {
                "address": recipient.address,
                "status": recipient.status,
                "permanent": recipient.permanent,
                "diagnostic": recipient.diagnostic,
            }
            for recipient in reading.recipients
        ],
        "reply_text": reading.reply_text,
        "defects": list(reading.defects),
    }
