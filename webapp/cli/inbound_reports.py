"""`arauto inbound list`, `show` and `process`: what came in, on a terminal; and `suppressed` and `lift`."""

from __future__ import annotations

from typing import Any

import click
from flask_babel import gettext as _

from webapp.cli import message_table
from webapp.cli.frame import application, json_option, one_line, say_json
from webapp.cli.messages import ID, Moment
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.queries import inbound, plain, suppressed
from webapp.services.inbox import accounts, processing, suppression

COLUMNS = ("account", "kind", "from", "subject", "effect", "state", "error")


@click.command("list")
@click.option("--account", help="Only of this inbox account.")
@click.option("--kind", type=click.Choice(inbound.KINDS), help="Only mail of this kind.")
@click.option("--state", type=click.Choice([state.value for state in inbound.STATES]), help="Only in this state.")
@click.option("--answers", type=ID, help="Only what answers this message.")
@click.option("--text", help="Only with these words in sender or subject.")
@click.option("--since", type=Moment(), help="Only received at this time or later.")
@click.option("--until", type=Moment(), help="Only received before this time.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
@click.option("--after", metavar="CURSOR", help="Go on where a list ended.")
@json_option
def list_inbound(limit: int, after: str | None, as_json: bool, **filters: Any) -> None:
    """List mail that came in, the newest first."""
    named = {name: value for name, value in filters.items() if value is not None}
    with application():
        if "account" in named:
            accounts.numbered(db.session(), named["account"])  # a name with a slip is not an empty mailbox
        page = inbound.page(db.session(), inbound.Filters(**named), limit=limit, after=after)
        items = [plain.inbound(row) for row in page.items]
    if as_json:
        say_json({"items": items, "next": page.next})
        return
    if not items:
        click.echo("No mail came in.", err=True)
        return
    message_table.show(items, "received_at", COLUMNS)
    if page.next:
        click.echo(f"More: --after {page.next}", err=True)


@click.command("show")
@click.argument("id", type=ID)
@json_option
def show_inbound(id: int, as_json: bool) -> None:
    """Show the inbound message ID, and what it did."""
    with application():
        shown = plain.inbound_detail(inbound.get(db.session(), id))
    if as_json:
        say_json(shown)
        return
    for line in message_table.fields(
        {**shown, "detail": "", "defects": ", ".join(shown["defects"]), **shown["detail"]}
    ):
        click.echo(line)


@click.command("process")
@click.argument("id", type=ID)
@json_option
def process_inbound(id: int, as_json: bool) -> None:
    """Process the inbound message ID again, which is held."""
    with application():
        state = processing.process_again(id)
        shown = plain.inbound_detail(inbound.get(db.session(), id))
    if as_json:
        say_json(shown)
    else:
        click.echo(f"Inbound message {id} is {state.value}. {shown['error'] or shown['effect']}")


@click.command("suppressed")
@json_option
def suppressed_inbound(as_json: bool) -> None:
    """List the addresses that nothing is sent to, because mail to them came back."""
    with application():
        items = [plain.suppressed(row) for row in suppressed.newest(db.session(), most=None)]
    if as_json:
        say_json({"items": items})
        return
    if not items:
        click.echo("No address is suppressed.", err=True)
    for item in items:
        click.echo("  ".join(one_line(item[name]) for name in ("since", "address", "status", "words") if item[name]))


@click.command("lift")
@click.argument("address")
def lift_inbound(address: str) -> None:
    """Send to ADDRESS again."""
    with application():
        if not suppression.lift(address):
            raise NotFound(_("%(address)s is not suppressed: mail is sent to it.", address=address))
    click.echo(f"Mail is sent to {address} again.")
