"""A mailbox on loopback over IMAP or POP3 whose server does at every stage what a test tells it; see `scripted`.

    with ScriptedMailbox("imap", {1: raw}, body=Then((Raw(b"* 1 FETCH (UID 1 BODY[] {1000000}\\r\\nFrom"), Drop()))) ...

The stages are greeting and the commands in lower case; a FETCH of IMAP is `body` or `size`, by what it asks for. `TAG`
in a reply is the tag of the command. A POP3 server without PIPELINING notes in `hurried` what came before it had
answered.
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.peers.scripted import Drop, Hangup, Ordinary, Raw, Scripted, Session, Stall, Then

__all__ = ["Ask", "Drop", "Ordinary", "Raw", "ScriptedMailbox", "Stall", "Then"]

IMAP = {
    *("greeting", "capability", "starttls", "login", "authenticate", "select", "search", "size", "body"),
    *("store", "expunge", "idle", "list", "logout", "examine"),
}
POP3 = {"greeting", "capa", "user", "pass", "auth", "stat", "list", "uidl", "top", "retr", "dele", "quit"}
CAPABILITIES = {"imap": ("IMAP4rev1", "UIDPLUS"), "pop3": ("UIDL", "TOP", "USER", "PIPELINING")}


@dataclass(frozen=True)
class Ask:
    """Say this line, and wait for one of the client."""

    line: bytes


class ScriptedMailbox(Scripted):
    """The server; `mails` is what is in the mailbox, by UID, and a test may change it at any time."""

    stages = frozenset(IMAP | POP3)

    def __init__(
        self,
        protocol: str,
        mails: dict[int, bytes] | None = None,
        *,
        validity: int = 1,
        offers: Sequence[str] | None = None,
        **script: Any,
    ) -> None:
        super().__init__(**script)
        self.protocol, self.mails, self.validity = protocol, dict(mails or {}), validity
        self.offers = CAPABILITIES[protocol] if offers is None else offers
        self.dates = dict[int, datetime]()  # when they arrived, where that is not now
        self.marked = set[int]()
        self.hurried = list[str]()

    def session(self, accepted: socket.socket) -> Session:
        return (_Imap if self.protocol == "imap" else _Pop3)(self, accepted)


class _Talk(Session):
    server: ScriptedMailbox
    tag = ""

    def perform(self, action: Any, stage: str, text: str) -> None:
        if isinstance(action, Ask):
            self.say(action.line)
            self.server.note(command=self.line())
        elif isinstance(action, bytes):
            self.say(action.replace(b"TAG", self.tag.encode()))
        else:
            super().perform(action, stage, text)


class _Imap(_Talk):
    def run(self) -> None:
        self.do("greeting", "")
        while True:
            command = self.line()
            self.server.note(command=command)
            self.tag, _, self.rest = command.partition(" ")
            verb = self.rest.removeprefix("UID ").split(" ")[0].lower()
            if verb == "fetch":
                verb = "body" if "BODY" in self.rest else "size"
            self.do(verb, self.rest)
            if verb == "logout":
                raise Hangup

    def ordinary(self, stage: str, text: str) -> None:
        if stage == "greeting":
            self.say(b"* OK scripted")
            return
        self._change(stage, text)
        for line in self._lines(stage, text):
            self.say(line)
        self.say(f"{self.tag} OK done".encode())

    def _lines(self, stage: str, text: str) -> Iterator[bytes]:
        server = self.server
        match stage:
            case "capability":
                yield b"* CAPABILITY " + " ".join(server.offers).encode()
            case "select" | "examine":
                yield f"* {len(server.mails)} EXISTS".encode()
                yield f"* OK [UIDVALIDITY {server.validity}] valid".encode()
            case "search":
                yield b"* SEARCH" + b"".join(f" {uid}".encode() for uid in self._searched(text))
            case "size" | "body":
                for uid in self._named(text):
                    yield self._fetched(stage, uid)
            case "list":
                yield b'* LIST () "/" INBOX'
            case "logout":
                yield b"* BYE"

    def _change(self, stage: str, text: str) -> None:
        match stage:
            case "authenticate" | "idle":
                self.perform(Ask(b"+ "), stage, text)
            case "store":
                self.server.marked |= set(self._named(text))
            case "expunge":
                for uid in self.server.marked:
                    self.server.mails.pop(uid, None)

    def _searched(self, text: str) -> list[int]:
        uids = sorted(self.server.mails)
        begin = re.search(r"UID (\d+):\*", text)
        some = re.search(r"UID ([\d,]+)$", text)
        if some:
            return self._within(some[1])
        return [uid for uid in uids if begin is None or uid >= int(begin[1]) or uid == uids[-1]]

    def _named(self, text: str) -> list[int]:
        return self._within(text.removeprefix("UID ").split(" ")[1])

    def _within(self, uids: str) -> list[int]:
        wanted = set[int]()
        for part in uids.split(","):
            first, _, last = part.partition(":")
            wanted |= set(range(int(first), int(last or first) + 1))
        return [uid for uid in sorted(self.server.mails) if uid in wanted]

    def _fetched(self, stage: str, uid: int) -> bytes:
        place, raw = sorted(self.server.mails).index(uid) + 1, self.server.mails[uid]
        if stage == "size":
            date = self.server.dates.get(uid, datetime.now(UTC)).strftime("%d-%b-%Y %H:%M:%S +0000")
            return f'* {place} FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE "{date}")'.encode()
        return f"* {place} FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")"


class _Pop3(_Talk):
    def run(self) -> None:
        self.numbers = dict(enumerate(sorted(self.server.mails), 1))  # locked while this session lasts
        self.gone = set[int]()
        self.do("greeting", "")
        while True:
            command = self.line()
            self.server.note(command=command)
            if "PIPELINING" not in self.server.offers and (self.buffer or select.select([self.socket], [], [], 0)[0]):
                self.server.hurried.append(command)
            verb = command.split(" ")[0].lower()
            self.do(verb, command)
            if verb == "quit":
                raise Hangup

    def ordinary(self, stage: str, text: str) -> None:
        number = int(text.split(" ")[1]) if stage in ("top", "retr", "dele") else 0
        mails = {each: self.server.mails[uid] for each, uid in self.numbers.items() if each not in self.gone}
        match stage:
            case "stat":
                self.say(f"+OK {len(mails)} {sum(map(len, mails.values()))}".encode())
            case "capa":
                self._many(line.encode() for line in self.server.offers)
            case "list":
                self._many(f"{each} {len(raw)}".encode() for each, raw in mails.items())
            case "uidl":
                self._many(f"{each} {self.numbers[each]}".encode() for each in mails)
            case "top":
                self._many([*mails[number].split(b"\r\n\r\n")[0].split(b"\r\n"), b""])
            case "retr":
                self._many(mails[number].split(b"\r\n")[:-1])
            case _:
                if stage == "dele":
                    self.gone.add(number)
                elif stage == "quit":
                    self.commit()
                self.say(b"+OK scripted")

    def commit(self) -> None:
        """Deletions happen now (RFC 1939 section 6)."""
        for number in self.gone:
            self.server.mails.pop(self.numbers[number], None)

    def _many(self, lines: Iterator[bytes] | list[bytes]) -> None:
        stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
        self.socket.sendall(b"\r\n".join([b"+OK", *stuffed, b".", b""]))
