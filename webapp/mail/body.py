"""Text of a mail to a MIME part on the wire: line ends, characters, transfer encoding (RFC 2045)."""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from html import escape

LINE_LIMIT = 998  # RFC 5322 section 2.1.1, without CRLF
_BASE64_LINE = 76

_LINE_END = re.compile(r"\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


def canonical_text(text: str) -> str:
    """Return the text with `\\n` as its only line end and U+FFFD for what has no place in a text.

    That is: controls except the tab, and lone surrogates. A text that is not empty ends with a line end.
    """
    if not text.replace("\n", "").isprintable():  # printable text, nearly always, is spared both passes
        text = _UNPRINTABLE.sub("\ufffd", _LINE_END.sub("\n", text))
    return text if not text or text.endswith("\n") else text + "\n"


def with_footer(text: str, footer: str) -> str:
    """Return the plain text with the footer behind a signature separator (RFC 3676 section 4.3)."""
    if not footer:
        return text
    body = text.rstrip("\r\n")
    return f"{body}\n\n-- \n{footer}" if body else f"-- \n{footer}"


def with_html_footer(html: str, footer: str) -> str:
    """Return the HTML with the escaped footer as its last paragraph, before `</body>` where there is one."""
    if not footer:
        return html
    paragraph = "<hr><p>" + "<br>\n".join(escape(footer).splitlines()) + "</p>\n"
    ends = list(_BODY_END.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return html[:at] + paragraph + html[at:]


def part(content_type: str, text: str) -> bytes:
    """Return one text part, its two headers and its body, in CRLF lines of at most 998 octets of ASCII.

    The encoding is `7bit` where the text allows, else the shorter of `quoted-printable` and `base64`.
    """
    encoding, body = _transfer_encoded(canonical_text(text).encode())
    head = f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + body


def _transfer_encoded(data: bytes) -> tuple[str, bytes]:
    if data.isascii() and (len(data) <= LINE_LIMIT or max(map(len, data.split(b"\n"))) <= LINE_LIMIT):
        return "7bit", data.replace(b"\n", b"\r\n")
    quoted = b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    canonical = data.replace(b"\n", b"\r\n")
    if len(quoted) <= len(canonical) * 1.4:
        return "quoted-printable", quoted
    whole = b2a_base64(canonical, newline=False)
    lines = [whole[at : at + _BASE64_LINE] for at in range(0, len(whole), _BASE64_LINE)]
    return "base64", b"\r\n".join(lines) + b"\r\n"
