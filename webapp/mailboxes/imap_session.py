"""A connection to an IMAP server, up to the folder that it enters (RFC 3501, 9051)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from webapp.mailboxes.base import Mailbox, MailboxTrouble, TroubleKind
from webapp.mailboxes.trust import connected, connecting, context

# Response codes of a failed LOGIN that say nothing about the password (RFC 5530 section 3).
PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[CONTACTADMIN]", "[SERVERBUG]")


class ImapSession(Mailbox):
    """What has nothing to do with the messages."""

    _client: IMAPClient | None = None
    _validity = 0

    def open(self) -> None:
        if self._client is not None:
            return
        settings = self._settings
        with connecting(settings), self._understood():
            self._client = client = self._connect()
            if settings.secure and settings.security == "tls":
                self._start_tls(client)
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

    @property
    def _ready(self) -> IMAPClient:
        if self._client is None:
            raise MailboxTrouble(TroubleKind.PROTOCOL, "The connection is closed.")
        return self._client

    def _connect(self) -> IMAPClient:
        settings = self._settings
        direct = settings.secure and settings.security == "ssl"
        self._tell("note", f"connecting to {settings.host} port {settings.port}")
        client = IMAPClient(
            settings.host,
            settings.port,
            ssl=direct,
            ssl_context=context(settings) if direct else None,
            timeout=SocketTimeout(settings.connect_timeout, settings.timeout),
        )
        client._imap.debug = 0  # its log would hold the password, and costs half the speed
        if self._on_line is not None:
            self._overhear(client._imap)
            self._tell("server", client.welcome.decode("utf-8", "replace"))
        if direct:
            self._tell("note", _agreed(client))
        return client

    def _start_tls(self, client: IMAPClient) -> None:
        try:
            client.starttls(context(self._settings))
        except CapabilityError as error:
            words = "TLS is required for this account, but the server does not offer it (STARTTLS)."
            raise MailboxTrouble(TroubleKind.TLS, words) from error
        self._tell("note", _agreed(client))

    def _sign_in(self, client: IMAPClient) -> None:
        settings = self._settings
        try:
            client.login(settings.username, settings.secret)
        except LoginError as error:
            words = str(error)
            kind = TroubleKind.BUSY if any(code in words.upper() for code in PASSING) else TroubleKind.AUTH
            raise MailboxTrouble(kind, f"The server refused the sign-in of {settings.username}: {words}") from error

    def _enter(self, client: IMAPClient) -> None:
        try:
            selected = client.select_folder(self._settings.folder)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            words = f"The folder {self._settings.folder} cannot be opened: {error}"
            raise MailboxTrouble(TroubleKind.FOLDER, words) from error
        self._validity = int(selected.get(b"UIDVALIDITY", 0))
        self._told()  # how many there are on entering is no news

    def _told(self) -> bool:
        """Whether an answer since the last call said that mail is there."""
        return self._ready._imap.response("EXISTS")[1] != [None]

    def _overhear(self, imap: Any) -> None:
        send, readline = imap.send, imap.readline

        def telling_send(data: bytes) -> Any:
            self._tell("client", data.decode("utf-8", "replace"))
            return send(data)

        def telling_readline() -> bytes:
            line: bytes = readline()
            self._tell("server", line.decode("utf-8", "replace"))
            return line

        imap.send, imap.readline = telling_send, telling_readline

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        with connected(self._settings), self._understood():
            yield

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLError:  # one of them is also a ValueError
            raise
        except (IMAPClientAbortError, EOFError) as error:
            raise MailboxTrouble(TroubleKind.UNREACHABLE, f"The connection was lost: {error}.") from error
        except IMAPClientError as error:
            raise MailboxTrouble(TroubleKind.PROTOCOL, f"The server answered: {error}") from error
        except (ValueError, AssertionError, IndexError, KeyError, TypeError) as error:  # what imaplib makes of nonsense
            raise MailboxTrouble(TroubleKind.PROTOCOL, f"The server's answer cannot be read: {error}") from error


def _agreed(client: IMAPClient) -> str:
    secured = client.socket()
    cipher = secured.cipher()
    return f"{secured.version()} {cipher[0] if cipher else ''}"
