"""Sealing of stored secrets: AES-256-GCM under a key derived from the master key, bound to the row it belongs to.

A sealed value moved to another row or field does not open. The layout is one version byte, eight bytes that name the
key (so that a wrong key is told from a damaged value), twelve bytes of nonce, and the ciphertext with its tag.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from webapp.errors import ArautoError

VERSION = b"\x01"
KEY_NAME = 8
FINGERPRINT = 8
NONCE = 12


class SealBroken(ArautoError):
    """The stored secret cannot be opened: another master key, or a damaged or moved value."""


def _derive(master: str, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=b"arauto " + purpose).derive(master.encode())


def key_name(master: str) -> bytes:
    """Eight bytes that tell one master key from another without revealing it."""
    return _derive(master, b"name", KEY_NAME)


def seal_with(master: str, secret: str, place: str) -> bytes:
    """`secret` sealed for `place` (for example `credential/7/secret`)."""
    nonce = os.urandom(NONCE)
    box = AESGCM(_derive(master, b"seal", 32)).encrypt(nonce, secret.encode(), place.encode())
    return VERSION + key_name(master) + nonce + box


def open_with(master: str, sealed: bytes, place: str) -> str:
    """The secret sealed for `place`; raises SealBroken in words that say what to restore."""
    head, nonce, box = sealed[:9], sealed[9 : 9 + NONCE], sealed[9 + NONCE :]
    if head != VERSION + key_name(master):
        raise SealBroken("The secret was sealed with another master key: restore that key or enter the secret again.")
    try:
        return AESGCM(_derive(master, b"seal", 32)).decrypt(nonce, box, place.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken("The stored secret is damaged: enter it again.") from error


def seal(secret: str, place: str) -> bytes:
    """`seal_with` this application's master key."""
    return seal_with(current_app.config["ARAUTO_MASTER_KEY"], secret, place)


def unseal(sealed: bytes, place: str) -> str:
    """`open_with` this application's master key."""
    return open_with(current_app.config["ARAUTO_MASTER_KEY"], sealed, place)


def fingerprint(secret: str, place: str) -> str:
    """Eight hexadecimal digits that tell a changed secret of `place` from the same one, and nothing else about it."""
    key = _derive(current_app.config["ARAUTO_MASTER_KEY"], b"fingerprint", 32)
    return hmac.digest(key, f"{place}\0{secret}".encode(), "sha256").hex()[:FINGERPRINT]
