"""IMAP (RFC 3501, 9051). Messages are listed by UID and fetched in chunks; a round trip for each would cost the most.

The key of a message is `UIDVALIDITY/UID/folder`: the three things that together name it for ever.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from webapp.mailboxes.base import Batch, Listed, Mailbox, MailboxTrouble, TroubleKind, chunks
from webapp.mailboxes.trust import connected, connecting, context

BATCH = 500
_CUT = b"* EXISTS"  # a line whose end has not arrived yet may be news
# Response codes of a failed LOGIN that say nothing about the password (RFC 5530 section 3).
PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[CONTACTADMIN]", "[SERVERBUG]")


class ImapMailbox(Mailbox):
    """One folder of an IMAP account."""

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

    def count(self) -> int:
        return len(self._uids("ALL"))

    def folders(self) -> list[str]:
        with self._spoken():
            found = self._ready.list_folders()
        return sorted(name for flags, _, name in found if b"\\Noselect" not in flags)

    def listed(self, mark: str) -> Iterator[Batch]:
        validity, _, last = mark.partition("/")
        after = int(last) if validity == str(self._validity) and last.isdigit() else 0
        self._told()
        # "n:*" always holds the last message, also when its UID is lower (RFC 3501 section 6.4.8).
        uids = [uid for uid in self._uids(f"UID {after + 1}:*") if uid > after]
        for start in range(0, len(uids), BATCH):
            some = uids[start : start + BATCH]
            with self._spoken():
                found = self._ready.fetch(some, ["RFC822.SIZE", "INTERNALDATE"])
            messages = [self._listed(uid, found[uid]) for uid in some if uid in found]
            yield Batch(messages, f"{self._validity}/{some[-1]}")

    def fetch(self, messages: Sequence[Listed]) -> Iterator[tuple[Listed, bytes]]:
        for chunk in chunks(messages):
            by_uid = {_uid(message.key): message for message in chunk}
            with self._spoken():
                found = self._ready.fetch(list(by_uid), ["BODY.PEEK[]"])
            for uid, message in by_uid.items():
                raw = found.get(uid, {}).get(b"BODY[]")  # gone meanwhile: somebody else deleted it
                if raw is not None:
                    yield message, raw

    def present(self) -> set[str]:
        return {self._key(uid) for uid in self._uids("ALL")}

    def names(self, key: str) -> bool:
        return key == self._key(_uid(key))

    def delete(self, keys: Sequence[str]) -> None:
        for uids in self._own(keys):
            with self._spoken():
                self._ready.delete_messages(uids, silent=True)
                self._expunge(uids)

    def move(self, keys: Sequence[str], folder: str) -> None:
        for uids in self._own(keys):
            with self._spoken():
                if not self._ready.folder_exists(folder):
                    self._ready.create_folder(folder)
                if self._ready.has_capability("MOVE"):
                    self._ready.move(uids, folder)
                else:
                    self._ready.copy(uids, folder)
                    self._ready.delete_messages(uids, silent=True)
                    self._expunge(uids)

    # --- waiting for mail (IDLE, RFC 2177) ---

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
            self._ready._idle_tag = imap._command("IDLE")
            while imap._get_response() is not None:  # None is the continuation; news may stand before it
                pass
        return self._told() or _news(self._said())

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
        return _news([*first, *self._said()])

    def _told(self) -> bool:
        """Whether an answer since the last call said that mail is there."""
        return self._ready._imap.response("EXISTS")[1] != [None]

    def _said(self) -> list[bytes]:
        """The lines that are here already; never waits. IMAPClient's own way cannot tell the end from silence."""
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
        except OSError as error:
            raise MailboxTrouble(TroubleKind.UNREACHABLE, f"The connection was lost: {error}.") from error
        finally:
            waiting.settimeout(self._settings.timeout)

    def end_idle(self) -> None:
        """Back to asking."""
        with self._spoken():
            self._ready.idle_done()

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

    def _uids(self, criteria: str) -> list[int]:
        with self._spoken():
            return sorted(self._ready.search(criteria))

    def _expunge(self, uids: Sequence[int]) -> None:
        """Without UIDPLUS all that anybody marked as deleted goes, for there is no other way (RFC 3501 6.4.3)."""
        if self._ready.has_capability("UIDPLUS"):
            self._ready.uid_expunge(uids)
        else:
            self._ready.expunge()

    def _listed(self, uid: int, found: dict[bytes, Any]) -> Listed:
        arrived = found.get(b"INTERNALDATE")
        at = arrived.astimezone(UTC) if isinstance(arrived, datetime) else None  # naive means this machine's zone
        return Listed(self._key(uid), int(found.get(b"RFC822.SIZE", 0)), at)

    def _key(self, uid: int) -> str:
        return f"{self._validity}/{uid}/{self._settings.folder}"

    def _own(self, keys: Iterable[str]) -> Iterator[list[int]]:
        """The UIDs of keys of this folder as it is now, in batches; others mean nothing here."""
        uids = sorted(_uid(key) for key in keys if self.names(key))
        for start in range(0, len(uids), BATCH):
            yield uids[start : start + BATCH]

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


def _news(lines: Iterable[bytes]) -> bool:
    return any(b"EXISTS" in line or b"RECENT" in line for line in lines)


def _uid(key: str) -> int:
    number = key.partition("/")[2].partition("/")[0]
    return int(number) if number.isdigit() else 0


def _agreed(client: IMAPClient) -> str:
    secured = client.socket()
    cipher = secured.cipher()
    return f"{secured.version()} {cipher[0] if cipher else ''}"
