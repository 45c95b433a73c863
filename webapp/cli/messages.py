"""`arauto message`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from webapp.cli import message_table
from webapp.cli.frame import application, json_option, say_json
from webapp.extensions import db
from webapp.queries import messages, plain, timeline
from webapp.services import events, outbox

STATES = [state.value for state in messages.State]
ID = click.IntRange(1, 2**63 - 1)


@click.group()
def message() -> None:
    """The outbox: list, show, resend and cancel messages."""


class Moment(click.ParamType[datetime]):
    """A time with its zone (RFC 3339)."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is no time with its zone, such as 2026-01-31T08:00:00Z.", param, ctx)
        return moment


@message.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only messages in this state.")
@click.option("--channel", help="Only this channel.")
@click.option("--recipient", help="Only to this address.")
@click.option("--account", help="Only by this SMTP account.")
@click.option("--type", "event_type", help="Only for this event type.")
@click.option("--event", "event_id", type=ID, help="Only of this event.")
@click.option("--text", help="Only with these words in the subject.")
@click.option("--since", type=Moment(), help="Only made at this time or later.")
@click.option("--until", type=Moment(), help="Only made before this time.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
@click.option("--after", metavar="CURSOR", help="Go on where a list ended.")
@json_option
def list_messages(limit: int, after: str | None, as_json: bool, **filters: Any) -> None:
    """List messages, the newest first."""
    named = {name: value for name, value in filters.items() if value is not None}
    with application():
        page = messages.page(db.session(), messages.Filters(**named), limit=limit, after=after)
        items = [plain.message(row) for row in page.items]
    if as_json:
        say_json({"items": items, "next": page.next})
        return
    if not items:
        click.echo("No messages.", err=True)
        return
    message_table.show(items)
    if page.next:
        click.echo(f"More: --after {page.next}", err=True)


@message.command("show")
@click.argument("id", type=ID)
@json_option
def show_message(id: int, as_json: bool) -> None:
    """Show message ID and its timeline."""
    with application():
        shown = _read(id)
    if as_json:
        say_json(shown)
        return
    happened = shown.pop("timeline")
    for line in message_table.fields(shown):
        click.echo(line)
    click.echo()
    for entry in happened:
        click.echo(message_table.happened(entry))


@message.command("resend")
@click.argument("id", type=ID)
@json_option
def resend_message(id: int, as_json: bool) -> None:
    """Make a new message with the words and the address of message ID, and print its id."""
    with application():
        made = outbox.resend(id).id
    if as_json:
        say_json({"id": made, "resent_from": id})
    else:
        click.echo(made)


@message.command("cancel")
@click.argument("id", type=ID)
def cancel_message(id: int) -> None:
    """Take message ID out of the queue, as long as it is still queued."""
    with application():
        outbox.cancel(id)
    click.echo(f"Message {id} is cancelled.")


def _read(id: int) -> dict[str, Any]:
    session = db.session()
    row = messages.get(session, id)
    judged = events.explain(session, row.event_id) if row.event_id else ()
    return {**plain.message(row), "timeline": plain.timeline(timeline.of(session, row, judged))}
