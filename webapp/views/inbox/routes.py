from __future__ import annotations

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import NotFound
from webapp.extensions import db
from webapp.queries import inbound as reads
from webapp.queries import suppressed as suppressed_reads
from webapp.services.inbox import mail, processing, suppression
from webapp.views import htmx, hygiene, reports
from webapp.views.beginning import beginning
from webapp.views.inbox import listing
from webapp.views.inbox.words import defect_words
from webapp.views.policy import allow

blueprint = Blueprint("inbox", __name__)
NUMBER = "<int(max=9223372036854775807):number>"
PARTS = ("text", "html", "headers", "source")


@blueprint.get("/inbox")
@allow("viewer")
def index() -> Response:
    """The report."""
    return reports.index("inbox/index.html", "mails", reads, listing)


@blueprint.get("/inbox.csv")
@allow("viewer")
def export() -> Response:
    """The same mails, all pages of them, as a file."""
    return reports.export("inbox.csv", reads, listing)


@blueprint.get(f"/inbox/{NUMBER}")
@allow("viewer")
def show(number: int) -> str:
    """One mail: what it did, and what it says."""
    session = db.session()
    row = reads.get(session, number)
    shown = mail.read(session, number) if row.state != "too_large" else None
    parts = [part for part in PARTS if shown and (part not in ("html", "text") or getattr(shown, part) is not None)]
    asked = request.args.get("part", "")
    part = asked if asked in parts else parts[0] if parts else ""
    source, read = mail.source(session, number) if part == "source" else ("", True)
    text, fits = beginning(source or (shown.text if shown and part == "text" else None) or "")
    return htmx.page(
        "inbox/show.html",
        row=row,
        mail=shown,
        part=part,
        parts=parts,
        text=text,
        whole=read and fits,
        listing=listing,
        defects=defect_words(row.defects),
        narrow=request.args.get("width") == "narrow",
    )


@blueprint.get(f"/inbox/{NUMBER}/html")
@allow("viewer")
def html(number: int) -> Response:
    """The HTML of a mail alone, cleaned, for a frame that lets it do nothing."""
    shown = mail.clean_html(db.session(), number)
    if shown is None:
        raise NotFound(_("The mail has no HTML."))
    return hygiene.mail(shown)


@blueprint.get(f"/inbox/{NUMBER}/source.eml")
@allow("viewer")
def source(number: int) -> Response:
    """The mail as a file, byte for byte as it came in."""
    return hygiene.download(mail.raw(db.session(), number), f"inbound-{number}.eml", "message/rfc822")


@blueprint.get(f"/inbox/{NUMBER}/attachments/<int(max=1000):place>")
@allow("viewer")
def attachment(number: int, place: int) -> Response:
    """An attachment as a file of octets: whatever it says it is, the browser stores it and opens nothing."""
    found = mail.attachment(db.session(), number, place)
    return hygiene.download(found.data, found.file_name, "application/octet-stream") if found else abort(404)


@blueprint.post(f"/inbox/{NUMBER}/process")
@allow("operator")
def process(number: int) -> Response | BaseResponse:
    """Try a mail that is held once more."""
    state = processing.process_again(number)
    words = (
        _("The mail is processed.") if state == "processed" else _("The mail is held again: its error stands below.")
    )
    return htmx.done(url_for("inbox.show", number=number), words)


@blueprint.get("/inbox/suppressed")
@allow("viewer")
def suppressed() -> str:
    """Addresses that nothing is sent to."""
    session = db.session()
    text = request.args.get("text", "").strip()
    return htmx.page(
        "inbox/suppressed.html",
        rows=suppressed_reads.newest(session, text),
        count=suppressed_reads.count(session),
        most=suppressed_reads.MOST,
        text=text,
    )


@blueprint.post("/inbox/suppressed/lift")
@allow("operator")
def lift() -> Response | BaseResponse:
    """Send to an address again."""
    address = request.form.get("address", "")
    words = (
        _("Mail is sent to %(address)s again.", address=address)
        if suppression.lift(address)
        else _("%(address)s is not suppressed: mail is sent to it.", address=address)
    )
    return htmx.done(url_for("inbox.suppressed"), words)
