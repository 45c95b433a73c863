"""POP3 (RFC 1939, 2449). Commands go out in windows where the server takes them (PIPELINING).

The key of a message is `place/uidl/` and its UIDL. A server without UIDL, or with the same one twice, has its messages
told apart by a hash of their headers, size, and the place among those that have both in common.
"""

from __future__ import annotations

import hashlib
import poplib
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from webapp.mailboxes import signin
from webapp.mailboxes.base import (
    LARGEST_MAIL,
    Batch,
    Listed,
    MailboxTrouble,
    TroubleKind,
    Withheld,
    chunks,
    one_line,
)
from webapp.mailboxes.pop3_reader import Reader, TlsReader
from webapp.mailboxes.trust import TalkingMailbox, agreed, as_text, connecting, context, unreadable, unwilling

Take = Literal["status", "head", "all"]  # of an answer
WINDOW = 50
BATCH = 1000
# Response codes that say nothing about the password (RFC 2449 section 8, RFC 3206).
PASSING = ("[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[SYS/PERM]")


class Pop3Mailbox(TalkingMailbox[Reader]):
    """A POP3 mailbox; the server locks it while this is open."""

    errors = (poplib.error_proto, EOFError)

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
        if self._client is not None:
            try:
                with self._spoken():
                    self._client.quit()
            finally:
                self.abandon()

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
        keys, refused = self._keys(sizes)
        numbers = sorted(keys)
        if refused:
            yield Batch([], "", [Withheld(f"{self.place}number/{number}", words) for number, words in refused.items()])
        for start in range(0, len(numbers), BATCH):
            some = numbers[start : start + BATCH]
            yield Batch([Listed(keys[number], sizes[number]) for number in some], "")

    def fetch(self, messages: Sequence[Listed]) -> Iterator[tuple[Listed, bytes] | Withheld]:
        for chunk in chunks(messages):
            known = [message for message in chunk if message.key in self._numbers]
            commands = [f"RETR {self._numbers[message.key]}" for message in known]
            for message, lines in zip(known, self._pipelined(commands), strict=True):
                if isinstance(lines, list):
                    yield message, b"".join(line + b"\r\n" for line in lines)
                else:
                    yield Withheld(message.key, lines)

    def present(self) -> set[str]:
        if not self._numbers:
            for _ in self.listed(""):
                pass
        return set(self._numbers)

    def names(self, key: str) -> bool:
        return key in self._numbers

    def delete(self, keys: Sequence[str]) -> None:
        commands = [f"DELE {self._numbers[key]}" for key in keys if key in self._numbers]
        for _ in self._pipelined(commands, "status"):
            pass

    def move(self, keys: Sequence[str], folder: str) -> None:
        raise MailboxTrouble(TroubleKind.FOLDER, "POP3 has no folders.")

    # --- inside ---

    def _connect(self) -> Reader:
        settings = self._settings
        direct = settings.secure and settings.security == "ssl"
        self._tell("note", f"connecting to {settings.host} port {settings.port}")
        more = {"context": context(settings)} if direct else {}
        try:
            kind = TlsReader if direct else Reader
            made = kind(settings.host, settings.port, timeout=settings.connect_timeout, **more)
        except poplib.error_proto as error:
            said = _said(error)
            raise unwilling(said) if said.startswith("-ERR") else self._not_spoken(said.encode()) from error
        made.encoding = "utf-8"
        made.sock.settimeout(settings.timeout)
        made.tell, made.quiet = self._tell, False
        self._tell("server", made.getwelcome().decode("utf-8", "replace"))
        if direct:
            self._tell("note", agreed(made.sock))
        return made

    def _start_tls(self, client: Reader) -> None:
        if "STLS" not in self._capabilities(client):
            words = "TLS is required for this account, but the server does not offer it (STLS)."
            raise MailboxTrouble(TroubleKind.TLS, words)
        client.stls(context(self._settings))
        client.sock.settimeout(self._settings.timeout)
        self._tell("note", agreed(client.sock))

    def _sign_in(self, client: Reader) -> None:
        settings = self._settings
        try:
            signin.POP3[settings.authentication](client, settings)
        except poplib.error_proto as error:
            said = _said(error)
            passes = any(code in said.upper() for code in PASSING)
            raise signin.refused(settings, self._masked(said), passes=passes) from error

    def _capabilities(self, client: Reader) -> frozenset[str]:
        """A server that does not know CAPA (RFC 2449) offers nothing more."""
        client._putline(b"CAPA")
        lines = self._answer(client, "all")
        words = [line.split() for line in lines] if isinstance(lines, list) else []
        return frozenset(each[0].decode("ascii", "replace").upper() for each in words if each)

    def _keys(self, sizes: Mapping[int, int]) -> tuple[dict[int, str], dict[int, str]]:
        """The key of each message by its number in this session; and why the server tells others by nothing."""
        keys = self._names(sizes)
        for number, name in keys.items():
            keys[number] = f"{self.place}uidl/{name}"
        unnamed = [number for number in sizes if number not in keys]
        alike = Counter[str]()
        digests, refused = self._digests(unnamed)
        hidden = {sizes[number]: words for number, words in refused.items()}
        for number, digest in digests.items():
            if sizes[number] in hidden:  # it may be alike one that is refused, and nobody could tell which is which
                refused[number] = hidden[sizes[number]]
                continue
            name = f"{digest}-{sizes[number]}"
            alike[name] += 1
            keys[number] = f"{self.place}hash/{name}/{alike[name]}"
        self._numbers = {key: number for number, key in keys.items()}
        return keys, refused

    def _names(self, known: Container[int]) -> dict[int, str]:
        """What the server calls each message, where it calls no other so. There may be very many: little is kept."""
        [lines] = self._pipelined(["UIDL"])
        names = dict(map(_named, lines if isinstance(lines, list) else ()))
        seen, twice = set[str](), {""}
        for number, name in names.items():
            if number in known:
                (twice if name in seen else seen).add(name)
        return {number: name for number, name in names.items() if number in known and name not in twice}

    def _digests(self, numbers: Sequence[int]) -> tuple[dict[int, str], dict[int, str]]:
        """Of the headers of those that the server gives; out of the mails themselves where it has no TOP."""
        found: dict[int, str] = {}
        refused: dict[int, str] = {}
        for command in ("TOP {} 0", "RETR {}"):
            rest = [number for number in numbers if number not in found]
            answers = self._pipelined([command.format(number) for number in rest], "head")
            for number, lines in zip(rest, answers, strict=True):
                if isinstance(lines, list):
                    found[number] = hashlib.sha256(b"\n".join(lines)).hexdigest()
                else:
                    refused[number] = lines
        return (
            {number: found[number] for number in numbers if number in found},
            {number: words for number, words in refused.items() if number not in found},
        )

    def _pipelined(self, commands: Sequence[str], take: Take = "all") -> Iterator[list[bytes] | str]:
        """The lines of each answer in turn; where the server refused, its words for that."""
        client = self._ready
        for start in range(0, len(commands), self._window):
            some = commands[start : start + self._window]
            with self._spoken():
                client.sock.sendall("".join(f"{command}\r\n" for command in some).encode())
            for _ in some:
                yield self._answer(client, take)

    def _answer(self, client: Reader, take: Take) -> list[bytes] | str:
        with self._spoken():
            status: bytes = client._getline()[0]
            if status.startswith(b"-ERR"):
                return one_line(f"The server answered: {as_text(status)}")
            if not status.startswith(b"+"):
                raise unreadable(status.decode("utf-8", "replace"))
            lines: list[bytes] = []
            octets, in_head = 0, True
            while take != "status" and (line := client._getline()[0]) != b".":
                in_head = in_head and bool(line)
                if take == "all" or in_head:
                    lines.append(line[1:] if line.startswith(b"..") else line)
                    octets += len(line)
                if octets > LARGEST_MAIL:
                    raise unreadable(f"more than {LARGEST_MAIL} octets")
            return lines

    def meaning(self, error: Exception) -> MailboxTrouble:
        if isinstance(error, EOFError):
            return MailboxTrouble(TroubleKind.UNREACHABLE, "The connection was lost.")
        return MailboxTrouble(TroubleKind.PROTOCOL, f"The server answered: {_said(error)}")


def _said(error: Exception) -> str:
    return as_text(error.args[0] if error.args else "")


def _pair(line: bytes) -> tuple[int, int]:
    number, size = line.split()[:2]
    return int(number), int(size)


def _named(line: bytes) -> tuple[int, str]:
    """A message and its name; none where the line names nothing."""
    number, _, name = line.strip().partition(b" ")
    return int(number) if number.isdigit() else 0, name.strip().decode("ascii", "backslashreplace")
