"""What every endpoint goes through: token, scope, body, Idempotency-Key; and how it gets into the OpenAPI document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, get_type_hints

from flask import Response, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from webapp.api import reading
from webapp.api.blueprint import api
from webapp.api.document import SECURITY
from webapp.api.problems import Refused
from webapp.api.schemas import Nothing
from webapp.services import tokens
from webapp.services.actor import Actor, act_as
from webapp.services.idempotency import Answer, once
from webapp.services.tokens import Caller
from webapp.services.unit import write

MIB = 1024 * 1024
Handler = Callable[..., Mapping[str, Any]]
View = Callable[..., Response]


class PostHeaders(BaseModel):
    """Headers that every POST understands."""

    idempotency_key: str | None = Field(
        default=None,
        alias="Idempotency-Key",
        description="Makes a repeat harmless: the same key and body give the same answer, and have one effect.",
    )


def get(rule: str, *, scope: str, answer: type[BaseModel]) -> Callable[[Handler], View]:
    """Bind `handler(path=, query=)`, with the models of its annotations, to GET of `rule`."""

    def bind(handler: Handler) -> View:
        models = get_type_hints(handler)

        @wraps(handler)
        def view(**place: Any) -> Response:
            _caller(scope)
            values = _placed(models, place)
            if "query" in models:
                values["query"] = reading.query(models["query"])
            return _answer(Answer(HTTPStatus.OK, _json(handler(**values))))

        return _bind(api.get, rule, view, scope, HTTPStatus.OK, answer)

    return bind


def post(
    rule: str, *, scope: str, answer: type[BaseModel], status: HTTPStatus = HTTPStatus.ACCEPTED, most: int = MIB
) -> Callable[[Handler], View]:
    """Bind `handler(path=, body=)` to POST of `rule`, for bodies of at most `most` bytes.

    The handler runs in a unit of work, and its answer is made there too: both are committed together. Where bodies
    are small, requests that come at the same time share one commit.
    """

    def bind(handler: Handler) -> View:
        models = get_type_hints(handler)

        @wraps(handler)
        def view(**place: Any) -> Response:
            caller = _caller(scope)
            key = reading.idempotency_key()
            data = reading.body_bytes(most)
            values = _placed(models, place)
            body = reading.body(models.get("body", Nothing), data)
            if "body" in models:
                values["body"] = body

            def act() -> Answer:
                return Answer(status, _json(handler(**values)))

            with write(shared=most <= MIB):
                return _answer(once(caller.id, key, _hash(data), act) if key else act())

        return _bind(api.post, rule, view, scope, status, answer, header=PostHeaders)

    return bind


def _bind(
    register: Callable[..., Any],
    rule: str,
    view: View,
    scope: str,
    status: HTTPStatus,
    answer: type[BaseModel],
    **documented: type[BaseModel],
) -> View:
    """Register the view. The document is made of its annotations; the reading of requests is ours."""
    view.__annotations__ = {**get_type_hints(view), **documented}
    vars(view)["__delay_validate_request__"] = True
    register(rule, security=[{SECURITY: [scope]}], responses={status.value: answer})(view)
    return view


def _caller(scope: str) -> Caller:
    """Whose token the request bears. Raises Refused: 401 for none or a wrong one, 403 when it lacks `scope`."""
    kind, token = request.headers.get("Authorization", "").partition(" ")[::2]
    if kind.lower() != "bearer" or not token.strip():
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            _("Sign the request with an API token: Authorization: Bearer TOKEN."),
            {"WWW-Authenticate": 'Bearer realm="arauto"'},
        )
    caller = tokens.verify(token.strip())
    if caller is None:
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            _("This API token is not valid. It may have been revoked."),
            {"WWW-Authenticate": 'Bearer realm="arauto", error="invalid_token"'},
        )
    if not caller.may(scope):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            _(
                "The API token %(name)r does not have the scope %(scope)s. Use one that has it.",
                name=caller.name,
                scope=scope,
            ),
            {"WWW-Authenticate": f'Bearer realm="arauto", error="insufficient_scope", scope="{scope}"'},
        )
    act_as(Actor("token", caller.name, request.remote_addr or ""))
    return caller


def _placed(models: Mapping[str, type[BaseModel]], place: Mapping[str, Any]) -> dict[str, Any]:
    return {"path": models["path"].model_construct(**place)} if "path" in models else {}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hash(data: bytes) -> str:
    """What makes two requests the same: where they go and what they say."""
    return hashlib.sha256(b"%b %b\n%b" % (request.method.encode(), request.path.encode(), data)).hexdigest()


def _answer(answer: Answer) -> Response:
    response = Response(answer.body.encode("utf-8", "replace"), answer.status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
