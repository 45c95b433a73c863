"""What people read when a page cannot be shown: what happened, why, and what to do next."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from webapp.errors import Conflict, DatabaseBusy, NotFound
from webapp.extensions import db
from webapp.views import htmx
from webapp.views.policy import is_api

RETRY_SECONDS = 5


def install(app: Flask) -> None:
    """Bind the pages of errors. The API's answers are its own."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(DatabaseBusy, _busy)
    app.register_error_handler(OperationalError, _busy)


def words_of(code: int) -> tuple[str, str]:
    """The heading and the explanation of an HTTP status."""
    table = {
        400: (
            _("The request could not be read"),
            _("Something in it is not as it should be. Go back, reload the page and try again."),
        ),
        403: (_("You may not do this"), _("Your role does not include it. An administrator can change your role.")),
        404: (_("There is no such page"), _("The address may be mistyped, or what it named was removed.")),
        405: (_("This address takes no such request"), _("Open the page from the menu and use its buttons.")),
        409: (_("This cannot be done now"), _("It changed in the meantime. Go back and reload the page.")),
        413: (_("That is too large"), _("Send less at once.")),
        422: (_("Some of the input was refused"), _("Go back, correct it and send it again.")),
        429: (_("Too many requests"), _("Wait a few minutes, then try again.")),
        500: (
            _("Something broke on our side"),
            _("Nothing that you sent was half stored. Try again; if it stays, the server's log says what happened."),
        ),
        503: (_("The database is busy"), _("Nothing was changed. Wait a few seconds, then try again.")),
    }
    return table.get(code, table[400 if code < 500 else 500])


def answer(code: int, words: str = "", **context: Any) -> Response:
    """The page, or for htmx the fragment, of a status; `words` say more than the status does."""
    heading, explanation = words_of(code)
    context = {"code": code, "heading": heading, "words": words or explanation, **context}
    template = "errors/_fragment.html" if htmx.wants_fragment() else "errors/page.html"
    return make_response(render_template(template, **context), code)


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400 or is_api(request.path):
        return error
    if isinstance(error, CSRFError):
        return _stale()
    if isinstance(error, InternalServerError):
        _forget_transaction()
    shown = answer(error.code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            shown.headers[name] = value
    return shown


def _not_found(error: NotFound) -> Response:
    return answer(404, str(error))


def _conflict(error: Conflict) -> Response:
    return answer(409, str(error))


def _busy(error: Exception) -> Response:
    current_app.logger.warning("the database did not answer in time: %s", error)
    _forget_transaction()
    shown = answer(503)
    shown.headers["Retry-After"] = str(RETRY_SECONDS)
    return shown


def _stale() -> Response:
    """The page is older than the last sign-in, or forged. Only what this site's own page sent may be sent again."""
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin" and not request.files
    secret = ("password", "secret", "csrf_token")
    fields = [
        (name, value) for name, value in request.form.items(multi=True) if not any(word in name for word in secret)
    ]
    kept = len(fields) == sum(1 for name, value in request.form.items(multi=True) if name != "csrf_token" and value)
    return answer(
        400,
        _("It was open since before you last signed in, so nothing was changed."),
        heading=_("This page is out of date"),
        again=request.full_path.rstrip("?") if ours and kept else "",
        fields=fields,
        back=url_for("signin.form") if g.get("viewer") is None else "",
    )


def _forget_transaction() -> None:
    """After an error of the database the page is shown without asking it again."""
    db.session.rollback()
