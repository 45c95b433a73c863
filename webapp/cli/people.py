"""`arauto user` and `arauto token`."""

from __future__ import annotations

import click

from webapp.cli.frame import application, standard_input
from webapp.services import first_password, people, tokens


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("create")
@click.argument("name")
@click.option("--role", required=True, help="What the user may do: viewer, operator or admin.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of the standard input.")
def create_user(name: str, role: str, password_stdin: bool) -> None:
    """Make a user NAME.

    Without --password-stdin a password is made and printed, alone on the standard output.
    """
    password = standard_input().partition("\n")[0].rstrip("\r") if password_stdin else None
    with application():
        made = first_password.generate() if password is None else password
        people.create(name, made, role)
    if password is None:
        click.echo(made)


@click.group()
def token() -> None:
    """Tokens that programs sign their HTTP calls with."""


@token.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="What the token may do (events:write, messages:write, requests:write, read, admin); may be repeated.",
)
def create_token(name: str, scopes: tuple[str, ...]) -> None:
    """Make a token NAME and print it, alone on the standard output.

    This is the only time that it is shown. Without --scope it may do all but admin.
    """
    with application():
        click.echo(tokens.create(name, scopes))
