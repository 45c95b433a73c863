"""The ways into a mailbox, and that no dialogue tells the secret."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.peers.dovecot import Box, Dovecot
from tests.peers.mailbox_script import Ask, ScriptedMailbox, Then
from webapp.mailboxes import sasl
from webapp.mailboxes.base import Line, MailboxSettings, MailboxTrouble, TroubleKind
from webapp.mailboxes.registry import open_mailbox

MAIL = b"Subject: 1\r\n\r\nwords\r\n"


@pytest.fixture(params=["imap", "pop3"])
def protocol(request: pytest.FixtureRequest) -> Any:
    return request.param


def enter(server: Any, protocol: Any, **more: Any) -> list[Line]:
    """Enter and leave; the dialogue, which never tells the secret in any form."""
    port = server.port if isinstance(server, ScriptedMailbox) else getattr(server, protocol)
    given = {"username": "ana", "secret": "s3cret", **more}
    lines: list[Line] = []
    try:
        with open_mailbox(MailboxSettings(protocol, "127.0.0.1", port, **given), lines.append):
            pass
    finally:
        told = "\n".join(line.text for line in lines)
        for form in sasl.forms(given["username"], given["secret"]):
            assert form not in told
    return lines


def refusal(server: Any, protocol: Any, **more: Any) -> MailboxTrouble:
    with pytest.raises(MailboxTrouble) as told:
        enter(server, protocol, **more)
    assert more.get("secret", "s3cret") not in told.value.words
    return told.value


# --- by access token ---


def test_a_token_enters(dovecot: Dovecot, protocol: Any) -> None:
    box = dovecot.box()
    box.put(MAIL)
    told = enter(dovecot, protocol, username=box.user, secret=dovecot.token(box.user), authentication="xoauth2")
    assert [line.text for line in told if line.who == "client" and "XOAUTH2" in line.text]
    assert any(line.text == "***" for line in told)


def test_a_token_that_has_expired(dovecot: Dovecot, protocol: Any) -> None:
    box = dovecot.box()
    token = dovecot.token(box.user, seconds=-60)
    told = refusal(dovecot, protocol, username=box.user, secret=token, authentication="xoauth2")
    assert told.kind is TroubleKind.AUTH
    assert f"the access token of {box.user}, which may have expired" in told.words


def test_a_token_of_somebody_else(dovecot: Dovecot, protocol: Any) -> None:
    mine, other = dovecot.box(), dovecot.box()
    told = refusal(dovecot, protocol, username=mine.user, secret=dovecot.token(other.user), authentication="xoauth2")
    assert told.kind is TroubleKind.AUTH


@pytest.mark.parametrize("passing", [True, False])
def test_a_token_is_sent_once_and_its_refusal_is_answered_by_nothing(protocol: Any, passing: bool) -> None:
    code = "[UNAVAILABLE]" if protocol == "imap" else "[SYS/TEMP]"
    last = f"{'TAG NO' if protocol == 'imap' else '-ERR'} {code if passing else ''} no".encode()
    challenge = b"+ " + b64encode(b'{"status":"401"}')
    with ScriptedMailbox(protocol, **{AUTH[protocol]: Then((Ask(b"+ "), Ask(challenge), last))}) as server:
        told = refusal(server, protocol, authentication="xoauth2")
    assert told.kind is (TroubleKind.BUSY if passing else TroubleKind.AUTH)
    sent = sasl.coded(sasl.xoauth2("ana", "s3cret"))
    assert [command for command in server.commands if command in (sent, "")] == [sent, ""]


AUTH = {"imap": "authenticate", "pop3": "auth"}

# --- by password ---


@pytest.mark.parametrize("secret", ["pão", 'with "quotes" and \\', "with spaces", "Gerät-\u20ac"])
def test_any_password_goes_over_the_wire_and_is_not_told(protocol: Any, secret: str) -> None:
    with ScriptedMailbox(protocol) as server:
        enter(server, protocol, secret=secret)
    sent = "\n".join(server.commands)
    assert any(form in sent for form in sasl.forms("ana", secret))


def test_a_user_beyond_ascii_enters_by_plain() -> None:
    with ScriptedMailbox("imap") as server:
        enter(server, "imap", username="joão")
    assert sasl.coded(sasl.plain("joão", "s3cret")) in server.commands
    assert not [command for command in server.commands if "LOGIN" in command]


def test_login_is_not_tried_where_it_is_forbidden() -> None:
    with ScriptedMailbox("imap", offers=("IMAP4rev1", "LOGINDISABLED", "AUTH=PLAIN")) as server:
        enter(server, "imap")
    assert sasl.coded(sasl.plain("ana", "s3cret")) in server.commands
    with ScriptedMailbox("imap", offers=("IMAP4rev1", "LOGINDISABLED")) as server:
        told = refusal(server, "imap")
    assert (told.kind, "without TLS" in told.words) == (TroubleKind.TLS, True)
    assert not [command for command in server.commands if "s3cret" in command]


def test_a_server_that_repeats_the_secret_does_not_get_it_told() -> None:
    with ScriptedMailbox("imap", login=b"TAG NO s3cret is wrong") as server:
        assert "*** is wrong" in refusal(server, "imap").words


def test_without_a_secret_nothing_is_masked() -> None:
    assert sasl.forms("ana", "") == ()


def test_dovecot_takes_plain(dovecot: Dovecot) -> None:
    box: Box = dovecot.box()
    enter(dovecot, "imap", username=box.user, secret=dovecot.password)


@pytest.mark.parametrize("secret", ["s3cret", "s\u00e9cret"])
def test_a_refusal_is_told_in_the_words_of_the_server(dovecot: Dovecot, protocol: Any, secret: str) -> None:
    words = refusal(dovecot, protocol, username="ana", secret=f"wrong {secret}").words
    assert "Authentication failed." in words
    assert "b'" not in words
