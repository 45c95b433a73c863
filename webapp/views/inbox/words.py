"""Defects of a mail in words: what is wrong with it, and so why it may not be shown or understood as it was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from webapp.mail.defects import Defect

DEFECTS: Mapping[str, Callable[[], str]] = {
    Defect.EMPTY: lambda: _("It is empty."),
    Defect.TOO_LARGE: lambda: _("It is too large: only its beginning was read."),
    Defect.NO_HEADERS: lambda: _("It has no header: all of it was read as text."),
    Defect.HEADERS_CUT: lambda: _("It has too many header fields: the last ones were not read."),
    Defect.FIELD_CUT: lambda: _("A header field is too long: only its beginning was read."),
    Defect.BROKEN_HEADERS: lambda: _("Lines of its header are no header fields."),
    Defect.BARE_CR: lambda: _("Its lines end in a way that no mail may have (CR alone)."),
    Defect.NUL: lambda: _("It holds zero bytes, which no mail may hold."),
    Defect.TOO_DEEP: lambda: _("Its parts are nested too deep: the innermost were not taken apart."),
    Defect.TOO_MANY_PARTS: lambda: _("It has too many parts: the last ones were not read."),
    Defect.NO_PARTS: lambda: _("It says that it has parts, and none was found."),
    Defect.UNCLOSED: lambda: _("Its last part has no end: the end of the mail may be lost."),
    Defect.BAD_ENCODING: lambda: _("The encoding of a part is unknown or broken."),
    Defect.UNKNOWN_CHARSET: lambda: _("A part names a character set that does not exist."),
    Defect.WRONG_CHARSET: lambda: _("A part holds characters that its character set does not have."),
    Defect.BAD_DATE: lambda: _("Its date cannot be read."),
    Defect.TEXT_CUT: lambda: _("Its text is too long: only its beginning was read."),
}


def defect_words(names: list[str]) -> list[str]:
    """What is wrong with a mail, a sentence for each defect; its name where it is of another version."""
    return [DEFECTS[name]() if name in DEFECTS else name for name in names]
