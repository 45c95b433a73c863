"""Header lines for the wire: folding (RFC 5322), encoded-words (RFC 2047), mailboxes.

The standard library's header classes decode an encoded-word they find in their *input* and may then write
what it hides, a line break included (CVE-2024-6923). Here a value that holds `=?` is text like any other: it
is encoded.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from functools import lru_cache

from webapp.mail.address import clean_header_text, envelope_form

FOLD_AT = 78  # RFC 5322 section 2.1.1
ENCODED_LINE = 76  # RFC 2047 section 2: a line that holds encoded-words
ENCODED_WORD = 75

_PLAIN = re.compile(r"[ -~]*\Z")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_SPACED_TOKEN = re.compile(r" *[^ ]+")
_Q_LITERAL = re.compile(rb"[A-Za-z0-9!*+/ -]")  # RFC 2047 section 5 (3): the set that is safe in a phrase too
_Q_TABLE = tuple(
    "_" if octet == 0x20 else chr(octet) if _Q_LITERAL.match(bytes([octet])) else f"={octet:02X}"
    for octet in range(256)
)
_HEADER_NAME = re.compile(r"[!-9;-~]{1,70}\Z")


def text_header(name: str, value: str) -> bytes:
    """Return an unstructured header (RFC 5322 section 2.2.1) with its CRLF, folded, in ASCII.

    The value is cleaned first (`clean_header_text`). Raises `ValueError` for a name that is not a header
    name.
    """
    if not _HEADER_NAME.match(name):
        raise ValueError(f"{name!r} is not a header name")
    value = clean_header_text(value)
    if _is_literal(value):
        return _folded(f"{name}:", _SPACED_TOKEN.findall(" " + value))
    words = _encoded_words(value, ENCODED_LINE - len(name) - 2)
    return f"{name}: ".encode("ascii") + "\r\n ".join(words).encode("ascii") + b"\r\n"


@lru_cache(maxsize=2048)
def mailbox_header(name: str, address: str, display_name: str = "") -> bytes:
    """Return a header with one mailbox (RFC 5322 section 3.4), `Name <address>` or bare, with CRLF.

    ASCII unless the local part of the address is not, which then stands in UTF-8 (RFC 6532).
    Raises `AddressError` when `address` is not one bare address.
    """
    wire_address, _ = envelope_form(address)
    display_name = clean_header_text(display_name)
    if not display_name:
        return f"{name}: {wire_address}\r\n".encode()
    if not _is_literal(display_name):
        tokens = [" " + word for word in _encoded_words(display_name, ENCODED_LINE - len(name) - 2)]
    elif _PHRASE.match(display_name):
        tokens = _SPACED_TOKEN.findall(" " + display_name)
    else:
        quoted = display_name.replace("\\", "\\\\").replace('"', '\\"')
        tokens = _SPACED_TOKEN.findall(f' "{quoted}"')
    return _folded(f"{name}:", [*tokens, f" <{wire_address}>"])


def _is_literal(value: str) -> bool:
    """Printable ASCII that no reader takes for an encoded-word, with a fold in reach."""
    if "=?" in value or not _PLAIN.match(value):
        return False
    return len(value) < FOLD_AT or max(map(len, value.split(" "))) < FOLD_AT * 2


def _folded(start: str, tokens: list[str]) -> bytes:
    """Join tokens that begin with their white space; a new line begins with that same white space."""
    lines, line = [], start
    for token in tokens:
        if len(line) + len(token) > FOLD_AT and line != start:
            lines.append(line)
            line = token
        else:
            line += token
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode()


def _encoded_words(text: str, first: int) -> list[str]:
    """Split text into encoded-words of whole characters; `first` is the room in the line of the first one."""
    encoded = text.encode()
    if sum(map(len, map(_Q_TABLE.__getitem__, encoded))) <= (len(encoded) + 2) // 3 * 4:
        return _q_words(text, first)
    return _b_words(text, first)


def _q_words(text: str, first: int) -> list[str]:
    words, word, room = [], "", first - len("=?utf-8?q??=")
    for character in text:
        piece = "".join(map(_Q_TABLE.__getitem__, character.encode()))
        if len(word) + len(piece) > room:
            words.append(f"=?utf-8?q?{word}?=")
            word, room = "", ENCODED_WORD - len("=?utf-8?q??=")
        word += piece
    words.append(f"=?utf-8?q?{word}?=")
    return words


def _b_words(text: str, first: int) -> list[str]:
    words, word, room = [], b"", (first - len("=?utf-8?b??=")) // 4 * 3
    for character in text:
        piece = character.encode()
        if len(word) + len(piece) > room:
            words.append(word)
            word, room = b"", (ENCODED_WORD - len("=?utf-8?b??=")) // 4 * 3
        word += piece
    words.append(word)
    return [f"=?utf-8?b?{b2a_base64(each, newline=False).decode('ascii')}?=" for each in words]
