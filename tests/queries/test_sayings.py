"""Our own words about a delivery get the language of their reader; a server's stay as they are."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.queries import reasons
from webapp.queries.sayings import said

OURS = {
    "The server closed the connection.": "El servidor cerró la conexión.",
    "No connection to mail port 25: Connection refused.": "No hay conexión con mail, puerto 25: conexión rechazada.",
    "No connection to mail port 25: no answer within 7.5 seconds.": (
        "No hay conexión con mail, puerto 25: sin respuesta en 7.5 segundos."
    ),
    "The certificate of mail is not trusted: certificate has expired.": (
        "El certificado de mail no es de confianza: el certificado ha caducado."
    ),
    "TLSv1.3 AES, CN=mail,O=Corp, issuer CN=ca, pinned": "TLSv1.3 AES, CN=mail,O=Corp, emisor CN=ca, fijado",
}


@pytest.mark.parametrize(("english", "spanish"), OURS.items())
def test_our_words_are_translated_with_their_parts(ctx: Flask, english: str, spanish: str) -> None:
    assert said(english) == english
    with force_locale("es"):
        assert said(english) == spanish


@pytest.mark.parametrize(
    "words", ["No such user here", "", "The server closed", "Connection refused by policy", "%(host)s"]
)
def test_other_words_stay_as_they_are(ctx: Flask, words: str) -> None:
    with force_locale("es"):
        assert said(words) == words


def test_words_with_a_code_are_the_servers(ctx: Flask) -> None:
    with force_locale("es"):
        assert reasons.answer("rcpt", 550, "Connection refused") == "Destinatario (RCPT TO): 550 Connection refused"
        assert reasons.answer("connect", None, "Connection refused") == "Conexión: conexión rechazada"
