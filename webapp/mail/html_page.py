"""HTML of a mail as a page may show it: no scripts, forms, styles, and nothing that would be fetched.

What cleans HTML builds the tree that a browser would build, in quadratic time where HTML is made for that: deep
nesting, tags that are never closed, long runs of signs. So it is given HTML that is tidy already: its tags nest, and
not deeply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import islice

import nh3

from webapp.mail.html_text import tokens, unescaped

LONGEST_PAGE = 1_000_000  # characters
MOST_TAGS = 50_000
DEEPEST = 100

_KEPT = nh3.ALLOWED_TAGS - {"img"}
_SCHEMES = {"http", "https", "mailto"}
_VOID = frozenset(("area", "br", "col", "hr", "wbr"))
_LONGEST_RUN = 2_000  # characters of text without a tag
_LONGEST_ATTRIBUTES = 5_000

_SECTIONS = frozenset(("caption", "colgroup", "tbody", "thead"))
_CELLS = frozenset(("td", "th"))
_TERMS = frozenset(("dd", "dt"))
# The tags that a tag ends by its beginning, and those beyond which it ends none.
_IMPLIED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "a": (frozenset(("a",)), _CELLS),
    "li": (frozenset(("li",)), frozenset(("ol", "ul", "table"))),
    **dict.fromkeys(_TERMS, (_TERMS, frozenset(("dl", "table")))),
    "tr": (frozenset(("tr",)), _SECTIONS | {"table"}),
    **dict.fromkeys(_SECTIONS, (_SECTIONS, frozenset(("table",)))),
    **dict.fromkeys(_CELLS, (_CELLS, frozenset(("table", "tr")))),
    **dict.fromkeys(
        (
            *("article", "aside", "blockquote", "center", "details", "div", "dl", "figure", "footer", "h1", "h2", "h3"),
            *("h4", "h5", "h6", "header", "hr", "nav", "ol", "p", "pre", "table", "ul"),
        ),
        (frozenset(("p",)), _CELLS | {"li", "table"}),
    ),
}
# Tags beyond which no closing tag reaches but those of the table itself.
_WALLS = frozenset(("table",)) | _CELLS
_OF_TABLES = frozenset(("table", "tr")) | _SECTIONS | _CELLS
_ATTRIBUTE = re.compile(r"""([a-zA-Z]{2,12}+)\s*+=\s*+(?:"([^"]{0,2000}+)"|'([^']{0,2000}+)'|([^\s"'>]{1,2000}+))""")


def page(html: str) -> str:
    """The HTML for a page, at most LONGEST_PAGE characters and MOST_TAGS tags of it."""
    return nh3.clean(_tidied(html[:LONGEST_PAGE]), tags=_KEPT, url_schemes=_SCHEMES)


def _tidied(html: str) -> str:
    """The same HTML with the kept tags alone, each closed where it ends and nested at most DEEPEST deep."""
    done: list[str] = []
    opened: list[str] = []
    for tag, attributes, text in islice(tokens(html), MOST_TAGS):
        done.extend(_runs(unescaped(text)))
        name = tag.removeprefix("/")
        if name not in _KEPT:
            continue
        if tag.startswith("/"):
            _close(opened, done, (name,), ("table",) if name in _OF_TABLES else _WALLS)
            continue
        _close(opened, done, *_IMPLIED.get(name, ((), ())))
        if name in _VOID or len(opened) < DEEPEST:
            done.append(f"<{name}{_attributes(attributes)}>")
            opened.extend(() if name in _VOID else (name,))
    done.extend(f"</{name}>" for name in reversed(opened))
    return "".join(done)


def _close(opened: list[str], done: list[str], names: Iterable[str], walls: Iterable[str]) -> None:
    """Close the innermost open tag of those names, and what is open within it; none beyond a wall."""
    for place in range(len(opened) - 1, -1, -1):
        if opened[place] in names:
            done.extend(f"</{name}>" for name in reversed(opened[place:]))
            del opened[place:]
            return
        if opened[place] in walls:
            return


def _runs(text: str) -> Iterable[str]:
    """The text as HTML, with a place to break the line, which nobody sees, between its pieces."""
    if len(text) <= _LONGEST_RUN:
        return (escape(text),)
    pieces = (text[at : at + _LONGEST_RUN] for at in range(0, len(text), _LONGEST_RUN))
    return ("<wbr>".join(map(escape, pieces)),)


def _attributes(written: str) -> str:
    """The attributes anew, each with its value in quotation marks."""
    if not written:
        return ""
    found = _ATTRIBUTE.finditer(written[:_LONGEST_ATTRIBUTES])
    values = ((one[1].lower(), unescaped(one[2] or one[3] or one[4] or "")) for one in islice(found, 20))
    return "".join(f' {name}="{escape(value)}"' for name, value in values)
