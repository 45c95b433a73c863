"""The socket of an SMTP session: bounded replies, deadlines, the dialogue; no decisions."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Literal

from webapp.channels.base import Line, one_line
from webapp.channels.smtp_replies import Reply, decoded

MAX_LINE = 8 * 1024
MAX_REPLY = 64 * 1024
MAX_LINES = 100
_RECEIVE = 16 * 1024
_SEND = 256 * 1024  # one piece must leave within one timeout: a reader at a crawl cannot hold us for ever
_PLAIN_REPLY = re.compile(rb"([2-5][0-9][0-9]) ([^\r\n]{0,%d})\r\n" % (MAX_LINE - 4))
_WE_CLOSED = "We closed the connection."
MASK = "***"


class Dropped(Exception):
    """Nothing more can be sent or read; the words say why."""


class Silent(Dropped):
    """The other side kept silent too long, but the connection still stands."""


class Garbled(Exception):
    """What came is no SMTP reply, or is longer than any reply may be."""


class Wire:
    """One TCP connection with or without TLS. One thread uses it; another may only call `abort`."""

    def __init__(self, on_line: Callable[[Line], None] | None = None) -> None:
        self._on_line = on_line
        self._began = time.monotonic()
        self._socket: socket.socket | None = None
        self._timeout: float | None = None
        self._buffer = b""
        self._aborted = False
        self._secrets: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is a socket that nobody has given up on."""
        return self._socket is not None and not self._aborted

    @property
    def has_unread(self) -> bool:
        """Whether the server sent more than was asked of it."""
        return bool(self._buffer)

    @property
    def own_address(self) -> str:
        """The IP address of our side."""
        return str(self._opened().getsockname()[0])

    def connect(self, host: str, port: int, timeout: float) -> None:
        """Connect to the first address of the host that answers; all of them together get `timeout` seconds.

        Raises `OSError`, or `ValueError` for a name or port that cannot be one.
        """
        deadline = time.monotonic() + timeout
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            if self._aborted:
                raise ConnectionAbortedError("The connection is closed.")
            self._socket = candidate = socket.socket(family, kind, protocol)
            candidate.settimeout(max(0.05, (deadline - time.monotonic()) / (len(addresses) - index)))
            try:
                candidate.connect(address)
            except OSError:
                self.close()
                if index == len(addresses) - 1 or self._aborted:
                    raise
            else:
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.note(f"connected to {host} port {port} ({address[0]})")
                return

    def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> ssl.SSLSocket:
        """Negotiate TLS, checking the certificate as the context says. Raises `OSError` (`ssl.SSLError`)."""
        secured = context.wrap_socket(self._ready(timeout), server_hostname=host, do_handshake_on_connect=False)
        self._socket = secured  # before the handshake, so that `abort` can end that too
        self._opened()  # it may have come while there was no socket to end
        secured.do_handshake()
        return secured

    def hide(self, *secrets: str) -> None:
        """Mask these texts in every later line of the dialogue and every later reply."""
        self._secrets = tuple(secret for secret in secrets if len(secret) > 3)

    def send(self, data: bytes, timeout: float, *, shown: Iterable[str] = ()) -> None:
        """Write all of the data, `timeout` seconds for each piece.

        Raises `Dropped` when not all was written: then the last octet never left. What the server said before
        can still be read.
        """
        if self._on_line:
            for text in shown:
                self._tell("client", text)
        try:
            target = self._ready(timeout)
            if len(data) <= _SEND:
                target.sendall(data)
                return
            for at in range(0, len(data), _SEND):
                target.sendall(data[at : at + _SEND])
        except OSError as error:
            raise self._dropped(error, timeout) from error

    def reply(self, timeout: float) -> Reply:
        """Return the next reply, complete within `timeout` seconds. Raises `Dropped` or `Garbled`."""
        deadline = 0.0 if self._buffer else self._receive(timeout, 0.0)
        plain = _PLAIN_REPLY.match(self._buffer)
        if plain and not self._on_line:
            self._buffer = self._buffer[plain.end() :]
            return Reply(int(plain[1]), (self._masked(decoded(plain[2])),))
        lines: list[str] = []
        size = 0
        while True:
            line, ended, rest = self._buffer.partition(b"\n")
            if len(line) > MAX_LINE:
                raise Garbled(f"The server sent a line of more than {MAX_LINE} octets.")
            if not ended:
                deadline = self._receive(timeout, deadline)
                continue
            self._buffer = rest
            size += len(line)
            if size > MAX_REPLY or len(lines) == MAX_LINES:
                raise Garbled(f"The server sent a reply of more than {MAX_LINES} lines or {MAX_REPLY} octets.")
            line = line.rstrip(b"\r")
            if not (line[:3].isdigit() and b"200" <= line[:3] <= b"599" and line[3:4] in b" -\t"):
                raise Garbled(f"The server sent what is no SMTP reply: {self._masked(decoded(line[:200]))}")
            text = self._masked(decoded(line[4:]))
            lines.append(text)
            if self._on_line:
                self._tell("server", f"{decoded(line[:4])}{text}")
            if line[3:4] != b"-":
                return Reply(int(line[:3]), tuple(lines))

    def skip(self, expected: re.Pattern[bytes]) -> bool:
        """Read what is unread if it is just `expected`, and tell so; never while a dialogue is kept."""
        if self._on_line or not expected.fullmatch(self._buffer):
            return False
        self._buffer = b""
        return True

    def note(self, text: str) -> None:
        """Add a remark of ours to the dialogue."""
        self._tell("note", text)

    def close(self) -> None:
        """Close the socket at once; harmless when there is none."""
        current, self._socket, self._timeout, self._buffer = self._socket, None, None, b""
        if current is not None:
            with contextlib.suppress(OSError):
                current.close()

    def abort(self) -> None:
        """End whatever waits on the socket, from another thread; the owner then sees it as dropped."""
        self._aborted = True
        current = self._socket
        if current is not None:
            with contextlib.suppress(OSError):
                # The plain one, also under TLS: SSLSocket.shutdown would take the TLS object from the owner.
                socket.socket.shutdown(current, socket.SHUT_RDWR)

    def _opened(self) -> socket.socket:
        if self._socket is None or self._aborted:
            raise ConnectionAbortedError("The connection is closed.")
        return self._socket

    def _ready(self, timeout: float) -> socket.socket:
        current = self._opened()
        if timeout != self._timeout:
            current.settimeout(timeout)
            self._timeout = timeout
        return current

    def _receive(self, timeout: float, deadline: float) -> float:
        """Add what comes to the buffer and return the deadline, which the first call of a reply sets.

        The timeout that `send` left on the socket serves as a slice of the wait: changing it costs time.
        """
        left = deadline - time.monotonic() if deadline else timeout
        deadline = deadline or time.monotonic() + timeout
        while left > 0:
            try:
                data = self._ready(min(left, self._timeout or left)).recv(_RECEIVE)
            except TimeoutError:
                left = deadline - time.monotonic()
                continue
            except OSError as error:
                raise self._dropped(error, timeout) from error
            if not data:
                raise Dropped(_WE_CLOSED if self._aborted else "The server closed the connection.")
            self._buffer += data
            return deadline
        raise Silent(f"The server did not answer within {timeout:g} seconds.")

    def _dropped(self, error: OSError, timeout: float) -> Dropped:
        if self._aborted:
            return Dropped(_WE_CLOSED)
        if isinstance(error, TimeoutError):
            return Silent(f"The server took nothing for {timeout:g} seconds.")
        return Dropped(f"The connection was lost: {error.strerror or error}.")

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _tell(self, who: Literal["client", "server", "note"], text: str) -> None:
        if self._on_line:
            self._on_line(Line(who, one_line(self._masked(text)), time.monotonic() - self._began))
