from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from webapp import clock
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.queries import messages, reasons, sandbox, suppressed, timeline
from webapp.services import events, outbox, rules
from webapp.services.preview import preview, source_of
from webapp.views import csv_export, htmx, hygiene, reports
from webapp.views.filters import Asked
from webapp.views.outbox import listing, words
from webapp.views.policy import allow
from webapp.views.redirects import safe_path

blueprint = Blueprint("outbox", __name__)
NUMBER = "<int(max=9223372036854775807):message_id>"
PARTS = ("timeline", "text", "html", "headers", "source")


@blueprint.get("/outbox")
@allow("viewer")
def index() -> Response:
    """The report."""
    session = db.session()
    asked = Asked(request.args)
    filters = listing.filters(asked)
    page = reports.read(lambda turn: messages.turn_to(session, filters, turn), asked)
    fragment = htmx.wants_fragment()
    columns = reports.columns(listing.COLUMNS, listing.USUAL)
    shown = htmx.page(
        "outbox/index.html",
        {"messages": "messages"},
        asked=asked,
        page=page,
        count=reports.counted(lambda most: messages.count(session, filters, most)),
        states=messages.STATES,
        chips=reports.chips(asked, listing.labels(), listing.shown()),
        refused=reports.refused(asked, {**listing.labels(), "state": _("State")}, fragment=fragment),
        columns=columns,
        headings=listing.headings(columns),
        column_words=listing.column_words(),
        last_error=reasons.last_error,
        fragment=fragment,
        choices=listing.choices(asked, messages.account_names(session), rules.current(session)),
        sort=reports.sort(),
        under_way=any(map(messages.is_under_way, page.items)),
    )
    return make_response(shown, reports.status(asked))


@blueprint.get("/outbox.csv")
@allow("viewer")
def export() -> Response:
    """The same messages, all pages of them, as a file."""
    asked = Asked(request.args)
    filters = listing.filters(asked)
    oldest_first = reports.sort() == reports.OLDEST_FIRST
    return reports.no_file(asked, {**listing.labels(), "state": _("State")}) or csv_export.answer(
        "outbox.csv",
        lambda turn: messages.turn_to(db.session(), filters, turn),
        listing.exported,
        oldest_first=oldest_first,
    )


@blueprint.get(f"/outbox/{NUMBER}")
@allow("viewer")
def show(message_id: int) -> Response:
    """One message: what it needs, how it got where it is, and what it says.

    A page that looks again says what it has seen: 204 while nothing is new, so that what somebody opened stays open.
    """
    session = db.session()
    row = messages.get(session, message_id)
    content = messages.content(session, row.content_id)
    parts = [part for part in PARTS if _has(part, row, content)]
    asked = request.args.get("part", "")
    part = asked if asked in parts else parts[0]
    entries = _story(session, row) if part == "timeline" else []
    version = f"{row.state} {row.attempts} {len(entries)}"
    answerable = messages.may_be_answered(row)
    if htmx.wants_fragment() and answerable and request.headers.get("X-Seen") == version:
        return make_response("", 204)
    shown = htmx.page(
        "outbox/show.html",
        {"message": "message", "status": "status"},
        row=row,
        content=content,
        part=part,
        parts=parts,
        note=words.needs(row),
        is_suppressed=row.channel == "email" and bool(suppressed.among(session, [row.recipient])),
        entries=entries,
        mail=preview(session, message_id) if part in ("headers", "source") else None,
        caught=sandbox.caught(session, row.message_id),
        narrow=request.args.get("width") == "narrow",
        under_way=messages.is_under_way(row),
        answerable=answerable,
        version=version,
        now=clock.now(),
        next_attempt=messages.next_attempt(row),
    )
    return make_response(shown)


def _story(session: Session, row: Any) -> list[timeline.Entry]:
    judged = events.explain(session, row.event_id) if row.event_id is not None else []
    return timeline.of(session, row, judged)


def _has(part: str, row: Any, content: Any) -> bool:
    """A message by another channel is no mail; one without HTML has none to show."""
    by_mail = row.channel == "email"
    return part in ("timeline", "text") or (by_mail and (part != "html" or content.html is not None))


@blueprint.get(f"/outbox/{NUMBER}/html")
@allow("viewer")
def html(message_id: int) -> Response:
    """The HTML of a message alone, for a frame that lets it do nothing."""
    session = db.session()
    content = messages.content(session, messages.get(session, message_id).content_id)
    if content.html is None:
        raise NotFound(_("Message %(id)s has no HTML.", id=message_id))
    return hygiene.mail(content.html)


@blueprint.get(f"/outbox/{NUMBER}/source.eml")
@allow("viewer")
def source(message_id: int) -> Response:
    """The mail as a file."""
    data = source_of(db.session(), message_id)
    if not data:
        raise NotFound(_("Message %(id)s makes no mail now. Its page says why.", id=message_id))
    return hygiene.download(data, f"message-{message_id}.eml", "message/rfc822")


@blueprint.get(f"/outbox/{NUMBER}/<any(cancel, resend):deed>")
@allow("operator")
def confirm(message_id: int, deed: str) -> str:
    """The question before a deed, for the menu of a row."""
    row = messages.get(db.session(), message_id)
    possible = messages.may_be_cancelled(row) if deed == "cancel" else not messages.is_under_way(row)
    return htmx.page("outbox/confirm.html", row=row, deed=deed, possible=possible, back=_back(request.args, row.id))


@blueprint.post(f"/outbox/{NUMBER}/cancel")
@allow("operator")
def cancel(message_id: int) -> Response | BaseResponse:
    """Take the message out of the queue."""
    message = outbox.cancel(message_id)
    return htmx.done(
        _back(request.form, message_id),
        _("Message %(id)s to %(who)s is cancelled.", id=message.id, who=message.recipient),
    )


@blueprint.post(f"/outbox/{NUMBER}/resend")
@allow("operator")
def resend(message_id: int) -> Response | BaseResponse:
    """Make a new message with the same words to the same address."""
    message = outbox.resend(message_id)
    if message.state == "suppressed":
        made = _("Message %(id)s to %(who)s is made, but not sent: see why.", id=message.id, who=message.recipient)
    else:
        made = _("Message %(id)s to %(who)s is queued, with the same words.", id=message.id, who=message.recipient)
    return htmx.done(_back(request.form, message.id), made)


def _back(given: Mapping[str, str], message_id: int) -> str:
    """Where the person came from, else the message."""
    return safe_path(given["next"]) if given.get("next") else url_for("outbox.show", message_id=message_id)
