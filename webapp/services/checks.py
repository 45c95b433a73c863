"""Checks that many inputs share. Pure; each returns a Problem, or None when all is well."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.errors import Problem

ALLOWED_CONTROLS = "\t\n\r"


def check_text(path: str, text: str, *, most: int, needed: bool = False, lines: bool = True) -> Problem | None:
    """A text of at most `most` characters, without control characters; one line when `lines` is false."""
    if needed and not text.strip():
        return Problem(path, _("This is needed: say it in a few words."))
    if len(text) > most:
        words = _("This is %(length)s characters long; at most %(most)s are accepted.", length=len(text), most=most)
        return Problem(path, words)
    for character in text:
        if character < " " and character not in ALLOWED_CONTROLS:
            code = f"U+{ord(character):04X}"
            return Problem(path, _("A control character (%(code)s) is in it; remove it.", code=code))
        if "\ud800" <= character <= "\udfff":
            return Problem(path, _("It holds half of a character pair (a lone surrogate); send valid Unicode."))
    if not lines and ("\n" in text or "\r" in text):
        return Problem(path, _("Use a single line."))
    return None
