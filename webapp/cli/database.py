"""`arauto migrate`."""

from __future__ import annotations

import logging

import click

from webapp import create_core
from webapp.cli.frame import act_as_operator
from webapp.services import first_start, schema


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version; make what a first start needs.

    Makes the keys in the data folder, and the first administrator `admin` when there is no user yet. Several nodes
    may migrate at once: one does it, the others wait.
    """
    app = create_core()
    logging.getLogger().setLevel(logging.WARNING)
    before, after = schema.upgrade(app.config["SQLALCHEMY_DATABASE_URI"])
    click.echo(_what(before, after))
    with app.app_context():
        act_as_operator()
        made = first_start.ensure_administrator()
    if made is not None:
        click.echo(f"First sign-in: {made.name} / {made.password or 'the password in ARAUTO_ADMIN_PASSWORD'}")


def _what(before: str | None, after: str) -> str:
    if before == after:
        return f"The database is at schema {after}: nothing to do."
    return f"The database is now at schema {after}{f' (it was at {before})' if before else ''}."
