"""Plain words as safe HTML, and facts in aligned lines."""

from __future__ import annotations

import time

import pytest

from webapp.services import layout


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", []),
        ("   \n \n", []),
        ("one", ["one"]),
        ("one\ntwo", ["one<br>two"]),
        ("one\r\ntwo\rthree", ["one<br>two<br>three"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\n \t\n\n\ntwo\n", ["one", "two"]),
        ("log:\n  a   b\n\tc", ["log:<br>\u00a0 a\u00a0  b<br>\u00a0 \u00a0 c"]),
        ("one\n\n  two", ["one", "\u00a0 two"]),
        ("<b>&\"'", ["&lt;b&gt;&amp;&#34;&#39;"]),
    ],
)
def test_paragraphs(text: str, html: list[str]) -> None:
    assert [str(paragraph) for paragraph in layout.paragraphs(text)] == html


def link(address: str) -> str:
    return f'<a href="{address}">{address}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("https://a.example/x", link("https://a.example/x")),
        ("HTTP://a.example", link("HTTP://a.example")),
        ("See http://a.example/x.", f"See {link('http://a.example/x')}."),
        ("(https://a.example/x)", f"({link('https://a.example/x')})"),
        ("https://a.example/x_(y)", link("https://a.example/x_(y)")),
        ("<https://a.example>", f"&lt;{link('https://a.example')}&gt;"),
        ('"https://a.example/"', f"&#34;{link('https://a.example/')}&#34;"),
        ("https://a.example/?a=1&b=2", link("https://a.example/?a=1&amp;b=2")),
        ("http://a http://b", f"{link('http://a')} {link('http://b')}"),
        ("ftp://a.example", "ftp://a.example"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("data:text/html,x", "data:text/html,x"),
        ("www.a.example mailto:x@a.example", "www.a.example mailto:x@a.example"),
        ("https://", "https://"),
        ("https://" + "a" * 3000, "https://" + "a" * 3000),
        ("https://a.example/\u202egpj.exe", f"{link('https://a.example/')}\u202egpj.exe"),
    ],
)
def test_only_web_addresses_become_links(text: str, html: str) -> None:
    assert str(layout.lines(text)) == html


@pytest.mark.parametrize(
    "hostile",
    ["http://x" + ")" * 500_000, "http://a " * 50_000, "\n" * 500_000, "\n " * 250_000, "  " * 250_000, "(" * 500_000],
    ids=lambda hostile: repr(hostile[:10]),
)
def test_hostile_bodies_take_little_time(hostile: str) -> None:
    start = time.process_time()
    layout.paragraphs(hostile)
    assert time.process_time() - start < 5


def test_facts_are_aligned() -> None:
    facts = [("What", "Password changed"), ("Severity", "Information"), ("notes", "one\ntwo"), ("empty", "")]
    assert layout.aligned(facts).split("\n") == [
        "What:     Password changed",
        "Severity: Information",
        "notes:    one",
        "          two",
        "empty:",
    ]


def test_a_long_label_does_not_push_the_others_away() -> None:
    lines = layout.aligned([("a" * 60, "x"), ("b", "y")]).split("\n")
    assert lines == [f"{'a' * 60}: x", f"{'b:':<24} y"]


def test_no_facts_make_no_text() -> None:
    assert layout.aligned([]) == ""
