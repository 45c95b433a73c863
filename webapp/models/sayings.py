"""What Arauto itself says of a delivery is stored in English, and known again when it is shown to somebody.

A server's own words stay as they are. Ours are recognised by the templates below; `tests/queries/test_sayings.py`
holds that whatever the channels can say is among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from webapp.errors import N_

OURS: tuple[str, ...] = (
    N_("No connection to %(host)s port %(port)s: %(why)s."),
    N_("no answer within %(seconds)s seconds"),
    N_("this is no host name and port"),
    N_("The connection was lost: %(why)s."),
    N_("The connection is closed."),
    N_("The server closed the connection."),
    N_("We closed the connection."),
    N_("The server did not answer within %(seconds)s seconds."),
    N_("The server took nothing for %(seconds)s seconds."),
    N_("The server sent a line of more than %(most)s octets."),
    N_("The server sent a reply of more than %(lines)s lines or %(octets)s octets."),
    N_("The server sent what is no SMTP reply: %(line)s"),
    N_("The server sent more than it was asked for."),
    N_("TLS is required for this account, but the server does not offer it (STARTTLS)."),
    N_("The server, or somebody between, sent more in clear after agreeing to start TLS."),
    N_("The certificate of %(host)s is not trusted: %(why)s."),
    N_("TLS with %(host)s failed: %(why)s."),
    N_("TLS with %(host)s was not agreed within %(seconds)s seconds."),
    N_("The connection to %(host)s was lost while TLS was agreed: %(why)s."),
    N_("%(host)s presents another certificate than the pinned one; its SHA-256 is %(sha256)s."),
    N_("On a connection %(how)s the server offers %(what)s."),
    N_("with TLS"),
    N_("without TLS"),
    N_("no way to sign in (AUTH)"),
    N_("only %(names)s, which Arauto does not speak"),
    N_("The secret was sealed with another master key: restore that key or enter the secret again."),
    N_("The stored secret is damaged: enter it again."),
    N_("The mail has %(size)s octets, the server takes %(limit)s at most. Nothing was transmitted."),
    N_("An address has characters outside ASCII, and the server does not take such mail (SMTPUTF8)."),
    N_("This is not one bare e-mail address."),
    N_("The part after the @ sign is not the name of a domain. Write one such as corp.example."),
    N_("'%(address)s': %(why)s"),
    N_("Arauto could not send this mail: %(error)s"),
    N_("This process was asleep for too long: test again."),
    N_("The server sent what is no LDAP message."),
    N_("The server refused StartTLS with the result code %(code)s."),
    N_("TLS is off at the server."),
    N_("The server sent what PostgreSQL does not."),
    N_("The server sent a certificate that cannot be read."),
    N_("the name of the host was not found in time"),
    N_("It is beyond the limits of mail, and could not be understood within %(seconds)s seconds."),
    N_("It is beyond the limits of mail, and could not be understood: %(why)s"),
    # Mailboxes.
    N_("no answer in time"),
    N_("The server said nothing for %(seconds)s seconds."),
    N_("The connection to %(host)s was lost: %(why)s."),
    N_("The connection was lost."),
    N_("TLS is required for this account, but the server does not offer it (STLS)."),
    N_("The server refused the sign-in of %(user)s: %(why)s"),
    N_("The server refused the access token of %(user)s, which may have expired: %(why)s"),
    N_("The server takes no password (LOGINDISABLED)."),
    N_("The server takes no password without TLS (LOGINDISABLED)."),
    N_("The folder %(folder)s cannot be opened: %(why)s"),
    N_("The server answered: %(why)s"),
    N_("The server's answer cannot be read: %(why)s"),
    N_("POP3 has no folders."),
    N_("%(host)s port %(port)s does not speak %(protocol)s. It says: %(line)s"),
    N_("The server takes no connections at the moment: %(why)s"),
    N_("The server ended the connection: %(why)s"),
    N_("The server sends %(size)s octets at once; %(most)s are read at most."),
    N_("The server does not tell whether mails have the numbers of before (UIDVALIDITY). POP3 may do."),
    N_("TLS is required for this account, but the server signs in without it (PREAUTH)."),
    # The dialogue's remarks.
    N_("connecting to %(host)s port %(port)s"),
    N_("connected to %(host)s port %(port)s (%(address)s)"),
    N_("hung up before the mail was sent"),
    N_("%(agreed)s, %(subject)s, issuer %(issuer)s, verified"),
    N_("%(agreed)s, %(subject)s, issuer %(issuer)s, ignored"),
    N_("%(agreed)s, %(subject)s, issuer %(issuer)s, pinned"),
    # What the operating system and OpenSSL say most often.
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("No route to host"),
    N_("Network is unreachable"),
    N_("Name or service not known"),
    N_("No address associated with hostname"),
    N_("Temporary failure in name resolution"),
    N_("certificate has expired"),
    N_("certificate is not yet valid"),
    N_("self-signed certificate"),
    N_("self-signed certificate in certificate chain"),
    N_("unable to get local issuer certificate"),
    N_("Hostname mismatch, certificate is not valid for '%(name)s'"),
    N_("IP address mismatch, certificate is not valid for '%(name)s'"),
)
_PLACE = re.compile(r"%\((\w+)\)s")


def said(words: str, say: Callable[[str], str]) -> str:
    """`words`, and the parts of them that are ours too, in the language of `say`; what is not ours as it is."""
    for template, pattern in _patterns():
        found = pattern.fullmatch(words)
        if found:
            return say(template) % {name: said(value, say) for name, value in found.groupdict().items()}
    return words


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile(_pattern(template))) for template in OURS)


def _pattern(template: str) -> str:
    parts = _PLACE.split(template)
    return "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
