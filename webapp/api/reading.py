"""Requests become values: bytes and query strings in, models out, every refusal with its path and plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from flask import request
from flask_babel import gettext as _
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.api.problems import Refused
from webapp.errors import InvalidInput, Problem

M = TypeVar("M", bound=BaseModel)
KEY_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F)))
LONGEST_KEY = 200


def body_bytes(most: int) -> bytes:
    """The body, of at most `most` bytes, whether its length was announced or not. Else 413."""
    # A body without a length is cut off at the limit without a word, so the limit is one byte more than we take.
    request.max_content_length = most + 1
    data = request.get_data(cache=False)
    if len(data) > most:
        raise RequestEntityTooLarge
    return data


def body(model: type[M], data: bytes) -> M:
    """The JSON body as `model`. Raises Refused (400, 415) and InvalidInput naming each field by its JSON path."""
    if not data and not model.model_fields:
        return model()
    if not request.is_json:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            _("Send the body as JSON, with the header Content-Type: application/json."),
        )
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        problems = _problems(error)
        if problems is None:
            raise Refused(
                HTTPStatus.BAD_REQUEST, _("The body is not JSON. %(detail)s", detail=_first_words(error))
            ) from error
        raise InvalidInput(problems) from error


def query(model: type[M]) -> M:
    """The query string as `model`; a parameter without a value counts as absent. Raises InvalidInput."""
    given = request.args
    repeated = [Problem(name, _("Give this parameter once.")) for name in given if len(given.getlist(name)) > 1]
    if repeated:
        raise InvalidInput(repeated)
    try:
        return model.model_validate_strings({name: value for name, value in given.items() if value})
    except ValidationError as error:
        raise InvalidInput(_problems(error) or []) from error


def idempotency_key() -> str | None:
    """The Idempotency-Key of the request. Raises Refused (400) for one that is empty, long or not visible ASCII."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and KEY_CHARACTERS.issuperset(key)):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            _("The Idempotency-Key must be 1 to %(most)s visible ASCII characters.", most=LONGEST_KEY),
        )
    return key


def path_of(location: tuple[int | str, ...]) -> str:
    """A place in a JSON document as people write it: `events[3].type`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step[:80]}" if path else step[:80]
    return path


def _problems(error: ValidationError) -> list[Problem] | None:
    """What is wrong, in our words; None when it was no JSON at all."""
    details = error.errors(include_url=False, include_input=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return None
    return [Problem(path_of(detail["loc"]), _words(detail)) for detail in details]


def _first_words(error: ValidationError) -> str:
    return error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Invalid JSON: ").capitalize()


_QUOTED = re.compile(r"'([^']*)'")
_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda context: _("This is needed."),
    "extra_forbidden": lambda context: _("There is no such field here. Check how it is spelled, or leave it out."),
    "string_type": lambda context: _("Use a text."),
    "string_unicode": lambda context: _("Use a text of valid Unicode."),
    "int_type": lambda context: _("Use a whole number."),
    "int_parsing": lambda context: _("Use a whole number."),
    "int_parsing_size": lambda context: _("Use a smaller whole number."),
    "int_from_float": lambda context: _("Use a whole number."),
    "list_type": lambda context: _("Use a list."),
    "dict_type": lambda context: _("Use an object of names and values."),
    "model_type": lambda context: _("Use a JSON object."),
    "model_attributes_type": lambda context: _("Use a JSON object."),
    "literal_error": lambda context: _(
        "Use one of %(values)s.", values=", ".join(_QUOTED.findall(context["expected"]))
    ),
    "priority": lambda context: _("Use low, normal, high, or a number from 0 to 9."),
    "too_long": lambda context: _("At most %(most)s are accepted.", most=context["max_length"]),
    "less_than_equal": lambda context: _("Use %(most)s at most.", most=context["le"]),
    "greater_than_equal": lambda context: _("Use %(least)s at least.", least=context["ge"]),
    "timezone_aware": lambda context: _("Say the time zone too, such as 2026-03-01T09:30:00Z."),
}


def _words(detail: Mapping[str, Any]) -> str:
    kind = detail["type"]
    if kind in _WORDS:
        return _WORDS[kind](detail.get("ctx", {}))
    if kind.startswith("datetime"):
        return _("Use a time as RFC 3339 writes it, such as 2026-03-01T09:30:00Z.")
    return _("This value is not accepted here.")
