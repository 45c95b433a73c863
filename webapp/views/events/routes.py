from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, request
from flask_babel import gettext as _

from webapp.extensions import db
from webapp.queries import events as reads
from webapp.queries import messages, reasons
from webapp.queries.keyset import Turn
from webapp.services import events, rules
from webapp.views import csv_export, htmx, reports
from webapp.views.events import judgements, listing
from webapp.views.filters import Asked
from webapp.views.outbox import listing as outbox_listing
from webapp.views.policy import allow

blueprint = Blueprint("events", __name__)
NUMBER = "<int(max=9223372036854775807):event_id>"


@blueprint.get("/events")
@allow("viewer")
def index() -> Response:
    """The report."""
    session = db.session()
    asked = Asked(request.args)
    filters = listing.filters(asked)
    page = reports.read(lambda turn: reads.turn_to(session, filters, turn), asked)
    fragment = htmx.wants_fragment()
    columns = reports.columns(listing.COLUMNS, listing.USUAL)
    shown = htmx.page(
        "events/index.html",
        {"events": "events"},
        asked=asked,
        page=page,
        # Titles are searched without an index: looking for them twice would take twice as long.
        count=None if filters.text else reports.counted(lambda most: reads.count(session, filters, most)),
        chips=reports.chips(asked, listing.labels(), listing.shown()),
        refused=reports.refused(asked, listing.labels(), fragment=fragment),
        columns=columns,
        headings=listing.headings(columns),
        column_words=listing.column_words(),
        types=reports.options(rules.current(session).types, asked.typed("type")),
        severities=listing.severities(),
        sort=reports.sort(),
        fragment=fragment,
    )
    return make_response(shown, reports.status(asked))


@blueprint.get("/events.csv")
@allow("viewer")
def export() -> Response:
    """The same events, all pages of them, as a file."""
    asked = Asked(request.args)
    filters = listing.filters(asked)
    if asked.problems:
        abort(422)  # a file does not show that it holds more than was asked for
    oldest_first = reports.sort() == reports.OLDEST_FIRST
    return csv_export.answer(
        "events.csv",
        lambda turn: reads.turn_to(db.session(), filters, turn),
        listing.exported,
        oldest_first=oldest_first,
    )


@blueprint.get(f"/events/{NUMBER}")
@allow("viewer")
def show(event_id: int) -> str:
    """One event: what it said, who was told, and why each notification did or did not fire."""
    session = db.session()
    event = reads.get(session, event_id)
    page = messages.turn_to(session, messages.Filters(event_id=event_id), Turn(oldest_first=True))
    known = rules.current(session).types.get(event.type)
    return htmx.page(
        "events/show.html",
        {"messages": "messages"},
        event=event,
        type_title=_(known.title) if known else "",
        category=_(known.category) if known else "",
        page=page,
        channels=outbox_listing.channel_words(),
        last_error=reasons.last_error,
        under_way=any(map(messages.is_under_way, page.items)),
        judged=judgements.of(events.explain(session, event_id)),
        most=judgements.MOST,
    )
