"""What a client says in AUTHENTICATE or AUTH, and in which forms a secret can stand in a dialogue."""

from __future__ import annotations

from base64 import b64encode


def plain(username: str, secret: str) -> str:
    """RFC 4616; any characters but NUL."""
    return f"\0{username}\0{secret}"


def xoauth2(username: str, token: str) -> str:
    """As Google and Microsoft define it for an access token."""
    return f"user={username}\1auth=Bearer {token}\1\1"


def coded(message: str) -> str:
    """As it goes over the wire."""
    return b64encode(message.encode()).decode()


def forms(username: str, secret: str) -> tuple[str, ...]:
    """Everything that would tell the secret, the longest first."""
    if not secret:
        return ()
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')  # a quoted string of IMAP
    made = {secret, quoted, coded(secret), coded(plain(username, secret)), coded(xoauth2(username, secret))}
    return tuple(sorted(made, key=len, reverse=True))
