"""What is set in the form of an SMTP account is seen on the wire, field by field."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from webapp.services import configuration

LIST = "/settings/smtp-accounts"


def sent(submit: Any, world: Any, server: AiosmtpdServer, **fields: Any) -> tuple[EmailMessage, str]:
    """The test mail of an account that was changed by its form, as the server got it, and its envelope sender."""
    number = world.account(port=server.port)
    assert submit(f"{LIST}/{number}/edit", **fields).status_code == 303
    assert "The server took the mail" in submit(f"{LIST}/{number}/test", to="ana@corp.example").text
    kept = server.mails[-1]
    return message_from_bytes(kept.data, policy=policy.default), kept.sender  # type: ignore[return-value]


HEADERS = [
    ({"sender_email": "herald@corp.example"}, "From", "herald@corp.example"),
    ({"sender_name": "The Herald"}, "From", "The Herald <arauto@corp.example>"),
    ({"reply_email": "help@corp.example"}, "Reply-To", "help@corp.example"),
    ({"send_read_receipt": True}, "Disposition-Notification-To", "arauto@corp.example"),
    (
        {"send_read_receipt": True, "confirmation_email": "receipts@corp.example"},
        "Disposition-Notification-To",
        "receipts@corp.example",
    ),
]


@pytest.mark.parametrize(("fields", "header", "value"), HEADERS, ids=["+".join(fields) for fields, *_ in HEADERS])
def test_a_header(submit, world, fields, header, value):
    with AiosmtpdServer() as server:
        mail, _ = sent(submit, world, server, **fields)
    assert str(mail[header]) == value


def test_the_return_path(submit, world):
    with AiosmtpdServer() as server:
        _, sender = sent(submit, world, server, return_path_email="bounces@corp.example")
    assert sender == "bounces@corp.example"


@pytest.mark.parametrize("wanted", [True, False])
def test_the_footer(submit, world, wanted):
    world.do(lambda: configuration.save("parameters", {"footer_text": "Sent by the herald"}, "parameters"))
    with AiosmtpdServer() as server:
        mail, _ = sent(submit, world, server, footer=wanted)
    assert ("Sent by the herald" in mail.get_body(("plain",)).get_content()) is wanted  # type: ignore[union-attr]


def test_the_sign_in(submit, world):
    secret = {"value": "s3cret"}
    world.do(lambda: configuration.save("credentials", {"name": "relay", "username": "app", "secret": secret}))
    with AiosmtpdServer(users={"app": "s3cret"}) as server:
        sent(submit, world, server, authenticate=True, credential="relay")
    assert server.sign_ins == [("app", False)]
