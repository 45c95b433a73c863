"""Errors as `application/problem+json` (RFC 9457). Bad input never gets as far as a 500."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from webapp.errors import Conflict, DatabaseBusy, InvalidInput, NotFound, Problem
from webapp.services.idempotency import KeyReused

log = logging.getLogger(__name__)
RETRY_SECONDS = 2
MOST_PROBLEMS = 100


class Refused(Exception):
    """A request that is refused for how it was made, before anybody looked at what it says."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None):
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)


def problem(
    status: HTTPStatus,
    detail: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `errors` names the fields, a long list only its beginning."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "errors": [{"path": found.path, "words": found.words} for found in problems[:MOST_PROBLEMS]],
    }
    answer = Response(json.dumps(document), status.value, mimetype="application/problem+json")
    answer.headers["Content-Language"] = str(get_locale()).replace("_", "-")
    answer.headers.update(headers or {})
    return answer


def no_such_route() -> Response | None:
    """Before every request: the answer for a path below /api that does not exist, or not with this method.

    Routing fails before a blueprint is known, so its handlers would not be asked.
    """
    error = request.routing_exception
    if error is None or isinstance(error, RequestRedirect) or not request.path.startswith("/api/"):
        return None
    return _http(error)


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    details = {
        HTTPStatus.NOT_FOUND: _("There is no such address. /api/openapi.json lists those that exist."),
        HTTPStatus.METHOD_NOT_ALLOWED: _(
            "Not %(method)s: use a method that the Allow header names.", method=request.method
        ),
    }
    allow = {name: value for name, value in error.get_headers(request.environ) if name == "Allow"}
    return problem(status, details.get(status, error.description or status.description), headers=allow)


def _invalid(error: InvalidInput) -> Response:
    more = len(error.problems) - MOST_PROBLEMS
    if len(error.problems) == 1:
        detail = str(error.problems[0])
    else:
        detail = _("%(count)s things are wrong; `errors` names them.", count=len(error.problems))
    if more > 0:
        detail += " " + ngettext("%(num)s more is not listed.", "%(num)s more are not listed.", more)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, error.problems)


def _refused(error: Refused) -> Response:
    return problem(error.status, error.detail, headers=error.headers)


def _too_large(error: RequestEntityTooLarge) -> Response:
    most = (request.max_content_length or 0) // (1024 * 1024)
    return problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        _("The body is larger than %(most)s MiB, the most that this address takes. Send less at a time.", most=most),
    )


def _busy(error: Exception) -> Response:
    log.warning("the database is busy: %s", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        _("The database is busy, so nothing was changed. Send the same request again."),
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _unexpected(error: Exception) -> Response:
    log.exception("a request failed", exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong here, not in your request. The log of the server says what."),
    )


HANDLERS: Mapping[type[Exception], Any] = {
    Refused: _refused,
    InvalidInput: _invalid,
    NotFound: lambda error: problem(HTTPStatus.NOT_FOUND, str(error)),
    Conflict: lambda error: problem(HTTPStatus.CONFLICT, str(error)),
    KeyReused: lambda error: problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)),
    DatabaseBusy: _busy,
    OperationalError: _busy,
    PoolTimeout: _busy,
    RequestEntityTooLarge: _too_large,
    HTTPException: _http,
    Exception: _unexpected,
}
