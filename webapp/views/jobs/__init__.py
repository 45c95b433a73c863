"""Periodic jobs: what runs by itself, how its last run ended, and one run now."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp import clock
from webapp.extensions import db
from webapp.queries import jobs as reads
from webapp.queries.jobs import Job
from webapp.services import periodic
from webapp.views import htmx
from webapp.views.policy import allow

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/settings/jobs")
@allow("admin")
def index() -> str:
    """The report; it follows what happens."""
    found = reads.jobs(db.session())
    return htmx.page("jobs/index.html", {"jobs": "jobs"}, jobs=found, result=_result, every=_every, now=clock.now())


@blueprint.post("/settings/jobs/<name>/run")
@allow("admin")
def run(name: str) -> Response | BaseResponse:
    """Let a job run now; a process that runs jobs takes it up."""
    periodic.want(name)
    return htmx.done(url_for("jobs.index"), _("The job %(name)s runs within a second.", name=name))


def _result(job: Job) -> str:
    """What the last run did, in words; empty when it told nothing."""
    return _(job.result, **job.counts) if job.counts else ""


def _every(job: Job) -> str:
    return str(format_timedelta(job.interval, granularity="second", threshold=1.2))
