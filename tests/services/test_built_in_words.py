"""The built-in words are whole in each language: no message of any type, by any channel, has English in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from babel.dates import format_datetime
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select

from tests.factories import make_contact, make_notification
from tests.services.sample_event import ANA, EVENT, LINK, RULE, book
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import Content, Event
from webapp.models.catalogue import BUILT_IN, CATEGORIES, Severity
from webapp.services import configuration
from webapp.services.certificate_events import CASES
from webapp.services.events import NewEvent, record
from webapp.services.matching import Recipient
from webapp.services.own_words import Case
from webapp.services.rendering import BUILT_IN as SOURCES
from webapp.services.rendering import SEVERITY_WORDS, OwnWords, Renderer, language_of

LOCALES = ("pt-BR", "es")
LABELS = ("What", "Severity", "When", "Source")
ACTION = "Open in Arauto"
SAME = {("es", "Error")}  # what a language writes as English does
# An event without a word of any language.
NEUTRAL = replace(EVENT, title="4711", body="0815", source="007", attributes={"9": "99"})


def messages(locale: str, channel: str) -> Iterator[tuple[str, Words]]:
    """Each type with its usual severity, and one of each severity."""
    renderer = Renderer(book(), "https://arauto.corp.example")
    recipient = Recipient(RULE, replace(ANA, locale=locale), channel, "address")
    wanted = [(info.type, info.severity) for info in BUILT_IN.values()]
    for number, (event_type, severity) in enumerate([*wanted, *(("monitoring.disk", each) for each in Severity)]):
        happening = replace(NEUTRAL, id=number, type=event_type, severity=severity.value)
        yield event_type, renderer.words(happening, recipient)


def english_in(text: str, locale: str) -> list[str]:
    """The English phrases of messages that stand in a text."""
    phrases = [*SEVERITY_WORDS.values(), *CATEGORIES.values(), *(info.title for info in BUILT_IN.values())]
    return [phrase for phrase in [*phrases, *LABELS, ACTION] if phrase in text and (locale, phrase) not in SAME]


@pytest.mark.parametrize("channel", SOURCES)
@pytest.mark.parametrize("locale", LOCALES)
def test_no_english_is_left(ctx: Flask, locale: str, channel: str) -> None:
    for event_type, words in messages(locale, channel):
        made = "\n".join([words.subject, words.text, words.html or ""])
        assert not english_in(made, locale), (event_type, made)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_mail_says_everything_in_the_language(ctx: Flask, locale: str) -> None:
    with force_locale(locale.replace("-", "_")):
        labels = [gettext(label) for label in LABELS]
        titles = {name: gettext(info.title) for name, info in BUILT_IN.items()}
        categories = {name: gettext(info.category) for name, info in BUILT_IN.items()}
        action = gettext(ACTION)
    when = format_datetime(EVENT.occurred_at, "medium", locale=locale.replace("-", "_"))
    for number, (event_type, words) in enumerate(messages(locale, "email")):
        assert f"{titles[event_type]}: 4711" in words.subject
        assert [line.split(":")[0] for line in words.text.splitlines()[4:8]] == labels
        assert titles[event_type] in words.text
        assert f"{when} (UTC)" in words.text
        assert words.text.splitlines()[-1] == f"{action}: {LINK.replace('41', str(number))}"
        assert words.html is not None
        assert f'<html lang="{locale}"' in words.html
        assert f"<title>{words.subject}</title>" in words.html
        told = words.html.split("<body")[1]
        assert all(part in told for part in [*labels, titles[event_type], categories[event_type], action, when])


@pytest.mark.parametrize(
    ("type_", "title", "told"),
    [
        ("password.changed", "Password changed", "Contraseña cambiada"),
        ("password.changed", "Warning", "Warning"),
        ("custom.thing", "Password changed", "Password changed"),
    ],
    ids=["only its severity", "its title too", "a type of their own"],
)
def test_what_an_administrator_worded_stays_as_it_is(ctx: Flask, type_: str, title: str, told: str) -> None:
    configuration.save(
        "event_types",
        {"type": type_, "title": title, "category": "password", "severity": "critical"},
        which=type_ if type_ in BUILT_IN else None,
    )
    make_notification(contacts=[make_contact(locale="es")])
    record(NewEvent(type_, "4711"))
    content = db.session.scalars(select(Content)).one()
    assert content.subject == f"[Crítico] {told}: 4711"
    assert content.html is not None
    assert "Operaciones de contraseña" in content.html


def test_each_recipient_reads_an_event_of_ours_in_their_language(ctx: Flask) -> None:
    configuration.save("parameters", {"language": "pt-BR"}, "parameters")
    make_notification(contacts=[make_contact("Ana", locale="en"), make_contact("Eva", email="eva@x", locale="es")])
    facts = {"certificate": "100 % ours", "host": "mail", "port": 25, "error": "no answer within 10 seconds"}
    case = CASES["connectivity.down"]
    own = OwnWords(case.title, case.body, facts)
    recorded = record(NewEvent("connectivity.down", "T", "B", own=own))
    stored = db.session.get_one(Event, recorded.id)
    assert stored.title == "O certificado 100 % ours não pode ser lido"
    assert stored.body.startswith("Servidor: mail, porta 25. Último resultado: sem resposta em 10 segundos.")
    english, spanish = db.session.scalars(select(Content).order_by(Content.id)).all()
    assert english.subject.endswith("The certificate 100 % ours cannot be seen")
    assert spanish.subject.endswith("El certificado 100 % ours no se puede leer")
    assert "Servidor: mail, puerto 25. Último resultado: sin respuesta en 10 segundos." in spanish.text


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_watch_speaks_each_language(ctx: Flask, case: Case) -> None:
    facts = dict.fromkeys(("certificate", "subject", "host", "port", "expires", "in_time"), "4711")
    own = OwnWords(case.title, case.body, {**facts, "error": "Connection refused"})
    told = {tag: language_of(tag).own(own) for tag in ("en", *LOCALES)}
    assert len({title for title, _ in told.values()}) == 3
    assert all("4711" in title and "4711" in body for title, body in told.values())
