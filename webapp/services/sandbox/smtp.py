"""The sandbox takes mail: SMTP in (RFC 5321), plain values out."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from aiosmtpd.smtp import SMTP, Envelope, Session

from webapp.channels.base import one_line
from webapp.services.sandbox.serving import STOP_SECONDS, LoopServer

log = logging.getLogger(__name__)
logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every command

LARGEST = 32 * 1024 * 1024
LARGEST_HEAD = 64 * 1024
LONGEST_LINE = 1024 * 1024
LONGEST_SUBJECT = 2000
ANSWER_SECONDS = 0.05  # for the last answers to leave
_SUBJECT = re.compile(rb"^subject:((?:[^\r\n]*)(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[!-~]{3,998}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail as it came in; nothing in it is trusted, everything can be stored."""

    sender: str
    recipients: list[str]
    subject: str
    message_id: str
    raw: bytes


def subject_of(raw: bytes) -> str:
    """The subject as people read it, on one line; empty without one. Never raises, whatever the mail holds."""
    found = _SUBJECT.search(_head(raw))
    if found is None:
        return ""
    text = re.sub(r"[\r\n]+", "", found.group(1)[:LONGEST_SUBJECT].decode("utf-8", "replace"))
    with suppress(HeaderParseError, LookupError, UnicodeError, ValueError):
        text = str(make_header(decode_header(text.strip())))
    return one_line(text)


def message_id_of(raw: bytes) -> str:
    """The Message-ID with its angle brackets; empty without one."""
    found = _MESSAGE_ID.search(_head(raw))
    return found.group(1).decode("ascii") if found else ""


def _head(raw: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", raw[:LARGEST_HEAD], maxsplit=1)[0]


def _address(text: str | None) -> str:
    """An address of the envelope; empty for the null return path, which aiosmtpd leaves in its brackets."""
    return one_line((text or "").encode("utf-8", "replace").decode().removeprefix("<>"))


class _Keeper:
    """Answers 250 once the mail is kept; mails that wait at the same moment are kept together."""

    def __init__(self, keep: Callable[[list[Caught]], None]):
        self.idle = asyncio.Event()
        self.idle.set()
        self._in_hand = 0
        self._keep = keep
        self._waiting: asyncio.Queue[tuple[Caught, asyncio.Future[bool]]] = asyncio.Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._in_hand += 1
        self.idle.clear()
        try:
            raw = bytes(envelope.original_content or b"")
            recipients = [_address(recipient) for recipient in envelope.rcpt_tos]
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            sender = _address(envelope.mail_from)
            self._waiting.put_nowait((Caught(sender, recipients, subject_of(raw), message_id_of(raw), raw), answer))
            kept = await answer
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self.idle.set()
        return "250 2.0.0 Kept in the sandbox mailbox" if kept else "451 4.3.0 Not kept: try again later"

    async def run(self) -> None:
        """Keep what comes, until cancelled."""
        while True:
            group = [await self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            kept = await asyncio.to_thread(self._try, [mail for mail, _ in group])
            for _, answer in group:
                if not answer.done():
                    answer.set_result(kept)

    def _try(self, mails: list[Caught]) -> bool:
        try:
            self._keep(mails)
        except Exception:
            log.exception("the sandbox could not keep %d mails", len(mails))
            return False
        return True


class _Server(SMTP):
    line_length_limit = LONGEST_LINE


class SmtpServer(LoopServer):
    """Takes mail; `keep` stores some of it and raises when it cannot, from one thread at a time."""

    def __init__(self, bound: socket.socket, keep: Callable[[list[Caught]], None]):
        super().__init__(bound, "sandbox-smtp")
        self._keeper = _Keeper(keep)

    async def _serve(self, ending: asyncio.Event) -> None:
        server = await self._loop.create_server(self._protocol, sock=self._socket)
        keeping = self._loop.create_task(self._keeper.run())
        await ending.wait()
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._keeper.idle.wait(), STOP_SECONDS)
            await asyncio.sleep(ANSWER_SECONDS)
        keeping.cancel()

    def _protocol(self) -> SMTP:
        return _Server(
            self._keeper,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="sandbox.local",
            ident="Arauto sandbox",
            loop=self._loop,
        )
