"""Which servers a mailbox trusts, and what goes wrong on the way to them and in talking to them.

`imaplib` and `poplib` verify nothing unless they are given a context; here they always are.
"""

from __future__ import annotations

import ssl
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from webapp.mailboxes.base import Mailbox, MailboxSettings, MailboxTrouble, TroubleKind

Client = TypeVar("Client")

# What a client library makes of nonsense.
NONSENSE = (ValueError, AssertionError, IndexError, KeyError, TypeError)


def context(settings: MailboxSettings) -> ssl.SSLContext:
    """TLS 1.2 at least; certificate and name verified, unless the account says not to."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ignore_certificate_errors:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


@contextmanager
def connected(settings: MailboxSettings) -> Iterator[None]:
    """Turns what the network says later into MailboxTrouble."""
    try:
        yield
    except TimeoutError as error:
        words = f"The server said nothing for {settings.timeout:g} seconds."
        raise MailboxTrouble(TroubleKind.UNREACHABLE, words) from error
    except OSError as error:
        words = f"The connection to {settings.host} was lost: {error.strerror or error}."
        raise MailboxTrouble(TroubleKind.UNREACHABLE, words) from error


@contextmanager
def connecting(settings: MailboxSettings) -> Iterator[None]:
    """Turns what the network says into MailboxTrouble, in words that name the server."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        words = f"The certificate of {settings.host} is not trusted: {error.verify_message}".rstrip(".")
        raise MailboxTrouble(TroubleKind.TLS, f"{words}.") from error
    except ssl.SSLError as error:
        raise MailboxTrouble(TroubleKind.TLS, f"TLS with {settings.host} failed: {error.reason or error}.") from error
    except TimeoutError as error:
        raise MailboxTrouble(
            TroubleKind.UNREACHABLE, f"No connection to {settings.host} port {settings.port}: no answer in time."
        ) from error
    except OSError as error:
        words = f"No connection to {settings.host} port {settings.port}: {error.strerror or error}."
        raise MailboxTrouble(TroubleKind.UNREACHABLE, words) from error


class TalkingMailbox(Mailbox, Generic[Client]):
    """A mailbox that speaks by a client library, which has errors of its own."""

    _client: Client | None = None
    errors: ClassVar[tuple[type[Exception], ...]]

    @abstractmethod
    def meaning(self, error: Exception) -> MailboxTrouble:
        """What one of `errors` means."""

    @property
    def _ready(self) -> Client:
        if self._client is None:
            raise MailboxTrouble(TroubleKind.PROTOCOL, "The connection is closed.")
        return self._client

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
        except self.errors as error:
            raise self.meaning(error) from error
        except NONSENSE as error:
            raise unreadable(error) from error

    def _not_spoken(self, said: bytes) -> MailboxTrouble:
        """For a greeting of something else."""
        settings, line = self._settings, said.decode("utf-8", "replace")
        protocol = settings.protocol.upper()
        words = f"{settings.host} port {settings.port} does not speak {protocol}. It says: {line}"
        return MailboxTrouble(TroubleKind.PROTOCOL, words)


def as_text(said: Any) -> str:
    """What a client library holds of the words of a server, as octets or not."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def agreed(secured: Any) -> str:
    """What was agreed on over a socket under TLS: its version and cipher."""
    cipher = secured.cipher()
    return f"{secured.version()} {cipher[0] if cipher else ''}"


def unreadable(why: object) -> MailboxTrouble:
    """For an answer that the protocol does not have."""
    return MailboxTrouble(TroubleKind.PROTOCOL, f"The server's answer cannot be read: {why}")


def unwilling(why: object) -> MailboxTrouble:
    """For a server that greets with a refusal."""
    return MailboxTrouble(TroubleKind.BUSY, f"The server takes no connections at the moment: {why}")
