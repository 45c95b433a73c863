"""Long texts on a page."""

from __future__ import annotations

MOST_CHARACTERS = 200_000
MOST_LINES = 5_000


def beginning(text: str) -> tuple[str, bool]:
    """As much of a text as a page holds, and whether that is all of it."""
    begin = "\n".join(text[:MOST_CHARACTERS].split("\n", MOST_LINES)[:MOST_LINES])
    return begin, len(begin) == len(text)
