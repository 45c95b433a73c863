"""`arauto emit`."""

from __future__ import annotations

import click

from webapp.cli.frame import application, json_option, say_json, standard_input
from webapp.queries import plain
from webapp.services import events


@click.command()
@click.argument("type", metavar="TYPE")
@click.option("--title", required=True, help="What happened, in one line.")
@click.option("--body", default="", help="What happened, in full; - reads it from the standard input.")
@click.option("--severity", help="info, warning, error or critical; the type's own when absent.")
@click.option("--attr", "attributes", multiple=True, metavar="K=V", help="One more thing to know; may be repeated.")
@click.option("--dedup-key", help="The same key and type within a day are the same event.")
@click.option("--source", default="", help="Which system it comes from.")
@json_option
def emit(
    type: str,
    title: str,
    body: str,
    severity: str | None,
    attributes: tuple[str, ...],
    dedup_key: str | None,
    source: str,
    as_json: bool,
) -> None:
    """Record an event: whom it concerns is told.

    TYPE is one of the catalogue, such as password.changed. Prints the event's id; then the event is committed.
    """
    pairs = _pairs(attributes)
    if body == "-":
        body = standard_input()
    with application():
        recorded = events.record(
            events.NewEvent(
                type=type,
                title=title,
                body=body,
                severity=severity,
                attributes=pairs,
                source=source,
                dedup_key=dedup_key,
            )
        )
        if as_json:
            say_json(
                {
                    "id": recorded.id,
                    "duplicate": recorded.duplicate,
                    "messages": [plain.told(message) for message in recorded.messages],
                    "explanation": plain.explanation(recorded.reasons),
                }
            )
        else:
            click.echo(recorded.id)


def _pairs(attributes: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in attributes:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{pair!r} is not of the form K=V.", param_hint="--attr")
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice.", param_hint="--attr")
        pairs[name] = value
    return pairs
