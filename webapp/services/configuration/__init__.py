"""Configuration as code, and the one door for every other change of the configuration.

`apply` and `export` speak the configuration file; `save` and `remove` change one entry, for forms. All of them obey the
rules of the nouns (`services.smtp_accounts` and its siblings), one change after the other, all or nothing.
"""

from __future__ import annotations

from webapp.services.configuration.changing import apply, remove, save
from webapp.services.configuration.describing import describe
from webapp.services.configuration.export import export
from webapp.services.entries import Change

__all__ = ["Change", "apply", "describe", "export", "remove", "save"]
