"""The inbox: every mail that came in, what it did, and what it says, inert."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.services.inbox.conftest import mail
from tests.services.inbox.letters import answer, report
from tests.visiting import post
from webapp import clock
from webapp.extensions import db
from webapp.mail.defects import Defect
from webapp.mailboxes.base import Listed
from webapp.models import InboundMessage, InboundState
from webapp.services import configuration
from webapp.services.inbox import effects, processing, store
from webapp.services.inbox.mail import safe_name
from webapp.services.inbox.store import Arrived
from webapp.views.inbox.words import DEFECTS

HTML = b"""From: eve@evil.example\r
Subject: <b>bold</b>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/html\r
\r
<p onclick="x()">Hello <script>alert(1)</script><img src="http://evil.example/x.png">\r
<a href="javascript:x()">y</a></p>\r
--b\r
Content-Type: text/html; name="../../page.html"\r
Content-Disposition: attachment; filename="../../page.html"\r
\r
<script>alert(1)</script>\r
--b--\r
"""


@pytest.fixture
def arrive(world):
    """`arrive(raw)`: a mail came in; its number."""
    account = world.do(lambda: _account())

    def come(raw: bytes) -> int:
        def work() -> int:
            key = f"k{len(db.session.query(InboundMessage.id).all())}"
            kept = store.keep(account, [Arrived(Listed(key, len(raw)), raw, clock.now())], names=lambda _: True)
            processing.process(kept)
            return kept[0].number

        return world.do(work)

    return come


def _account() -> int:
    configuration.save("credentials", {"name": "reader", "username": "u", "secret": {"value": "s"}})
    configuration.save("inbox_accounts", {"name": "Replies", "host": "h", "port": 143, "credential": "reader"})
    return configuration.number_of("inbox_accounts", {"name": "Replies"})


def test_an_empty_inbox_says_what_it_is_for(visit):
    assert "Replies, bounces and receipts stand here" in visit("/inbox").text


def test_the_report_tells_kind_and_effect(arrive, world, visit, viewer_client):
    [number] = world.messages(1)
    world.move(number, state="sent")
    arrive(report(world.row(number), "failed", "5.1.1"))
    arrive(mail(2))
    page = visit("/inbox", client=viewer_client)
    assert "bounce" in page.text
    assert "the message is bounced" in page.text
    assert "mail 2" in page.text
    assert "mail 2" not in visit("/inbox?kind=bounce").text
    assert "mail 2" in visit("/inbox?text=mail+2").text
    assert "No mail passes" in visit("/inbox?state=held").text
    visit("/inbox?kind=nonsense", status=422)


def test_a_message_that_came_back_tells_what_the_server_said(arrive, world, visit):
    account = world.account()
    [number] = world.messages(1)
    world.move(number, state="unknown", reason="unanswered", account_id=account, last_stage="dot", last_words="Gone")
    arrive(report(world.row(number), "failed", "5.1.1"))
    said = "The message came back. 550 5.1.1 said the server"
    assert said in visit("/outbox").text
    page = visit(f"/outbox/{number}").text
    assert "It came back The server took it" in page
    assert "The report says 5.1.1 550 5.1.1 said the server" in page
    assert not any(old in page for old in ("Gone", "final dot"))


def test_the_export_has_the_values_of_the_api(arrive, admin_client):
    arrive(mail(1))
    lines = admin_client.get("/inbox.csv").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("id,account,kind,from,subject")
    assert len(lines) == 2


def test_a_reply_stands_on_the_timeline_of_its_message_and_leads_there(arrive, world, visit):
    [number] = world.messages(1)
    world.move(number, state="sent")
    came = arrive(answer(world.row(number)))
    page = visit(f"/inbox/{came}")
    assert "I am on it." in page.text
    assert page.find("a", href=f"/outbox/{number}") is not None
    story = visit(f"/outbox/{number}")
    assert "I am on it." in story.text
    assert story.find("a", href=f"/inbox/{came}") is not None


@pytest.mark.parametrize("action", ["failed", "delivered", "delayed"])
def test_every_report_is_told_on_the_timeline(arrive, world, visit, action):
    [number] = world.messages(1)
    world.move(number, state="sent")
    arrive(report(world.row(number), action, {"failed": "5.1.1", "delivered": "2.0.0", "delayed": "4.4.7"}[action]))
    visit(f"/outbox/{number}")


def test_a_forwarded_reply_says_what_it_passes_on(arrive, world, visit):
    world.account(reply_email="help@corp.example")
    world.do(lambda: configuration.save("inbox_accounts", {"forward_replies": True}, 1))
    [message] = world.messages(1)
    number = arrive(answer(world.row(message)))
    page = visit(f"/outbox/{message + 1}")
    assert f"It passes on what Ana <ana@corp.example> answered to message {message} in mail {number}" in page.text
    assert f'href="/outbox/{message}"' in page.html


def test_html_is_clean_and_in_a_sandbox(arrive, visit, admin_client):
    number = arrive(HTML)
    page = visit(f"/inbox/{number}")
    assert "&lt;b&gt;bold" in page.html
    answer = admin_client.get(f"/inbox/{number}/html")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for bad in ("script", "onclick", "img", "javascript:", "evil.example/x.png"):
        assert bad not in answer.text


def test_attachments_are_octets_with_safe_names(arrive, admin_client):
    number = arrive(HTML)
    answer = admin_client.get(f"/inbox/{number}/attachments/0")
    assert answer.mimetype == "application/octet-stream"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert "/" not in disposition.partition("filename=")[2]
    assert admin_client.get(f"/inbox/{number}/attachments/7").status_code == 404


def test_the_attachments_of_a_mail_without_text_are_listed(arrive, visit):
    head = (
        b"From: a@corp.example\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    )
    pdf = b"\r\n%PDF"
    page = visit(f"/inbox/{arrive(head + pdf)}")
    assert "a.pdf" in page.text


def test_the_name_of_an_attachment_keeps_its_letters(arrive, admin_client):
    name = "naïve ção 日本.pdf"
    number = arrive(HTML.replace(b'filename="../../page.html"', b"filename*=utf-8''" + quote(name).encode()))
    disposition = admin_client.get(f"/inbox/{number}/attachments/0").headers["Content-Disposition"]
    assert disposition.endswith(f"filename*=UTF-8''{quote(name)}")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("naïve ção 日本.pdf", "naïve ção 日本.pdf"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Windows\\a.exe", "C_Windows_a.exe"),
        ("a\r\nb\x00c\u202efdp.exe", "a b_c_fdp.exe"),
        ('a"b;c.txt', "a_b;c.txt"),
        (".htaccess. ", "htaccess"),
        ("con", "_con"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("LPT² .txt", "_LPT² .txt"),
        ("console.txt", "console.txt"),
        ("x" * 300 + ".txt", "x" * 96 + ".txt"),
        ("x" * 90 + "." * 30 + "txt", "x" * 90 + ".txt"),
        ("a." + "x" * 300, "a." + "x" * 98),
        (" ... ", ""),
    ],
)
def test_a_name_is_safe_on_every_system(name, safe):
    assert safe_name(name) == safe


def test_what_is_wrong_with_a_mail_is_said_in_words(arrive, visit):
    number = arrive(HTML.replace(b"--b--\r\n", b""))
    assert "the end of the mail may be lost" in visit(f"/inbox/{number}").text


def test_every_defect_has_words():
    assert set(DEFECTS) == set(Defect)


@pytest.mark.parametrize("part", ["text", "source"])
def test_a_text_of_many_lines_is_cut_and_leads_to_all_of_it(arrive, visit, part):
    number = arrive(b"Subject: x\r\n\r\n" + b"y\n" * 100_000)
    page = visit(f"/inbox/{number}?part={part}")
    assert len(page.html) < 100_000
    assert "Not all of it is shown" in page.text
    assert len(page.all("a", href=f"/inbox/{number}/source.eml")) == 2


def test_the_source_is_what_came_in(arrive, visit, admin_client):
    number = arrive(HTML)
    assert admin_client.get(f"/inbox/{number}/source.eml").data == HTML
    for part in ("headers", "source"):
        visit(f"/inbox/{number}?part={part}")


def test_what_is_held_is_seen_and_processed_again(arrive, world, visit, operator_client, viewer_client, monkeypatch):
    [message] = world.messages(1)
    raw = answer(world.row(message))
    with monkeypatch.context() as patched:
        patched.setitem(effects.EFFECTS, effects.Kind.REPLY, lambda *_: 1 / 0)
        number = arrive(raw)
    page = visit(f"/inbox/{number}")
    assert "ZeroDivisionError" in page.text
    assert "ZeroDivisionError" in visit("/inbox?state=held").text
    arrive(mail(2))
    with_error = visit("/inbox?error=yes").text
    assert "ZeroDivisionError" in with_error
    assert "mail 2" not in with_error
    assert "ZeroDivisionError" not in visit("/inbox?error=no").text
    assert "mail 2" in visit("/inbox?error=no").text
    assert "No mail passes" not in visit("/inbox?error=no&kind=other").text
    assert post(viewer_client, f"/inbox/{number}/process").status_code == 403
    assert post(operator_client, f"/inbox/{number}/process").status_code == 303
    assert "I am on it." in visit(f"/inbox/{number}").text


def test_what_was_left_on_the_server_says_so(world, visit):
    account = world.do(_account)
    number = world.add(
        InboundMessage(
            account_id=account,
            server_key="k",
            size=200_000_000,
            state=InboundState.TOO_LARGE,
            received_at=clock.now(),
        )
    )
    assert "200 MB" in visit(f"/inbox/{number}").text


def test_what_is_not_there(visit, admin_client):
    visit("/inbox/7", status=404)
    for path in ("html", "source.eml", "attachments/0"):
        assert admin_client.get(f"/inbox/7/{path}").status_code == 404
