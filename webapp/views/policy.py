"""Who may use what: nothing, unless a route says so. A route without a rule stops the start.

The API answers for itself (`webapp.api`): everything below `/api` passes here unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from webapp.extensions import csrf, login
from webapp.services import sessions
from webapp.services.actor import Actor, act_as
from webapp.services.sessions import SignedIn
from webapp.views.redirects import here

PUBLIC, ADMIN = "public", "admin"
# What an unknown path below these answers is 404, not the way to the sign-in.
PUBLIC_PATHS = ("/login", "/static/", "/healthz", "/readyz")

View = TypeVar("View", bound=Callable[..., object])


class Person(UserMixin):
    """What Flask-Login keeps: somebody under the key of their session."""

    def __init__(self, who: SignedIn):
        self.id = who.key
        self.who = who


def public(view: View) -> View:
    """Everybody may, also without signing in."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def allow(role: str) -> Callable[[View], View]:
    """Only who signed in and has at least `role` (viewer, operator, admin)."""

    def mark(view: View) -> View:
        view.access = role  # type: ignore[attr-defined]
        return view

    return mark


def install(app: Flask) -> None:
    """Put the gate before every request, once all pages are registered. Raises RuntimeError for one without a rule."""
    public(app.view_functions["static"])
    login.session_protection = None  # the row decides, not the browser's name and address
    login.user_loader(_load)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the gate checks it, after it knows who is there
    app.before_request(_gate)
    unruled = [
        str(rule) for rule in app.url_map.iter_rules() if not is_api(rule.rule) and _access(app, rule.endpoint) is None
    ]
    if unruled:
        raise RuntimeError(f"These routes do not say who may use them: {', '.join(unruled)}")


def is_api(path: str) -> bool:
    """Whether a path is the API's."""
    return path.startswith("/api/")


def _load(key: str) -> Person | None:
    who = sessions.find(key)
    return Person(who) if who else None


def _access(app: Flask, endpoint: str | None) -> str | None:
    return getattr(app.view_functions.get(endpoint or ""), "access", None)


def _gate() -> Response | None:
    if is_api(request.path) or request.endpoint == "static":
        return None
    g.viewer = current_user.who if current_user.is_authenticated else None
    address = request.remote_addr or ""
    act_as(Actor("user", g.viewer.name, address) if g.viewer else Actor("visitor", address=address))
    access = _access(current_app, request.endpoint)
    if access != PUBLIC:
        if g.viewer is None:
            return None if request.path.startswith(PUBLIC_PATHS) and access is None else _to_sign_in()
        if request.routing_exception is not None:
            return None
        if access is None or not g.viewer.may(access):
            sessions.note_denied(g.viewer, access or ADMIN, request.path)
            abort(403)
    csrf.protect()
    return None


def _to_sign_in() -> Response:
    after = here()
    return redirect(url_for("signin.form", next=None if after == "/" else after), 303)
