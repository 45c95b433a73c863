"""API tokens by form: shown once, taken away at once."""

from __future__ import annotations

import json
import logging
import shlex
from itertools import pairwise

import pytest
from sqlalchemy import select

from tests.visiting import Page, post, seen
from webapp import clock
from webapp.extensions import db
from webapp.models import ApiToken
from webapp.services import tokens
from webapp.views import once

LIST = "/tokens"


def copied(page: Page) -> list[str]:
    """What the copy buttons of the page's content copy."""
    return [button.get("data-copy") for button in page.find("main").iter("button") if button.get("data-copy")]


def carried_out(client, command: str):
    """What the call of a terminal would be answered."""
    words = shlex.split(command)
    headers = dict(value.split(": ", 1) for flag, value in pairwise(words) if flag == "-H")
    data = next((value for flag, value in pairwise(words) if flag == "-d"), None)
    address = next(word for word in words if word.startswith("http")).removeprefix("http://127.0.0.1:8000")
    return client.open(address, method="GET" if data is None else "POST", data=data, headers=headers)


def test_a_token_is_shown_once_and_nowhere_else(world, visit, submit, admin_client, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = submit(f"{LIST}/new", name="vault")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}/1")
        with admin_client.session_transaction() as session:
            waiting = json.dumps(dict(session))
        shown = admin_client.get(f"{LIST}/1")
    [token, call] = copied(seen(shown, f"{LIST}/1"))
    assert world.do(lambda: tokens.verify(token)).name == "vault"
    assert shown.headers["Cache-Control"] == "no-store"
    assert token in call
    for text in (waiting, caplog.text, visit(f"{LIST}/1").html, visit(LIST).html, visit(f"{LIST}/1/edit").html):
        assert token not in text
    with admin_client.session_transaction() as session:
        assert once.KEY not in session


def test_a_token_that_waited_too_long_is_not_shown(submit, admin_client, monkeypatch):
    submit(f"{LIST}/new", name="vault")
    later = clock.now() + once.WAITS * 2
    with monkeypatch.context() as patched:
        patched.setattr(once.clock, "now", lambda: later)
        answer = admin_client.get(f"{LIST}/1")
    assert "Here is the token" not in answer.text


def test_another_page_does_not_take_it(submit, visit):
    submit(f"{LIST}/new", name="first")
    visit(LIST)
    assert "Here is the token" in visit(f"{LIST}/1").text


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["events:write"], 202), (["admin"], 202), (["read"], 200), (["messages:write", "requests:write"], 202)],
)
def test_the_example_works_as_it_stands(world, client, submit, visit, scopes, status):
    world.account("Relay")
    submit(f"{LIST}/new", name="vault", scopes=scopes)
    [_token, call] = copied(visit(f"{LIST}/1"))
    assert carried_out(client, call).status_code == status


def test_an_empty_list_shows_how_a_call_looks(world, visit, client):
    [call] = copied(visit(LIST))
    token = world.do(lambda: tokens.create("made"))
    assert carried_out(client, call.replace("$TOKEN", token)).status_code == 202


def test_a_scope_that_calls_nothing_yet_has_no_example(submit, visit):
    submit(f"{LIST}/new", name="vault", scopes=["requests:write"])
    assert len(copied(visit(f"{LIST}/1"))) == 1


def test_a_form_without_a_name_or_scope_is_refused(world, submit):
    page = seen(submit(f"{LIST}/new", name="", scopes=[]), LIST)
    assert [link.get("href") for link in page.find("section", id="error-summary").iter("a")] == ["#name", "#scopes"]
    assert world.count(ApiToken) == 0


def test_a_taken_name_is_refused(world, submit):
    submit(f"{LIST}/new", name="vault")
    assert submit(f"{LIST}/new", name=" vault ").status_code == 422
    assert world.count(ApiToken) == 1


def test_scopes_change_at_once(world, client, submit, visit):
    submit(f"{LIST}/new", name="vault")
    [_token, call] = copied(visit(f"{LIST}/1"))
    assert submit(f"{LIST}/1/edit", name="renamed", scopes=["read"]).status_code == 303
    assert carried_out(client, call).status_code == 403
    assert "renamed" in visit(LIST).text


def test_disabled_it_is_refused_at_once_and_enabled_it_works_again(client, submit, visit, admin_client):
    submit(f"{LIST}/new", name="vault")
    [_token, call] = copied(visit(f"{LIST}/1"))
    post(admin_client, f"{LIST}/1/disable")
    assert carried_out(client, call).status_code == 401
    post(admin_client, f"{LIST}/1/enable")
    assert carried_out(client, call).status_code == 202


def test_deleted_it_is_gone(world, client, submit, visit, admin_client):
    submit(f"{LIST}/new", name="vault")
    [_token, call] = copied(visit(f"{LIST}/1"))
    assert "refused from then on" in visit(f"{LIST}/1/delete").text
    assert post(admin_client, f"{LIST}/1/delete").headers["Location"] == LIST
    assert carried_out(client, call).status_code == 401
    assert world.count(ApiToken) == 0


def test_two_administrators_do_not_overwrite_each_other(world, submit, visit):
    submit(f"{LIST}/new", name="vault")
    opened = visit(f"{LIST}/1/edit").find("input", name="version").get("value")
    submit(f"{LIST}/1/edit", scopes=["read"])
    answer = submit(f"{LIST}/1/edit", scopes=["admin"], version=opened)
    assert answer.status_code == 422
    assert "Somebody else" in seen(answer, LIST).text
    assert world.do(lambda: db.session.scalar(select(ApiToken.scopes))) == ["read"]


def test_using_a_token_is_no_change_of_it(client, submit, visit):
    submit(f"{LIST}/new", name="vault")
    [_token, call] = copied(visit(f"{LIST}/1"))
    opened = visit(f"{LIST}/1/edit").find("input", name="version").get("value")
    carried_out(client, call)
    assert submit(f"{LIST}/1/edit", scopes=["read"], version=opened).status_code == 303
    assert "never" not in visit(LIST).text


def test_the_list_by_use(world, visit):
    for name in ("never", "used"):
        world.do(lambda name=name: tokens.create(name))
    world.do(lambda: tokens._note_use(2))
    assert [a.text for a in visit(f"{LIST}?sort=used").all("a", class_="cut")] == ["never", "used"]
    assert [a.text for a in visit(f"{LIST}?sort=-used").all("a", class_="cut")] == ["used", "never"]


@pytest.mark.parametrize("path", ["", "/new", "/1", "/1/edit", "/1/delete", ".csv"])
def test_only_administrators(world, path, operator_client):
    world.do(lambda: tokens.create("vault"))
    assert operator_client.get(f"{LIST}{path}").status_code == 403
