"""Configuration as code, and the one door for every other change of the configuration.

`apply` and `export` speak the configuration file; `get`, `check`, `save` and `remove` one entry, for forms. All of
them obey the rules of the nouns (`services.smtp_accounts` and its siblings), one change after the other, all or
nothing.
"""

from __future__ import annotations

from webapp.services.configuration.changing import apply, check, remove, save
from webapp.services.configuration.describing import describe
from webapp.services.configuration.export import export
from webapp.services.configuration.reading import Stored, User, entry_of, get, get_single, names, number_of, users_of
from webapp.services.entries import Change

__all__ = [
    "Change",
    "Stored",
    "User",
    "apply",
    "check",
    "describe",
    "entry_of",
    "export",
    "get",
    "get_single",
    "names",
    "number_of",
    "remove",
    "save",
    "users_of",
]
