"""The signed part of a return path (VERP): `bounces+TOKEN@corp.example` says which message came back.

A token is the number of a message, the day until which it counts, and a signature of both; nothing of it is stored.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from binascii import Error
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(days=30)
LONGEST_LOCAL_PART = 64  # octets; RFC 5321 section 4.5.3.1.1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PURPOSE = b"arauto return path\0"
_DAY, _SIGNATURE = 2, 10  # octets
# Base32 in lower case: some servers change the case of a local part.
_TAGGED = re.compile(r"\+([a-z2-7]{21,32})@", re.IGNORECASE)


def make(secret: str, number: int, now: datetime) -> str:
    """The token of message `number`; letters and digits, 21 for the first messages and 32 for the last ones."""
    last = (now + LIFETIME - _EPOCH).days
    said = last.to_bytes(_DAY, "big") + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b32encode(said + _signature(secret, said)).decode("ascii").rstrip("=").lower()


def read(secret: str, token: str, now: datetime) -> int | None:
    """The number of the message; None when the token is forged, damaged or expired. Its case does not matter."""
    try:
        octets = b32decode(token.upper() + "=" * (-len(token) % 8))
    except (Error, ValueError):
        return None
    said, signature = octets[:-_SIGNATURE], octets[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(secret, said)):
        return None
    last, number = int.from_bytes(said[:_DAY], "big"), int.from_bytes(said[_DAY:], "big")
    return number if (now - _EPOCH).days <= last else None


def _signature(secret: str, said: bytes) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE + said, "sha256")[:_SIGNATURE]


def tagged(address: str, token: str) -> str:
    """The address with the token; as it is where its local part would become longer than servers accept."""
    local, _, domain = address.rpartition("@")
    longer = f"{local}+{token}"
    return f"{longer}@{domain}" if len(longer.encode()) <= LONGEST_LOCAL_PART else address


def tokens_in(text: str) -> tuple[str, ...]:
    """What may be tokens in the addresses of a text, each once, in order."""
    return tuple(dict.fromkeys(token.lower() for token in _TAGGED.findall(text)))
