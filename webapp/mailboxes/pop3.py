"""POP3 (RFC 1939, 2449). Commands go out in windows where the server takes them (PIPELINING).

The key of a message is `place/uidl/` and its UIDL. A server without UIDL, or with the same one twice, has its messages
told apart by a hash of their headers.
"""

from __future__ import annotations

import hashlib
import poplib
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from webapp.mailboxes.base import Batch, Listed, Mailbox, MailboxTrouble, TroubleKind, chunks
from webapp.mailboxes.trust import connected, connecting, context

WINDOW = 50
BATCH = 500
LONGEST_LINE = 32 * 1024 * 1024
LONGEST_REPLY = 8192
# Response codes that say nothing about the password (RFC 2449 section 8, RFC 3206).
PASSING = (b"[IN-USE]", b"[LOGIN-DELAY]", b"[SYS/TEMP]", b"[SYS/PERM]")


class _Reader(poplib.POP3):
    """`poplib` gives up on lines over 2,048 octets, which mail has; and it tells nobody what is said."""

    tell: Any = staticmethod(lambda who, text: None)
    quiet = True  # inside a message

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise poplib.error_proto("-ERR a line is longer than any mail")
        if not line:
            raise EOFError("the server ended the connection")
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1] if line.endswith(b"\n") else line
        if not self.quiet:
            self.tell("server", text.decode("utf-8", "replace"))
        return text, len(line)

    def _putline(self, line: bytes) -> None:
        self.tell("client", line.decode("utf-8", "replace"))
        self.sock.sendall(line + b"\r\n")


class _TlsReader(_Reader, poplib.POP3_SSL):
    """The same under TLS from the first byte."""


class Pop3Mailbox(Mailbox):
    """A POP3 mailbox; the server locks it while this is open."""

    _client: _Reader | None = None

    def open(self) -> None:
        if self._client is not None:
            return
        settings = self._settings
        with connecting(settings), self._understood():
            self._client = client = self._connect()
            if settings.secure and settings.security == "tls":
                self._start_tls(client)
            self._sign_in(client)
            offered = self._capabilities(client)
            self._window = WINDOW if "PIPELINING" in offered else 1
            client.quiet = True
        self._numbers: dict[str, int] = {}

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with self._spoken():
                client.quit()

    def abandon(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.close()

    def count(self) -> int:
        with self._spoken():
            return self._ready.stat()[0]

    def folders(self) -> list[str]:
        return []

    def listed(self, mark: str) -> Iterator[Batch]:
        with self._spoken():
            sizes = dict(_pair(line) for line in self._ready.list()[1])
        keys = self._keys(list(sizes))
        numbers = list(keys)
        for start in range(0, len(numbers), BATCH):
            some = numbers[start : start + BATCH]
            yield Batch([Listed(keys[number], sizes.get(number, 0)) for number in some], "")

    def fetch(self, messages: Sequence[Listed]) -> Iterator[tuple[Listed, bytes]]:
        for chunk in chunks(messages):
            known = [message for message in chunk if message.key in self._numbers]
            commands = [f"RETR {self._numbers[message.key]}" for message in known]
            for message, lines in zip(known, self._pipelined(commands), strict=True):
                if lines is not None:
                    yield message, b"".join(line + b"\r\n" for line in lines)

    def present(self) -> set[str]:
        if not self._numbers:
            for _ in self.listed(""):
                pass
        return set(self._numbers)

    def names(self, key: str) -> bool:
        return key in self._numbers

    def delete(self, keys: Sequence[str]) -> None:
        commands = [f"DELE {self._numbers[key]}" for key in keys if key in self._numbers]
        for _ in self._pipelined(commands, long=False):
            pass

    def move(self, keys: Sequence[str], folder: str) -> None:
        raise MailboxTrouble(TroubleKind.FOLDER, "POP3 has no folders.")

    # --- inside ---

    @property
    def _ready(self) -> _Reader:
        if self._client is None:
            raise MailboxTrouble(TroubleKind.PROTOCOL, "The connection is closed.")
        return self._client

    def _connect(self) -> _Reader:
        settings = self._settings
        direct = settings.secure and settings.security == "ssl"
        self._tell("note", f"connecting to {settings.host} port {settings.port}")
        made: _Reader
        if direct:
            made = _TlsReader(settings.host, settings.port, timeout=settings.connect_timeout, context=context(settings))
        else:
            made = _Reader(settings.host, settings.port, timeout=settings.connect_timeout)
        made.encoding = "utf-8"
        made.sock.settimeout(settings.timeout)
        made.tell, made.quiet = self._tell, False
        self._tell("server", made.getwelcome().decode("utf-8", "replace"))
        if direct:
            self._tell("note", _agreed(made))
        return made

    def _start_tls(self, client: _Reader) -> None:
        if "STLS" not in self._capabilities(client):
            words = "TLS is required for this account, but the server does not offer it (STLS)."
            raise MailboxTrouble(TroubleKind.TLS, words)
        client.stls(context(self._settings))
        client.sock.settimeout(self._settings.timeout)
        self._tell("note", _agreed(client))

    def _sign_in(self, client: _Reader) -> None:
        settings = self._settings
        try:
            client.user(settings.username)
            client.pass_(settings.secret)
        except poplib.error_proto as error:
            said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
            kind = TroubleKind.BUSY if any(code in said.upper() for code in PASSING) else TroubleKind.AUTH
            words = said.decode("utf-8", "replace")
            raise MailboxTrouble(kind, f"The server refused the sign-in of {settings.username}: {words}") from error

    def _capabilities(self, client: _Reader) -> frozenset[str]:
        """A server that does not know CAPA (RFC 2449) offers nothing more."""
        try:
            return frozenset(name.upper() for name in client.capa())
        except poplib.error_proto:
            return frozenset()

    def _keys(self, numbers: Sequence[int]) -> dict[int, str]:
        """The key of each message by its number in this session."""
        try:
            with self._spoken():
                keys = {number: f"{self.place}uidl/{name}" for number, name in map(_named, self._ready.uidl()[1])}
        except MailboxTrouble as trouble:
            if trouble.kind is not TroubleKind.PROTOCOL:
                raise
            keys = {}
        times = Counter(keys.values())
        unnamed = [number for number in numbers if times[keys.get(number, "")] != 1]
        for number, lines in zip(unnamed, self._headers(unnamed), strict=True):
            keys.pop(number, None)
            if lines is not None:
                keys[number] = f"{self.place}hash/{_hash(lines)}"
        self._numbers = {key: number for number, key in keys.items()}
        return {number: key for key, number in self._numbers.items()}

    def _headers(self, numbers: Sequence[int]) -> Iterator[list[bytes] | None]:
        return self._pipelined([f"TOP {number} 0" for number in numbers])

    def _pipelined(self, commands: Sequence[str], *, long: bool = True) -> Iterator[list[bytes] | None]:
        """The lines of each answer in turn; None where the server refused: the message is gone."""
        client = self._ready
        for start in range(0, len(commands), self._window):
            some = commands[start : start + self._window]
            with self._spoken():
                client.sock.sendall("".join(f"{command}\r\n" for command in some).encode())
            for _ in some:
                yield self._answer(client, long=long)

    def _answer(self, client: Any, *, long: bool) -> list[bytes] | None:
        with self._spoken():
            try:
                return client._getlongresp()[1] if long else [client._getresp()]
            except poplib.error_proto as error:
                if error.args and isinstance(error.args[0], bytes):  # -ERR about this one message
                    return None
                raise

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        with connected(self._settings), self._understood():
            yield

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLError:  # one of them is also a ValueError
            raise
        except EOFError as error:
            raise MailboxTrouble(TroubleKind.UNREACHABLE, "The connection was lost.") from error
        except poplib.error_proto as error:
            said = error.args[0] if error.args else ""
            words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            raise MailboxTrouble(TroubleKind.PROTOCOL, f"The server answered: {words}") from error
        except (ValueError, IndexError) as error:
            raise MailboxTrouble(TroubleKind.PROTOCOL, f"The server's answer cannot be read: {error}") from error


def _hash(lines: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _pair(line: bytes) -> tuple[int, int]:
    number, size = line.split()[:2]
    return int(number), int(size)


def _named(line: bytes) -> tuple[int, str]:
    number, name = line.split(None, 1)
    return int(number), name.decode("ascii", "backslashreplace").strip()


def _agreed(client: Any) -> str:
    cipher = client.sock.cipher()
    return f"{client.sock.version()} {cipher[0] if cipher else ''}"
