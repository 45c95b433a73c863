"""The HTML of a mail: shown by mail programs that know little, read by everybody, harmless whatever it tells."""

from __future__ import annotations

import re
from dataclasses import replace

import html5lib
import pytest
from flask import Flask

from tests.services.sample_event import EVENT, LINK, page, render, shown
from webapp.mail.body import with_html_footer
from webapp.models.catalogue import Severity


def test_the_html_of_a_mail(ctx: Flask) -> None:
    root = page(render())
    assert shown(root.find(".//title")) == "[Warning] Certificate about to expire: Portal expires in 7 days"
    assert shown(root.find(".//h1")) == "Portal expires in 7 days"
    assert [shown(found) for found in root.findall(".//p")] == [
        "Renew it.Soon.",
        "See https://wiki.corp.example/pki?a=1&b=2.",
    ]
    assert len(root.findall(".//p/br")) == 1
    facts = {
        shown(row.find("th")): shown(row.find("td")) for row in root.findall(".//tr") if row.find("th") is not None
    }
    assert facts == {
        "What": "Certificate about to expire",
        "Severity": "Warning",
        "When": "Mar 1, 2026, 11:30:00 PM (UTC)",
        "Source": "scanner",
        "host": "portal.corp.example",
        "days": "7",
        "auto": "false",
    }
    links = [(found.get("href"), shown(found)) for found in root.findall(".//a")]
    assert links == [
        ("https://wiki.corp.example/pki?a=1&b=2", "https://wiki.corp.example/pki?a=1&b=2"),
        (LINK, "Open in Arauto"),
    ]


@pytest.mark.parametrize("severity", list(Severity))
def test_the_severity_is_a_word_and_a_colour(ctx: Flask, severity: Severity) -> None:
    words = render(replace(EVENT, severity=severity.value))
    word = {"info": "Information", "warning": "Warning", "error": "Error", "critical": "Critical"}[severity]
    assert words.subject.startswith(f"[{word}]")
    assert shown(page(words).find(".//strong")) == word
    bar = page(words).find(f".//td[@class='bar-{severity.value}']")
    assert re.fullmatch(r"#[0-9a-f]{6}", bar.get("bgcolor"))


HOSTILE = """</td></table><script>alert(1)</script><img src=x onerror=alert(1)>"'&{{ 7*7 }}{% x %}<!--"""


def test_everything_from_outside_is_escaped(ctx: Flask) -> None:
    happening = replace(
        EVENT, title=HOSTILE, body=HOSTILE, source=HOSTILE, attributes={HOSTILE: HOSTILE, "javascript:": "javascript:x"}
    )
    root = page(render(happening))
    assert [element.tag for element in root.iter() if element.tag in ("script", "img", "svg", "iframe", "form")] == []
    assert shown(root.find(".//h1")) == HOSTILE
    assert [found.get("href") for found in root.findall(".//a")] == [LINK]
    plain = page(render())
    known = {name for element in plain.iter() for name in element.attrib}
    assert {name for element in root.iter() for name in element.attrib} <= known


def test_nothing_is_fetched_from_anywhere(ctx: Flask) -> None:
    words = render(replace(EVENT, body=""))
    html = (words.html or "").replace(LINK, "")
    assert re.findall(r"https?:|//|url\(|@import|src=|<link|<script|<form", html) == []


def test_layout_tables_are_no_data_to_a_screen_reader(ctx: Flask) -> None:
    root = page(render())
    for table in root.findall(".//table"):
        holds_facts = table.find("./tbody/tr/th") is not None
        assert (table.get("role") == "presentation") is not holds_facts
    assert {found.get("scope") for found in root.findall(".//th")} == {"row"}


def test_colours_are_inline_for_programs_without_style_elements(ctx: Flask) -> None:
    html = re.sub(r"<style>.*?</style>", "", render().html or "", flags=re.DOTALL)
    for tag in ("body", "h1", "p", "th", "a"):
        if tag == "a":
            assert re.search(rf'<a href="{LINK}" style="[^"]*color:', html)
        else:
            assert re.search(rf'<{tag}[^>]* style="[^"]*color:', html), tag


def test_dark_colours_are_offered(ctx: Flask) -> None:
    html = render().html or ""
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "prefers-color-scheme: dark" in html


def test_contrast_is_enough(ctx: Flask) -> None:
    """WCAG 2.2, 1.4.3: every text colour of the light mail on white, white on the button."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    colours = set()
    for severity in Severity:
        html = re.sub(
            r"<style>.*?</style>", "", render(replace(EVENT, severity=severity.value)).html or "", flags=re.DOTALL
        )
        colours |= set(re.findall(r"[;\"]color:(#[0-9a-f]{6})", html)) | {"#1d4ed8"}
    for colour in colours - {"#ffffff"}:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def test_no_line_is_too_long_for_the_wire_as_it_is(ctx: Flask) -> None:
    """RFC 5322 section 2.1.1: 998 octets; longer lines would be encoded, and the source is harder to read then."""
    assert max(len(line) for line in (render().html or "").splitlines()) <= 998


def test_a_footer_is_added_inside_the_body(ctx: Flask) -> None:
    html = with_html_footer(render().html or "", "Sent by Arauto")
    root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    assert shown(root.findall("./body/p")[-1]) == "Sent by Arauto"
