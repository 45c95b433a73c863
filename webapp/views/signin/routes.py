from __future__ import annotations

from flask import Blueprint, Response, flash, g, make_response, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from webapp.services import sessions, sign_in
from webapp.services.sign_in import SignInRefused, TooManyFailures
from webapp.views import htmx
from webapp.views.policy import Person, allow, public
from webapp.views.redirects import path_of, safe_path, see_other
from webapp.views.signin.forms import SignInForm

blueprint = Blueprint("signin", __name__)

# What a browser chose before its person was known; everything else ends with the session.
KEPT = ("language", "theme", "sidebar")


@blueprint.get("/login")
@public
def form() -> str | Response | BaseResponse:
    """The form; who is signed in already goes on."""
    after = safe_path(request.args.get("next"))
    if htmx.wants_fragment():
        return _whole_page(after)
    if g.viewer is not None:
        return see_other(after)
    return _page(SignInForm(None, next=after))


@blueprint.post("/login")
@public
def submit() -> Response | BaseResponse:
    """Sign in: a fresh session under a fresh key, whatever the browser carried before."""
    asked = SignInForm()
    if not asked.validate():
        return make_response(_page(asked), 422)
    address = request.remote_addr or ""
    try:
        user_id = sign_in.check(asked.username.data or "", asked.password.data or "", address)
    except SignInRefused:
        words = _("The user name or the password is wrong. Check both and try again.")
        return make_response(_page(asked, words), 422)
    except TooManyFailures as refusal:
        answer = make_response(_page(asked, _waiting(refusal.minutes)), 429)
        answer.headers["Retry-After"] = str(refusal.minutes * 60)
        return answer
    _end_present_session()
    open_session(user_id, address)
    return see_other(safe_path(asked.next.data))


@blueprint.post("/logout")
@allow("viewer")
def sign_out() -> BaseResponse | Response:
    """End this session here and on the server."""
    _end_present_session()
    flash(_("You are signed out."))
    return see_other(url_for("signin.form"))


def open_session(user_id: int, address: str, *, again: bool = False) -> None:
    """Begin a session in this browser, with nothing of an earlier one but how the pages look.

    `again`: for the person who was signed in until now.
    """
    key = sessions.start(user_id, address, again=again)
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
    who = sessions.find(key)
    if who is not None:
        login_user(Person(who))
        g.viewer = who


def _end_present_session() -> None:
    if g.viewer is not None:
        sessions.end(g.viewer.key)
        logout_user()
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
    g.viewer = None


def _page(asked: SignInForm, words: str = "") -> str:
    return render_template("signin/form.html", form=asked, words=words)


def _waiting(minutes: int) -> str:
    return ngettext(
        "Too many failed sign-ins from here. Wait %(num)s minute, then try again.",
        "Too many failed sign-ins from here. Wait %(num)s minutes, then try again.",
        minutes,
    )


def _whole_page(after: str) -> Response:
    """A part of a page was asked for after the session had ended: the whole page must go to the sign-in."""
    shown = path_of(request.headers.get("HX-Current-URL"))
    answer = make_response("", 204)
    target = shown if shown != "/" else after
    answer.headers["HX-Redirect"] = url_for("signin.form", next=None if target == "/" else target)
    return answer
