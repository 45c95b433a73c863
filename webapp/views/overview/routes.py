from __future__ import annotations

from flask import Blueprint, current_app

from webapp.extensions import db
from webapp.queries import dashboard as reads
from webapp.queries import health as checks
from webapp.views import htmx
from webapp.views.overview import words
from webapp.views.policy import allow

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@allow("viewer")
def dashboard() -> str:
    """The first page after signing in."""
    session = db.session()
    summary = reads.summary(session)
    return htmx.page(
        "overview/dashboard.html",
        {"lately": "lately"},
        summary=summary,
        steps=words.steps(reads.steps(session)),
        notes=[words.note(trouble) for trouble in _troubles()],
    )


@blueprint.get("/health")
@allow("viewer")
def health() -> str:
    """Everything that is wrong, and what to do about it."""
    notes = [words.note(trouble) for trouble in _troubles()]
    return htmx.page("overview/health.html", {"troubles": "troubles"}, notes=notes)


def _troubles() -> list[checks.Trouble]:
    return checks.troubles(db.session(), jobs_expected=current_app.config["ARAUTO_JOBS"])
