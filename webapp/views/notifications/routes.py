from __future__ import annotations

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.services import rehearsal
from webapp.views import desk, htmx, hygiene
from webapp.views.desk import editing
from webapp.views.desk.pages import NUMBER
from webapp.views.filters import Asked
from webapp.views.notifications import review
from webapp.views.notifications.noun import NOTIFICATIONS, PEOPLE, TYPES
from webapp.views.policy import allow

PATH = f"{NOTIFICATIONS.path}/{NUMBER}"
blueprint = desk.blueprint(NOTIFICATIONS)


@blueprint.get(f"{PATH}/types")
@allow("admin")
def types(number: int) -> str:
    """The tab *Types*."""
    return editing.edit(TYPES, number)


@blueprint.post(f"{PATH}/types")
@allow("admin")
def change_types(number: int) -> Response | BaseResponse:
    """Change which events it fires for."""
    return editing.change(TYPES, number)


@blueprint.get(f"{PATH}/contacts")
@allow("admin")
def contacts(number: int) -> str:
    """The tab *Contacts*."""
    return editing.edit(PEOPLE, number)


@blueprint.post(f"{PATH}/contacts")
@allow("admin")
def change_contacts(number: int) -> Response | BaseResponse:
    """Change whom it tells."""
    return editing.change(PEOPLE, number)


@blueprint.get(f"{PATH}/preview")
@allow("viewer")
def preview(number: int) -> Response:
    """The mail that somebody would get, alone, for a frame that lets it do nothing."""
    session, asked = db.session(), Asked(request.args)
    played = rehearsal.rehearse(session, number, asked.text("type"))
    recipient = review.chosen(played, asked)
    copy = rehearsal.copy(session, played, recipient) if recipient else None
    if copy is None or copy.mail is None or copy.mail.html is None:
        raise NotFound(_("Nobody would get such a mail."))
    return hygiene.mail(copy.mail.html)


@blueprint.post(f"{PATH}/sample")
@allow("admin")
def sample(number: int) -> Response | BaseResponse:
    """Send a sample, to one contact or to all; then lead to where it can be followed."""
    asked = Asked(request.form)
    name = NOTIFICATIONS.load(number).name
    try:
        queued = rehearsal.send(number, asked.text("type"), contact=asked.number("to"))
    except InvalidInput as refused:
        back = NOTIFICATIONS.url("show", number=number)
        shown = htmx.page("desk/refused.html", noun=NOTIFICATIONS, name=name, back=back, problems=refused.problems)
        return make_response(shown, 422)
    done = ngettext(
        "%(num)s sample is in the outbox: here you see how far it gets.",
        "%(num)s samples are in the outbox: here you see how far they get.",
        len(queued),
    )
    [first, *others] = queued
    path = url_for("outbox.index", notification=name) if others else url_for("outbox.show", message_id=first.id)
    return htmx.done(path, done)
