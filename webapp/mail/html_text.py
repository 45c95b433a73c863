"""HTML of a mail to plain text as a mail program would have written it: quotations marked with `>`, lines as lines.

It reads tags from left to right and keeps no tree: nothing that a mail holds can make it recurse, run or take long.
What it returns is text and must be escaped like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from webapp.mail.charset import visible

LONGEST_HTML = 300_000
QUOTE_BEGINS = "\ue000"  # a line of its own: what follows is the mail that is answered
SIGNATURE_BEGINS = "--"
_DEEPEST_QUOTE = 20

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre"),
        *("section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    )
)
_PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre"))
_UNSEEN = frozenset(("script", "style", "title", "template"))
_TAG = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:]{0,30}")
_OPEN_QUOTE = re.compile(r"=\s*(\"[^\"]*$|'[^']*$)")
# How mail programs mark where the signature begins, and where the mail begins that is answered.
_NAMED = re.compile(r"""(?:id|class|name)\s*+=\s*+(?:"([^"]*+)|'([^']*+)|([^\s"'>]++))""", re.IGNORECASE)
_SIGNATURES = re.compile(
    r"\b(?:gmail_signature|moz-signature|applemailsignature|ms-outlook-mobile-signature|signature\Z)", re.IGNORECASE
)
_MARKS = re.compile(
    r"\b(?:divRplyFwdMsg|appendonsend|OutlookMessageHeader|ms-outlook-mobile-reference|gmail_quote_container|gmail_attr"
    r"|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra|tutanota_quote|replyHeader|reply-intro)",
    re.IGNORECASE,
)
_RULES = re.compile(
    r"border(?:-width)?\s*+:\s*+none;\s*+border-top\s*+:\s*+solid\s++#[0-9a-f]{6}\s++1(?:\.0)?pt", re.IGNORECASE
)


def to_text(html: str) -> str:
    """The text of a page of HTML."""
    lines = _Lines()
    for tag, attributes, text in tokens(html[:LONGEST_HTML]):
        if text:
            lines.words(text)
        if tag:
            lines.tag(tag, attributes)
    return lines.text()


def unescaped(text: str) -> str:
    """The text with its character references resolved; as it is when one of them is a number beyond all measure."""
    try:
        return unescape(text)
    except ValueError:  # of more digits than Python reads
        return text


def tokens(html: str) -> Iterator[tuple[str, str, str]]:
    """Tag in lower case, its attributes, and the text before it."""
    at = 0
    while True:
        start = html.find("<", at)
        if start < 0:
            yield "", "", html[at:]
            return
        before = html[at:start]
        if html.startswith("<!--", start):
            end = html.find("-->", start + 4)
            at = len(html) if end < 0 else end + 3
            yield "", "", before
            continue
        tag = _TAG.match(html, start + 1)
        end = _tag_end(html, start + 1)
        if end < 0:
            yield "", "", before + ("" if tag else html[start:])
            return
        if not tag:
            known = html[start + 1] in "!?/"
            yield "", "", before if known else before + "<"
            at = end + 1 if known else start + 1
            continue
        name = tag[0].lower()
        at = end + 1
        if name in _UNSEEN and not html.startswith("/", end - 1):
            close = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(html, at)
            at = close.end() if close else len(html)
        yield name, html[tag.end() : end], before


def _tag_end(html: str, start: int) -> int:
    """Where the tag ends: at a `>` that is in no quoted value, as far as a few tries can tell."""
    end = start
    for _ in range(4):
        end = html.find(">", end)
        if end < 0 or not _OPEN_QUOTE.search(html[start : min(end, start + 2000)]):
            return end
        end += 1
    return html.find(">", start)


class _Lines:
    """The lines written so far, each with the depth of its quotation."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line: list[str] = []
        self._depth = 0
        self._pre = 0

    def words(self, text: str) -> None:
        text = visible(unescaped(text))
        if self._pre:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for other in others:
                self._end()
                self._line.append(other)
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", text)
        if text.startswith(" ") and (not self._line or self._line[-1].endswith(" ")):
            text = text[1:]
        if text:
            self._line.append(text)

    def tag(self, tag: str, attributes: str) -> None:
        closing = tag.startswith("/")
        name = tag.removeprefix("/")
        if name == "br":
            self._end()
        elif name in _BLOCKS:
            self._block(name, closing, attributes)
        elif not closing:
            self._marks(attributes)

    def _block(self, name: str, closing: bool, attributes: str) -> None:
        if name in ("td", "th"):
            if not closing and self._line:
                self._line.append(" ")
            return
        self._break()
        if name in _PARAGRAPHS:
            self._blank()
        if name == "blockquote":
            self._depth = max(0, self._depth - 1) if closing else min(self._depth + 1, _DEEPEST_QUOTE)
        elif name == "pre":
            self._pre = 0 if closing else 1
        elif name == "li" and not closing:
            self._line.append("- ")
        if not closing:
            self._marks(attributes)

    def _marks(self, attributes: str) -> None:
        if not attributes or self._depth:
            return
        names = [one[1] or one[2] or one[3] or "" for one in _NAMED.finditer(attributes[:2000])]
        quote = any(map(_MARKS.search, names)) or _RULES.search(attributes[:2000])
        signature = any(map(_SIGNATURES.search, names))
        if quote or signature:
            self._break()
            self._done.append(QUOTE_BEGINS if quote else SIGNATURE_BEGINS)

    def _break(self) -> None:
        if "".join(self._line).strip():
            self._end()
        self._line.clear()

    def _blank(self) -> None:
        if self._done and self._done[-1].strip("> ") and self._done[-1] != QUOTE_BEGINS:
            self._done.append(("> " * self._depth).rstrip())

    def _end(self) -> None:
        self._done.append((("> " * self._depth) + "".join(self._line).replace("\xa0", " ").rstrip()).rstrip())
        self._line.clear()

    def text(self) -> str:
        self._break()
        return "\n".join(self._done).strip("\n")
