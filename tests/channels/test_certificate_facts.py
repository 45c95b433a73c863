"""What a certificate says: read whole, bounded, printable; and what may be stored as one."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from contextlib import suppress

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.conftest import der
from webapp.channels.certificate_facts import (
    MOST_CERTIFICATES,
    MOST_NAMES,
    Unreadable,
    chain_of,
    covers,
    facts_of,
    first_to_end,
    normal_pem,
)

KEY = ec.generate_private_key(ec.SECP256R1())
FROM, UNTIL = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def made(
    subject: str = "portal", names: list[x509.GeneralName] | None = None, until: datetime.datetime = UNTIL
) -> bytes:
    """A self-signed certificate in DER."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 255, FROM, until)
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def pem(*ders: bytes) -> str:
    return "".join(ssl.DER_cert_to_PEM_cert(each) for each in ders)


def test_everything_it_says_is_read() -> None:
    found = facts_of(made("portal", [x509.DNSName("a.example"), x509.IPAddress(ipaddress.ip_address("::1"))]))
    assert (found.subject, found.issuer, found.serial) == ("CN=portal", "CN=portal", "ff")
    assert found.names == ("a.example", "::1")
    assert (found.not_before, found.not_after) == (FROM, UNTIL)


def test_what_cannot_be_seen_is_shown_and_what_is_long_is_cut() -> None:
    found = facts_of(made("\u202eevil\u0007", [x509.DNSName(f"h{n}.example\n") for n in range(MOST_NAMES + 5)]))
    assert found.subject == "CN=\\u202eevil\\x07"
    assert len(found.names) == MOST_NAMES
    assert found.names[0] == "h0.example"


def test_an_end_that_is_never_can_be_counted_with() -> None:
    never = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    assert facts_of(made(until=never)).not_after == datetime.datetime(9998, 12, 31, tzinfo=datetime.UTC)


def test_without_names_there_are_none() -> None:
    assert facts_of(made()).names == ()


@given(st.binary(max_size=400))
def test_octets_that_are_no_certificate_are_refused(octets: bytes) -> None:
    for read in (facts_of, normal_pem):
        with pytest.raises(Unreadable):
            read(octets)


@pytest.mark.filterwarnings("ignore:Parsed a")  # a serial number that is not positive
@given(st.integers(0), st.integers(0, 255))
def test_a_damaged_certificate_is_read_or_refused(place: int, octet: int) -> None:
    whole = made("portal", [x509.DNSName("a.example")])
    place %= len(whole)
    with suppress(Unreadable):
        assert len(facts_of(whole[:place] + bytes([octet]) + whole[place + 1 :]).sha256) == 64


# --- PEM ---


def test_a_chain_is_kept_in_its_order_and_nothing_else() -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("a.example")
    blobs = [blob.bytes().decode() for blob in (*leaf.cert_chain_pems, authority.cert_pem)]
    kept = normal_pem("\n".join(["subject=CN", *blobs, "# end"]).replace("\n", "\r\n").encode())
    assert kept == pem(der(leaf.cert_chain_pems[0]), der(authority.cert_pem))
    assert [each.sha256 for each in chain_of(kept)] == [
        facts_of(der(b)).sha256 for b in (leaf.cert_chain_pems[0], authority.cert_pem)
    ]
    assert normal_pem(kept.encode()) == kept


def test_a_file_in_der_is_as_good() -> None:
    whole = made()
    assert normal_pem(whole) == pem(whole)


WRONG = {
    "private_key": trustme.CA().issue_cert("a").private_key_and_cert_chain_pem.bytes(),
    "nothing": b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "too_many": pem(*[made()] * (MOST_CERTIFICATES + 1)).encode(),
    "broken": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize(("reason", "octets"), WRONG.items(), ids=WRONG)
def test_what_is_refused_says_why(reason: str, octets: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        normal_pem(octets)
    assert refused.value.reason == reason


def test_of_a_chain_the_first_to_end_counts() -> None:
    authority = trustme.CA()
    late, soon = authority.issue_cert("a", not_after=UNTIL), authority.issue_cert("b", not_after=FROM)
    chain = [facts_of(der(cert.cert_chain_pems[0])) for cert in (late, soon)]
    assert first_to_end(chain) is chain[1]


# --- names ---

COVERED = [
    ("portal.example", ["portal.example"]),
    ("PORTAL.example", ["portal.EXAMPLE"]),
    ("portal.example.", ["portal.example"]),
    ("a.portal.example", ["*.portal.example"]),
    ("bücher.example", ["xn--bcher-kva.example"]),
    ("portal", ["portal"]),
    ("127.0.0.1", ["other", "127.0.0.1"]),
    ("::1", ["::1"]),
    ("0:0:0:0:0:0:0:1", ["::1"]),
]
NOT_COVERED = [
    ("portal.example", []),
    ("portal.example", ["other.example", "example"]),
    ("a.b.portal.example", ["*.portal.example"]),
    ("portal.example", ["*.portal.example", "p*.example", "*"]),
    ("portal", ["*", "*."]),
    ("127.0.0.1", ["*.0.0.1", "127.0.0.2"]),
    ("x" * 70 + ".example", ["*.example"]),
]


@pytest.mark.parametrize(("host", "names"), COVERED)
def test_a_name_of_the_certificate_is_that_of_the_host(host: str, names: list[str]) -> None:
    assert covers(names, host)


@pytest.mark.parametrize(("host", "names"), NOT_COVERED)
def test_no_name_of_the_certificate_is_that_of_the_host(host: str, names: list[str]) -> None:
    assert not covers(names, host)
