"""Our own words about a delivery, in the language of the reader: see `models.sayings`."""

from __future__ import annotations

from flask_babel import gettext

from webapp.models import sayings


def said(words: str) -> str:
    """`words` in the language of the reader when they are ours; a server's as they are."""
    return sayings.said(words, gettext)
