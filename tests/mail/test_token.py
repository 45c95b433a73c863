"""Signed return paths: only ours count, and only for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.mail import token
from webapp.mail.address import envelope_form, normalise_email

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "a secret key"
NUMBERS = (1, 255, 256, 123_456_789, 2**63 - 1)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_token_names_its_message_in_any_case_and_in_an_address(number: int) -> None:
    made = token.make(SECRET, number, NOW)
    address = token.tagged("bounces@corp.example", made)
    assert len(made) <= 32
    assert envelope_form(normalise_email(address)) == (address, False)
    for seen in (address, address.upper(), address.lower(), f"<{address}>", f"rfc822; {address}"):
        assert [token.read(SECRET, one, NOW) for one in token.tokens_in(seen)] == [number]


def test_a_token_that_is_changed_anywhere_means_nothing() -> None:
    made = token.make(SECRET, 4711, NOW)
    for place in range(len(made)):
        for letter in "abcdefghijklmnopqrstuvwxyz234567":
            forged = made[:place] + letter + made[place + 1 :]
            if letter != made[place] and token.read(SECRET, forged, NOW) is not None:
                # The last letter of base32 has bits that stand for nothing.
                assert place == len(made) - 1
                assert token.read(SECRET, forged, NOW) == 4711


@pytest.mark.parametrize("wrong", ["", "a", "aaaaaaaaaaaaaaaaaaaaaaaa", "1", "ü" * 24, "a" * 500])
def test_what_is_no_token_is_refused(wrong: str) -> None:
    assert token.read(SECRET, wrong, NOW) is None


def test_another_key_signs_nothing_of_ours() -> None:
    assert token.read("another", token.make(SECRET, 7, NOW), NOW) is None


def test_it_counts_for_thirty_days() -> None:
    made = token.make(SECRET, 7, NOW)
    assert token.read(SECRET, made, NOW + timedelta(days=30)) == 7
    assert token.read(SECRET, made, NOW + timedelta(days=31)) is None


def test_a_long_local_part_stays_as_servers_accept_it() -> None:
    made = token.make(SECRET, 7, NOW)
    long = "b" * 44 + "@corp.example"
    assert token.tagged(long, made) == long
    assert token.tagged("a+b@corp.example", made) == f"a+b+{made}@corp.example"
