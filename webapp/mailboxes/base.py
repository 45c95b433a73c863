"""What every mailbox can do, whatever it speaks, and what may go wrong with it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from webapp.mailboxes import sasl

INBOX = "INBOX"  # every IMAP server has it (RFC 3501 section 5.1)
LONGEST_LINE = 500
CHUNK_MESSAGES = 100
CHUNK_OCTETS = 8 * 1024 * 1024
# What is read into memory at most, whatever a server says of sizes: one line, and one mail.
LONGEST_ANSWER = 32 * 1024 * 1024
LARGEST_MAIL = 64 * 1024 * 1024


class TroubleKind(StrEnum):
    """Why a mailbox cannot be read at the moment; the words of advice for each are elsewhere."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    TLS = "tls"
    AUTH = "auth"
    FOLDER = "folder"
    PROTOCOL = "protocol"


class MailboxTrouble(Exception):
    """The account or its server is at fault: nothing is lost, and the next check tries again."""

    def __init__(self, kind: TroubleKind, words: str):
        self.kind = kind
        self.words = one_line(words)
        super().__init__(self.words)


Authentication = Literal["password", "xoauth2"]


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """Where a mailbox is and how to get in. With `xoauth2` the secret is an access token.

    `connect_timeout` and `timeout` are seconds without a sign of life."""

    protocol: Literal["imap", "pop3"]
    host: str
    port: int
    username: str
    secret: str
    authentication: Authentication = "password"
    folder: str = INBOX
    secure: bool = False
    security: Literal["tls", "ssl"] = "tls"
    ignore_certificate_errors: bool = False
    connect_timeout: float = 15.0
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a dialogue, secrets masked."""

    who: Literal["client", "server", "note"]
    text: str


OnLine = Callable[[Line], None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A message on the server. `key` names it there for ever (RFC 3501 section 2.3.1.1; RFC 1939 section 7).

    It begins with `Mailbox.place`: many servers count from 1, so that the rest alone would name mails of several.
    `arrived` is None where the protocol does not tell.
    """

    key: str
    size: int
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message that is there, and that the server refuses to give, in these words of it."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages of a mailbox. Once all of them are dealt with, a later listing may begin at `mark`.

    It is None where the server does not tell what it asks about each: that is asked for again.
    """

    messages: Sequence[Listed]
    mark: str | None
    withheld: Sequence[Withheld] = ()


class Mailbox(ABC):
    """One connection to one mailbox: `with open_mailbox(settings) as mailbox:`. Every method raises MailboxTrouble."""

    def __init__(self, settings: MailboxSettings, on_line: OnLine | None = None):
        self._settings = settings
        self._on_line = on_line
        self._secrets = sasl.forms(settings.username, settings.secret)

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.abandon()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    @property
    def settings(self) -> MailboxSettings:
        """What it was made with."""
        return self._settings

    @property
    def place(self) -> str:
        """What all keys of this mailbox begin with, and those of no other: see `place`."""
        return place(self._settings.host, self._settings.port, self._settings.username)

    @property
    def folder(self) -> str | None:
        """The folder that all keys of this mailbox end with; None where there are no folders."""
        return None

    @property
    def can_wait(self) -> bool:
        """Whether the server tells when mail arrives, so that the mailbox is worth being kept open."""
        return False

    @abstractmethod
    def open(self) -> None:
        """Connect, sign in, and enter the folder; nothing where that was done before."""

    @abstractmethod
    def close(self) -> None:
        """Sign off. With POP3 this is when deletions happen (RFC 1939 section 6)."""

    @abstractmethod
    def abandon(self) -> None:
        """Hang up, whatever state the connection is in; never raises."""

    @abstractmethod
    def count(self) -> int:
        """How many messages are there."""

    @abstractmethod
    def folders(self) -> list[str]:
        """The folders that could be read; POP3 has none."""

    @abstractmethod
    def listed(self, mark: str) -> Iterator[Batch]:
        """The messages that came after `mark`, or all of them where it means nothing (any more)."""

    @abstractmethod
    def fetch(self, messages: Sequence[Listed]) -> Iterator[tuple[Listed, bytes] | Withheld]:
        """The raw octets of each message that the server gives; they stay unread there.

        Those that are gone meanwhile are left out.
        """

    @abstractmethod
    def present(self) -> set[str]:
        """The keys of all messages that are there now."""

    @abstractmethod
    def names(self, key: str) -> bool:
        """Whether the server may still call a message by this key; false once it names all of them anew."""

    @abstractmethod
    def delete(self, keys: Sequence[str]) -> None:
        """Remove these messages for good."""

    @abstractmethod
    def move(self, keys: Sequence[str], folder: str) -> None:
        """Move these messages to another folder; what cannot be moved is trouble."""

    def _tell(self, who: Literal["client", "server", "note"], text: str) -> None:
        if self._on_line is not None:
            self._on_line(Line(who, one_line(self._masked(text))))

    def _masked(self, text: str) -> str:
        for form in self._secrets:
            text = text.replace(form, "***")
        return text


def place(host: str, port: int, username: str) -> str:
    """Which mailbox it is, in few characters; the same under whatever protocol, password and folder."""
    return hashlib.sha256(f"{host.lower()}\n{port}\n{username}".encode()).hexdigest()[:12] + "/"


def chunks(messages: Sequence[Listed]) -> Iterator[list[Listed]]:
    """Messages to be fetched by one command: at most a hundred, and few where they are large."""
    chunk: list[Listed] = []
    octets = 0
    for message in messages:
        if chunk and (len(chunk) == CHUNK_MESSAGES or octets + message.size > CHUNK_OCTETS):
            yield chunk
            chunk, octets = [], 0
        chunk.append(message)
        octets += message.size
    if chunk:
        yield chunk


def one_line(text: str) -> str:
    """At most 500 characters on one line, with what cannot be seen shown as an escape."""
    line = " ".join(text[: LONGEST_LINE * 4].split())
    line = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
