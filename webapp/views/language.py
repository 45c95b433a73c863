"""The language and the time zone of what is being made now."""

from __future__ import annotations

from flask import g, has_request_context, request, session
from sqlalchemy.exc import SQLAlchemyError

from webapp.extensions import db
from webapp.services import parameters
from webapp.views.policy import is_api

# As people and stored rows write them (BCP 47), each in its own words.
LANGUAGES = {"en": "English", "pt-BR": "Português (Brasil)", "es": "Español"}
DEFAULT = "en"


def tag() -> str:
    """The language in force: the person's, else what this browser chose before signing in, else what it asks for, else
    that of the system parameters. Programs get English, unless they ask for another one.
    """
    if not has_request_context():
        return DEFAULT
    if is_api(request.path):
        return request.accept_languages.best_match(LANGUAGES) or DEFAULT
    viewer = g.get("viewer")
    for chosen in (viewer.locale if viewer else "", session.get("language", "")):
        if chosen in LANGUAGES:
            return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or _house_language()


def _house_language() -> str:
    """Also the words about a database that does not answer need a language."""
    if "house_language" not in g:
        try:
            with db.session.no_autoflush:
                g.house_language = parameters.language(db.session())
        except SQLAlchemyError:
            g.house_language = DEFAULT
    return str(g.house_language)


def locale() -> str:
    """The same as Babel writes it (`pt_BR`). Outside a request it is English."""
    return tag().replace("-", "_")


def timezone() -> str:
    """The person's time zone; UTC for nobody."""
    viewer = g.get("viewer") if has_request_context() else None
    return viewer.timezone if viewer else "UTC"
