"""The certificate that a server shows, whether it is to be trusted or not: this is for reading it, never for talking.

A first handshake verifies as every other connection of Arauto does, but for the name. Where the chain does not pass, a
second one takes what comes. No secret leaves, and nothing is said under TLS.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack, closing
from dataclasses import dataclass

from webapp import clock
from webapp.channels.base import TroubleKind, one_line
from webapp.channels.certificate_facts import Facts, Unreadable, covers, facts_of
from webapp.channels.certificate_starttls import EXCHANGES, NoStartTls, begin
from webapp.channels.smtp_tls import presented_chain

NO_STARTTLS = "none"
VARIANTS = (NO_STARTTLS, *EXCHANGES)
SECONDS = 10.0
CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look; `starttls` is one of VARIANTS."""

    host: str
    port: int
    starttls: str = NO_STARTTLS


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: the chain, the server's own certificate first; why this machine does not trust the chain (empty
    when it does); and whether the certificate is one for this host.
    """

    chain: tuple[Facts, ...]
    distrust: str = ""
    names_match: bool = True


class NotSeen(Exception):
    """No certificate could be read. `words` are the system's or the server's own, or say what it did."""

    def __init__(self, kind: TroubleKind, words: str) -> None:
        self.kind = kind
        self.words = one_line(words)
        super().__init__(self.words)


def look(place: Place, seconds: float = SECONDS) -> Sight:
    """Look at what a server shows; all of it gets `seconds`, but for asking the resolver. Raises NotSeen."""
    deadline = clock.monotonic() + seconds
    distrust = ""
    try:
        try:
            ders = _presented(place, deadline, _context(ssl.CERT_REQUIRED))
        except ssl.SSLCertVerificationError as error:
            distrust = error.verify_message
            ders = _presented(place, deadline, _context(ssl.CERT_NONE))
        chain = tuple(facts_of(der) for der in ders)
    except NoStartTls as error:
        raise NotSeen(TroubleKind.PROTOCOL, str(error)) from error
    except Unreadable as error:
        raise NotSeen(TroubleKind.PROTOCOL, "The server sent a certificate that cannot be read.") from error
    except TimeoutError as error:
        raise NotSeen(TroubleKind.UNREACHABLE, f"no answer within {seconds:g} seconds") from error
    except ssl.SSLError as error:
        why = (error.reason or str(error)).replace("_", " ").lower()
        raise NotSeen(TroubleKind.TLS, f"TLS with {place.host} failed: {why}.") from error
    except OSError as error:
        raise NotSeen(TroubleKind.UNREACHABLE, error.strerror or str(error)) from error
    except ValueError as error:
        raise NotSeen(TroubleKind.UNREACHABLE, "this is no host name and port") from error
    return Sight(chain, one_line(distrust), covers(chain[0].names, place.host))


def _presented(place: Place, deadline: float, context: ssl.SSLContext) -> list[bytes]:
    """The chain in DER. Raises SSLCertVerificationError, NoStartTls, OSError, ValueError."""
    with ExitStack() as open_ones:
        connection = open_ones.enter_context(closing(_connect(place, deadline)))
        if place.starttls != NO_STARTTLS:
            begin(place.starttls, connection, deadline)
        connection.settimeout(_left(deadline))
        name = place.host.removesuffix(".")
        secured = context.wrap_socket(connection, server_hostname=name, do_handshake_on_connect=False)
        open_ones.enter_context(closing(secured))
        try:
            secured.do_handshake()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError:
            # A server that wants a certificate of ours has shown its own before it refuses us.
            if not (chain := presented_chain(secured)):
                raise
            return chain
        return presented_chain(secured)


def _connect(place: Place, deadline: float) -> socket.socket:
    """To the first address of the host that answers."""
    addresses = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        candidate = socket.socket(family, kind, protocol)
        try:
            candidate.settimeout(min(CONNECT_SECONDS, _left(deadline) / (len(addresses) - index)))
            candidate.connect(address)
        except OSError:
            candidate.close()
            if index == len(addresses) - 1:
                raise
        else:
            return candidate
    raise OSError("No address associated with hostname")


def _left(deadline: float) -> float:
    return max(0.05, deadline - clock.monotonic())


def _context(verify: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = verify
    return context
