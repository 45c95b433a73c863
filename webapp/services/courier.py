"""A courier carries claimed messages over one connection of one account: compose, envelope, body, result."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from webapp import clock
from webapp.channels.base import AccountTrouble, Line, Outcome, Result, Stage, StaleConnection, TroubleKind, one_line
from webapp.channels.smtp import SmtpConnection
from webapp.mail import token
from webapp.mail.address import envelope_form
from webapp.mail.compose import Identity, Prepared, Words, prepare
from webapp.services.accounts import Account
from webapp.services.claims import Claimed
from webapp.services.settling import Tried

KEPT = 512


@dataclass(frozen=True, slots=True)
class Mail:
    """A message on its way: the envelope and the wire bytes."""

    sender: str
    recipient: str
    smtputf8: bool
    data: bytes


class Composer:
    """Makes mails of claimed messages. What the recipients of one event share is prepared once and kept.

    `secret` signs the return paths.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._prepared: OrderedDict[tuple[int, Identity, str], Prepared] = OrderedDict()

    def compose(self, account: Account, claimed: Claimed, words: Words) -> Mail:
        """The mail of one message. Raises ValueError (AddressError too) for one that cannot be written."""
        identity = account.identity(claimed.reply_to, claimed.confirmation_to)
        prepared = self._prepare((claimed.content_id, identity, account.footer), words)
        sender, sender_utf8 = envelope_form(self._return_path(account, claimed))
        recipient, recipient_utf8 = envelope_form(claimed.recipient)
        data = prepared.render(
            to_address=claimed.recipient,
            to_name=claimed.recipient_name,
            message_id=claimed.message_id,
            date=claimed.created_at,
        )
        return Mail(sender, recipient, sender_utf8 or recipient_utf8 or prepared.smtputf8, data)

    def _return_path(self, account: Account, claimed: Claimed) -> str:
        """Where bounces go. A message's own return path is left as it is: nobody says that it takes plus-addresses."""
        address = account.envelope_sender(claimed.return_path)
        if claimed.return_path or not account.return_path_plus:
            return address
        return token.tagged(address, token.make(self._secret, claimed.id, clock.now()))

    def _prepare(self, key: tuple[int, Identity, str], words: Words) -> Prepared:
        with self._lock:
            known = self._prepared.get(key)
        if known is None:
            known = prepare(key[1], words, footer=key[2])
            with self._lock:
                self._prepared[key] = known
                while len(self._prepared) > KEPT:
                    self._prepared.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class Guards:
    """What a courier asks before it may send the final dot, because afterwards nothing can be taken back."""

    may_send: Callable[[Claimed], bool]
    mark_transmitting: Callable[[Claimed], bool]


class Courier:
    """One connection, opened when first needed. Raises AccountTrouble when the account is at fault."""

    def __init__(
        self, account: Account, composer: Composer, guards: Guards, on_line: Callable[[Line], None] | None = None
    ):
        self.account = account
        self._composer = composer
        self._guards = guards
        self._on_line = on_line
        self._connection: SmtpConnection | None = None
        self._closing = threading.Lock()
        self._aborted = False

    def adopt(self, account: Account) -> None:
        """Go on with the account as it is now; a change of its server needs a new connection."""
        if account.revision != self.account.revision:
            self.close()
        self.account = account

    def deliver(self, claimed: Claimed, words: Words) -> Tried | None:
        """One try. None when it was given up before the final dot, without consequences: the claim can be released."""
        started = clock.now()
        try:
            mail = self._composer.compose(self.account, claimed, words)
        except ValueError as error:
            return self._tried(claimed, Result(Outcome.PERMANENT, Stage.COMPOSE, words=str(error)), started)
        refused = self._envelope(mail)
        if refused is not None:
            return self._tried(claimed, refused, started)
        connection = self._connection
        assert connection is not None  # noqa: S101
        if not self._guards.may_send(claimed) or (claimed.at_most_once and not self._guards.mark_transmitting(claimed)):
            connection.abandon()
            return None
        return self._tried(claimed, connection.finish(mail.data), started)

    def failed(self, claimed: Claimed, error: Exception, started: datetime) -> Tried:
        """The try that ended in an error of ours: it costs this message a wait, and nothing else stops."""
        self.close()
        words = f"Arauto could not send this mail: {type(error).__name__}: {error}"
        return self._tried(claimed, Result(Outcome.TEMPORARY, Stage.COMPOSE, words=one_line(words)), started)

    def _envelope(self, mail: Mail) -> Result | None:
        for again in (True, False):
            connection = self._open()
            try:
                return connection.envelope(mail.sender, mail.recipient, size=len(mail.data), smtputf8=mail.smtputf8)
            except StaleConnection:
                self.close()
                if not again:
                    raise
        raise AssertionError("unreachable")

    def _open(self) -> SmtpConnection:
        if self._connection is not None and not self._connection.healthy:
            self.close()
        if self.account.broken_secret:
            raise AccountTrouble(TroubleKind.AUTH, Stage.AUTH, self.account.broken_secret)
        if self._connection is None:
            connection = SmtpConnection(self.account.settings, on_line=self._on_line)
            with self._closing:
                self._connection = connection
                if self._aborted:
                    connection.abort()
            try:
                connection.open()
            except BaseException:
                self.close()
                raise
        return self._connection

    def _tried(self, claimed: Claimed, result: Result, started: datetime) -> Tried:
        tls = self._connection.tls if self._connection else ""
        return Tried(claimed, self.account.id, result, started, clock.now(), tls)

    def close(self) -> None:
        """Say good-bye; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Cut the connection from another thread: whatever waits on it ends at once."""
        with self._closing:
            self._aborted = True
            if self._connection is not None:
                self._connection.abort()
