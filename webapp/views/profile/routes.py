from __future__ import annotations

from flask import Blueprint, Response, flash, g, make_response, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp.services import people, sign_in
from webapp.services.sign_in import SignInRefused, TooManyFailures
from webapp.views.language import LANGUAGES
from webapp.views.policy import allow, public
from webapp.views.profile.forms import LookForm, PasswordForm
from webapp.views.redirects import safe_path, see_other
from webapp.views.signin.routes import open_session

blueprint = Blueprint("profile", __name__)


@blueprint.get("/profile")
@allow("viewer")
def show() -> str:
    """Both forms."""
    return _page(LookForm(None, obj=g.viewer), PasswordForm(g.viewer.name))


@blueprint.post("/profile")
@allow("viewer")
def save() -> Response | BaseResponse:
    """Language, colours and time zone."""
    look = LookForm()
    if not look.validate():
        return make_response(_page(look, PasswordForm(g.viewer.name)), 422)
    people.prefer(g.viewer.user_id, locale=look.locale.data, theme=look.theme.data, timezone=look.timezone.data)
    for name in ("language", "theme"):
        session.pop(name, None)
    flash(_("Your preferences are saved."))
    return see_other(url_for("profile.show"))


@blueprint.post("/profile/password")
@allow("viewer")
def password() -> Response | BaseResponse:
    """A new password: every session of this person ends, and a new one begins here."""
    asked = PasswordForm(g.viewer.name)
    address = request.remote_addr or ""
    if not (asked.validate() and _knows_password(asked, address)):
        return make_response(_page(LookForm(None, obj=g.viewer), asked), 422)
    people.set_password(g.viewer.user_id, asked.new.data or "")
    open_session(g.viewer.user_id, address, again=True)
    flash(_("Your password is changed. You are signed out everywhere else."))
    return see_other(url_for("profile.show"))


@blueprint.post("/preferences")
@public
def preferences() -> Response | BaseResponse:
    """The switches of the frame: language, colours, width of the menu. Kept for the person, else for this browser."""
    chosen = {
        "language": (request.form.get("language", ""), tuple(LANGUAGES)),
        "theme": (request.form.get("theme", ""), people.THEMES),
        "sidebar": (request.form.get("sidebar", ""), ("wide", "narrow")),
    }
    accepted = {name: value for name, (value, known) in chosen.items() if value in known}
    session.update(accepted)
    if g.viewer is not None and ("language" in accepted or "theme" in accepted):
        people.prefer(g.viewer.user_id, locale=accepted.get("language"), theme=accepted.get("theme"))
    return see_other(_back(request.form.get("next")))


def _back(target: str | None) -> str:
    """Also to the sign-in, which `safe_path` never leads to after signing in."""
    if target and target.split("?")[0] == url_for("signin.form"):
        return url_for("signin.form")
    return safe_path(target)


def _knows_password(asked: PasswordForm, address: str) -> bool:
    """Guessing here is slowed down as it is at the sign-in."""
    try:
        sign_in.check(g.viewer.name, asked.current.data or "", address)
    except SignInRefused:
        asked.current.errors = [_("This is not your present password.")]
    except TooManyFailures as refusal:
        asked.current.errors = [_("Too many wrong passwords. Wait %(minutes)s minutes.", minutes=refusal.minutes)]
    return not asked.current.errors


def _page(look: LookForm, password_form: PasswordForm) -> str:
    return render_template("profile/show.html", look=look, password=password_form)
