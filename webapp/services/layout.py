"""Plain words laid out for a mail: paragraphs and links in HTML, aligned facts in text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

LINK = re.compile(r"https?://[^\s<>\"'`\\^{|}\x00-\x20\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)
LONGEST_LINK = 2000
TRAILING = ".,;:!?*_~)]’”»"
PAIRS = {")": "(", "]": "["}
PARAGRAPH_END = re.compile(r"\n(?:[ \t]*\n)+")
WIDEST_LABEL = 24
MORE_THAN_WORDS = re.compile(r"[\r\n\t]|  |://")


def paragraphs(text: str) -> list[Markup]:
    """The paragraphs of a plain text as safe HTML: see `lines`."""
    return [lines(block.strip("\n")) for block in PARAGRAPH_END.split(_with_newlines(text)) if block.strip()]


def lines(text: str) -> Markup:
    """A plain text as safe HTML: line breaks and indents kept, http and https addresses linked, nothing else."""
    if not MORE_THAN_WORDS.search(text):
        return escape(text)
    return Markup("<br>").join(_line(line) for line in _with_newlines(text).split("\n"))


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(line: str) -> Markup:
    made, at = [], 0
    for found in LINK.finditer(line):
        if len(found.group()) <= LONGEST_LINK:
            address = _without_trailing(found.group())
            made += [_spaced(line[at : found.start()]), Markup('<a href="{0}">{0}</a>').format(address)]
            at = found.start() + len(address)
    return Markup("").join([*made, _spaced(line[at:])])


def _without_trailing(address: str) -> str:
    """What follows an address in a sentence is not a part of it; a bracket is, when it was opened inside."""
    while address and address[-1] in TRAILING:
        opening = PAIRS.get(address[-1])
        if opening and address.count(opening) >= address.count(address[-1]):
            break
        address = address[:-1]
    return address


def _spaced(text: str) -> Markup:
    """HTML shows runs of spaces as one: every other becomes a no-break space, so that lines can still break."""
    return escape(text.expandtabs(4).replace("  ", "\u00a0 "))


def aligned(facts: Sequence[tuple[str, str]]) -> str:
    """Facts as lines of plain text, the values below each other; its further lines are indented too."""
    width = max((min(len(label) + 1, WIDEST_LABEL) for label, _ in facts), default=0) + 1
    break_and_indent = "\n" + " " * width
    return "\n".join(
        f"{label + ':':<{width - 1}} {break_and_indent.join(value.splitlines())}".rstrip() for label, value in facts
    )
