"""What the OpenAPI document says besides the endpoints: how to sign in, and how errors look."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask_openapi3 import OpenAPI

from webapp.api.schemas import ProblemAnswer
from webapp.services.tokens import ADMIN, USUAL_SCOPES

SECURITY = "token"
_CONTENT = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{ProblemAnswer.__name__}"}}}

PROBLEMS: dict[str | int | HTTPStatus, Any] = {
    status: {"description": description, "content": _CONTENT}
    for status, description in {
        "400": "The body is not JSON, or the Idempotency-Key is not usable.",
        "401": "There is no token, or not a valid one.",
        "403": "The token lacks the scope.",
        "404": "There is no such thing.",
        "409": "The present state of the thing forbids it.",
        "413": "The body is too large.",
        "415": "The body is not declared as JSON.",
        "422": "A field is wrong, or the Idempotency-Key was used for another request. `errors` names each field.",
        "503": "The database is busy; nothing was changed. Try again after `Retry-After` seconds.",
    }.items()
}


def prepare(app: OpenAPI) -> None:
    """Tell the document what all endpoints share."""
    app.security_schemes = {
        SECURITY: {
            "type": "http",
            "scheme": "bearer",
            "description": f"An API token. Its scopes are some of {', '.join(USUAL_SCOPES)}; {ADMIN} stands for all.",
        }
    }
    app.validation_error_model = ProblemAnswer
