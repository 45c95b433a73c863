"""`arauto migrate`."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from webapp import create_core, migrations
from webapp.extensions import db
from webapp.services import first_start, schema


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version; make what a first start needs.

    Makes the keys in the data folder, and the first administrator `admin` when there is no user yet. Several nodes
    may migrate at once: one does it, the others wait.
    """
    app = create_core()
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        before, after = schema.upgrade(db.engine, Path(migrations.__path__[0]))
        click.echo(_what(before, after))
        made = first_start.ensure_administrator()
        if made is not None:
            click.echo(made.words)


def _what(before: str | None, after: str) -> str:
    if before == after:
        return f"The database is at schema {after}: nothing to do."
    return f"The database is now at schema {after}{f' (before: {before})' if before else ''}."
