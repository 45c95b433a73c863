"""Looking at a certificate: whatever is wrong with it, it is read; whatever the server does, the look ends."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.channels.conftest import der, server_tls
from tests.peers import free_port, give_away, wait_until
from tests.peers.postgres import PREFIX, PostgresServer
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.tls import Clear, TlsServer, reads, says
from webapp.channels.base import TroubleKind
from webapp.channels.certificate import VARIANTS, NotSeen, Place, look
from webapp.channels.smtp_tls import fingerprint

PAST = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
SOON = datetime.datetime(2035, 5, 1, tzinfo=datetime.UTC)
LDAP_ASKS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


def place(server: TlsServer | AiosmtpdServer, starttls: str = "none") -> Place:
    return Place(server.host, server.port, starttls)


def refused(where: Place, seconds: float = 5.0) -> NotSeen:
    with pytest.raises(NotSeen) as caught:
        look(where, seconds)
    return caught.value


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[TlsServer]:
    with TlsServer(server_tls(authority.issue_cert("127.0.0.1", "localhost", not_after=SOON))) as made:
        yield made


# --- what is seen ---


@pytest.mark.usefixtures("trusted")
def test_a_good_certificate_is_read_in_one_handshake(authority: trustme.CA) -> None:
    leaf = authority.issue_cert("127.0.0.1", "portal.corp.example", not_after=SOON)
    with TlsServer(server_tls(leaf)) as server:
        sight = look(place(server))
        assert server.connections == 1
    own = sight.chain[0]
    assert (sight.distrust, sight.names_match) == ("", True)
    assert own.sha256 == fingerprint(der(leaf.cert_chain_pems[0]))
    assert own.not_after == SOON
    assert own.names == ("127.0.0.1", "portal.corp.example")
    assert "trustme" in own.issuer
    assert "trustme" in own.subject
    assert int(own.serial, 16) > 0


BAD: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str, bool]] = {
    "unknown issuer": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "issuer", True),
    "expired": (lambda ca: ca.issue_cert("127.0.0.1", not_after=PAST), "expired", True),
    "of another host": (lambda ca: ca.issue_cert("other.example"), "", False),
}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("certificate", "distrust", "names_match"), BAD.values(), ids=BAD)
def test_a_bad_certificate_is_read_and_said_to_be_bad(
    authority: trustme.CA, certificate: Callable[[trustme.CA], trustme.LeafCert], distrust: str, names_match: bool
) -> None:
    leaf = certificate(authority)
    with TlsServer(server_tls(leaf)) as server:
        sight = look(place(server))
    assert sight.chain[0].sha256 == fingerprint(der(leaf.cert_chain_pems[0]))
    assert distrust in sight.distrust
    assert bool(sight.distrust) == bool(distrust)
    assert sight.names_match == names_match


@pytest.mark.usefixtures("trusted")
def test_the_whole_chain_is_seen(authority: trustme.CA) -> None:
    middle = authority.create_child_ca()
    with TlsServer(server_tls(middle.issue_cert("127.0.0.1"))) as server:
        chain = look(place(server)).chain
    assert chain[1].sha256 == fingerprint(der(middle.cert_pem))
    assert chain[0].issuer == chain[1].subject


def test_the_name_is_asked_for(server: TlsServer) -> None:
    look(Place("localhost", server.port))
    assert set(server.names) == {"localhost"}


def test_an_address_of_version_6(authority: trustme.CA) -> None:
    with contextlib.ExitStack() as open_ones:
        try:
            server = open_ones.enter_context(TlsServer(server_tls(authority.issue_cert("::1")), host="::1"))
        except OSError as error:
            pytest.skip(f"this machine has no IPv6: {error}")
        assert look(place(server)).names_match


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_our_certificate_has_shown_its_own(authority: trustme.CA, version: ssl.TLSVersion) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    context = server_tls(leaf)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    authority.configure_trust(context)
    with TlsServer(context) as server:
        assert look(place(server)).chain[0].sha256 == fingerprint(der(leaf.cert_chain_pems[0]))


# --- STARTTLS ---

SMTP_ASKS = b"EHLO [127.0.0.1]\r\n"


def ldap(answer: bytes) -> Clear:
    def talk(connection: socket.socket) -> None:
        reads(connection, LDAP_ASKS)
        connection.sendall(answer)

    return talk


def postgres(answer: bytes) -> Clear:
    def talk(connection: socket.socket) -> None:
        reads(connection, bytes.fromhex("0000000804d2162f"))
        connection.sendall(answer)

    return talk


DIALOGUES: dict[str, tuple[str, Clear]] = {
    "smtp": (
        "smtp",
        says(
            b"220-scripted\r\n220 ESMTP\r\n",
            SMTP_ASKS,
            b"250-scripted\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
            b"STARTTLS\r\n",
            b"220 go\r\n",
        ),
    ),
    "imap": (
        "imap",
        says(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", b"a STARTTLS\r\n", b"* OK soon\r\na OK begin\r\n"),
    ),
    "pop3": ("pop3", says(b"+OK ready <1@x>\r\n", b"STLS\r\n", b"+OK begin\r\n")),
    "ldap of OpenLDAP": ("ldap", ldap(bytes.fromhex("300c02010178070a010004000400"))),
    "ldap of Active Directory": (
        "ldap",
        ldap(bytes.fromhex("3084000000280201017884 0000001f 0a0100 0400 0400 8a16") + b"1.3.6.1.4.1.1466.20037"),
    ),
    "postgres": ("postgres", postgres(b"S")),
}


@pytest.mark.parametrize(("starttls", "clear"), DIALOGUES.values(), ids=DIALOGUES)
def test_tls_begins_where_each_protocol_says(authority: trustme.CA, starttls: str, clear: Clear) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    with TlsServer(server_tls(leaf), clear) as server:
        assert look(place(server, starttls)).chain[0].sha256 == fingerprint(der(leaf.cert_chain_pems[0]))
        assert server.connections == 2  # nobody trusts it here, so it is read in a second handshake


def test_every_variant_is_tried() -> None:
    assert {starttls for starttls, _ in DIALOGUES.values()} | {"none"} == set(VARIANTS)


def test_a_real_smtp_server(authority: trustme.CA) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    with AiosmtpdServer(tls=server_tls(leaf), require_tls=True) as server:
        assert look(place(server, "smtp")).chain[0].sha256 == fingerprint(der(leaf.cert_chain_pems[0]))


def test_a_real_postgresql(authority: trustme.CA, postgres_server: PostgresServer) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    where = Place("127.0.0.1", postgres_server.port, "postgres")
    assert refused(where).words == "TLS is off at the server."
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        for file, blob in (("key", leaf.private_key_pem), ("cert", leaf.cert_chain_pems[0])):
            blob.write_to_path(folder / file)
            (folder / file).chmod(0o600)
            give_away(folder / file)
            postgres_server.execute(f"ALTER SYSTEM SET ssl_{file}_file = '{folder / file}'")
        give_away(folder)
        try:
            _switch_tls(postgres_server, "on")
            assert look(where).chain[0].sha256 == fingerprint(der(leaf.cert_chain_pems[0]))
        finally:
            _switch_tls(postgres_server, "off")


def _switch_tls(server: PostgresServer, to: str) -> None:
    server.execute(f"ALTER SYSTEM SET ssl = {to}")
    server.execute("SELECT pg_reload_conf()")
    wait_until(lambda: server.execute("SHOW ssl") == [(to,)], f"ssl to be {to}")


REFUSALS: dict[str, tuple[str, Clear, str]] = {
    "smtp busy": ("smtp", says(b"421 too busy\r\n"), "421 too busy"),
    "smtp without": (
        "smtp",
        says(b"220 x\r\n", SMTP_ASKS, b"250 x\r\n", b"STARTTLS\r\n", b"502 not here\r\n"),
        "502 not here",
    ),
    "imap without": ("imap", says(b"* OK x\r\n", b"a STARTTLS\r\n", b"a BAD unknown command\r\n"), "a BAD unknown"),
    "imap bye": ("imap", says(b"* BYE full\r\n"), "* BYE full"),
    "pop3 without": ("pop3", says(b"+OK\r\n", b"STLS\r\n", b"-ERR no\r\n"), "-ERR no"),
    "ldap refuses": ("ldap", ldap(bytes.fromhex("300c02010178070a013504000400")), "result code 53"),
    "ldap garbage": ("ldap", ldap(b"HTTP/1.1 400 Bad Request\r\n"), "no LDAP"),
    "ldap other answer": ("ldap", ldap(bytes.fromhex("300c02010161070a010004000400")), "no LDAP"),
    "postgres off": ("postgres", postgres(b"N"), "TLS is off at the server"),
    "postgres garbage": ("postgres", postgres(b"E"), "PostgreSQL does not"),
    "said more in clear": ("pop3", says(b"+OK\r\n", b"STLS\r\n", b"+OK\r\n+OK injected\r\n"), "in clear"),
    "another protocol": ("imap", says(b"220 smtp.example ESMTP\r\n"), "220 smtp.example"),
    "an endless line": ("smtp", says(b"2" * 50_000), "more than 4096 octets"),
    "endless lines": ("smtp", says(b"220-x\r\n" * 101), "220-x"),
}


@pytest.mark.parametrize(("starttls", "clear", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_server_that_does_not_begin_tls_is_told_in_its_words(
    authority: trustme.CA, starttls: str, clear: Clear, words: str
) -> None:
    with TlsServer(server_tls(authority.issue_cert("127.0.0.1")), clear) as server:
        found = refused(place(server, starttls))
    assert found.kind is TroubleKind.PROTOCOL
    assert words in found.words


# --- no certificate ---


def test_nobody_listens() -> None:
    found = refused(Place("127.0.0.1", free_port()))
    assert (found.kind, found.words) == (TroubleKind.UNREACHABLE, "Connection refused")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".localhost"])
def test_no_such_host(host: str) -> None:
    assert refused(Place(host, 443)).kind is TroubleKind.UNREACHABLE


@pytest.mark.parametrize("starttls", VARIANTS)
def test_silence_ends_in_time(authority: trustme.CA, starttls: str) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with TlsServer(server_tls(authority.issue_cert("127.0.0.1")), silent) as server:
        found = refused(place(server, starttls), 0.2)
    assert (found.kind, found.words) == (TroubleKind.UNREACHABLE, "no answer within 0.2 seconds")


def test_a_trickle_ends_in_time(authority: trustme.CA) -> None:
    """Every octet comes in time, but all of them together never do."""

    def trickle(connection: socket.socket) -> None:
        connection.settimeout(0.05)
        while True:
            connection.sendall(b"2")
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    break

    with TlsServer(server_tls(authority.issue_cert("127.0.0.1")), trickle) as server:
        assert refused(place(server, "smtp"), 0.3).kind is TroubleKind.UNREACHABLE


def test_a_server_that_hangs_up() -> None:
    with TlsServer(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), lambda connection: connection.close()) as server:
        assert refused(place(server)).kind in (TroubleKind.TLS, TroubleKind.UNREACHABLE)
        assert refused(place(server, "smtp")).kind is TroubleKind.UNREACHABLE


def test_a_server_that_speaks_in_clear() -> None:
    with TlsServer(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), says(b"220 smtp.example ESMTP\r\n")) as server:
        found = refused(place(server))
    assert (found.kind, found.words) == (TroubleKind.TLS, "TLS with 127.0.0.1 failed: wrong version number.")


@pytest.mark.filterwarnings("ignore:.*TLSv1.*:DeprecationWarning")
def test_tls_below_1_2_is_not_spoken(authority: trustme.CA) -> None:
    old = server_tls(authority.issue_cert("127.0.0.1"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with TlsServer(old) as server:
        assert refused(place(server)).kind is TroubleKind.TLS


def test_a_certificate_that_cannot_be_read(server: TlsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.channels.certificate.presented_chain", lambda _: [b"0\x03\x02\x01\x00"])
    found = refused(place(server))
    assert (found.kind, found.words) == (TroubleKind.PROTOCOL, "The server sent a certificate that cannot be read.")
