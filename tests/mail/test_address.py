from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.mail.address import AddressError, clean_header_text, envelope_form, normalise_email

GOOD = {
    "ops@mail.local": "ops@mail.local",
    "root@localhost": "root@localhost",
    "ops@mail": "ops@mail",
    "  ana@corp.example ": "ana@corp.example",
    "Ana.Silva+x@CORP.Example": "Ana.Silva+x@corp.example",
    "a@BÜCHER.example": "a@bücher.example",
    "a@xn--bcher-kva.example": "a@bücher.example",
    "josé@corp.example": "josé@corp.example",
    "o'brien@nosuch.invalid": "o'brien@nosuch.invalid",
}
BAD = {
    "": "no address",
    "   ": "no address",
    "ana": "@ sign",
    "Ana <ana@corp.example>": "without a name",
    '"ana"@corp.example': "quotes",
    "ana@corp.example (Ana)": "brackets",
    "a@x, b@x": "one address only",
    "a@x;b@x": "one address only",
    "ana silva@corp.example": "no spaces",
    "ana@corp.example\r\nBcc: evil@x": "invisible",
    "ana@corp.example\n": "invisible",
    "ana\x00@corp.example": "invisible",
    "ana\u202e@corp.example": "invisible",
    "ana\ud800@corp.example": "invisible",
    "a@" + "b." * 130 + "c": "254 octets",
    "a@b@c": "more than one @",
    "@corp.example": "Half",
    "ana@": "Half",
    "a..b@corp.example": "two in a row",
    "ana.@corp.example": "begins or ends with a dot",
    "x" * 65 + "@corp.example": "64 characters",
    "ana\\silva@corp.example": "before the @ sign",
    "a@-corp": "after the @ sign",
    "a@corp_1.example": "after the @ sign",
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items())
def test_an_intranet_address_is_normalised(text: str, expected: str) -> None:
    assert normalise_email(text) == expected
    assert normalise_email(expected) == expected


@pytest.mark.parametrize(("text", "words"), BAD.items())
def test_anything_but_one_address_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(AddressError, match=words):
        normalise_email(text)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ana@corp.example", ("ana@corp.example", False)),
        ("a@bücher.example", ("a@xn--bcher-kva.example", False)),
        ("josé@corp.example", ("josé@corp.example", True)),
        ("josé@bücher.local", ("josé@xn--bcher-kva.local", True)),
    ],
)
def test_the_envelope_asks_for_smtputf8_only_for_the_local_part(address: str, expected: tuple[str, bool]) -> None:
    assert envelope_form(address) == expected


@pytest.mark.parametrize("address", ["", "ana", "a@x> SIZE=1", "a@x\r\nRSET", "a b@x", "a@x,b@x", "ü@\u2024.x\u3002"])
def test_the_envelope_never_takes_more_than_an_address(address: str) -> None:
    with pytest.raises(AddressError):
        envelope_form(address)


@settings(deadline=None)  # the machine may be busy
@given(st.text(st.characters(), max_size=80))
def test_any_text_is_refused_or_becomes_an_address_that_stays_itself(text: str) -> None:
    try:
        address = normalise_email(text + "@corp.local")
    except AddressError:
        return
    assert normalise_email(address) == address
    assert envelope_form(address)[0].endswith("@corp.local")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nBcc: evil@x", "a Bcc: evil@x"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("a\u2028b\x85c", "a b c"),
        ("lone \ud83d end", "lone  end"),
        ("  Ação  e reação ", "Ação  e reação"),
    ],
)
def test_header_text_is_one_line_that_reads_as_it_is(text: str, clean: str) -> None:
    assert clean_header_text(text) == clean


@settings(deadline=None)  # the machine may be busy
@given(st.text(st.characters()))
def test_header_text_always_encodes_on_one_line(text: str) -> None:
    clean = clean_header_text(text)
    assert len(clean.splitlines()) <= 1
    clean.encode()
