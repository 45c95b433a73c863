"""Values of header fields: text (RFC 2047), parameters (RFC 2045, 2231), Message-IDs and dates (RFC 5322)."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import unquote_to_bytes

from webapp.mail.charset import decoded, one_line

LONGEST_VALUE = 16_000
MOST_IDS = 100
MOST_PARAMETERS = 100
YEARS = range(1970, 9999)

_ENCODED_WORDS = re.compile(
    rb"=\?([!-)+->@-~]{1,40})(?:\*[!->@-~]{0,40})?\?([bBqQ])\?([^?]{0,8000})\?="  # RFC 2231 section 5: *language
)
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)')
_CONTINUED = re.compile(r"([^*]+)\*(?:([0-9]{1,3})(\*)?)?\Z")
_NOT_BASE64 = bytes(octet for octet in range(256) if not re.match(rb"[A-Za-z0-9+/]", bytes([octet])))
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE_ID = re.compile(r"[^<>\s@]{1,250}@[^<>\s@]{1,250}\Z")


def unfolded(value: bytes) -> bytes:
    """The value on one line (RFC 5322 section 2.2.3), cut to LONGEST_VALUE octets."""
    return value[:LONGEST_VALUE].replace(b"\n", b"").replace(b"\r", b" ").strip()


def text(value: bytes) -> str:
    """The value as people read it: one line, encoded-words decoded, octets above ASCII taken as UTF-8 (RFC 6532)."""
    if not value:
        return ""
    line = unfolded(value)
    if b"=?" not in line:
        return one_line(decoded(line, "")[0])
    return one_line("".join(_pieces(line)))


def _pieces(line: bytes) -> list[str]:
    """The line in pieces of text. Neighbours in one character set are decoded together: some mailers cut in letters."""
    pieces: list[str] = []
    end = 0
    waiting, charset = b"", ""
    for word in _ENCODED_WORDS.finditer(line):
        between = line[end : word.start()]
        named = word[1].decode("ascii", "replace").lower()
        if between and (between.strip() or not end):  # white space between two encoded-words is no text
            pieces += (decoded(waiting, charset)[0], decoded(between, "")[0])
            waiting = b""
        elif waiting and named != charset:
            pieces.append(decoded(waiting, charset)[0])
            waiting = b""
        charset = named
        waiting += base64(word[3])[0] if word[2] in b"bB" else a2b_qp(word[3], header=True)
        end = word.end()
    return [*pieces, decoded(waiting, charset)[0], decoded(line[end:], "")[0]]


def base64(data: bytes) -> tuple[bytes, bool]:
    """What base64 stands for, as much as there is, and whether it was whole."""
    try:
        return a2b_base64(data), True
    except Error:
        letters = data.translate(None, _NOT_BASE64)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        return a2b_base64(letters + b"=" * (-len(letters) % 4)), False


def quoted_printable(data: bytes) -> bytes:
    """What quoted-printable stands for (RFC 2045 section 6.7); what is none of it stands for itself."""
    return a2b_qp(data)


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """The value before the first semicolon in lower case, and the parameters by their names in lower case."""
    line = decoded(unfolded(value), "")[0]
    main, semicolon, rest = line.partition(";")
    found: dict[str, str] = {}
    split: dict[str, dict[int, tuple[str, bool]]] = {}
    for parameter in islice(_PARAMETER.finditer(semicolon + rest), MOST_PARAMETERS):
        name, given = parameter[1], _unquoted(parameter[2])
        continued = _CONTINUED.match(name)
        if continued is None:
            found.setdefault(name.lower(), _worded(given))
        else:
            encoded = name.endswith("*")
            split.setdefault(continued[1].lower(), {})[int(continued[2] or 0)] = (given, encoded)
    for name, sections in split.items():
        found[name] = _joined(sections)
    return main.strip().lower(), found


def _unquoted(written: str) -> str:
    written = written.strip()
    if written.startswith('"'):
        return re.sub(r"\\(.)", r"\1", written[1:].removesuffix('"'))
    return written


def _worded(given: str) -> str:
    return text(given.encode("utf-8", "replace")) if "=?" in given else one_line(given)


def _joined(sections: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231: sections in order; those that are encoded share the character set that the first names."""
    charset = ""
    data = b""
    for number, (given, encoded) in sorted(sections.items()):
        if encoded and number == 0 and given.count("'") >= 2:
            charset, _language, given = given.split("'", 2)
        data += unquote_to_bytes(given) if encoded else given.encode("utf-8", "replace")
    return one_line(decoded(data, charset)[0])


def message_ids(value: str) -> tuple[str, ...]:
    """The Message-IDs in a value, in angle brackets, each once, in order."""
    found = _MESSAGE_ID.findall(value)[:MOST_IDS] or _BARE_ID.findall(value.strip())
    return tuple(dict.fromkeys(f"<{one}>" for one in found))


def date(value: str) -> datetime | None:
    """The moment in UTC; None when there is none, it cannot be read, or its year is absurd."""
    try:
        moment = parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, LookupError, AttributeError):
        return None
    return moment if moment.year in YEARS else None
