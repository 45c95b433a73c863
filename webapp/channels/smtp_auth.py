"""Signing in at an SMTP server (RFC 4954): PLAIN, LOGIN and CRAM-MD5, with any Unicode password."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.channels.smtp_replies import Reply, trouble

SIGNED_IN = 235
_CHALLENGE = 334
# Refusals of the mechanism; after any other one, trying again would only bring a lock-out nearer.
_TRY_ANOTHER = frozenset({500, 501, 502, 504, 534})

Ask = Callable[[str, str], Reply]  # a line to send and how the dialogue shows it -> the reply
Answer = Callable[[bytes, str, str], bytes]  # challenge, user name, secret -> response


def _plain(_: bytes, username: str, secret: str) -> bytes:
    return f"\0{username}\0{secret}".encode()


def _username(_: bytes, username: str, __: str) -> bytes:
    return username.encode()


def _secret(_: bytes, __: str, secret: str) -> bytes:
    return secret.encode()


def _cram_md5(challenge: bytes, username: str, secret: str) -> bytes:
    return f"{username} {hmac.new(secret.encode(), challenge, 'md5').hexdigest()}".encode()


_ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "PLAIN": (_plain,),
    "LOGIN": (_username, _secret),
    "CRAM-MD5": (_cram_md5,),
}
_ORDER_UNDER_TLS = ("PLAIN", "LOGIN", "CRAM-MD5")
_ORDER_IN_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")


def secrets_on_the_wire(username: str, secret: str) -> tuple[str, ...]:
    """Return every text form of the secret that a server could echo."""
    coded = (b64encode(text).decode("ascii") for text in (secret.encode(), _plain(b"", username, secret)))
    return (*coded, secret)


def sign_in(ask: Ask, offered: str, username: str, secret: str, *, encrypted: bool) -> None:
    """Sign in by the best mechanism that is offered (the parameters of AUTH in the EHLO reply).

    Raises `AccountTrouble`: AUTH when the server says no or offers nothing we speak, BUSY for a 4xx,
    PROTOCOL for an answer that has no place here.
    """
    names = offered.upper().split()
    mechanisms = [name for name in (_ORDER_UNDER_TLS if encrypted else _ORDER_IN_CLEAR) if name in names]
    if not mechanisms:
        how = "with TLS" if encrypted else "without TLS"
        what = f"only {' '.join(names)}, which Arauto does not speak" if names else "no way to sign in (AUTH)"
        raise AccountTrouble(TroubleKind.AUTH, Stage.AUTH, f"On a connection {how} the server offers {what}.")
    for name in mechanisms:
        reply = _exchange(ask, name, username, secret)
        if reply.code == SIGNED_IN:
            return
        if reply.code not in _TRY_ANOTHER:
            break
    kinds = {4: TroubleKind.BUSY, 5: TroubleKind.AUTH}
    raise trouble(kinds.get(reply.code // 100, TroubleKind.PROTOCOL), Stage.AUTH, reply)


def _exchange(ask: Ask, name: str, username: str, secret: str) -> Reply:
    reply = ask(f"AUTH {name}", f"AUTH {name}")
    for answer in _ANSWERS[name]:
        if reply.code != _CHALLENGE:
            break
        try:
            challenge = b64decode(reply.lines[-1].strip())
        except ValueError:
            challenge = b""
        reply = ask(b64encode(answer(challenge, username, secret)).decode("ascii"), "***")
    return reply
