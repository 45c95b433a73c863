"""The JSON API: `/api/v1` and its description, `/api/openapi.json`."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import OpenAPI

from webapp.api import document, events, inbound, messages, problems
from webapp.api.blueprint import api
from webapp.extensions import csrf

__all__ = ["events", "inbound", "messages", "register"]


def register(app: OpenAPI) -> None:
    """Bind the API to `app`. It has its own tokens, so forms' CSRF tokens mean nothing to it."""
    app.before_request(problems.no_such_route)
    csrf.exempt(api)
    document.prepare(app)
    app.register_api(api)
    app.add_url_rule("/api/openapi.json", "openapi_document", lambda: _document(app))


def _document(app: OpenAPI) -> Response:
    return jsonify(app.api_doc)
