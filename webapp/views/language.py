"""The language and the time zone of what is being made now."""

from __future__ import annotations

from flask import g, has_request_context, request, session

# As people and stored rows write them (BCP 47), each in its own words.
LANGUAGES = {"en": "English", "pt-BR": "Português (Brasil)", "es": "Español"}
DEFAULT = "en"


def tag() -> str:
    """The language in force: the person's, else what this browser chose before signing in, else what it asks for."""
    if not has_request_context():
        return DEFAULT
    viewer = g.get("viewer")
    for chosen in (viewer.locale if viewer else "", session.get("language", "")):
        if chosen in LANGUAGES:
            return str(chosen)
    return request.accept_languages.best_match(LANGUAGES, DEFAULT) or DEFAULT


def locale() -> str:
    """The same as Babel writes it (`pt_BR`). Outside a request it is English."""
    return tag().replace("-", "_")


def timezone() -> str:
    """The person's time zone; UTC for nobody."""
    viewer = g.get("viewer") if has_request_context() else None
    return viewer.timezone if viewer else "UTC"
