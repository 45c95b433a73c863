"""Octets of a mail to text: the declared character set, else UTF-8, else Windows-1252. Nothing is guessed."""

from __future__ import annotations

import re
from encodings.aliases import aliases
from enum import Enum
from functools import lru_cache

# They decode something else than text, take long on purpose-made input, or warn.
_NOT_FOR_MAIL = frozenset(
    ("idna", "mbcs", "oem", "palmos", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7")
)
# Names of the wild that Python does not know, and sets whose name mails give to a larger one (as WHATWG Encoding does).
_MEANT = {
    "iso_8859_1": "cp1252",
    "latin1": "cp1252",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "ansi": "cp1252",
    "x_ansi": "cp1252",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "iso_8859_8_i": "iso_8859_8",
    "gb2312": "gb18030",
    "gb_2312_80": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "ks_c_5601_1987": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "x_sjis": "cp932",
    "iso_2022_jp": "iso2022_jp_ext",
    "windows_874": "cp874",
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
}
# Declared by mailers that did not know, either: no statement at all.
_UNKNOWING = frozenset(("", "us_ascii", "ascii", "unknown_8bit", "x_unknown", "unknown", "8bit", "7bit", "default"))
_JOINERS = "\u200c\u200d"
_WIDTHLESS = "\u00ad\u200b\u2060\ufeff"
_HIGH = bytes(range(0x80, 0x100))
# Python looks for any other name in its files, and remembers each for ever: a mail can name a million.
_NAMES = frozenset(
    (
        *("cp1006", "cp720", "cp737", "cp856", "cp874", "cp875", "koi8_t", "koi8_u", "mac_arabic", "mac_croatian"),
        *("mac_farsi", "mac_romanian", "utf_8_sig"),
        *(*aliases, *aliases.values()),
    )
)


class Fit(Enum):
    """How the declared character set and the octets went together."""

    GOOD = "good"
    UNKNOWN = "unknown"
    WRONG = "wrong"


def decoded(data: bytes, declared: str) -> tuple[str, Fit]:
    """The text of `data`, and how well the declared character set fitted it."""
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and "16" not in declared and "32" not in declared:
        return data.decode("ascii"), Fit.GOOD if _known(_plain(declared)) else Fit.UNKNOWN
    name = _plain(declared)
    if name in _UNKNOWING:
        return _undeclared(data), Fit.GOOD if name in ("", "unknown_8bit") else Fit.WRONG
    if not _known(name):
        return _undeclared(data), Fit.UNKNOWN
    try:
        return data.decode(_MEANT.get(name, name)), Fit.GOOD
    except (ValueError, LookupError, TypeError):
        return _undeclared(data), Fit.WRONG


@lru_cache(maxsize=256)
def _plain(declared: str) -> str:
    return re.sub(r"[-. :]+", "_", declared.strip(" \t\"'").lower())


@lru_cache(maxsize=256)
def _known(name: str) -> bool:
    if name in _UNKNOWING or name in _MEANT:
        return True
    if name in _NOT_FOR_MAIL or name not in _NAMES:
        return False
    try:
        b"a".decode(name)
    except LookupError:
        return False
    except ValueError:  # one octet is not a whole letter: the set exists
        return True
    return True


def _undeclared(data: bytes) -> str:
    """UTF-8 where it is, else Windows-1252. Some broken octets in a text that is UTF-8 otherwise become U+FFFD."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = len(text) - len(data.translate(None, _HIGH))
    if not broken or broken < beyond_ascii - broken:
        return text
    return data.decode("cp1252", "replace")


def visible(text: str) -> str:
    """Controls, lone surrogates and what turns the direction of writing become U+FFFD; marks without width go."""
    if text.replace("\n", "").isprintable():
        return text
    unseen = {c for c in set(text) if not (c.isprintable() or c in "\n\t" or c in _JOINERS or c.isspace())}
    return text.translate({ord(c): None if c in _WIDTHLESS else "\ufffd" for c in unseen})


def one_line(text: str) -> str:
    """Visible text without line breaks, each run of white space as one space."""
    return " ".join(visible(text).split())
