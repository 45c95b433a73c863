"""Our own words about a delivery get the language of their reader; a server's stay as they are."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.queries import reasons
from webapp.queries.sayings import said

ROOT = Path(__file__).parents[2]
OURS = {
    "The server closed the connection.": "El servidor cerró la conexión.",
    "No connection to mail port 25: Connection refused.": "No hay conexión con mail, puerto 25: conexión rechazada.",
    "No connection to mail port 25: no answer within 7.5 seconds.": (
        "No hay conexión con mail, puerto 25: sin respuesta en 7.5 segundos."
    ),
    "The certificate of mail is not trusted: certificate has expired.": (
        "El certificado de mail no es de confianza: el certificado caducó."
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


# --- what the channels and senders can say ---

SPEAKERS = {
    "AccountTrouble": 2,
    "ConnectionAbortedError": 0,
    "Dropped": 0,
    "MailboxTrouble": 1,
    "Garbled": 0,
    "NoStartTls": 0,
    "NotSeen": 1,
    "NotUnderstood": 0,
    "SealBroken": 0,
    "Silent": 0,
    "self._unreachable": 0,
    "self._wire.note": 0,
    "self.note": 0,
}
SPEAKING = [
    *sorted((ROOT / "webapp/channels").glob("*.py")),
    *sorted((ROOT / "webapp/mailboxes").glob("*.py")),
    *(ROOT / f"webapp/services/{name}.py" for name in ("certificate_watch", "courier", "testmail", "vault")),
    ROOT / "webapp/services/inbox/apart.py",
]


@pytest.mark.parametrize("path", SPEAKING, ids=[str(path.relative_to(ROOT)) for path in SPEAKING])
def test_what_is_said_of_a_delivery_is_known_again(ctx: Flask, path: Path) -> None:
    with force_locale("pt_BR"):
        phrases = spoken(ast.parse(path.read_text()))
        unknown = [words for words in phrases if said(words) == words and said(f"{words}.") == f"{words}."]
    assert not unknown, "add them to models/sayings.py"


def spoken(tree: ast.Module) -> set[str]:
    """Every phrase of ours, X in the place of each value."""
    known: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id].append(node.value)
    found: set[str] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            place = SPEAKERS.get(ast.unparse(call.func))
            named = [keyword.value for keyword in call.keywords if keyword.arg == "words"]
            for words in [*named, *(call.args[place : place + 1] if place is not None else [])]:
                found |= _phrases(words, known)
    return {phrase for phrase in found if re.search("[a-z]", phrase)}


def _phrases(words: ast.expr, known: dict[str, list[ast.expr]]) -> set[str]:
    match words:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr():
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in words.values]
            inner = [node for part in words.values for node in ast.walk(part) if isinstance(node, ast.Name)]
            return {"".join(map(str, parts))}.union(*(_phrases(name, known) for name in inner))
        case ast.IfExp():
            return _phrases(words.body, known) | _phrases(words.orelse, known)
        case ast.Name():
            others = {name: values for name, values in known.items() if name != words.id}
            return set().union(*(_phrases(value, others) for value in known.get(words.id, ())))
    return set()
