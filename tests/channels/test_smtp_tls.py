"""TLS: required means required, certificates are verified, and trusting less is a choice that can be read."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from tests.channels.conftest import der, server_tls
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import Drop, Raw, ScriptedSmtp, Stall
from webapp.channels.base import AccountTrouble, Outcome, Stage, TroubleKind
from webapp.channels.smtp import SmtpConnection
from webapp.channels.smtp_tls import fingerprint, normal_pin

Make = Callable[..., SmtpConnection]
SIGNED_IN_AS = {"username": "app", "secret": "s3cret-canary"}
BOTH_KINDS = pytest.mark.parametrize("security", ["tls", "ssl"])


def server_for(certificate: trustme.LeafCert, security: str, **more: object) -> ScriptedSmtp:
    return ScriptedSmtp(tls=server_tls(certificate), implicit_tls=security == "ssl", **more)


def refused(connection: SmtpConnection) -> AccountTrouble:
    with pytest.raises(AccountTrouble) as caught:
        connection.open()
    assert not connection.healthy
    return caught.value


@pytest.mark.usefixtures("trusted")
@BOTH_KINDS
def test_a_verified_connection_carries_mail(opened: Make, authority: trustme.CA, security: str) -> None:
    with server_for(authority.issue_cert("127.0.0.1"), security) as server:
        connection = opened(server, secure=True, security=security)
        assert connection.tls.startswith("TLSv1.3 TLS_")
        assert ", issuer " in connection.tls
        assert connection.tls.endswith(", verified")
        assert connection.envelope("a@x", "b@x", size=3) is None
        assert connection.finish(b"x\r\n").outcome is Outcome.ACCEPTED
        assert server.mails[0].tls
        assert len(server.saw("EHLO")) == (2 if security == "tls" else 1)


@pytest.mark.usefixtures("trusted")
def test_aiosmtpd_that_requires_starttls_takes_our_mail(opened: Make, authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    with AiosmtpdServer(tls=tls, require_tls=True, users={"app": "s3cret-canary"}) as server:
        connection = opened(server, secure=True, **SIGNED_IN_AS)
        assert connection.envelope("a@x", "b@x", size=3) is None
        assert connection.finish(b"x\r\n").outcome is Outcome.ACCEPTED
        assert server.mails[0].tls
        assert server.sign_ins == [("app", True)]


def test_without_secure_tls_is_not_spoken_even_if_offered(opened: Make, authority: trustme.CA) -> None:
    with server_for(authority.issue_cert("127.0.0.1"), "tls") as server:
        assert opened(server).tls == ""
        assert server.saw("STARTTLS") == []


@pytest.mark.parametrize("script", [{}, {"starttls": b"454 4.7.0 TLS not available"}], ids=["stripped", "454"])
def test_where_tls_is_required_nothing_goes_out_without_it(
    connection: Make, authority: trustme.CA, script: dict[str, bytes]
) -> None:
    tls = server_tls(authority.issue_cert("127.0.0.1")) if script else None
    with ScriptedSmtp(tls=tls, extensions=("AUTH PLAIN",), **script) as server:
        found = refused(connection(server, secure=True, **SIGNED_IN_AS))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)
        assert "TLS" in found.words
        assert server.saw("AUTH") == server.saw("MAIL") == []


def test_what_is_said_in_clear_after_starttls_ends_the_session(connection: Make, authority: trustme.CA) -> None:
    injected = Raw(b"220 go ahead\r\n250 AUTH PLAIN\r\n")
    with server_for(authority.issue_cert("127.0.0.1"), "tls", starttls=injected) as server:
        found = refused(connection(server, secure=True, ignore_certificate_errors=True, **SIGNED_IN_AS))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)
        assert "in clear" in found.words
        assert server.saw("AUTH") == []


def expired(authority: trustme.CA) -> trustme.LeafCert:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    return authority.issue_cert("127.0.0.1", not_after=yesterday)


BAD_CERTIFICATES = {
    "unknown issuer": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "certificate"),
    "expired": (expired, "expired"),
    "another host": (lambda ca: ca.issue_cert("10.9.8.7"), "127.0.0.1"),
}


@pytest.mark.usefixtures("trusted")
@BOTH_KINDS
@pytest.mark.parametrize(("certificate", "words"), BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
def test_a_bad_certificate_is_refused_unless_the_account_ignores_it(
    connection: Make,
    authority: trustme.CA,
    security: str,
    certificate: Callable[[trustme.CA], trustme.LeafCert],
    words: str,
) -> None:
    with server_for(certificate(authority), security, extensions=("AUTH PLAIN",)) as server:
        found = refused(connection(server, secure=True, security=security, **SIGNED_IN_AS))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)
        assert words in found.words
        assert server.saw("AUTH") == []
        careless = connection(server, secure=True, security=security, ignore_certificate_errors=True)
        careless.open()
        assert careless.tls.endswith(", ignored")


@pytest.mark.filterwarnings("ignore:.*TLSv1.*:DeprecationWarning")
def test_tls_below_1_2_is_refused_even_where_certificates_are_ignored(connection: Make, authority: trustme.CA) -> None:
    old = server_tls(authority.issue_cert("127.0.0.1"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedSmtp(tls=old, implicit_tls=True) as server:
        found = refused(connection(server, secure=True, security="ssl", ignore_certificate_errors=True))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)


def spelled(pin: str) -> str:
    return ":".join(pin[at : at + 2] for at in range(0, 64, 2)).upper()


@BOTH_KINDS
def test_a_pinned_certificate_is_trusted_whatever_else_is_wrong_with_it(
    opened: Make, authority: trustme.CA, security: str
) -> None:
    certificate = expired(authority)
    pin = spelled(fingerprint(der(certificate.cert_chain_pems[0])))
    with server_for(certificate, security) as server:
        connection = opened(server, secure=True, security=security, pinned_certificate=pin)
        assert connection.tls.endswith(", pinned")
        assert server.connections == 1


@pytest.mark.parametrize("ignore", [False, True])
def test_another_certificate_than_the_pinned_one_is_refused(
    connection: Make, authority: trustme.CA, ignore: bool
) -> None:
    certificate = authority.issue_cert("127.0.0.1")
    with server_for(certificate, "tls", extensions=("AUTH PLAIN",)) as server:
        options = {"pinned_certificate": "ab" * 32, "ignore_certificate_errors": ignore, **SIGNED_IN_AS}
        found = refused(connection(server, secure=True, **options))
        assert found.kind is TroubleKind.TLS
        assert fingerprint(der(certificate.cert_chain_pems[0])) in found.words
        assert server.saw("AUTH") == []


def with_root(certificate: trustme.LeafCert, authority: trustme.CA) -> ssl.SSLContext:
    """A server that presents its whole chain, the root too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = [*certificate.cert_chain_pems, authority.cert_pem]
    with trustme.Blob(b"".join(blob.bytes() for blob in (certificate.private_key_pem, *chain))).tempfile() as path:
        context.load_cert_chain(path)
    return context


@BOTH_KINDS
@pytest.mark.parametrize("pinned", ["root", "intermediate"])
def test_a_pinned_authority_is_trusted_for_what_it_issued(opened: Make, security: str, pinned: str) -> None:
    root = trustme.CA()
    middle = root.create_child_ca()
    pin = fingerprint(der({"root": root, "intermediate": middle}[pinned].cert_pem))
    tls = with_root(middle.issue_cert("127.0.0.1"), root)
    with ScriptedSmtp(tls=tls, implicit_tls=security == "ssl") as server:
        options = {"secure": True, "security": security, "pinned_certificate": pin}
        assert opened(server, **options).tls.endswith(", pinned")
        assert server.connections == 2  # the first only learns the authority from the chain
        assert opened(server, **options).tls.endswith(", pinned")
        assert server.connections == 3


@pytest.mark.parametrize("wrong", ["another host", "expired", "not issued by it"])
def test_a_pinned_authority_does_not_excuse_the_rest(connection: Make, wrong: str) -> None:
    root = trustme.CA()
    certificate = {
        "another host": lambda: root.issue_cert("10.9.8.7"),
        "expired": lambda: expired(root),
        "not issued by it": lambda: trustme.CA().issue_cert("127.0.0.1"),
    }[wrong]()
    with ScriptedSmtp(tls=with_root(certificate, root), extensions=("AUTH PLAIN",)) as server:
        pin = fingerprint(der(root.cert_pem))
        found = refused(connection(server, secure=True, pinned_certificate=pin, **SIGNED_IN_AS))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)
        assert server.saw("AUTH") == []


def test_a_pin_may_be_written_in_any_usual_way() -> None:
    pin = "0a" * 32
    assert normal_pin(spelled(pin)) == normal_pin(f" {pin.upper()} ") == pin


@pytest.mark.parametrize(("starttls", "kind"), [(Drop(), TroubleKind.UNREACHABLE), (b"500 what", TroubleKind.TLS)])
def test_starttls_that_leads_nowhere(
    connection: Make, authority: trustme.CA, starttls: object, kind: TroubleKind
) -> None:
    with server_for(authority.issue_cert("127.0.0.1"), "tls", starttls=starttls) as server:
        found = refused(connection(server, secure=True))
        assert (found.kind, found.stage) == (kind, Stage.TLS)


def test_tls_to_a_server_that_speaks_in_clear_is_told_as_tls(connection: Make) -> None:
    with ScriptedSmtp() as server:
        found = refused(connection(server, secure=True, security="ssl"))
        assert (found.kind, found.stage) == (TroubleKind.TLS, Stage.TLS)


def test_silence_within_the_handshake_ends_at_the_timeout(connection: Make) -> None:
    with ScriptedSmtp(greeting=Stall()) as server:
        found = refused(connection(server, secure=True, security="ssl", hurry={"command": 0.2}))
        assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.TLS)


def test_another_thread_can_end_a_handshake(connection: Make) -> None:
    with ScriptedSmtp(greeting=Stall()) as server:
        made = connection(server, secure=True, security="ssl", hurry={"command": 30.0})
        caught: list[AccountTrouble] = []
        worker = threading.Thread(target=lambda: caught.append(refused(made)))
        worker.start()
        server.wait_for(lambda: server.connections)
        made.abort()
        worker.join(5)
        assert not worker.is_alive()


def test_an_end_between_the_connection_and_the_handshake_is_not_missed(
    connection: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrap = ssl.SSLContext.wrap_socket

    def ended_meanwhile(context: ssl.SSLContext, *given: Any, **named: Any) -> ssl.SSLSocket:
        secured = wrap(context, *given, **named)
        made.abort()
        return secured

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", ended_meanwhile)
    with ScriptedSmtp(greeting=Stall()) as server:
        made = connection(server, secure=True, security="ssl", hurry={"command": 30.0})
        assert "The connection is closed." in refused(made).words


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("stage", ["mail", "dot"])
def test_a_connection_lost_under_tls_is_told_as_in_clear(opened: Make, authority: trustme.CA, stage: str) -> None:
    with server_for(authority.issue_cert("127.0.0.1"), "tls", **{stage: Drop()}) as server:
        connection = opened(server, secure=True)
        result = connection.envelope("a@x", "b@x", size=3) or connection.finish(b"x\r\n")
        expected = Outcome.UNCERTAIN if stage == "dot" else Outcome.TEMPORARY
        assert (result.outcome, result.stage) == (expected, stage)
