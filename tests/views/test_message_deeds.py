"""Cancel and resend, with and without JavaScript, by who may."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Visit, post, seen
from webapp.models import Message


@pytest.mark.parametrize("deed", ["cancel", "resend"])
def test_the_page_asks_and_its_form_does_it(
    visit: Visit, world: World, operator_client: FlaskClient, deed: str
) -> None:
    number = world.message(state="queued" if deed == "cancel" else "failed")
    asks = visit(f"/outbox/{number}/{deed}?next=/outbox?state=queued", client=operator_client)
    assert f"message {number} to p0@corp.example?" in asks.text
    [form] = asks.find("main").iter("form")
    fields = {field.get("name"): field.get("value") for field in form.iter("input")}

    answer = operator_client.post(form.get("action"), data=fields)

    assert (answer.status_code, answer.location) == (303, "/outbox?state=queued")
    assert "p0@corp.example" in "".join(
        seen(operator_client.get(answer.location), "/outbox").find("div", id="toasts").itertext()
    )
    if deed == "cancel":
        assert world.row(number).state == "cancelled"
        assert "operator cancelled it." in visit(f"/outbox/{number}").text
    else:
        assert world.row(number + 1).resent_from == number
        assert f"operator resent it as message {number + 1}" in visit(f"/outbox/{number}").text
        assert f"It was made to resend message {number}" in visit(f"/outbox/{number + 1}").text


def test_a_resend_leads_to_the_new_message(world: World, operator_client: FlaskClient) -> None:
    number = world.message(state="sent")
    assert post(operator_client, f"/outbox/{number}/resend").location == f"/outbox/{number + 1}"


@pytest.mark.parametrize("state", ["failed", "sent", "unknown", "bounced"])
def test_the_question_says_what_a_resend_means(visit: Visit, world: World, state: str) -> None:
    words = visit(f"/outbox/{world.message(state=state)}").text
    told = {
        "sent": "a second time",
        "unknown": "It may have arrived",
        "failed": "A new message",
        "bounced": "A new message",
    }
    assert told[state] in words


def test_with_htmx_the_browser_is_sent_on(world: World, operator_client: FlaskClient) -> None:
    number = world.message()
    answer = post(operator_client, f"/outbox/{number}/cancel", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/outbox/{number}")


@pytest.mark.parametrize(
    ("deed", "state"), [("cancel", "sent"), ("cancel", "sending"), ("resend", "queued"), ("resend", "sending")]
)
def test_what_is_not_possible_is_refused_in_words(
    visit: Visit, world: World, operator_client: FlaskClient, deed: str, state: str
) -> None:
    number = world.message(state=state)
    asks = visit(f"/outbox/{number}/{deed}", client=operator_client)
    assert not list(asks.find("main").iter("form")), "nothing is offered that would be refused"
    answer = post(operator_client, f"/outbox/{number}/{deed}")
    assert answer.status_code == 409
    assert state in seen(answer, "refused").text
    assert world.count(Message) == 1


@pytest.mark.parametrize("deed", ["cancel", "resend"])
def test_who_may_only_look_may_not(visit: Visit, world: World, viewer_client: FlaskClient, deed: str) -> None:
    number = world.message()
    assert viewer_client.get(f"/outbox/{number}/{deed}").status_code == 403
    assert post(viewer_client, f"/outbox/{number}/{deed}").status_code == 403
    page = visit(f"/outbox/{number}", client=viewer_client)
    assert f'action="/outbox/{number}/' not in page.html
    assert world.row(number).state == "queued"


def test_a_forged_form_does_nothing(world: World, operator_client: FlaskClient) -> None:
    number = world.message()
    assert operator_client.post(f"/outbox/{number}/cancel").status_code == 400
    assert world.row(number).state == "queued"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil"])
def test_it_leads_nowhere_else(world: World, operator_client: FlaskClient, target: str) -> None:
    answer = post(operator_client, f"/outbox/{world.message()}/cancel", {"next": target})
    assert answer.location == "/"


def test_there_is_nothing_to_do_to_no_message(operator_client: FlaskClient) -> None:
    assert post(operator_client, "/outbox/99/cancel").status_code == 404
    assert post(operator_client, "/outbox/99/resend").status_code == 404


def test_toasts_hold_no_markup(world: World, operator_client: FlaskClient) -> None:
    number = world.message(recipient="<b>@corp.example")
    location = post(operator_client, f"/outbox/{number}/cancel").location
    assert "<b>@corp" not in operator_client.get(location).text
