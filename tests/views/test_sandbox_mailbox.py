"""The sandbox mailbox: what was caught, as its recipient would have read it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Page, Visit, errors, post, seen
from webapp.mail.answer import KINDS
from webapp.models import SandboxMail
from webapp.services.sandbox.server import SandboxServer
from webapp.views.hygiene import SANDBOXED


def letter(html: str | None = "<h1>Olá</h1><script>alert(1)</script>") -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Relatório às três"
    mail["From"] = "Ação <root@corp.example>"
    mail["To"] = "Ana <ana@corp.example>"
    mail["Date"] = "Mon, 23 Nov 2026 12:00:00 -0300"
    mail.set_content("Olá,\nsegue o relatório.\n")
    if html:
        mail.add_alternative(html, subtype="html")
    mail.add_attachment(b"x" * 2048, maintype="application", subtype="pdf", filename="relatório.pdf")
    return mail.as_bytes()


def subjects(page: Page) -> list[str]:
    return [row.find(".//a").text or "" for row in page.all("tr") if (row.get("id") or "").startswith("mail-")]


def test_newest_first_and_looking_again(visit: Visit, world: World) -> None:
    world.mail(subject="first")
    world.mail(subject="", sender="")
    page = visit("/sandbox")
    assert subjects(page) == ["(no subject)", "first"]
    assert page.find("div", id="mails").get("hx-trigger") == "every 5s"


def test_the_live_part_alone(world: World, admin_client: FlaskClient) -> None:
    world.mail()
    answer = admin_client.get("/sandbox", headers={"HX-Request": "true", "HX-Target": "mails"})
    assert "<html" not in answer.text
    assert "caught" in answer.text
    assert 'hx-swap-oob="true">1<' in answer.text


def test_older_pages_stay_as_they_are(visit: Visit, world: World) -> None:
    for number in range(51):
        world.mail(subject=f"mail {number}")
    first = visit("/sandbox")
    second = visit(first.find("a", rel="next").get("href"))
    assert subjects(second) == ["mail 0"]
    assert second.find("div", id="mails").get("hx-trigger") is None
    assert subjects(visit(second.find("a", rel="prev").get("href"))) == subjects(first)


def test_a_mail_as_people_see_it(visit: Visit, world: World) -> None:
    number = world.mail(letter())
    page = visit(f"/sandbox/{number}")
    assert page.find("h1").text == "Relatório às três"
    for words in (
        "Ação <root@corp.example>",
        "Ana <ana@corp.example>",
        "Nov 23, 2026, 3:00:00",
        "relatório.pdf",
        "2 kB",
    ):
        assert words in page.text
    frame = page.find("iframe")
    assert (frame.get("sandbox"), frame.get("src")) == ("", f"/sandbox/{number}/html")
    assert "segue o relatório." in visit(f"/sandbox/{number}?part=text").text
    assert "Content-Type" in visit(f"/sandbox/{number}?part=headers").text
    assert "Subject: =?utf-8?" in visit(f"/sandbox/{number}?part=source").text


def test_without_html_the_text_comes_first(visit: Visit, world: World) -> None:
    page = visit(f"/sandbox/{world.mail(letter(html=None))}")
    assert not page.all("iframe")
    assert "segue o relatório." in page.text


def test_its_html_can_do_nothing(world: World, admin_client: FlaskClient) -> None:
    answer = admin_client.get(f"/sandbox/{world.mail(letter())}/html")
    assert answer.headers["Content-Security-Policy"] == SANDBOXED
    assert "<h1>Olá</h1>" in answer.text


def test_the_source_comes_byte_for_byte(world: World, admin_client: FlaskClient) -> None:
    raw = b"Subject: \xff\x00\r\n\r\n<script>\r\n"
    answer = admin_client.get(f"/sandbox/{world.mail(raw)}/source.eml")
    assert answer.data == raw
    assert answer.content_type == "message/rfc822"
    assert answer.headers["Content-Disposition"].startswith("attachment")


BROKEN = (
    b"",
    b"\x00\xff",
    b"Subject: =?x?\n\n",
    b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 50,
    b"a" * 3_000_000,
)


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("part", ["", "headers", "source"])
def test_no_mail_breaks_the_page(visit: Visit, world: World, raw: bytes, part: str) -> None:
    number = world.mail(raw, subject="")
    page = visit(f"/sandbox/{number}?part={part}")
    if len(raw) > 2_000_000 and part != "headers":
        assert "Not all of it is shown" in page.text


@pytest.mark.parametrize("part", ["text", "source"])
def test_a_text_of_many_lines_is_cut_and_leads_to_all_of_it(visit: Visit, world: World, part: str) -> None:
    number = world.mail(b"Subject: x\r\n\r\n" + b"y\n" * 100_000)
    page = visit(f"/sandbox/{number}?part={part}")
    assert len(page.html) < 100_000
    assert "Not all of it is shown" in page.text
    assert len(page.all("a", href=f"/sandbox/{number}/source.eml")) == 2


def test_deleting_one_and_all(visit: Visit, world: World, operator_client: FlaskClient) -> None:
    first, second, third = (world.mail() for _ in range(3))
    page = visit(f"/sandbox/{first}", client=operator_client)
    assert f'action="/sandbox/{first}/delete"' in page.html
    answer = post(operator_client, f"/sandbox/{first}/delete")
    assert (answer.status_code, answer.location) == (303, "/sandbox")
    asks = visit("/sandbox", client=operator_client)
    assert "Delete all 2 mails of the sandbox mailbox?" in asks.text
    newest = asks.find("input", name="newest").get("value")
    world.mail(subject="came meanwhile")

    told = seen(operator_client.get(post(operator_client, "/sandbox/empty", {"newest": newest}).location), "/sandbox")

    assert "2 mails are deleted." in "".join(told.find("div", id="toasts").itertext())
    assert subjects(told) == ["came meanwhile"]
    assert visit(f"/sandbox/{second}", status=404)
    assert third < int(newest) + 1


@pytest.mark.parametrize("newest", ["", "x", "-1"])
def test_emptying_without_saying_up_to_where_deletes_nothing(
    world: World, operator_client: FlaskClient, newest: str
) -> None:
    world.mail()
    post(operator_client, "/sandbox/empty", {"newest": newest})
    assert world.count(SandboxMail) == 1


def test_who_may_only_look_deletes_nothing(visit: Visit, world: World, viewer_client: FlaskClient) -> None:
    number = world.mail()
    assert "Empty the mailbox" not in visit("/sandbox", client=viewer_client).text
    assert "/delete" not in visit(f"/sandbox/{number}", client=viewer_client).html
    assert post(viewer_client, f"/sandbox/{number}/delete").status_code == 403
    assert post(viewer_client, "/sandbox/empty", {"newest": number}).status_code == 403
    assert world.count(SandboxMail) == 1


def test_the_empty_mailbox_explains_itself(visit: Visit, world: World, app: Flask) -> None:
    assert "arauto serve --sandbox" in visit("/sandbox").text
    app.config["ARAUTO_SANDBOX"] = True
    world.account("Relay")
    assert "arauto send-test Sandbox" in visit("/sandbox").text


def test_the_empty_mailbox_of_a_first_run_says_what_to_do(visit: Visit, world: World, app: Flask) -> None:
    app.config["ARAUTO_SANDBOX"] = True
    world.account("Sandbox")
    page = visit("/sandbox")
    assert "arauto emit" in page.text
    assert [link for link in page.all("a", aria_current="page") if "Sandbox mailbox" in "".join(link.itertext())]


def test_a_cursor_of_another_list_is_told(visit: Visit, world: World) -> None:
    world.mail()
    visit("/sandbox?after=zz", status=422)


@pytest.mark.parametrize(
    "path", ["/sandbox/9", "/sandbox/9/html", "/sandbox/9/source.eml", "/sandbox/99999999999999999999"]
)
def test_there_is_no_such_mail(visit: Visit, path: str) -> None:
    visit(path, status=404)


# --- answering ---


@pytest.fixture
def caught(app: Flask, world: World) -> Iterator[int]:
    """A mail of ours that the running sandbox caught; its number."""
    server = SandboxServer(app)
    server.ensure()
    number = world.message(state="sent")
    ours = letter().replace(b"root@corp.example", b"arauto@sandbox.local")
    yield world.mail(ours, message_id=world.row(number).message_id, sender="arauto@sandbox.local")
    server.stop()


def test_answering_a_mail(caught: int, world: World, visit: Visit, operator_client: FlaskClient) -> None:
    assert f'href="/sandbox/{caught}/answer"' in visit(f"/sandbox/{caught}", client=operator_client).html
    page = visit(f"/sandbox/{caught}/answer", client=operator_client)
    assert page.find("h1").text == "Answer “caught”"
    assert {choice.get("value") for choice in page.all("input", name="kind")} == {*KINDS}
    answer = post(operator_client, f"/sandbox/{caught}/answer", {"kind": "reply", "words": "Thanks!"})
    assert (answer.status_code, answer.location) == (303, "/outbox/1")
    told = visit("/sandbox")
    assert subjects(told)[0] == "Re: Relatório às três"


def test_an_answer_that_nobody_reads_leads_to_the_sandbox_mailbox(
    caught: int, world: World, operator_client: FlaskClient
) -> None:
    number = world.mail(letter(), message_id=world.row(1).message_id)
    answer = post(operator_client, f"/sandbox/{number}/answer", {"kind": "reply", "words": "Thanks!"})
    assert (answer.status_code, answer.location) == (303, "/sandbox")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"kind": "reply", "words": ""}, "words"), ({"kind": "read"}, "kind"), ({"kind": "nonsense"}, "kind")],
)
def test_a_refused_answer_keeps_what_was_typed(
    caught: int, operator_client: FlaskClient, given: dict[str, str], field: str
) -> None:
    answer = post(operator_client, f"/sandbox/{caught}/answer", given)
    assert answer.status_code == 422
    page = seen(answer, f"/sandbox/{caught}/answer")
    assert page.find("section", id="error-summary") is not None
    assert set(errors(page)) == {field}
    chosen = [choice.get("value") for choice in page.all("input", name="kind") if choice.get("checked") is not None]
    assert chosen == ([given["kind"]] if given["kind"] in KINDS else [])


def test_an_answer_needs_a_running_sandbox_and_an_operator(
    world: World, viewer_client: FlaskClient, operator_client: FlaskClient
) -> None:
    number = world.mail(letter())
    form = {"kind": "reply", "words": "x"}
    assert post(viewer_client, f"/sandbox/{number}/answer", form).status_code == 403
    answer = post(operator_client, f"/sandbox/{number}/answer", form)
    assert answer.status_code == 409
    assert "arauto serve --sandbox" in answer.text
