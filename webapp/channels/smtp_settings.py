"""What an SMTP connection must know: plain values, never a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for: a connection in all, the greeting, any other reply, the reply to the final dot.

    The last is long because giving up there may cost a duplicate (RFC 5321 section 4.5.3.2.6).
    """

    connect: float = 10.0
    greeting: float = 30.0
    command: float = 60.0
    dot: float = 600.0


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where to connect and as whom.

    `secure` asks for TLS, after STARTTLS (`security="tls"`) or from the first byte (`"ssl"`). A pin is the
    SHA-256 of a certificate in hexadecimal, colons ignored; it outranks `ignore_certificate_errors`. Without
    `username` nobody signs in. An empty `helo` stands for the address literal of our side (RFC 5321 section
    4.1.4).
    """

    host: str
    port: int
    secure: bool = False
    security: Literal["tls", "ssl"] = "tls"
    ignore_certificate_errors: bool = False
    pinned_certificate: str | None = None
    username: str | None = None
    secret: str | None = field(default=None, repr=False)
    helo: str = ""
    timeouts: Timeouts = Timeouts()
