"""Signed return paths on the wire, and what is left as it is."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.factories import make_account, make_messages
from tests.peers.smtp_script import ScriptedSmtp
from tests.services.sender.conftest import wait_state
from webapp import clock
from webapp.extensions import db
from webapp.mail import token
from webapp.services import testmail
from webapp.services.preview import preview
from webapp.services.sender import Sender


def number_of(ctx: Flask, sender: str) -> int | None:
    """The message whose signed return path the server was told."""
    assert "bounces+" in sender
    [found] = token.tokens_in(sender)
    return token.read(ctx.config["SECRET_KEY"], found, clock.now())


def test_each_message_leaves_with_a_return_path_of_its_own(ctx: Flask, sender: Sender) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, return_path_email="bounces@corp.example", return_path_plus=True)
        numbers = make_messages(2)
        for number in numbers:
            wait_state(number, "sent")
        assert sorted(number_of(ctx, mail.sender) or 0 for mail in server.mails) == numbers
        test = testmail.send("Relay", "b@corp.example", "A subject", "A body")
        assert number_of(ctx, server.mails[-1].sender) == test.message_id
    shown = preview(db.session(), numbers[0]).mail
    assert shown is not None
    assert number_of(ctx, shown.sender) == numbers[0]


@pytest.mark.parametrize("own", [True, False])
def test_a_return_path_of_the_message_and_other_accounts_are_left_alone(sender: Sender, own: bool) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, return_path_plus=own)
        [number] = make_messages(return_path="rp@corp.example" if own else None)
        wait_state(number, "sent")
        assert ("rp@corp.example" if own else "arauto@corp.example") in server.mails[0].sender
