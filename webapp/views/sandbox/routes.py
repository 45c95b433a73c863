from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.queries import sandbox as reads
from webapp.services.sandbox import accounts, answering, mailbox
from webapp.views import htmx, hygiene, reports
from webapp.views.beginning import beginning
from webapp.views.filters import Asked
from webapp.views.policy import allow
from webapp.views.redirects import see_other
from webapp.views.sandbox.forms import AnswerForm

blueprint = Blueprint("sandbox", __name__)
NUMBER = "<int(max=9223372036854775807):mail_id>"
PARTS = ("html", "text", "headers", "source")


@blueprint.get("/sandbox")
@allow("viewer")
def index() -> Response:
    """The mails, newest first."""
    session = db.session()
    asked = Asked(request.args)
    page = reports.read(lambda turn: reads.turn_to(session, turn), asked)
    fragment = htmx.wants_fragment()
    shown = htmx.page(
        "sandbox/index.html",
        {"mails": "mails"},
        page=page,
        newest=reads.newest(session),
        count=reports.counted(lambda most: reads.count(session, most)),
        refused=reports.refused(asked, {}, fragment=fragment),
        sort=reports.sort(),
        fragment=fragment,
        listening=current_app.config["ARAUTO_SANDBOX"],
        is_default=accounts.is_default(session),
    )
    return make_response(shown, reports.status(asked))


@blueprint.get(f"/sandbox/{NUMBER}")
@allow("viewer")
def show(mail_id: int) -> str:
    """One mail as people see it."""
    session = db.session()
    row = reads.get(session, mail_id)
    mail = mailbox.read(session, mail_id)
    parts = [part for part in PARTS if part not in ("html", "text") or getattr(mail, part) is not None]
    asked = request.args.get("part", "")
    part = asked if asked in parts else parts[0]
    source, read = mailbox.source(session, mail_id) if part == "source" else ("", True)
    text, fits = beginning(source or (mail.text if part == "text" else None) or "")
    return htmx.page(
        "sandbox/show.html",
        row=row,
        mail=mail,
        part=part,
        parts=parts,
        text=text,
        whole=read and fits,
        narrow=request.args.get("width") == "narrow",
    )


@blueprint.get(f"/sandbox/{NUMBER}/html")
@allow("viewer")
def html(mail_id: int) -> Response:
    """The HTML of a mail alone, for a frame that lets it do nothing."""
    shown = mailbox.read(db.session(), mail_id).html
    if shown is None:
        raise NotFound(_("The mail has no HTML."))
    return hygiene.mail(shown)


@blueprint.get(f"/sandbox/{NUMBER}/source.eml")
@allow("viewer")
def source(mail_id: int) -> Response:
    """The mail as a file, byte for byte as it came in."""
    return hygiene.download(mailbox.raw(db.session(), mail_id), f"sandbox-{mail_id}.eml", "message/rfc822")


@blueprint.get(f"/sandbox/{NUMBER}/answer")
@allow("operator")
def ask_answer(mail_id: int) -> str:
    """What comes back to the sender of a mail."""
    return _answer_page(mail_id, AnswerForm(None, kind=request.args.get("kind", "reply")))


@blueprint.post(f"/sandbox/{NUMBER}/answer")
@allow("operator")
def answer(mail_id: int) -> Response | BaseResponse:
    """Answer as the recipient, or a server on the way, would."""
    form = AnswerForm()
    row = reads.get(db.session(), mail_id)
    try:
        is_read = answering.answer(mail_id, form.kind.data or "", form.words.data or "")
    except InvalidInput as refused:
        for problem in refused.problems:
            form[problem.path].errors = [problem.words]
        return make_response(_answer_page(mail_id, form), 422)
    if row.message is None or not is_read:
        flash(_("The answer is sent: it is in the sandbox mailbox."))
        return see_other(url_for("sandbox.index"))
    flash(_("The answer is on its way. In a moment, what it does stands on the timeline."))
    return see_other(url_for("outbox.show", message_id=row.message))


def _answer_page(mail_id: int, form: AnswerForm) -> str:
    return htmx.page("sandbox/answer.html", row=reads.get(db.session(), mail_id), form=form)


@blueprint.post(f"/sandbox/{NUMBER}/delete")
@allow("operator")
def delete(mail_id: int) -> Response | BaseResponse:
    """Throw one mail away."""
    mailbox.remove(mail_id)
    return htmx.done(url_for("sandbox.index"), _("The mail is deleted."))


@blueprint.post("/sandbox/empty")
@allow("operator")
def empty() -> Response | BaseResponse:
    """Throw all mails away that were there when the page was made."""
    asked = Asked(request.form)
    deleted = mailbox.empty(asked.number("newest") or 0)
    return htmx.done(
        url_for("sandbox.index"), ngettext("%(num)s mail is deleted.", "%(num)s mails are deleted.", deleted)
    )
