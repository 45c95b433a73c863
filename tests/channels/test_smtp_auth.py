"""Signing in: by what the server offers, once, and without the secret being seen anywhere."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import Drop, ScriptedSmtp
from webapp.channels.base import AccountTrouble, Outcome, Stage, TroubleKind
from webapp.channels.smtp import SmtpConnection, SmtpSettings

Make = Callable[..., SmtpConnection]
SECRET = "s3cret-canary-ção"
AS_APP = {"username": "app", "secret": SECRET}


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def refused(connection: SmtpConnection) -> AccountTrouble:
    with pytest.raises(AccountTrouble) as caught:
        connection.open()
    assert not connection.healthy
    return caught.value


def mechanisms(offered: str, **script: Any) -> ScriptedSmtp:
    return ScriptedSmtp(extensions=("PIPELINING", offered), **script)


def test_aiosmtpd_lets_the_right_password_in(opened: Make, dialogue) -> None:
    with AiosmtpdServer(users={"app": SECRET}) as server:
        connection = opened(server, **AS_APP)
        assert connection.envelope("a@x", "b@x", size=3) is None
        assert connection.finish(b"x\r\n").outcome is Outcome.ACCEPTED
        assert server.sign_ins == [("app", False)]
    assert SECRET not in dialogue.text
    assert b64(f"\0app\0{SECRET}") not in dialogue.text


def test_aiosmtpd_keeps_the_wrong_password_out_after_one_try(connection: Make) -> None:
    with AiosmtpdServer(users={"app": "another"}) as server:
        found = refused(connection(server, **AS_APP))
        assert (found.kind, found.stage, found.code) == (TroubleKind.AUTH, Stage.AUTH, 535)
        assert len(server.sign_ins) == 1


def test_plain_login_and_cram_md5_say_what_their_rfcs_ask(opened: Make) -> None:
    plain = {"auth": [b"334 ", b"235 ok"]}
    with mechanisms("AUTH PLAIN", **plain) as server:
        opened(server, **AS_APP)
        assert server.commands[1:] == ["AUTH PLAIN", b64(f"\0app\0{SECRET}")]
    login = {"auth": [b"334 VXNlcm5hbWU6", b"334 UGFzc3dvcmQ6", b"235 ok"]}
    with mechanisms("AUTH=LOGIN", **login) as server:
        opened(server, **AS_APP)
        assert server.commands[1:] == ["AUTH LOGIN", b64("app"), b64(SECRET)]
    challenge = "<1896.697170952@scripted.example>"
    cram = {"auth": [f"334 {b64(challenge)}".encode(), b"235 ok"]}
    with mechanisms("AUTH PLAIN CRAM-MD5", **cram) as server:
        opened(server, **AS_APP)
        digest = hmac.new(SECRET.encode(), challenge.encode(), "md5").hexdigest()
        assert server.commands[1:] == ["AUTH CRAM-MD5", b64(f"app {digest}")]


def test_nobody_signs_in_without_a_user_name(opened: Make) -> None:
    with mechanisms("AUTH PLAIN") as server:
        opened(server, secret=SECRET)
        assert server.saw("AUTH") == []


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (b"535 5.7.8 wrong", TroubleKind.AUTH, 535),
        (b"530 5.7.0 no", TroubleKind.AUTH, 530),
        (b"503 5.5.1 already", TroubleKind.AUTH, 503),
        (b"454 4.7.0 later", TroubleKind.BUSY, 454),
        (b"421 4.3.2 bye", TroubleKind.BUSY, 421),
        (b"250 fine", TroubleKind.PROTOCOL, 250),
    ],
)
def test_a_refusal_is_tried_once(connection: Make, answer: bytes, kind: TroubleKind, code: int) -> None:
    with mechanisms("AUTH PLAIN LOGIN", auth=[b"334 ", answer]) as server:
        found = refused(connection(server, **AS_APP))
        assert (found.kind, found.stage, found.code) == (kind, Stage.AUTH, code)
        assert len(server.saw("AUTH")) == 1
        assert server.saw("MAIL") == []


def test_a_mechanism_that_is_not_accepted_gives_way_to_the_next(opened: Make) -> None:
    script = [b"504 5.5.4 not that", b"334 ", b"235 ok"]
    with mechanisms("AUTH CRAM-MD5 PLAIN", auth=script) as server:
        opened(server, **AS_APP)
        assert server.saw("AUTH") == ["AUTH CRAM-MD5", "AUTH PLAIN"]


@pytest.mark.parametrize(("offered", "words"), [("8BITMIME", "no way to sign in"), ("AUTH GSSAPI", "GSSAPI")])
def test_a_server_that_offers_nothing_we_speak_is_told_so(connection: Make, offered: str, words: str) -> None:
    with mechanisms(offered) as server:
        found = refused(connection(server, **AS_APP))
        assert (found.kind, found.stage) == (TroubleKind.AUTH, Stage.AUTH)
        assert words in found.words
        assert "without TLS" in found.words


def test_challenges_that_never_end_are_not_answered_for_ever(connection: Make) -> None:
    with mechanisms("AUTH LOGIN", auth=b"334 !!not base64!!") as server:
        found = refused(connection(server, **AS_APP))
        assert (found.kind, found.code) == (TroubleKind.PROTOCOL, 334)
        assert len(server.commands) == 4


def test_a_connection_lost_while_signing_in_is_unreachable(connection: Make) -> None:
    with mechanisms("AUTH PLAIN", auth=[b"334 ", Drop()]) as server:
        found = refused(connection(server, **AS_APP))
        assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.AUTH)


def test_a_server_that_repeats_the_secret_does_not_get_it_into_a_log(connection: Make, dialogue) -> None:
    coded = b64(f"\0app\0{SECRET}")
    answer = f"535 5.7.8 no {SECRET} nor {coded}".encode()
    with mechanisms("AUTH PLAIN", auth=[b"334 ", answer]) as server:
        found = refused(connection(server, **AS_APP))
    assert found.words == "no *** nor ***"
    for text in (dialogue.text, repr(found), str(found.args)):
        assert SECRET not in text
        assert coded not in text


def test_the_settings_do_not_show_the_secret() -> None:
    assert SECRET not in repr(SmtpSettings("mail.corp.example", 587, **AS_APP))
