"""Rendering: the right words for each person, in their language and with their time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask

from tests.conftest import FreshApp
from tests.services.sample_event import ANA, EVENT, LINK, RULE, book, page, render, shown, text
from webapp.mail.compose import Words
from webapp.models.catalogue import BUILT_IN
from webapp.services import rendering, tags
from webapp.services.matching import Recipient
from webapp.services.rendering import Language, Renderer, known_locale

# --- built-in words ---


@pytest.mark.parametrize("event_type", BUILT_IN)
@pytest.mark.parametrize("channel", ["email", "sms", "screen"])
def test_built_in_words_hold_title_and_body(ctx: Flask, event_type: str, channel: str) -> None:
    words = render(replace(EVENT, type=event_type, severity=BUILT_IN[event_type].severity.value), channel=channel)
    assert channel == "sms" or EVENT.title in words.subject
    assert EVENT.title in words.text
    assert EVENT.body in words.text
    assert (words.html is not None) == (channel == "email")


def test_the_text_of_a_mail(ctx: Flask) -> None:
    words = render()
    assert words.subject == "[Warning] Certificate about to expire: Portal expires in 7 days"
    assert words.text.split("\n") == [
        "Portal expires in 7 days",
        "",
        "Renew it.",
        "Soon.",
        "",
        "See https://wiki.corp.example/pki?a=1&b=2.",
        "",
        "What:     Certificate about to expire",
        "Severity: Warning",
        "When:     Mar 1, 2026, 11:30:00 PM (UTC)",
        "Source:   scanner",
        "host:     portal.corp.example",
        "days:     7",
        "auto:     false",
        "",
        f"Open in Arauto: {LINK}",
    ]


def test_a_process_with_pages_writes_the_same_mail(ctx: Flask, fresh_app: FreshApp, tmp_path: Path) -> None:
    words = render()
    with fresh_app(tmp_path / "served") as served, served.app_context():
        assert render() == words


def test_an_event_without_a_body_or_a_source_leaves_no_gap(ctx: Flask) -> None:
    words = render(replace(EVENT, body="", source="", attributes={}))
    assert "\n\n\n" not in words.text
    assert "Source" not in words.text
    assert page(words).findall(".//p") == []


# --- an administrator's words ---


def test_a_text_of_ones_own_goes_first(ctx: Flask) -> None:
    words = render(EVENT, text("Body {{ event.attributes.host }}", subject="{{ type.category }}: {{ event.severity }}"))
    assert words.subject == "Expiration of certificates: Warning"
    assert words.text.startswith("Body portal.corp.example\n")
    assert shown(page(words).find(".//p")) == "Body portal.corp.example"


def test_every_tag_has_a_value(ctx: Flask) -> None:
    words = render(EVENT, text("\n".join(f"{name}={{{{ {name} }}}}" for name in sorted(tags.KNOWN))))
    lines = dict(line.split("=", 1) for line in words.text.split("\n") if "=" in line)
    assert set(lines) >= tags.KNOWN
    assert all(lines[name] for name in tags.KNOWN)
    assert lines["event.link"] == LINK
    assert lines["notification.name"] == "Vault watch"


@pytest.mark.parametrize(
    ("locale", "body"), [("pt-BR", "brasileiro"), ("pt-PT", "português"), ("pt", "português"), ("es", "english")]
)
def test_the_nearest_language_is_taken(ctx: Flask, locale: str, body: str) -> None:
    texts = [text("brasileiro", locale="pt-BR"), text("português", locale="pt"), text("english")]
    assert render(EVENT, *texts, person=replace(ANA, locale=locale)).text.startswith(body)


def test_a_text_for_another_channel_is_not_taken(ctx: Flask) -> None:
    assert render(EVENT, text("by SMS", channel="sms")).text.startswith(EVENT.title)
    assert render(EVENT, text("by SMS", channel="sms"), channel="sms") == Words("S", "by SMS")


@pytest.mark.parametrize("channel", ["email", "screen"])
def test_a_subject_is_one_line_whatever_fills_it(ctx: Flask, channel: str) -> None:
    happening = replace(EVENT, attributes={"host": "a\r\nBcc: evil@corp.example\u2028x"})
    words = render(happening, text("B", subject="{{ event.attributes.host }}", channel=channel), channel=channel)
    assert words.subject == "a Bcc: evil@corp.example x"


def test_a_value_cannot_bring_tags(ctx: Flask) -> None:
    words = render(replace(EVENT, title="{{ contact.email }}"), text("{{ event.title }}"))
    assert words.text.startswith("{{ contact.email }}")


# --- one rendering for many ---


def test_people_who_read_the_same_share_their_words(ctx: Flask) -> None:
    renderer = Renderer(book(), "https://arauto.corp.example")
    bob, rule = replace(ANA, id=2, name="Bob"), replace(RULE, id=2, name="Other")
    assert renderer.words(EVENT, Recipient(RULE, ANA, "email", "a")) is renderer.words(
        EVENT, Recipient(rule, bob, "email", "b")
    )


@pytest.mark.parametrize("change", [{"locale": "es"}, {"timezone": "America/Sao_Paulo"}])
def test_another_language_or_zone_has_its_own_words(ctx: Flask, change: dict[str, str]) -> None:
    renderer = Renderer(book(), "https://arauto.corp.example")
    other = renderer.words(EVENT, Recipient(RULE, replace(ANA, id=2, **change), "email", "b"))
    assert other.text != renderer.words(EVENT, Recipient(RULE, ANA, "email", "a")).text


def test_two_events_do_not_share_words(ctx: Flask) -> None:
    renderer = Renderer(book(), "https://arauto.corp.example")
    other = replace(EVENT, id=42, title="Another")
    assert "Another" in renderer.words(other, Recipient(RULE, ANA, "email", "a")).subject
    assert "Another" not in renderer.words(EVENT, Recipient(RULE, ANA, "email", "a")).subject


def test_words_that_name_the_person_or_the_rule_are_not_shared(ctx: Flask) -> None:
    renderer = Renderer(book(text("{{ contact.name }} {{ notification.name }}")), "")
    bob, rule = replace(ANA, id=2, name="Bob"), replace(RULE, id=2, name="Other")
    starts = [
        renderer.words(EVENT, Recipient(by, person, "email", "")).text.split("\n")[0]
        for by in (RULE, rule)
        for person in (ANA, bob)
    ]
    assert starts == ["Ana Vault watch", "Bob Vault watch", "Ana Other", "Bob Other"]


# --- languages and times ---


def test_words_are_in_the_readers_language(ctx: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = "{{ type.title }} ({{ event.severity }}): {{ event.title }}"
    words = {
        "Severity": "Gravidade",
        "Warning": "Aviso",
        "Open in Arauto": "Abrir no Arauto",
        "Certificate about to expire": "Certificado prestes a expirar",
        "[{{ event.severity }}] {{ type.title }}: {{ event.title }}": subject,
    }
    catalog = Catalog(locale="pt_BR")
    for english, portuguese in words.items():
        catalog.add(english, portuguese)
    folder = tmp_path / "pt_BR" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    babel = ctx.extensions["babel"]
    monkeypatch.setattr(babel, "translation_directories", [str(tmp_path)])
    monkeypatch.setattr(babel.instance.domain_instance, "cache", {})
    monkeypatch.setattr(rendering, "language_of", Language)
    made = render(person=replace(ANA, locale="pt-BR", timezone="America/Sao_Paulo"))
    assert made.subject == "Certificado prestes a expirar (Aviso): Portal expires in 7 days"
    assert "Gravidade: Aviso" in made.text
    assert re.search(r"1 de mar\. de 2026,? 20:30:00 \(America/Sao_Paulo\)", made.text)
    assert f"Abrir no Arauto: {LINK}" in made.text
    assert page(made).find(".//a[@href='" + LINK + "']").text == "Abrir no Arauto"
    assert (page(made).get("lang"), page(made).get("dir")) == ("pt-BR", "ltr")
    assert "Severity" in render().text


def test_arabic_runs_from_the_right(ctx: Flask) -> None:
    root = page(render(person=replace(ANA, locale="ar")))
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("pt-BR", "pt_BR"),
        ("pt-br", "pt_BR"),
        ("es", "es"),
        ("", "en"),
        ("xx", "en"),
        ("../x", "en"),
        ("en-" * 99, "en"),
    ],
)
def test_an_unknown_language_is_english(given: str, known: str) -> None:
    assert str(known_locale(given)) == known


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "Mar 8, 2026, 3:30:00 AM (America/New_York)"),
        ("America/Sao_Paulo", "Mar 8, 2026, 4:30:00 AM (America/Sao_Paulo)"),
        ("Asia/Kolkata", "Mar 8, 2026, 1:00:00 PM (Asia/Kolkata)"),
        ("", "Mar 8, 2026, 7:30:00 AM (UTC)"),
        ("America", "Mar 8, 2026, 7:30:00 AM (UTC)"),
        ("No/Where", "Mar 8, 2026, 7:30:00 AM (UTC)"),
        ("../../etc/passwd", "Mar 8, 2026, 7:30:00 AM (UTC)"),
    ],
)
def test_times_are_the_readers(zone: str, words: str) -> None:
    """Half an hour after the clocks of New York went forward."""
    assert Language("en").time(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), zone) == words


@pytest.mark.parametrize("year", [1970, 9998])
def test_times_at_the_edges_are_shown(year: int) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert zone in Language("en").time(datetime(year, 1, 1, tzinfo=UTC), zone)
