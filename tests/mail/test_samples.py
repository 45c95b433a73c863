"""Mails as they come in, and what each is: `samples/<group>/<name>.eml`, expected in the `.json` beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webapp.cli.inbound import told
from webapp.mail.classify import Kind, classify

SAMPLES = Path(__file__).parent / "samples"
MAILS = sorted(SAMPLES.glob("*/*.eml"))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_it_is_what_is_expected(path: Path) -> None:
    assert told(classify(path.read_bytes())) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_line_ends_make_no_difference(path: Path) -> None:
    """CRLF, as on the wire, and CR alone, which old systems wrote; what is attached in base64 is the same in all."""
    as_stored = path.read_bytes()
    if path.parent.name == "defects":
        return
    reading = classify(as_stored)
    assert classify(as_stored.replace(b"\n", b"\r\n")) == reading
    with_cr = classify(as_stored.replace(b"\n", b"\r"))
    assert (with_cr.kind, with_cr.recipients, with_cr.reply_text) == (
        reading.kind,
        reading.recipients,
        reading.reply_text,
    )


def test_every_kind_has_a_sample() -> None:
    assert {json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["kind"] for path in MAILS} == set(Kind)


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("dsn/postfix-user-unknown", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("dsn/headers-only-returned", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("mdn/displayed", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("arf/abuse", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("text/gmail", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("text/qmail", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("reply/plain", ("<20261123140211.17.a1b2c3@corp.example>",)),
        ("other/newsletter", ()),
    ],
)
def test_it_names_the_mails_that_it_may_answer(path: str, answers: tuple[str, ...]) -> None:
    assert classify((SAMPLES / f"{path}.eml").read_bytes()).answers == answers
