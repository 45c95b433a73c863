"""Defects of a mail in words: what is wrong with it, and so why it may not be shown or understood as it was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

# By `mail.defects.Defect`.
DEFECTS: Mapping[str, Callable[[], str]] = {
    "empty": lambda: _("It is empty."),
    "too_large": lambda: _("It is too large: only its beginning was read."),
    "no_headers": lambda: _("It has no header: all of it was read as text."),
    "headers_cut": lambda: _("It has too many header fields: the last ones were not read."),
    "field_cut": lambda: _("A header field is too long: only its beginning was read."),
    "broken_headers": lambda: _("Lines of its header are no header fields."),
    "bare_cr": lambda: _("Its lines end in a way that no mail may have (CR alone)."),
    "nul": lambda: _("It holds zero bytes, which no mail may hold."),
    "too_deep": lambda: _("Its parts are nested too deep: the innermost were not taken apart."),
    "too_many_parts": lambda: _("It has too many parts: the last ones were not read."),
    "no_parts": lambda: _("It says that it has parts, and none was found."),
    "unclosed": lambda: _("Its last part has no end: the end of the mail may be lost."),
    "bad_encoding": lambda: _("The encoding of a part is unknown or broken."),
    "unknown_charset": lambda: _("A part names a character set that does not exist."),
    "wrong_charset": lambda: _("A part holds characters that its character set does not have."),
    "bad_date": lambda: _("Its date cannot be read."),
    "text_cut": lambda: _("Its text is too long: only its beginning was read."),
}


def defect_words(names: list[str]) -> list[str]:
    """What is wrong with a mail, a sentence for each defect; its name where it is of another version."""
    return [DEFECTS[name]() if name in DEFECTS else name for name in names]
