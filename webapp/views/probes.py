"""For machines that watch this one: alive, and ready for traffic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.extensions import db
from webapp.queries import health
from webapp.services import schema
from webapp.views.policy import public

blueprint = Blueprint("probes", __name__)


@blueprint.record_once
def _note_start(state: Any) -> None:
    state.app.config["ARAUTO_UP_SINCE"] = clock.now()


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """This process answers. Nothing else is asked: a database that is down is no reason to restart it."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """200 when the database answers, its schema is ours and the jobs run; else 503 with the reasons."""
    problems = _problems(current_app.config["ARAUTO_UP_SINCE"])
    if problems:
        return jsonify(status="not ready", problems=problems), 503
    return jsonify(status="ready"), 200


def _problems(up_since: datetime) -> list[str]:
    session = db.session()
    try:
        behind = schema.problem(session.connection())
        if behind:
            return [behind]
        if current_app.config["ARAUTO_JOBS"] and not health.jobs_are_fresh(session, up_since=up_since):
            return ["No process has run the periodic jobs for a minute. Start one: arauto serve, or arauto worker."]
    except SQLAlchemyError as error:
        session.rollback()
        current_app.logger.warning("not ready: %s", error)
        return ["The database does not answer."]
    return []
