"""How a mailbox is entered, by protocol and method. Each raises what its client library does, or MailboxTrouble."""

from __future__ import annotations

import poplib
from collections.abc import Callable, Mapping

from imapclient import IMAPClient

from webapp.mailboxes import sasl
from webapp.mailboxes.base import Authentication, MailboxSettings, MailboxTrouble, TroubleKind


def _imap_password(client: IMAPClient, settings: MailboxSettings) -> None:
    """LOGIN takes ASCII alone, and is not to be tried where the server forbids it (RFC 3501 section 6.2.3)."""
    username, secret = settings.username, settings.secret
    disabled = client.has_capability("LOGINDISABLED")
    if disabled and not client.has_capability("AUTH=PLAIN"):
        if settings.secure:
            raise MailboxTrouble(TroubleKind.AUTH, "The server takes no password (LOGINDISABLED).")
        raise MailboxTrouble(TroubleKind.TLS, "The server takes no password without TLS (LOGINDISABLED).")
    text = username + secret
    if disabled or not (text.isascii() and text.isprintable()):
        client.plain_login(username, secret)
    else:
        client.login(username, secret)


def _imap_xoauth2(client: IMAPClient, settings: MailboxSettings) -> None:
    """A refusal comes as another challenge, which is answered by nothing; then the server says no."""
    answers = iter([sasl.xoauth2(settings.username, settings.secret)])
    client.sasl_login("XOAUTH2", lambda _: next(answers, ""))


def _pop3_password(client: poplib.POP3, settings: MailboxSettings) -> None:
    client.user(settings.username)
    client.pass_(settings.secret)


def _pop3_xoauth2(client: poplib.POP3, settings: MailboxSettings) -> None:
    """Not in one line with the command: a token is longer than a line of POP3 may be (RFC 5034 section 4)."""
    said = client._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]
    for answer in (sasl.coded(sasl.xoauth2(settings.username, settings.secret)), ""):
        if said.startswith(b"+OK"):
            return
        said = client._shortcmd(answer)  # type: ignore[attr-defined]


IMAP: Mapping[Authentication, Callable[[IMAPClient, MailboxSettings], None]] = {
    "password": _imap_password,
    "xoauth2": _imap_xoauth2,
}
POP3: Mapping[Authentication, Callable[[poplib.POP3, MailboxSettings], None]] = {
    "password": _pop3_password,
    "xoauth2": _pop3_xoauth2,
}


def refused(settings: MailboxSettings, why: str, *, passes: bool) -> MailboxTrouble:
    """For what the server said of a sign-in."""
    kind = TroubleKind.BUSY if passes else TroubleKind.AUTH
    if settings.authentication == "xoauth2" and not passes:
        words = f"The server refused the access token of {settings.username}, which may have expired: {why}"
        return MailboxTrouble(kind, words)
    return MailboxTrouble(kind, f"The server refused the sign-in of {settings.username}: {why}")
