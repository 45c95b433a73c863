"""Of a long text a page shows the beginning."""

from __future__ import annotations

import pytest

from webapp.views.beginning import MOST_CHARACTERS, MOST_LINES, beginning


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("a\nb\n", "a\nb\n"),
        ("x" * (MOST_CHARACTERS + 1), "x" * MOST_CHARACTERS),
        ("\n" * 10_000_000, "\n" * (MOST_LINES - 1)),
        ("a\n" * MOST_LINES, ("a\n" * MOST_LINES)[:-1]),
    ],
    ids=["all", "long", "lines", "a line more"],
)
def test_a_page_shows_the_beginning_of_a_text(text: str, begin: str) -> None:
    assert beginning(text) == (begin, begin == text)
