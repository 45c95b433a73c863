from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from webapp.extensions import db
from webapp.queries import events as reads
from webapp.queries import messages, reasons
from webapp.queries.keyset import Turn
from webapp.services import events, rules
from webapp.views import htmx, reports
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
    types = reports.options(rules.current(db.session()).types, Asked(request.args).typed("type"))
    return reports.index("events/index.html", "events", reads, listing, types=types)


@blueprint.get("/events.csv")
@allow("viewer")
def export() -> Response:
    """The same events, all pages of them, as a file."""
    return reports.export("events.csv", reads, listing)


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
