"""Checks that many inputs share. Pure; each returns a Problem, or None when all is well."""

from __future__ import annotations

from webapp.errors import Problem

ALLOWED_CONTROLS = "\t\n\r"


def check_text(path: str, text: str, *, most: int, needed: bool = False, lines: bool = True) -> Problem | None:
    """A text of at most `most` characters, without control characters; one line when `lines` is false."""
    if needed and not text.strip():
        return Problem(path, "This is needed: say it in a few words.")
    if len(text) > most:
        return Problem(path, f"This is {len(text)} characters long; at most {most} are accepted.")
    for character in text:
        if character < " " and character not in ALLOWED_CONTROLS:
            return Problem(path, f"A control character (U+{ord(character):04X}) is in it; remove it.")
        if "\ud800" <= character <= "\udfff":
            return Problem(path, "It holds half of a character pair (a lone surrogate); send valid Unicode.")
    if not lines and ("\n" in text or "\r" in text):
        return Problem(path, "Use a single line.")
    return None
