"""The vault: a secret opens in its place, under its key, unharmed, or not at all."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.services import vault
from webapp.services.vault import SealBroken, open_with, seal_with

MASTER, OTHER = "m" * 64, "o" * 64
PLACE = "credential/7/secret"


@pytest.mark.parametrize("secret", ["", "hunter2", "senha çã€😀", "x" * 100_000])
def test_what_was_sealed_opens(secret: str) -> None:
    assert open_with(MASTER, seal_with(MASTER, secret, PLACE), PLACE) == secret


def test_the_secret_is_not_in_the_seal() -> None:
    sealed = seal_with(MASTER, "hunter2-hunter2", PLACE)
    assert b"hunter2" not in sealed
    assert MASTER.encode() not in sealed


def test_two_seals_of_one_secret_differ() -> None:
    assert seal_with(MASTER, "hunter2", PLACE) != seal_with(MASTER, "hunter2", PLACE)


def test_a_moved_seal_does_not_open() -> None:
    with pytest.raises(SealBroken, match="damaged"):
        open_with(MASTER, seal_with(MASTER, "hunter2", PLACE), "credential/8/secret")


def test_another_master_key_is_named_as_the_reason() -> None:
    with pytest.raises(SealBroken, match="another master key"):
        open_with(OTHER, seal_with(MASTER, "hunter2", PLACE), PLACE)


def test_a_seal_harmed_anywhere_does_not_open() -> None:
    sealed = seal_with(MASTER, "hunter2", PLACE)
    for at in range(len(sealed)):
        harmed = bytearray(sealed)
        harmed[at] ^= 1
        with pytest.raises(SealBroken):
            open_with(MASTER, bytes(harmed), PLACE)


def test_a_seal_cut_anywhere_does_not_open() -> None:
    sealed = seal_with(MASTER, "hunter2", PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            open_with(MASTER, sealed[:length], PLACE)


def test_the_applications_key_seals(ctx: Flask) -> None:
    sealed = vault.seal("hunter2", PLACE)
    assert vault.unseal(sealed, PLACE) == "hunter2"
    assert open_with(ctx.config["ARAUTO_MASTER_KEY"], sealed, PLACE) == "hunter2"


def test_a_keys_name_tells_keys_apart_without_revealing_them() -> None:
    assert vault.key_name(MASTER) != vault.key_name(OTHER)
    assert len(vault.key_name(MASTER)) == 8
