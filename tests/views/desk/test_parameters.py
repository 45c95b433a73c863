"""System parameters by form: one form a tab, each with its effect."""

from __future__ import annotations

import pytest

from tests.visiting import post, seen
from webapp.services import configuration

PAGE = "/settings/parameters"
GENERAL, EMAIL = PAGE, f"{PAGE}/email"


def stored(world) -> dict:
    return world.do(lambda: dict(configuration.get_single("parameters", ["base_url", "footer_text", "language"]).entry))


def test_each_tab_stores_its_own(world, visit, submit):
    assert submit(PAGE, base_url="https://arauto.corp.example/", language="es").status_code == 303
    assert submit(EMAIL, footer_text="Sent by Arauto\r\nQuestions: 42").status_code == 303
    assert stored(world) == {
        "base_url": "https://arauto.corp.example",
        "language": "es",
        "footer_text": "Sent by Arauto\nQuestions: 42",
    }
    assert visit(EMAIL).find("textarea", id="footer_text").text == "Sent by Arauto\nQuestions: 42"
    assert visit(GENERAL).find("input", id="base_url").get("value") == "https://arauto.corp.example"


def test_without_an_address_the_page_says_which_is_in_force(visit):
    assert "http://127.0.0.1:8000" in visit(PAGE).text


@pytest.mark.parametrize(
    ("path", "field", "wrong"),
    [(GENERAL, "base_url", "ftp://x"), (GENERAL, "language", "xx"), (EMAIL, "footer_text", "x" * 2001)],
)
def test_a_refused_tab_keeps_what_was_typed(world, submit, path, field, wrong):
    before = stored(world)
    answer = submit(path, **{field: wrong})
    page = seen(answer, path)
    assert answer.status_code == 422
    assert "".join(page.find("p", id=f"{field}-error").itertext()).strip()
    assert wrong in answer.text or field == "language"
    assert stored(world) == before


def test_a_field_is_checked_while_it_is_filled_in(admin_client):
    assert "https://" in post(admin_client, f"{PAGE}/general/check?field=base_url", {"base_url": "nowhere"}).text
    assert (
        post(admin_client, f"{PAGE}/general/check?field=base_url", {"base_url": "", "language": "en"}).text.strip()
        == ""
    )
    assert post(admin_client, f"{PAGE}/general/check?field=footer_text", {}).status_code == 404


def test_two_administrators_do_not_overwrite_each_other(world, visit, submit):
    opened = visit(EMAIL).find("input", name="version").get("value")
    submit(EMAIL, footer_text="Theirs")
    answer = submit(EMAIL, footer_text="Mine", version=opened)
    page = seen(answer, EMAIL)
    assert answer.status_code == 422
    assert stored(world)["footer_text"] == "Theirs"
    assert "Theirs" in page.text
    assert page.find("textarea", id="footer_text").text == "Mine"
    assert submit(EMAIL, footer_text="Mine", version=page.find("input", name="version").get("value")).status_code == 303


def test_a_change_in_another_tab_is_none_of_this_one(visit, submit):
    opened = visit(EMAIL).find("input", name="version").get("value")
    submit(GENERAL, language="es")
    assert submit(EMAIL, footer_text="Mine", version=opened).status_code == 303


def test_the_preview_is_a_mail_with_the_footer_as_stored_or_as_typed(submit, admin_client):
    submit(EMAIL, footer_text="Stored <footer>")
    asked = admin_client.get(f"{EMAIL}/preview")
    assert "Stored &lt;footer&gt;" in asked.text
    assert "sandbox" in asked.headers["Content-Security-Policy"]
    typed = post(admin_client, f"{EMAIL}/preview", {"footer_text": "Typed\r\nin two lines"})
    assert "Typed<br>\nin two lines" in typed.text
    assert "Stored" not in typed.text
    assert "sandbox" in typed.headers["Content-Security-Policy"]


def test_a_preview_of_what_would_be_refused_says_why(admin_client):
    answer = post(admin_client, f"{EMAIL}/preview", {"footer_text": "\x01"})
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert "control character" in answer.text


def test_the_footer_stands_under_mails(world, submit, admin_client):
    world.account("Relay")
    number = world.message()
    submit(EMAIL, footer_text="The herald says so")
    assert b"The herald says so" in admin_client.get(f"/outbox/{number}/source.eml").data


@pytest.mark.parametrize("path", [PAGE, EMAIL, f"{EMAIL}/preview"])
def test_only_administrators(path, operator_client):
    assert operator_client.get(path).status_code == 403
