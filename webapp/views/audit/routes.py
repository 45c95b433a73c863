from __future__ import annotations

from flask import Blueprint, Response

from webapp.extensions import db
from webapp.queries import audit as reads
from webapp.views import htmx, reports
from webapp.views.audit import listing, words
from webapp.views.policy import allow

blueprint = Blueprint("audit", __name__)
NUMBER = "<int(max=9223372036854775807):entry_id>"


@blueprint.get("/audit")
@allow("admin")
def index() -> Response:
    """The report."""
    return reports.index("audit/index.html", "entries", reads, listing, words=words)


@blueprint.get("/audit.csv")
@allow("admin")
def export() -> Response:
    """The same entries, all pages of them, as a file."""
    return reports.export("audit.csv", reads, listing)


@blueprint.get(f"/audit/{NUMBER}")
@allow("admin")
def show(entry_id: int) -> str:
    """One entry, with every field before and after."""
    return htmx.page("audit/show.html", entry=reads.get(db.session(), entry_id), words=words)
