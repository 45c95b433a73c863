"""A connection to an IMAP server, up to the folder that it enters (RFC 3501, 9051)."""

from __future__ import annotations

import imaplib
from contextlib import suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)

from webapp.mailboxes import signin
from webapp.mailboxes.base import LARGEST_MAIL, LONGEST_ANSWER, MailboxTrouble, TroubleKind
from webapp.mailboxes.trust import TalkingMailbox, agreed, as_text, connecting, context, unreadable, unwilling

# `imaplib` takes a million octets, and the numbers of 150,000 mails are more.
imaplib._MAXLINE = LONGEST_ANSWER  # type: ignore[attr-defined]
_STRANGE = "unexpected response: "  # what it says of lines that it does not know
# Response codes of a refusal that passes (RFC 5530 section 3).
PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[CONTACTADMIN]", "[SERVERBUG]")


class Client(IMAPClient):
    """Tells a refusal in the words of the server alone, also those beyond ASCII."""

    def _check_resp(self, expected: str, command: Any, typ: str, data: Any) -> None:
        if typ != expected:
            raise IMAPClientError(as_text(data[0]))


class ImapSession(TalkingMailbox[IMAPClient]):
    """What has nothing to do with the messages."""

    errors = (IMAPClientError, EOFError)
    _validity = 0

    def open(self) -> None:
        if self._client is not None:
            return
        settings = self._settings
        with connecting(settings), self._understood():
            self._client = client = self._connect()
            if settings.secure and settings.security == "tls":
                self._start_tls(client)
            if not _signed_in(client):
                self._sign_in(client)
            self._enter(client)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                client.logout()
            except (IMAPClientError, OSError):
                with suppress(IMAPClientError, OSError):
                    client.shutdown()

    def abandon(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(IMAPClientError, OSError):
                client.shutdown()

    # --- inside ---

    def _connect(self) -> IMAPClient:
        settings = self._settings
        direct = settings.secure and settings.security == "ssl"
        self._tell("note", f"connecting to {settings.host} port {settings.port}")
        try:
            client = Client(
                settings.host,
                settings.port,
                ssl=direct,
                ssl_context=context(settings) if direct else None,
                timeout=SocketTimeout(settings.connect_timeout, settings.timeout),
            )
        except IMAPClientError as error:
            raise self._greeted(error) from error
        client._imap.debug = 0  # its log would hold the password, and costs half the speed
        _limit(client._imap)
        if self._on_line is not None:
            self._overhear(client._imap)
            self._tell("server", client.welcome.decode("utf-8", "replace"))
        if direct:
            self._tell("note", agreed(client.socket()))
        return client

    def _greeted(self, error: IMAPClientError) -> MailboxTrouble:
        """What a greeting means that lets nobody in (RFC 3501 section 7.1.5), or is of another protocol."""
        said = error.args[0] if error.args else ""
        if said is None:  # `imaplib` forgets what stood behind this
            return self._not_spoken(b"+")
        if isinstance(said, bytes) and said.upper().startswith(b"* BYE"):
            return unwilling(said[len(b"* BYE") :].decode("utf-8", "replace").strip())
        _, strange, line = str(said).partition(_STRANGE)
        if strange:
            return self._not_spoken(line.removeprefix("b")[1:-1].encode())
        return self.meaning(error)

    def _start_tls(self, client: IMAPClient) -> None:
        if _signed_in(client):  # by whoever sits between, perhaps (RFC 9051 section 11.1)
            words = "TLS is required for this account, but the server signs in without it (PREAUTH)."
            raise MailboxTrouble(TroubleKind.TLS, words)
        try:
            client.starttls(context(self._settings))
        except CapabilityError as error:
            words = "TLS is required for this account, but the server does not offer it (STARTTLS)."
            raise MailboxTrouble(TroubleKind.TLS, words) from error
        self._tell("note", agreed(client.socket()))

    def _sign_in(self, client: IMAPClient) -> None:
        settings = self._settings
        try:
            signin.IMAP[settings.authentication](client, settings)
        except LoginError as error:
            if isinstance(error.__context__, IMAPClientAbortError):  # the connection was lost meanwhile
                raise error.__context__ from None
            said = error.__context__.args[0] if error.__context__ is not None else str(error)
            raise signin.refused(settings, self._masked(as_text(said)), passes=_passes(error)) from error

    def _enter(self, client: IMAPClient) -> None:
        folder = self._settings.folder
        try:
            try:
                selected = client.select_folder(folder)
            except IMAPClientReadOnlyError:
                selected = client.select_folder(folder, readonly=True)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            kind = TroubleKind.BUSY if _passes(error) else TroubleKind.FOLDER
            raise MailboxTrouble(kind, f"The folder {folder} cannot be opened: {error}") from error
        self._validity = int(selected.get(b"UIDVALIDITY", 0))
        if not self._validity:  # RFC 3501 section 2.3.1.1: its numbers may be those of other mails tomorrow
            words = "The server does not tell whether mails have the numbers of before (UIDVALIDITY). POP3 may do."
            raise MailboxTrouble(TroubleKind.PROTOCOL, words)
        self._told()  # how many there are on entering is no news

    def _told(self) -> bool:
        """Whether an answer since the last call said that mail is there."""
        return self._ready._imap.response("EXISTS")[1] != [None]

    def _overhear(self, imap: Any) -> None:
        send, readline = imap.send, imap.readline
        begun = bytearray()  # a line that is sent in pieces

        def telling_send(data: bytes) -> Any:
            begun.extend(data)
            if begun.endswith(b"\n"):
                self._tell("client", begun.decode("utf-8", "replace"))
                begun.clear()
            return send(data)

        def telling_readline() -> bytes:
            line: bytes = readline()
            self._tell("server", line.decode("utf-8", "replace"))
            return line

        imap.send, imap.readline = telling_send, telling_readline

    def meaning(self, error: Exception) -> MailboxTrouble:
        words = str(error)
        _, strange, line = words.partition(_STRANGE)
        if strange:
            return unreadable(line)
        if not isinstance(error, IMAPClientAbortError | EOFError):
            return MailboxTrouble(TroubleKind.PROTOCOL, f"The server answered: {words}")
        bye = self._client._imap.untagged_responses.get("BYE") if self._client is not None else None
        if bye:
            why = bye[-1].decode("utf-8", "replace")
            return MailboxTrouble(TroubleKind.UNREACHABLE, f"The server ended the connection: {why}")
        if isinstance(error, EOFError) or "EOF" in words:
            return MailboxTrouble(TroubleKind.UNREACHABLE, "The connection was lost.")
        return MailboxTrouble(TroubleKind.UNREACHABLE, f"The connection was lost: {words}.")

    def _refused(self, trouble: MailboxTrouble) -> bool:
        """Whether this is no more than the answer to one command, so that other commands may do better."""
        unanswered = None in self._ready._imap.tagged_commands.values()
        return trouble.kind is TroubleKind.PROTOCOL and not unanswered


def _signed_in(client: IMAPClient) -> bool:
    return client._imap.state == "AUTH"


def _passes(error: IMAPClientError) -> bool:
    return any(code in str(error).upper() for code in PASSING)


def _limit(imap: Any) -> None:
    """`imaplib` makes room for whatever a server announces."""
    read = imap.read

    def read_some(size: int) -> bytes:
        if size > LARGEST_MAIL:
            words = f"The server sends {size} octets at once; {LARGEST_MAIL} are read at most."
            raise MailboxTrouble(TroubleKind.PROTOCOL, words)
        some: bytes = read(size)
        return some

    imap.read = read_some
