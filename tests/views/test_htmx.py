"""HTMX: which part is answered, and what a form's end says."""

from __future__ import annotations

import json

import pytest
from flask import Flask, get_flashed_messages, make_response

from webapp.views import htmx
from webapp.views.urls import address_with

PART = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("headers", "wants"),
    [
        ({}, False),
        (PART, True),
        ({**PART, "HX-Boosted": "true"}, False),
        ({**PART, "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_a_part_of_a_page_is_a_fragment(app: Flask, headers: dict[str, str], wants: bool) -> None:
    with app.test_request_context("/", headers=headers):
        assert htmx.wants_fragment() is wants


def test_a_form_ends_with_303_and_a_toast(app: Flask) -> None:
    with app.test_request_context("/", method="POST"):
        answer = htmx.done("/outbox/7", "The message is cancelled.")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/outbox/7")
        assert get_flashed_messages() == ["The message is cancelled."]


def test_with_htmx_the_page_moves_or_hears_what_happened(app: Flask) -> None:
    with app.test_request_context("/", method="POST", headers=PART):
        moved = htmx.done("/outbox/7", "Cancelled – çedilha.")
        assert (moved.status_code, moved.headers["HX-Redirect"]) == (204, "/outbox/7")
        assert get_flashed_messages() == ["Cancelled – çedilha."]
    with app.test_request_context("/", method="POST", headers=PART):
        heard = htmx.done("/outbox/7", "Cancelled – çedilha.", message_cancelled={"id": 7})
        facts = json.loads(heard.headers["HX-Trigger"])
        assert facts == {"message:cancelled": {"id": 7}, "toast": {"words": "Cancelled – çedilha."}}
        assert heard.headers["HX-Trigger"].isascii()
        assert get_flashed_messages() == []


def test_an_event_without_words_makes_no_toast(app: Flask) -> None:
    with app.test_request_context("/"):
        answer = htmx.announce(make_response("part"), message_resent={"id": 7})
    assert json.loads(answer.headers["HX-Trigger"]) == {"message:resent": {"id": 7}}


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "/outbox?state=sent&text=a+b"),
        ({"state": "failed"}, "/outbox?text=a+b&state=failed"),
        ({"state": None, "text": ""}, "/outbox"),
        ({"after": "Mw"}, "/outbox?state=sent&text=a+b&after=Mw"),
        ({"sort": "-when"}, "/outbox?state=sent&text=a+b&sort=-when"),
    ],
)
def test_an_address_keeps_the_state_of_a_report(app: Flask, changes: dict[str, str], address: str) -> None:
    with app.test_request_context("/outbox?state=sent&text=a+b&after=Nw&empty="):
        assert address_with(**changes) == address
