"""The sandbox gives mail: its mailboxes over IMAP4rev1 (RFC 3501) with IDLE (RFC 2177) and UIDPLUS (RFC 4315).

Who signs in as an address reads the mail that was sent to it. There is one folder, INBOX, and what else a mail program
may ask for is refused.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from webapp.errors import DatabaseBusy
from webapp.services.sandbox.boxes import Boxes
from webapp.services.sandbox.imap_folder import FLAGS, Folder
from webapp.services.sandbox.imap_words import Refused, chosen, read_command
from webapp.services.sandbox.serving import LoopServer

log = logging.getLogger(__name__)
UIDVALIDITY = 1  # the number of a caught mail is never used again
CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS LITERAL+"
AUTOLOGOUT_SECONDS = 1800.0  # RFC 3501 section 5.4: at least 30 minutes
LONGEST_LINE = 64 * 1024


class ImapServer(LoopServer):
    """Serves mailboxes; `news` tells those who wait that mail came in."""

    def __init__(self, bound: socket.socket, boxes: Boxes):
        super().__init__(bound, "sandbox-imap")
        self._boxes = boxes
        self._sessions: set[_Session] = set()

    def news(self) -> None:
        """Mail came in, for somebody; from any thread."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for session in self._sessions:
            session.news.set()

    async def _serve(self, ending: asyncio.Event) -> None:
        await asyncio.start_server(self._meet, sock=self._socket, limit=LONGEST_LINE)
        await ending.wait()
        for session in list(self._sessions):
            session.bye()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self._boxes, reader, writer)
        self._sessions.add(session)
        try:
            await session.run()
        except (OSError, EOFError, TimeoutError):
            log.debug("a mail program left the sandbox without a word")
        finally:
            self._sessions.discard(session)
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, boxes: Boxes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.news = asyncio.Event()
        self._boxes = boxes
        self._reader = reader
        self._writer = writer
        self._user = ""
        self._folder: Folder | None = None
        self._over = False

    async def run(self) -> None:
        """Answer until the other side leaves. Raises EOFError, OSError and TimeoutError when it does without a word."""
        self._say(f"OK [CAPABILITY {CAPABILITIES}] Arauto sandbox")
        while not self._over:
            await self._writer.drain()
            async with asyncio.timeout(AUTOLOGOUT_SECONDS):
                await self._next()
        await self._writer.drain()

    def bye(self) -> None:
        """The server ends."""
        self._over = True
        with suppress(OSError):
            self._say("BYE the sandbox ends")
            self._writer.close()

    async def _next(self) -> None:
        try:
            words = await read_command(self._reader, lambda: self._say("go ahead", "+"))
        except Refused as refused:
            self._say(f"BAD {refused}")
            return
        tag, name, *rest = words if len(words) > 1 else (*words, "*", "")[:2]
        by_uid = name.upper() == "UID"
        if by_uid:
            name, *rest = rest or [""]
        try:
            done = await self._do(name.upper(), rest, by_uid=by_uid)
            self._say(f"OK {done or 'completed'}", tag)
        except Refused as refused:
            self._say(str(refused), tag)
        except (SQLAlchemyError, DatabaseBusy) as error:
            log.error("the sandbox cannot be read: %s", getattr(error, "orig", None) or error)
            self._say("NO [UNAVAILABLE] the database does not answer", tag)

    async def _do(self, name: str, words: Sequence[str], *, by_uid: bool) -> str | None:
        known = WITH_UID if by_uid else COMMANDS
        if name not in known:
            raise Refused("BAD this server does not know that")
        needs, work = known[name]
        if (needs == "user" and not self._user) or (needs == "folder" and self._folder is None):
            raise Refused("BAD not now")
        return await work(self, words)

    # -- commands -----------------------------------------------------------------------------------------------

    async def capability(self, _: Sequence[str]) -> None:
        self._say(f"CAPABILITY {CAPABILITIES}")

    async def noop(self, _: Sequence[str]) -> None:
        if self._folder is not None:
            self._tell(await self._folder.look())

    async def logout(self, _: Sequence[str]) -> None:
        self._say("BYE until next time")
        self._over = True

    async def login(self, words: Sequence[str]) -> None:
        user, secret = _exactly(2, words)
        if not await asyncio.to_thread(self._boxes.admits, secret):
            raise Refused("NO [AUTHENTICATIONFAILED] the password is the secret of the inbox account Sandbox")
        self._user = user

    async def select(self, words: Sequence[str]) -> str:
        self._folder = None
        _inbox(words)
        folder = Folder(self._boxes, self._user)
        await folder.look()
        self._tell(
            (
                f"FLAGS ({' '.join(FLAGS)})",
                f"{len(folder.numbers)} EXISTS",
                "0 RECENT",
                f"OK [UIDVALIDITY {UIDVALIDITY}] for ever",
                f"OK [UIDNEXT {max(folder.numbers, default=0) + 1}] at least",
                "OK [PERMANENTFLAGS ()] flags end with the connection",
            )
        )
        self._folder = folder
        return "[READ-WRITE] INBOX is open"

    async def status(self, words: Sequence[str]) -> None:
        _inbox(words)
        numbers, last = await asyncio.to_thread(self._boxes.numbers, self._user)
        facts = {
            "MESSAGES": len(numbers),
            "UNSEEN": len(numbers),
            "RECENT": 0,
            "UIDNEXT": last + 1,
            "UIDVALIDITY": UIDVALIDITY,
        }
        told = [f"{word.upper()} {facts[word.upper()]}" for word in words if word.upper() in facts]
        self._say(f"STATUS INBOX ({' '.join(told)})")

    async def list(self, words: Sequence[str]) -> None:
        _reference, pattern = _exactly(2, words)
        if not pattern:
            self._say('LIST (\\Noselect) "/" ""')
        elif pattern in ("*", "%") or pattern.upper() == "INBOX":
            self._say('LIST (\\HasNoChildren) "/" INBOX')

    async def close(self, _: Sequence[str]) -> None:
        await self._open.expunge(self._open.numbers)
        self._folder = None

    async def expunge(self, _: Sequence[str]) -> None:
        self._tell(await self._open.expunge(self._open.numbers))

    async def uid_expunge(self, words: Sequence[str]) -> None:
        (which,) = _exactly(1, words)
        self._tell(await self._open.expunge(chosen(which, self._open.numbers, by_uid=True)))

    async def search(self, words: Sequence[str], *, by_uid: bool = False) -> None:
        self._tell(await self._open.look())
        self._say(self._open.search(words, by_uid=by_uid))

    async def fetch(self, words: Sequence[str], *, by_uid: bool = False) -> None:
        async for answer in self._open.fetch(words, by_uid=by_uid):
            self._writer.write(b"* %s\r\n" % answer)
            await self._writer.drain()

    async def store(self, words: Sequence[str], *, by_uid: bool = False) -> None:
        self._tell(self._open.store(words, by_uid=by_uid))

    async def idle(self, _: Sequence[str]) -> None:
        """Tells what comes, until the other side says DONE."""
        self._say("idling", "+")
        line = asyncio.ensure_future(self._reader.readline())
        try:
            self._tell(await self._open.look())
            while not line.done():
                self.news.clear()
                self._tell(await self._open.look_for_new())
                await self._writer.drain()
                coming = asyncio.ensure_future(self.news.wait())
                await asyncio.wait({line, coming}, return_when=asyncio.FIRST_COMPLETED)
                coming.cancel()
        finally:
            line.cancel()
        try:
            said = line.result().strip().upper()
        except ValueError:  # longer than any line
            said = b""
        if said != b"DONE":
            raise Refused("BAD only DONE ends IDLE")

    async def refuse(self, _: Sequence[str]) -> None:
        raise Refused("NO [CANNOT] the sandbox has INBOX alone, and takes mail by SMTP")

    # -- inside -------------------------------------------------------------------------------------------------

    @property
    def _open(self) -> Folder:
        assert self._folder is not None  # noqa: S101
        return self._folder

    def _tell(self, answers: Iterable[str]) -> None:
        for answer in answers:
            self._say(answer)

    def _say(self, words: str, tag: str = "*") -> None:
        self._writer.write(f"{tag} {words}\r\n".encode())


Needs = Literal["", "user", "folder"]
Command = tuple[Needs, Callable[[_Session, Sequence[str]], Awaitable[str | None]]]

# What each command needs first: nothing, a user, an open folder.
COMMANDS: Mapping[str, Command] = {
    "CAPABILITY": ("", _Session.capability),
    "NOOP": ("", _Session.noop),
    "LOGOUT": ("", _Session.logout),
    "LOGIN": ("", _Session.login),
    "SELECT": ("user", _Session.select),
    "STATUS": ("user", _Session.status),
    "LIST": ("user", _Session.list),
    "LSUB": ("user", _Session.list),
    **dict.fromkeys(("CREATE", "DELETE", "RENAME", "APPEND", "COPY", "MOVE"), ("user", _Session.refuse)),
    **dict.fromkeys(("SUBSCRIBE", "UNSUBSCRIBE"), ("user", _Session.noop)),
    "CHECK": ("folder", _Session.noop),
    "IDLE": ("folder", _Session.idle),
    "SEARCH": ("folder", _Session.search),
    "FETCH": ("folder", _Session.fetch),
    "STORE": ("folder", _Session.store),
    "EXPUNGE": ("folder", _Session.expunge),
    "CLOSE": ("folder", _Session.close),
}
WITH_UID: Mapping[str, Command] = {
    "SEARCH": ("folder", lambda session, words: session.search(words, by_uid=True)),
    "FETCH": ("folder", lambda session, words: session.fetch(words, by_uid=True)),
    "STORE": ("folder", lambda session, words: session.store(words, by_uid=True)),
    "EXPUNGE": ("folder", _Session.uid_expunge),
    **dict.fromkeys(("COPY", "MOVE"), ("user", _Session.refuse)),
}


def _exactly(number: int, words: Sequence[str]) -> Sequence[str]:
    if len(words) != number:
        raise Refused(f"BAD {number} words are needed")
    return words


def _inbox(words: Sequence[str]) -> None:
    if not words or words[0].upper() != "INBOX":
        raise Refused("NO [NONEXISTENT] the sandbox has INBOX alone")
