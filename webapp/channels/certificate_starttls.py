"""From a connection in clear to where TLS begins: what each protocol says before it. Bounded in size and time."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webapp import clock
from webapp.channels.base import one_line

MAX_LINE = 4096
MAX_LINES = 100


class NoStartTls(Exception):
    """The server does not begin TLS; the words are its own or say what it did."""


class Clear:
    """The connection before TLS: everything is read until `deadline` (see `clock.monotonic`)."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline
        self._buffer = b""

    @property
    def has_unread(self) -> bool:
        """Whether the server sent more than was asked of it."""
        return bool(self._buffer)

    def send(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line, without its end. Raises OSError, or NoStartTls for one that is too long."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE:
                raise NoStartTls(f"The server sent a line of more than {MAX_LINE} octets.")
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        """The next `count` octets. Raises OSError."""
        while len(self._buffer) < count:
            self._receive()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _receive(self) -> None:
        self._socket.settimeout(self._left())
        data = self._socket.recv(MAX_LINE)
        if not data:
            raise ConnectionResetError("The server closed the connection.")
        self._buffer += data

    def _left(self) -> float:
        left = self._deadline - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True, slots=True)
class Step:
    """Say `says` (nothing: the server speaks first), pass lines like `more` over, and expect one like `good`."""

    says: bytes
    good: re.Pattern[bytes]
    more: re.Pattern[bytes]


def _step(says: bytes, good: bytes, more: bytes) -> Step:
    return Step(says, re.compile(good, re.IGNORECASE), re.compile(more, re.IGNORECASE))


_NEVER = rb"(?!)"
_SMTP_MORE = rb"[2-5]\d\d-"
DIALOGUES: Mapping[str, tuple[Step, ...]] = {
    "smtp": (  # RFC 3207
        _step(b"", rb"220(?: |$)", _SMTP_MORE),
        _step(b"EHLO [127.0.0.1]", rb"250(?: |$)", _SMTP_MORE),
        _step(b"STARTTLS", rb"220(?: |$)", _SMTP_MORE),
    ),
    "imap": (  # RFC 9051 section 6.2.1
        _step(b"", rb"\* (OK|PREAUTH)\b", _NEVER),
        _step(b"a STARTTLS", rb"a OK\b", rb"\* "),
    ),
    "pop3": (  # RFC 2595 section 4
        _step(b"", rb"\+OK", _NEVER),
        _step(b"STLS", rb"\+OK", _NEVER),
    ),
}

# ExtendedRequest 1 of RFC 4511 section 4.12 with the name of StartTLS, in BER.
_LDAP_REQUEST = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_LDAP_ANSWER = re.compile(rb"\x02\x01\x01\x78(?:[\x00-\x7f]|\x81.|\x82.{2}|\x83.{3}|\x84.{4})\x0a\x01(.)", re.DOTALL)
_NO_LDAP = "The server sent what is no LDAP message."
_POSTGRES_REQUEST = bytes.fromhex("0000000804d2162f")  # SSLRequest of the frontend/backend protocol


def _talk(steps: tuple[Step, ...]) -> Callable[[Clear], None]:
    def talk(clear: Clear) -> None:
        for step in steps:
            if step.says:
                clear.send(step.says + b"\r\n")
            for _ in range(MAX_LINES):
                line = clear.line()
                if not step.more.match(line):
                    break
            if not step.good.match(line):
                raise NoStartTls(one_line(line.decode("utf-8", "replace")))

    return talk


def _ldap(clear: Clear) -> None:
    clear.send(_LDAP_REQUEST)
    tag, length = clear.exactly(2)
    if tag != 0x30 or not (length < 0x80 or 0x81 <= length <= 0x84):
        raise NoStartTls(_NO_LDAP)
    if length > 0x80:  # Active Directory writes every length in four octets
        length = int.from_bytes(clear.exactly(length - 0x80))
    answer = _LDAP_ANSWER.match(clear.exactly(min(length, MAX_LINE)))
    if answer is None:
        raise NoStartTls(_NO_LDAP)
    if answer[1] != b"\0":
        raise NoStartTls(f"The server refused StartTLS with the result code {answer[1][0]}.")


def _postgres(clear: Clear) -> None:
    clear.send(_POSTGRES_REQUEST)
    answer = clear.exactly(1)
    if answer != b"S":
        raise NoStartTls("TLS is off at the server." if answer == b"N" else "The server sent what PostgreSQL does not.")


EXCHANGES: Mapping[str, Callable[[Clear], None]] = {
    **{name: _talk(steps) for name, steps in DIALOGUES.items()},
    "ldap": _ldap,
    "postgres": _postgres,
}


def begin(protocol: str, connection: socket.socket, deadline: float) -> None:
    """Bring a new connection to where the TLS handshake starts. Raises OSError and NoStartTls."""
    clear = Clear(connection, deadline)
    EXCHANGES[protocol](clear)
    if clear.has_unread:  # what was said in clear must not pass for the handshake
        raise NoStartTls("The server, or somebody between, sent more in clear after agreeing to start TLS.")
