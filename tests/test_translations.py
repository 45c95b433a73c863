"""Every text for people is translated: found in code and templates, put into each catalogue, and really shown."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import make_account, make_contact, make_notification
from webapp.extensions import db
from webapp.models import Content
from webapp.services.events import NewEvent, record
from webapp.views.language import LANGUAGES

ROOT = Path(__file__).parents[1]
LOCALES = [tag.replace("-", "_") for tag in LANGUAGES if tag != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\{.*?\}\}|\{\w*\}")
END = re.compile(r"[.:?]?\Z")


# --- the catalogues ---


@cache
def extracted() -> dict[tuple[str | None, Any], str]:
    """Every text of code and templates, by its context and id, with a place where it stands."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(["lazy_gettext", "_l"])}
    found = extract_from_dir(ROOT, methods, options, keywords)
    return {(context, text): f"{path}:{line}" for path, line, text, _, context in found}


@cache
def catalogue(locale: str) -> Catalog:
    with (ROOT / f"webapp/translations/{locale}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def entries(locale: str) -> list[Message]:
    return [entry for entry in catalogue(locale) if entry.id]


def texts(words: str | tuple[str, ...]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_holds_what_code_and_templates_say(locale: str) -> None:
    known = {(entry.context, entry.id) for entry in entries(locale)}
    missing = [f"{place}: {text}" for (context, text), place in extracted().items() if (context, text) not in known]
    assert not missing, "make translations, then translate"
    assert not known - extracted().keys(), "make translations: nobody says these any more"


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_is_translated(locale: str) -> None:
    entries_of = entries(locale)
    assert not [entry.id for entry in entries_of if entry.fuzzy]
    assert not [entry.id for entry in entries_of if not all(texts(entry.string))]
    plurals = [entry for entry in entries_of if entry.pluralizable]
    assert {len(entry.string) for entry in plurals} == {catalogue(locale).num_plurals}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_fills_the_same_places_and_ends_alike(locale: str) -> None:
    for entry in entries(locale):
        original = texts(entry.id)[-1]
        for translated in texts(entry.string):
            assert set(PLACEHOLDER.findall(translated)) == set(PLACEHOLDER.findall(original)), translated
            assert END.findall(translated) == END.findall(original), translated
            assert translated == translated.strip(), translated


# --- shown ---


@pytest.mark.parametrize(
    ("accepted", "words"), [("pt-BR", "Nome de usu"), ("es", "Nombre de usuario"), ("en", "User name")]
)
def test_a_page_speaks_the_language_of_its_reader(client: FlaskClient, accepted: str, words: str) -> None:
    page = client.get("/login", headers={"Accept-Language": accepted})
    assert words in page.text
    assert f'lang="{accepted}"' in page.text


@pytest.mark.parametrize(
    ("locale", "words"), [("pt-BR", "Senha alterada"), ("es", "Contrase"), ("en", "Password changed")]
)
def test_a_mail_speaks_the_language_of_its_contact(ctx: Flask, locale: str, words: str) -> None:
    make_account()
    make_notification(contacts=[make_contact(locale=locale)])
    record(NewEvent("password.changed", "vault-01"))
    content = db.session.scalars(select(Content)).one()
    assert words in content.subject
    assert words in content.text
