"""What pydantic found wrong, as problems in words that a person understands.

Values that pydantic names are never repeated: they may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from flask_babel import gettext as _
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from webapp.errors import N_, Problem

WORDS: Mapping[str, str] = {
    "missing": N_("This is needed."),
    "string_type": N_("Write a text; put it in quotes if it looks like a number, a date, yes or no."),
    "int_type": N_("Write a whole number, without quotes."),
    "bool_type": N_("Write true or false, without quotes."),
    "tuple_type": N_("Write a list, such as [first, second]."),
    "model_type": N_("Write keys and their values here."),
    "string_unicode": N_("It holds half of a character pair (a lone surrogate); use valid Unicode."),
}
UNUSABLE = N_("This value is not accepted here.")


def problems_of(error: ValidationError, entry: type[BaseModel], path: str) -> list[Problem]:
    """Every problem of one entry; `path` names the entry, and may be empty."""
    return [Problem(below(path, *found["loc"]), _words(found, entry)) for found in error.errors(include_url=False)]


def below(path: str, *steps: str | int) -> str:
    """`below("groups[0]", "contacts", 2)` is `groups[0].contacts[2]`."""
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
    return path


def _words(found: ErrorDetails, entry: type[BaseModel]) -> str:
    kind = found["type"]
    if kind == "value_error":
        return str(found["ctx"]["error"])
    if kind == "extra_forbidden":
        return unknown_key(str(found["loc"][-1]), list(entry.model_fields) if len(found["loc"]) == 1 else [])
    if kind == "string_type" and found["input"] is None:  # nothing was chosen
        kind = "missing"
    return _(WORDS.get(kind, UNUSABLE))


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Words for a key that means nothing here, with the one that was probably meant."""
    meant = get_close_matches(key, known, n=1)
    if meant:
        return _("There is no such key; did you mean %(key)s?", key=meant[0])
    return _("There is no such key; remove it.")
