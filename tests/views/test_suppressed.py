"""Addresses that mail came back from: who sees them, and who lifts them."""

from __future__ import annotations

import pytest

from tests.visiting import post
from webapp.extensions import db
from webapp.models import SuppressedAddress

LIST = "/inbox/suppressed"


@pytest.fixture
def marked(world) -> int:
    """An address that is suppressed; the number of the message because of which."""
    [number] = world.messages(1)
    row = {"status": "5.1.1", "words": "550 No <such> user", "message_id": number}
    world.add(SuppressedAddress(address="p0@corp.example", **row))
    return number


def test_the_list_says_why(marked, visit, viewer_client):
    page = visit(LIST, client=viewer_client)
    assert "5.1.1 550 No <such> user" in page.text
    assert page.find("a", href=f"/outbox/{marked}") is not None
    assert page.all("form", action=f"{LIST}/lift") == []
    assert "p0@corp" in visit(f"{LIST}?text=P0@").text
    assert "No suppressed address has that" in visit(f"{LIST}?text=nobody").text


def test_none_is_good_news(visit):
    assert "none came back" in visit(LIST).text
    assert visit("/inbox").find("a", href=LIST) is not None


def test_an_operator_lifts_one(marked, world, visit, operator_client, viewer_client):
    assert post(viewer_client, f"{LIST}/lift", {"address": "p0@corp.example"}).status_code == 403
    assert post(operator_client, f"{LIST}/lift", {"address": "p0@corp.example"}).location == LIST
    assert "Mail is sent to p0@corp.example again." in visit(LIST, client=operator_client).html
    assert world.do(lambda: db.session.query(SuppressedAddress).count()) == 0
    post(operator_client, f"{LIST}/lift", {"address": "p0@corp.example"})
    assert "is not suppressed" in visit(LIST, client=operator_client).html
    assert "Suppressed address" in visit("/audit").text


def test_the_page_of_a_message_leads_there(marked, world, visit, operator_client):
    assert visit(f"/outbox/{marked}").find("a", href=f"{LIST}?text=p0@corp.example") is not None
    post(operator_client, f"/outbox/{marked}/cancel")
    answer = post(operator_client, f"/outbox/{marked}/resend")
    page = visit(answer.location, client=operator_client)
    assert "is made, but not sent" in page.html
    assert "An earlier mail to this address came back for good" in page.text


def test_a_contact_says_that_nothing_is_sent(marked, world, visit):
    number = world.contact("Ana", email="p0@corp.example")
    assert "Suppressed address" in visit("/contacts").text
    assert "Nothing is sent to p0@corp.example" in visit(f"/contacts/{number}").text
    other = world.contact("Bob", email="bob@corp.example")
    assert "Nothing is sent" not in visit(f"/contacts/{other}").text
