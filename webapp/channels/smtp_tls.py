"""TLS of an SMTP session: which certificates are trusted, and what was agreed.

`smtplib` and its siblings verify nothing unless they are given a context; here the context always comes from
`ssl.create_default_context` with TLS 1.2 as the floor, and verifying less is a decision of the account.
"""

from __future__ import annotations

import hashlib
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography import x509

from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.channels.smtp_settings import SmtpSettings
from webapp.channels.smtp_wire import Wire

Trust = Literal["verified", "ignored", "pinned"]

# CA certificates that a pin named and a server presented, by their own hash: nothing here can go stale.
_pinned_authorities: dict[str, bytes] = {}


class PinNamesAuthority(Exception):
    """The pin is that of a CA in the presented chain: connect again, and OpenSSL verifies against that CA."""


def start_tls(wire: Wire, settings: SmtpSettings) -> str:
    """Negotiate TLS as the account trusts, and return what was agreed in one line for people.

    A pin (SHA-256) trusts the server's own certificate when the fingerprints are equal, whatever its names
    and dates. A pin of a CA works where the server presents that CA: the first handshake only learns it from
    the chain, `PinNamesAuthority` asks the caller to connect again, and the second handshake verifies chain,
    names and dates against that CA alone. Before that nothing but EHLO and STARTTLS has left. Raises
    `AccountTrouble`: TLS when no agreement or no trust is possible, UNREACHABLE when the server is gone.
    """
    pin = normal_pin(settings.pinned_certificate) if settings.pinned_certificate else ""
    authority = _pinned_authorities.get(pin)
    try:
        secured = wire.start_tls(_context(settings, pin, authority), settings.host, settings.timeouts.command)
    except ssl.SSLCertVerificationError as error:
        words = f"The certificate of {settings.host} is not trusted: {error.verify_message}"
        raise AccountTrouble(TroubleKind.TLS, Stage.TLS, f"{words.rstrip('.')}.") from error
    except ssl.SSLError as error:
        words = f"TLS with {settings.host} failed: {error.reason or error}."
        raise AccountTrouble(TroubleKind.TLS, Stage.TLS, words) from error
    except TimeoutError as error:
        words = f"TLS with {settings.host} was not agreed within {settings.timeouts.command:g} seconds."
        raise AccountTrouble(TroubleKind.UNREACHABLE, Stage.TLS, words) from error
    except (OSError, ValueError) as error:
        words = f"The connection to {settings.host} was lost while TLS was agreed: {error}."
        raise AccountTrouble(TroubleKind.UNREACHABLE, Stage.TLS, words) from error
    if pin and not authority:
        _check_pin(secured, pin, settings.host)
    trust: Trust = "pinned" if pin else "ignored" if settings.ignore_certificate_errors else "verified"
    return _description(secured, trust)


def normal_pin(pin: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hexadecimal digits; colons and spaces are ignored."""
    return "".join(pin.replace(":", "").split()).lower()


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in DER, as `normal_pin` writes it."""
    return hashlib.sha256(certificate).hexdigest()


def presented_chain(secured: ssl.SSLSocket) -> list[bytes]:
    """Return the certificates that the server sent, its own first, in DER.

    Public since Python 3.13; before that only the object inside knows, and where it does not, the own
    certificate is all there is.
    """
    public = getattr(secured, "get_unverified_chain", None)
    if public is not None:
        return list(public())
    inner = getattr(getattr(secured, "_sslobj", None), "get_unverified_chain", None)
    if inner is not None:
        return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in inner() or ()]
    own = secured.getpeercert(binary_form=True)
    return [own] if own else []


def _check_pin(secured: ssl.SSLSocket, pin: str, host: str) -> None:
    own = secured.getpeercert(binary_form=True) or b""
    if fingerprint(own) == pin:
        return
    for certificate in presented_chain(secured)[1:]:
        if fingerprint(certificate) == pin:
            _pinned_authorities[pin] = certificate
            raise PinNamesAuthority
    words = f"{host} presents another certificate than the pinned one; its SHA-256 is {fingerprint(own)}."
    raise AccountTrouble(TroubleKind.TLS, Stage.TLS, words)


def _context(settings: SmtpSettings, pin: str, authority: bytes | None) -> ssl.SSLContext:
    if authority:
        return _authority_context(authority)
    if pin or settings.ignore_certificate_errors:
        return _unverified_context()
    paths = ssl.get_default_verify_paths()
    files = [Path(path) for path in (paths.cafile, paths.capath) if path]
    return _system_context(tuple((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=2)
def _system_context(_store: tuple[tuple[Path, int], ...]) -> ssl.SSLContext:
    """Reading the system's store takes milliseconds, so it is read again only when its files have changed."""
    return _with_floor(ssl.create_default_context())


@lru_cache(maxsize=64)
def _authority_context(authority: bytes) -> ssl.SSLContext:
    context = _with_floor(ssl.create_default_context(cadata=authority))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate CA may be the pinned one
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # default since 3.13; the CAs that need a pin are home-made
    return context


@lru_cache(maxsize=1)
def _unverified_context() -> ssl.SSLContext:
    context = _with_floor(ssl.create_default_context())
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _with_floor(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _description(secured: ssl.SSLSocket, trust: Trust) -> str:
    cipher = secured.cipher()
    agreed = f"{secured.version()} {cipher[0] if cipher else 'unknown cipher'}"
    try:
        certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
        names = f"{certificate.subject.rfc4514_string()}, issuer {certificate.issuer.rfc4514_string()}"
    except ValueError:
        names = "certificate unreadable"
    return f"{agreed}, {names}, {trust}"
