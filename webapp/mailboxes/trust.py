"""Which servers a mailbox trusts, and what goes wrong on the way to them.

`imaplib` and `poplib` verify nothing unless they are given a context; here they always are.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.mailboxes.base import MailboxSettings, MailboxTrouble, TroubleKind


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
