"""Send test mail from the browser: the dialogue while it happens, then how it ended and what to try."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.peers import free_port
from tests.peers.axe import no_barriers
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import ScriptedSmtp
from tests.visiting import enter, post, seen
from webapp.errors import Conflict
from webapp.services import configuration, testmail

LIST = "/settings/smtp-accounts"
MAIL = {"to": "ana@corp.example", "subject": "Does it arrive?", "body": "Yes."}
CANARY = "hunter2-canary"


def test_it_leaves_and_stands_in_the_outbox(world, visit, submit):
    with ScriptedSmtp() as server:
        number = world.account(port=server.port)
        page = seen(submit(f"{LIST}/{number}/test", **MAIL), LIST)
    [mail] = server.mails
    assert b"Subject: Does it arrive?" in mail.data
    assert "The server took the mail" in page.text
    dialogue = "".join(page.find("pre", id="dialogue").itertext())
    assert "S 220 scripted.example" in dialogue
    assert "C QUIT" in dialogue
    [link] = [a.get("href") for a in page.all("a") if "/outbox/" in (a.get("href") or "")]
    assert "Does it arrive?" in visit(link).text


def test_the_form_begins_with_words_that_can_be_sent(world, visit, submit):
    with ScriptedSmtp() as server:
        number = world.account(port=server.port)
        assert "The server took the mail" in submit(f"{LIST}/{number}/test", to="ana@corp.example").text
    assert b"Subject: Test mail from Arauto" in server.mails[0].data


def test_wrong_fields_send_nothing(world, submit):
    number = world.account(port=free_port())
    answer = submit(f"{LIST}/{number}/test", to="nobody", subject="Kept", body="")
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert page.find("input", id="to").get("aria-invalid") == "true"
    assert page.find("textarea", id="body").get("aria-invalid") == "true"
    assert page.find("input", id="subject").get("value") == "Kept"


def test_a_wrong_password_is_said_with_what_to_try_and_is_not_shown(world, submit):
    with AiosmtpdServer(users={"app": "another"}) as server:
        account = world.account(port=server.port)
        world.do(
            lambda: configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": CANARY}})
        )
        world.do(lambda: configuration.save("smtp_accounts", {"authenticate": True, "credential": "relay"}, account))
        page = seen(submit(f"{LIST}/{account}/test", **MAIL), LIST)
    assert "535" in page.text
    assert "Check the user name and the secret" in page.text
    assert CANARY not in page.html


def test_an_unknown_host_is_said(world, submit):
    number = world.account(host="nosuch.invalid")
    page = seen(submit(f"{LIST}/{number}/test", **MAIL), LIST)
    assert "No connection to nosuch.invalid" in page.text
    assert "Check the account" in page.text


def test_what_keeps_a_test_from_beginning_is_said(world, submit, monkeypatch):
    def busy(*_args, **_options):
        raise Conflict("All connections of Relay are in use.")

    number = world.account()
    monkeypatch.setattr(testmail, "send", busy)
    page = seen(submit(f"{LIST}/{number}/test", **MAIL), LIST)
    assert "All connections of Relay are in use." in page.text


def test_save_and_test_in_one_go(world, submit):
    number = world.account()
    answer = submit(f"{LIST}/{number}/edit", then="test")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}/{number}/test")


def test_only_administrators(world, operator_client):
    number = world.account()
    assert operator_client.get(f"{LIST}/{number}/test").status_code == 403
    assert post(operator_client, f"{LIST}/{number}/test", MAIL).status_code == 403


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_each_line_is_shown_when_it_was_said(app, world, site, chromium, scripts):
    with AiosmtpdServer(hold=True) as server:
        number = world.account(port=server.port)
        context = chromium.new_context(java_script_enabled=scripts, reduced_motion="reduce")
        enter(context, app, site)
        page = context.new_page()
        page.goto(f"{site}{LIST}/{number}/test")
        page.get_by_label("Recipient").fill("ana@corp.example")
        page.get_by_role("button", name="Send test mail").click(no_wait_after=True)
        dialogue = page.locator("#dialogue")
        expect(dialogue).to_contain_text("EHLO")
        server.wait_for(lambda: bool(server.mails))
        expect(dialogue).to_contain_text("DATA")
        expect(page.get_by_text("The server took the mail")).to_have_count(0)
        server.release()
        expect(page.get_by_text("The server took the mail")).to_be_visible()
        if scripts:
            no_barriers(page)
        context.close()
