"""Checks that many inputs share. Pure; each returns a Problem, or None when all is well."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from webapp.errors import Problem

# A control character but the tab and the ends of lines, or half of a character.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def check_text(path: str, text: str, *, most: int, needed: bool = False, lines: bool = True) -> Problem | None:
    """A text of at most `most` characters, without control characters; one line when `lines` is false."""
    if needed and not text.strip():
        return Problem(path, _("This is needed: say it in a few words."))
    if len(text) > most:
        words = _("This is %(length)s characters long; at most %(most)s are accepted.", length=len(text), most=most)
        return Problem(path, words)
    unwanted = UNWANTED.search(text)
    if unwanted and unwanted[0] < " ":
        code = f"U+{ord(unwanted[0]):04X}"
        return Problem(path, _("A control character (%(code)s) is in it; remove it.", code=code))
    if unwanted:
        return Problem(path, _("It holds half of a character pair (a lone surrogate); send valid Unicode."))
    if not lines and ("\n" in text or "\r" in text):
        return Problem(path, _("Use a single line."))
    return None
