"""The exports: every page of what the filters let through, and nothing that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Visit
from webapp.views.csv_export import BOM, cell


def lines(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix(BOM))))


def test_all_pages_of_the_outbox_in_its_order(world: World, admin_client: FlaskClient) -> None:
    ids = world.messages(1203)
    exported = lines(admin_client, "/outbox.csv")
    assert [int(line["id"]) for line in exported] == ids[::-1]
    assert exported[0]["state"] == "queued"
    assert exported[0]["created_at"].endswith("Z")
    assert [int(line["id"]) for line in lines(admin_client, "/outbox.csv?sort=made")][:2] == ids[:2]


def test_it_is_sent_while_it_is_made(world: World, admin_client: FlaskClient) -> None:
    world.messages(1203)
    assert admin_client.get("/outbox.csv").is_streamed


def test_the_filters_of_the_page_hold(world: World, admin_client: FlaskClient) -> None:
    world.message("wanted", state="failed")
    world.message("other")
    assert [line["subject"] for line in lines(admin_client, "/outbox.csv?state=failed&text=wanted")] == ["wanted"]


def test_a_filter_that_cannot_be_right_exports_nothing(world: World, admin_client: FlaskClient) -> None:
    world.message("must not leave unasked")
    answer = admin_client.get("/outbox.csv?since=yesterday")
    assert answer.status_code == 422
    assert "must not leave" not in answer.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/outbox.csv?state=foo", "State: There is no “foo” here."),
        ("/events.csv?since=x", "From: This is no date."),
        ("/inbox.csv?kind=foo", "Kind: There is no “foo” here."),
        ("/audit.csv?action=foo", "Action: There is no “foo” here."),
        ("/settings/smtp-accounts.csv?enabled=foo", "Enabled: There is no “foo” here."),
        ("/inbox.csv?after=zz", "leave “after” out"),
        ("/settings/smtp-accounts.csv?before=zz", "leave “before” out"),
    ],
)
def test_a_file_that_is_refused_names_the_field(visit: Visit, path: str, words: str) -> None:
    assert words in visit(path, status=422).text


def test_the_link_to_the_file_is_for_all_pages_and_its_filters(world: World, visit: Visit) -> None:
    world.messages(60)
    first = visit("/outbox?channel=email&columns=attempts")
    older = first.find("a", rel="next").get("href")
    link = visit(older).find("a", download="")
    assert link.get("href") == "/outbox.csv?channel=email"


def test_events_too(world: World, admin_client: FlaskClient) -> None:
    world.event(title="=1+1", body="two\nlines", attributes={"host": "db1"})
    [line] = lines(admin_client, "/events.csv")
    assert (line["title"], line["body"], line["messages"]) == ("'=1+1", "two\nlines", "0")
    assert lines(admin_client, "/events.csv?severity=critical") == []


def test_an_empty_export_is_an_empty_file(admin_client: FlaskClient) -> None:
    assert admin_client.get("/outbox.csv").get_data() == b""


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\n=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=b", "", 12, "ana@corp.example"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) == str(value)
    assert cell(None) == ""


def test_only_for_people_who_signed_in(client: FlaskClient) -> None:
    assert client.get("/outbox.csv").status_code == 303
    assert client.get("/events.csv").status_code == 303
