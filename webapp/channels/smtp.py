"""One SMTP connection for any number of mails, that always knows how far each got (RFC 5321, RFC 2920).

`smtplib` raises the same error for a connection lost at MAIL and one lost after the final dot. Only in the
second case may the mail have been delivered, so here every command is sent and answered under its own stage.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping

from webapp.channels.base import AccountTrouble, Line, Outcome, Result, Stage, StaleConnection
from webapp.channels.smtp_envelope import envelope_steps, offer, reset, size_limit
from webapp.channels.smtp_open import open_session
from webapp.channels.smtp_replies import REFUSED, SERVICE_CLOSING, dot_verdict, result
from webapp.channels.smtp_settings import SmtpSettings, Timeouts
from webapp.channels.smtp_wire import Dropped, Garbled, Wire

__all__ = ["SmtpConnection", "SmtpSettings", "StaleConnection", "Timeouts", "wire_data"]

_QUIT_TIMEOUT = 2.0
_LAST_WORDS_TIMEOUT = 1.0
_LINE_END = re.compile(rb"\r\n|\r|\n")


class SmtpConnection:
    """A connection: `open`, then `envelope` and `finish` (or `abandon`) for each mail, then `close`.

    `on_line` receives the dialogue, secrets masked. One thread at a time; `abort` alone may come from
    another.
    """

    def __init__(self, settings: SmtpSettings, *, on_line: Callable[[Line], None] | None = None) -> None:
        self.tls = ""
        self.max_size: int | None = None
        self.used = 0
        self._settings = settings
        self._wire = Wire(on_line)
        self._offered: Mapping[str, str] = {}
        self._in_data = False
        self._needs_reset = False

    @property
    def healthy(self) -> bool:
        """Whether another mail may be sent over this connection."""
        return self._wire.is_open and not self._in_data and not self._wire.has_unread

    def open(self) -> None:
        """Connect, agree on TLS, sign in. Raises `AccountTrouble`; then nothing is left open."""
        try:
            opened = open_session(self._wire, self._settings)
        except AccountTrouble:
            self._wire.close()
            raise
        self.tls, self._offered = opened.tls, opened.extensions
        self.max_size = size_limit(self._offered)

    def envelope(self, sender: str, recipient: str, *, size: int, smtputf8: bool = False) -> Result | None:
        """Offer one mail of `size` octets to the server; None means that it waits for the data (354 seen).

        An empty `sender` is the null reverse-path. A `Result` is the end for this mail, nothing of it was
        sent. Raises `AccountTrouble` when the server refuses our sender or does not speak SMTP, and
        `StaleConnection` when a connection that was used before proves closed at the first command; either
        leaves it closed.
        """
        steps = envelope_steps(sender, recipient, size=size, smtputf8=smtputf8, offered=self._offered)
        if isinstance(steps, Result):
            return steps
        timeout = self._settings.timeouts.command
        try:
            if self._needs_reset:
                reset(self._wire, timeout=timeout)
            together = "PIPELINING" in self._offered
            refusal = offer(self._wire, steps, timeout=timeout, together=together, reused=self.used > 0)
        except (AccountTrouble, StaleConnection):
            self._wire.close()
            raise
        self._in_data = refusal is None
        self._needs_reset = refusal is not None
        self.used += refusal is not None
        return refusal

    def finish(self, data: bytes) -> Result:
        """Send the mail that `envelope` announced, with the final dot, and return what came of it.

        TEMPORARY at DATA: the dot never left, so nothing was delivered. UNCERTAIN: the dot left, its answer
        was lost or is unreadable, and the server may have kept the mail.
        """
        self._in_data = False
        self.used += 1
        shown = (f"({len(data)} octets of mail)", ".")
        try:
            self._wire.send(wire_data(data), self._settings.timeouts.command, shown=shown)
        except Dropped as error:
            return self._last_words() or Result(Outcome.TEMPORARY, Stage.DATA, words=str(error))
        try:
            reply = self._wire.reply(self._settings.timeouts.dot)
        except (Dropped, Garbled) as error:
            self._wire.close()
            return Result(Outcome.UNCERTAIN, Stage.DOT, words=str(error))
        verdict = dot_verdict(reply)
        if reply.code == SERVICE_CLOSING or verdict.outcome is Outcome.UNCERTAIN:
            self._wire.close()
        return verdict

    def abandon(self) -> None:
        """Hang up instead of sending the data: a mail without its final dot is not delivered."""
        self._wire.note("hung up before the mail was sent")
        self._in_data = False
        self._wire.close()

    def close(self) -> None:
        """Say QUIT and hang up. Never raises, and waits at most two seconds for the answer."""
        if self.healthy:
            timeout = min(_QUIT_TIMEOUT, self._settings.timeouts.command)
            with contextlib.suppress(Dropped, Garbled):
                self._wire.send(b"QUIT\r\n", timeout, shown=("QUIT",))
                self._wire.reply(timeout)
        self._in_data = False
        self._wire.close()

    def abort(self) -> None:
        """End at once, from another thread, what this connection waits for; its owner still calls `close`."""
        self._wire.abort()

    def _last_words(self) -> Result | None:
        """Return why the server hung up while the mail was being sent, if it said so before."""
        try:
            reply = self._wire.reply(_LAST_WORDS_TIMEOUT)
        except (Dropped, Garbled):
            return None
        finally:
            self._wire.close()
        outcome = REFUSED.get(reply.code // 100)
        return result(outcome, Stage.DATA, reply) if outcome else None


def wire_data(data: bytes) -> bytes:
    """Return a mail as it follows 354: CRLF lines only, dots stuffed, the final dot (RFC 5321 section 4.5.2).

    Bare CR and LF become CRLF: a server that takes one for a line end would find commands in our mail.
    """
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        data = _LINE_END.sub(b"\r\n", data)
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    start = b"." if data.startswith(b".") else b""
    end = b".\r\n" if data.endswith(b"\r\n") or not data else b"\r\n.\r\n"
    return b"".join((start, data, end))
