"""Open mailboxes whose servers tell when mail arrives: one thread waits for all of them (IMAP IDLE, RFC 2177)."""

from __future__ import annotations

import logging
import selectors
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webapp import clock
from webapp.mailboxes.base import MailboxTrouble
from webapp.mailboxes.imap import ImapMailbox

log = logging.getLogger(__name__)
# A server may end a connection that said nothing for 29 minutes (RFC 2177); many routers are less patient.
RENEWED_EVERY = 9 * 60.0
LOOK_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class _Open:
    number: int
    revision: tuple[int, int]
    mailbox: ImapMailbox
    until: float


class Listening:
    """`on_news(number, mailbox)` gets the mailbox, which is not listened to until it is added again; `on_end(number)`
    hears of one whose connection is gone."""

    def __init__(self, on_news: Callable[[int, ImapMailbox], None], on_end: Callable[[int], None]):
        self._on_news, self._on_end = on_news, on_end
        self._selector = selectors.DefaultSelector()
        self._open: dict[int, _Open] = {}
        self._lock = threading.RLock()
        self._quit = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox-listening", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up everywhere."""
        self._quit.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self.drop_all()
        with self._lock:
            self._selector.close()

    def add(self, number: int, revision: tuple[int, int], mailbox: ImapMailbox) -> bool:
        """Listen to an account whose mailbox is open and was read to its end; what came since then are news.

        False where its server does not let anybody: the connection is closed then.
        """
        one = _Open(number, revision, mailbox, clock.monotonic() + RENEWED_EVERY)
        try:
            news = mailbox.begin_idle()
            going = self._register(one)
        except MailboxTrouble:
            going = False
        if not going:
            mailbox.abandon()
            self._on_end(number)
        elif news:
            self._tell(one)
        return going

    def keep_only(self, revisions: Mapping[int, tuple[int, int]]) -> None:
        """Hang up on accounts that are not read by themselves any more, or not as they were."""
        for one in list(self._open.values()):
            if revisions.get(one.number) != one.revision:
                self._drop(one)

    def drop_all(self) -> None:
        """Hang up everywhere."""
        for one in list(self._open.values()):
            self._drop(one)

    def _register(self, one: _Open) -> bool:
        with self._lock:
            if self._quit.is_set():
                return False
            self._open[one.number] = one
            self._selector.register(one.mailbox.socket, selectors.EVENT_READ, one)
            return True

    def _run(self) -> None:
        while not self._quit.is_set():
            for key, _ in self._selector.select(LOOK_SECONDS) if self._open else []:
                self._listen(key.data)
            if not self._open:
                self._quit.wait(LOOK_SECONDS)
            now = clock.monotonic()
            for one in [one for one in list(self._open.values()) if one.until <= now]:
                self._tell(one)

    def _listen(self, one: _Open) -> None:
        try:
            if one.mailbox.heard():
                self._tell(one)
        except MailboxTrouble as trouble:
            log.info("inbox account %s: %s", one.number, trouble.words)
            self._drop(one)
        except Exception:  # of one mailbox: this thread listens to all of them
            log.exception("inbox account %s cannot be listened to", one.number)
            self._drop(one)

    def _tell(self, one: _Open) -> None:
        """Hand the mailbox over, ready to be asked."""
        if not self._forget(one):
            return
        try:
            one.mailbox.end_idle()
        except MailboxTrouble:
            one.mailbox.abandon()
            self._on_end(one.number)
            return
        self._on_news(one.number, one.mailbox)

    def _drop(self, one: _Open) -> None:
        if self._forget(one):
            one.mailbox.abandon()
            self._on_end(one.number)

    def _forget(self, one: _Open) -> bool:
        """Whether it was listened to until now."""
        with self._lock:
            if self._open.get(one.number) is not one:
                return False
            del self._open[one.number]
            self._selector.unregister(one.mailbox.socket)
            return True
