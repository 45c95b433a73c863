"""The audit log: its report, and the page of one entry with every field before and after."""

from __future__ import annotations

import ast
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Page, Visit
from webapp.services import actor, audit, configuration
from webapp.services.actor import Actor
from webapp.services.audit import Deed
from webapp.services.configuration.sections import SECTIONS
from webapp.services.unit import write
from webapp.views.audit import words

ACCOUNT = {"name": "Second", "sender_email": "two@corp.example", "host": "mail.corp.example"}
ANA = Actor("user", "Ana", "10.0.0.7")
Does = Callable[..., None]


@pytest.fixture
def does(world: World) -> Does:
    """`does(deed, …)` writes an entry, as Ana's from 10.0.0.7 unless told otherwise."""

    def do(*deeds: Deed, by: Actor = ANA) -> None:
        def work() -> None:
            with write() as session:
                audit.record(session, *deeds, by=by)

        world.do(work)

    return do


def rows(page: Page) -> list[str]:
    return [
        " ".join("".join(row.find(".//a").itertext()).split())
        for row in page.all("tr")
        if (row.get("id") or "").startswith("entry-")
    ]


def by_ana(work: Callable[[], Any]) -> Callable[[], Any]:
    def do() -> Any:
        actor.act_as(ANA)
        return work()

    return do


def test_it_shows_who_changed_what_from_where_before_and_after(visit: Visit, world: World) -> None:
    world.do(by_ana(lambda: configuration.save("smtp_accounts", ACCOUNT)))
    page = visit("/audit?noun=smtp_accounts")
    [row] = [row for row in page.all("tr") if row.get("id")]
    text = " ".join("".join(row.itertext()).split())
    for words_ in ("SMTP account Second", "two@corp.example", "Ana", "10.0.0.7", "Creation"):
        assert words_ in text

    world.do(by_ana(lambda: configuration.save("smtp_accounts", {"port": 587}, 1)))
    page = visit("/audit?noun=smtp_accounts")
    assert "Port: 2525 → 587" in page.text
    assert page.find("del").text == "2525"
    assert page.find("ins").text == "587"


def test_not_verifying_a_certificate_is_pointed_out(visit: Visit, world: World) -> None:
    world.do(lambda: configuration.save("smtp_accounts", {**ACCOUNT, "secure": True}))
    assert "certificate not checked" not in visit("/audit").text
    world.do(lambda: configuration.save("smtp_accounts", {"ignore_certificate_errors": True}, 1))
    assert "certificate not checked" in visit("/audit").text
    world.do(lambda: configuration.save("smtp_accounts", {"pinned_certificate": "ab" * 32}, 1))
    assert "pinned certificate" in visit("/audit").text


def test_a_secret_is_a_fingerprint(visit: Visit, world: World) -> None:
    secret = {"value": "hunter2-canary"}
    world.do(lambda: configuration.save("credentials", {"name": "relay", "username": "app", "secret": secret}))
    page = visit("/audit?noun=credentials")
    assert "Secret: fingerprint " in page.text
    assert "canary" not in page.html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("actor=Ana", ["Contact Ana", "Group Security"]),
        ("actor=ana", []),
        ("action=removed", ["Group Security"]),
        ("noun=tokens", ["API token Nightly backup"]),
        ("noun=groups&number=3", ["Group Security"]),
        ("text=night+back", ["API token Nightly backup"]),
        ("text=%25", []),
        ("since=2000-01-01&until=2000-01-02", []),
        ("since=2000-01-01&actor=Ana&sort=made", ["Group Security", "Contact Ana"]),
    ],
)
def test_filters(visit: Visit, does: Does, query: str, shown: list[str]) -> None:
    does(Deed("removed", "groups", "Security", 3))
    does(Deed("created", "tokens", "Nightly backup", 3), by=Actor("command", "root", "host"))
    does(Deed("created", "contacts", "Ana", 4))
    assert rows(visit(f"/audit?{query}")) == shown


@pytest.mark.parametrize("query", ["action=foo", "since=x", "text=%00", "after=zz", "actor=a%0Ab", "number=x"])
def test_a_value_that_cannot_be_right_is_told_in_words(visit: Visit, query: str) -> None:
    visit(f"/audit?{query}", status=422)


def test_pages_and_their_csv(visit: Visit, does: Does, admin_client: FlaskClient) -> None:
    does(*(Deed("created", "contacts", f"C{number}", number) for number in range(51)))
    first = visit("/audit?noun=contacts")
    second = visit(first.find("a", rel="next").get("href"))
    assert rows(second) == ["Contact C0"]
    assert rows(visit(second.find("a", rel="prev").get("href"))) == rows(first)

    lines = list(csv.DictReader(io.StringIO(admin_client.get("/audit.csv?noun=contacts").text.lstrip("\ufeff"))))
    assert [line["name"] for line in lines] == [f"C{number}" for number in reversed(range(51))]
    assert (lines[0]["actor"], lines[0]["address"], lines[0]["action"]) == ("Ana", "10.0.0.7", "created")
    assert admin_client.get("/audit.csv?action=foo").status_code == 422


def test_a_filter_replaces_the_live_part_alone(does: Does, admin_client: FlaskClient) -> None:
    does(Deed("removed", "groups", "Security", 3))
    headers = {"HX-Request": "true", "HX-Target": "entries"}
    answer = admin_client.get("/audit?action=removed", headers=headers)
    assert "<html" not in answer.text
    assert 'id="entries"' in answer.text
    assert 'id="report-count" class="count" hx-swap-oob="true">1<' in answer.text


def test_nothing_found(visit: Visit) -> None:
    page = visit("/audit?action=emptied")
    assert "No entry passes these filters." in page.text
    assert "Clear filters" in page.text


def test_an_entry_shows_every_field_and_leads_to_the_thing_as_it_is_now(visit: Visit, does: Does) -> None:
    changes = {"sender_name": ("", "<b>"), "enabled": (True, False), "unheard_of": (["a", "b"], {"value": "c"})}
    does(Deed("changed", "smtp_accounts", "Relay", 7, changes))
    [link] = list(visit("/audit?noun=smtp_accounts").find("tbody").iter("a"))
    page = visit(link.get("href") or "")
    table = [[("".join(cell.itertext())) for cell in row] for row in page.find("tbody").iter("tr")]
    assert table == [["Sender name", "–", "<b>"], ["Enabled", "yes", "no"], ["unheard_of", "a, b", "c"]]
    links = [link.get("href") for link in page.find("main").iter("a")]
    assert "/settings/smtp-accounts/7" in links
    assert "/audit?noun=smtp_accounts&number=7" in links
    assert "/audit?actor=Ana" in links


WHO = [
    (Actor("user", "Ana"), "Ana"),
    (Actor("token", "backup"), "API token backup"),
    (Actor("command", "root", "host"), "root, on the command line"),
    (Actor("visitor", address="10.0.0.7"), "Somebody who had not signed in"),
    (actor.ARAUTO, "Arauto itself"),
]


@pytest.mark.parametrize(("by", "said"), WHO, ids=[by.kind for by, _ in WHO])
def test_everybody_who_may_act_has_words(visit: Visit, does: Does, by: Actor, said: str) -> None:
    does(Deed("refused", "users", ""), by=by)
    [row] = [row for row in visit("/audit?action=refused").all("tr") if row.get("id")]
    assert "A name that no user has" in "".join(row.itertext())
    assert said in "".join(row.itertext())


def deeds() -> Iterator[tuple[str, ...]]:
    """Action and kind of every deed that the services name."""
    for path in (Path(__file__).parents[2] / "webapp" / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.Deed", "Deed"):
                yield tuple(arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant))


def test_every_action_and_every_kind_of_things_has_words() -> None:
    known = list(deeds())
    assert len(known) > 10
    assert {word for deed in known for word in deed} | set(SECTIONS) <= {*words.ACTIONS, *words.NOUNS}


@pytest.mark.parametrize("path", ["/audit/99", "/audit/x"])
def test_there_is_no_such_entry(visit: Visit, path: str) -> None:
    visit(path, status=404)


@pytest.mark.parametrize("path", ["/audit", "/audit.csv", "/audit/1"])
def test_only_for_administrators(app: Flask, operator_client: FlaskClient, client: FlaskClient, path: str) -> None:
    assert operator_client.get(path).status_code == 403
    assert client.get(path).status_code == 303
