"""Waiting for mail on an open connection (IDLE, RFC 2177)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress

from imapclient.exceptions import IMAPClientAbortError

from webapp.mailboxes.base import MailboxTrouble, TroubleKind
from webapp.mailboxes.imap_session import ImapSession

_CUT = b"* EXISTS"  # a line whose end has not arrived yet may be news


class ImapIdle(ImapSession):
    """A session whose server can tell when mail arrives."""

    @property
    def can_wait(self) -> bool:
        with self._spoken():
            return bool(self._ready.has_capability("IDLE"))

    def begin_idle(self) -> bool:
        """Ask to be told; whether there are news already. Nothing else may be asked until `end_idle`.

        What the server has said of new mail since the last listing, in whatever answer, it does not say again.
        """
        imap = self._ready._imap
        with self._spoken():
            self._ready._idle_tag = tag = imap._command("IDLE")
            while imap._get_response() is not None:  # None is the continuation; news may stand before it
                if imap.tagged_commands[tag]:
                    raise MailboxTrouble(TroubleKind.PROTOCOL, f"The server answered: {imap.tagged_commands[tag]}")
            said = self._said()
        return self._told() or _news(said)

    @property
    def socket(self) -> socket.socket:
        """What becomes readable when the server says something. It is not to be read from."""
        waiting: socket.socket = self._ready.socket()
        return waiting

    def heard(self) -> bool:
        """Whether what made the socket readable are news of the mailbox."""
        secured = isinstance(self.socket, ssl.SSLSocket)  # TLS may have said something of its own
        with self._spoken():
            first = [] if secured else [self._ready._imap._get_line()]
            said = [*first, *self._said()]
        return _news(said)

    def _said(self) -> list[bytes]:
        """The lines that are here already; never waits. IMAPClient's own way cannot tell the end from silence.

        Another thread may hang up meanwhile: to be called within `_spoken`.
        """
        waiting = self.socket
        lines: list[bytes] = []
        waiting.settimeout(0)
        try:
            while True:
                lines.append(self._ready._imap._get_line())
        except (ssl.SSLWantReadError, BlockingIOError):
            return lines
        except IMAPClientAbortError as error:
            if isinstance(waiting, ssl.SSLSocket):  # a silent one says so differently
                raise MailboxTrouble(TroubleKind.UNREACHABLE, f"The connection was lost: {error}.") from error
            return [*lines, _CUT] if "unterminated" in str(error) else lines
        finally:
            with suppress(OSError):
                waiting.settimeout(self._settings.timeout)

    def end_idle(self) -> None:
        """Back to asking."""
        with self._spoken():
            self._ready.idle_done()


def _news(lines: Iterable[bytes]) -> bool:
    return any(b"EXISTS" in line or b"RECENT" in line for line in lines)
