"""Channels, severities and types in words, as the pages of notifications say them."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from webapp.queries.types import Category
from webapp.services.matching import Rulebook
from webapp.services.notifications import EVERYTHING


def severities() -> Mapping[str, str]:
    """From which severity on a notification fires."""
    return {
        "info": _("Everything: information and worse"),
        "warning": _("Warnings and worse"),
        "error": _("Errors and worse"),
        "critical": _("Only what is critical"),
    }


def patterns(book: Rulebook, categories: list[Category]) -> Mapping[str, str]:
    """What a notification can name, as people call it: everything, categories, types."""
    return {
        EVERYTHING: _("Everything"),
        **{category.patterns[0]: _(category.title) for category in categories},
        **{pattern: pattern for category in categories for pattern in category.patterns[1:]},
        **{info.type: _(info.title) for info in book.types.values()},
    }
