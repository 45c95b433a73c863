"""What a certificate says, read from DER or PEM. Pure.

What came from a server is bounded and made printable here; nothing that it says of itself is believed further.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from webapp.channels.base import one_line
from webapp.channels.smtp_tls import fingerprint

MOST_NAMES = 100
MOST_CERTIFICATES = 20
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)

_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_DER = re.compile(rb"\x30[\x81-\x84]")  # a sequence of more than 127 octets
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Unreadable(ValueError):
    """These octets are not a certificate. `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


REASONS = ("private_key", "nothing", "too_many", "broken")


@dataclass(frozen=True, slots=True)
class Facts:
    """A certificate. Names are RFC 4514 texts; `names` are the DNS names and addresses that it is valid for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    serial: str
    sha256: str
    not_before: datetime
    not_after: datetime


def facts_of(der: bytes) -> Facts:
    """The facts of one certificate. Raises Unreadable."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Facts(
            subject=one_line(certificate.subject.rfc4514_string()),
            issuer=one_line(certificate.issuer.rfc4514_string()),
            names=_names(certificate),
            serial=f"{certificate.serial_number:x}",
            sha256=fingerprint(der),
            not_before=_usable(certificate.not_valid_before_utc),
            not_after=_usable(certificate.not_valid_after_utc),
        )
    except Exception:  # ValueError, InvalidVersion, TypeError …: hostile octets find them all
        raise Unreadable("broken") from None


def chain_of(pem: str) -> tuple[Facts, ...]:
    """The facts of the certificates in a text that `normal_pem` made, in its order."""
    return tuple(facts_of(each) for each in _ders(pem.encode()))


def normal_pem(octets: bytes) -> str:
    """The certificates of a PEM text, or the one in DER, as PEM and nothing else. Raises Unreadable.

    A private key is refused, so that none is ever stored where everybody who may look can see it.
    """
    if _PRIVATE.search(octets):
        raise Unreadable("private_key")
    ders = [octets] if _DER.match(octets) else _ders(octets)
    if not ders:
        raise Unreadable("nothing")
    if len(ders) > MOST_CERTIFICATES:
        raise Unreadable("too_many")
    for der in ders:
        facts_of(der)
    return "".join(map(ssl.DER_cert_to_PEM_cert, ders))


def first_to_end(chain: Sequence[Facts]) -> Facts:
    """The certificate of a chain that ends first: with it, the chain is of no more use."""
    return min(chain, key=lambda facts: facts.not_after)


def covers(names: Sequence[str], host: str) -> bool:
    """Whether one of the names is that of the host: RFC 9525, so a subject's common name does not count."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return str(address) in names
    try:
        wanted = host.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return False
    _, _, parent = wanted.partition(".")
    return any(name.lower().removesuffix(".") in (wanted, f"*.{parent}" if parent else wanted) for name in names)


def _usable(instant: datetime) -> datetime:
    """A time that every zone can show and that can be counted with; 9999 means "never" (RFC 5280 section 4.1.2.5)."""
    return min(max(instant, EARLIEST), LATEST)


def _ders(octets: bytes) -> list[bytes]:
    try:
        return [ssl.PEM_cert_to_DER_cert(block.decode("ascii")) for block in _BLOCK.findall(octets)]
    except ValueError:
        raise Unreadable("broken") from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    found = [each for each in extension.value if isinstance(each, x509.DNSName | x509.IPAddress)]
    return tuple(one_line(str(each.value)) for each in found[:MOST_NAMES])
