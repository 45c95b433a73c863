"""Which servers a mailbox trusts, and what goes wrong on the way to them and in talking to them.

`imaplib` and `poplib` verify nothing unless they are given a context; here they always are.
"""

from __future__ import annotations

import ssl
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from webapp.mailboxes.base import Mailbox, MailboxSettings, MailboxTrouble, TroubleKind

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


class TalkingMailbox(Mailbox):
    """A mailbox whose client library has errors of its own."""

    errors: ClassVar[tuple[type[Exception], ...]]

    @abstractmethod
    def meaning(self, error: Exception) -> MailboxTrouble:
        """What one of `errors` means."""

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


def unreadable(why: object) -> MailboxTrouble:
    """For an answer that the protocol does not have."""
    return MailboxTrouble(TroubleKind.PROTOCOL, f"The server's answer cannot be read: {why}")


def unwilling(why: object) -> MailboxTrouble:
    """For a server that greets with a refusal."""
    return MailboxTrouble(TroubleKind.BUSY, f"The server takes no connections at the moment: {why}")
