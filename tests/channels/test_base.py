from __future__ import annotations

import pytest

from webapp.channels.base import AccountTrouble, Stage, TroubleKind, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  two\r\nlines\tand tab ", "two lines and tab"),
        ("bell\x07 escape\x1b[31m", r"bell\x07 escape\x1b[31m"),
        ("\u202eevil", r"\u202eevil"),
        ("lone \ud800", r"lone \ud800"),
        ("Ação 通知", "Ação 通知"),
    ],
)
def test_words_are_one_printable_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_words_have_at_most_500_characters() -> None:
    assert one_line("x" * 500) == "x" * 500
    assert one_line("x" * 501) == "x" * 499 + "…"
    assert len(one_line("\x00" * 10_000)) == 500


def test_trouble_says_its_words_and_keeps_its_place() -> None:
    trouble = AccountTrouble(TroubleKind.BUSY, Stage.GREETING, "try\r\nlater", code=421, enhanced="4.3.2")
    assert str(trouble) == trouble.words == "try later"
    assert (trouble.kind, trouble.stage, trouble.code, trouble.enhanced) == ("busy", "greeting", 421, "4.3.2")
