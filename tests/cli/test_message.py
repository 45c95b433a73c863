"""`arauto message`."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from tests.cli.conftest import Arauto
from tests.factories import make_account, make_messages
from tests.services.inbox.conftest import arrive, sent_message
from tests.services.inbox.letters import report
from webapp.mail.compose import Words
from webapp.models import Message
from webapp.services import configuration
from webapp.services.unit import write


def test_the_list_is_the_newest_first_and_goes_on_by_cursor(arauto: Arauto, ctx: Flask) -> None:
    ids = make_messages(5)
    first = arauto("message", "list", "--json", "--limit", 3).json
    assert [item["id"] for item in first["items"]] == ids[:1:-1]
    rest = arauto("message", "list", "--json", "--after", first["next"]).json
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (ids[1::-1], None)


@pytest.mark.parametrize(
    "options",
    [
        ["--state", "sent"],
        ["--recipient", "p1@corp.example"],
        ["--recipient", "p1@corp.example", "--state", "sent", "--channel", "email", "--account", "Relay"],
        ["--since", "2001-01-01T00:00:00Z", "--state", "sent"],
    ],
    ids=" ".join,
)
def test_filters_narrow_the_list(arauto: Arauto, ctx: Flask, options: list[str]) -> None:
    make_account()
    ids = make_messages(3)
    with write() as session:
        session.execute(update(Message).where(Message.id == ids[1]).values(state="sent"))
    assert [item["id"] for item in arauto("message", "list", "--json", *options).json["items"]] == [ids[1]]
    assert arauto("message", "list", "--json", "--until", "2001-01-01T00:00:00Z").json["items"] == []


def test_the_table_shows_hostile_text_harmlessly(arauto: Arauto, ctx: Flask) -> None:
    make_messages(1, words=Words("[bold]x[/bold] \x1b[31mred\u202e", "b"))
    ended = arauto("message", "list")
    assert "[bold]x[/bold] \\x1b[31mred\\u202e" in ended.out
    assert "\x1b" not in ended.out
    assert "p0@corp.example" in ended.out


def test_on_a_terminal_each_message_takes_one_line(arauto: Arauto, ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_messages(2, words=Words("many words " * 30, "b"))
    assert arauto("message", "list").out.count("many") == 60
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    shown = arauto("message", "list").out
    assert (len(shown.strip().splitlines()), shown.count("many")) == (4, 2)


def test_an_empty_list_says_so(arauto: Arauto) -> None:
    ended = arauto("message", "list")
    assert (ended.code, ended.out, ended.err) == (0, "", "No messages.\n")


@pytest.mark.parametrize("options", [["--state", "lost"], ["--since", "yesterday"], ["--since", "2026-01-01T00:00:00"]])
def test_wrong_filters_are_wrong_usage(arauto: Arauto, options: list[str]) -> None:
    assert arauto("message", "list", *options).code == 2


def test_a_wrong_cursor_is_named(arauto: Arauto) -> None:
    ended = arauto("message", "list", "--after", "??")
    assert (ended.code, ended.err.split(":")[0]) == (1, "after")


def test_one_message_comes_with_its_timeline(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    [number] = make_messages()
    shown = arauto("message", "show", number, "--json").json
    assert (shown["id"], shown["state"], shown["recipient"]) == (number, "queued", "p0@corp.example")
    assert [entry["kind"] for entry in shown["timeline"]] == ["submitted", "account", "state"]

    text = arauto("message", "show", number).out
    assert "Recipient        p0@corp.example" in text
    assert "account=Relay" in text


def test_one_that_came_back_says_why(arauto: Arauto, ctx: Flask) -> None:
    configuration.save("credentials", {"name": "reader", "username": "u", "secret": {"value": "s"}})
    configuration.save("inbox_accounts", {"name": "Replies", "host": "h", "port": 143, "credential": "reader"})
    message = sent_message()
    arrive(report(message, "failed", "5.1.1"), configuration.number_of("inbox_accounts", {"name": "Replies"}))
    said = "The message came back. 550 5.1.1 said the server"
    assert f"Last error       {said}\n" in arauto("message", "show", message.id).out
    assert said in arauto("message", "list").out


def test_cancel_takes_it_out_of_the_queue_once(arauto: Arauto, ctx: Flask) -> None:
    [number] = make_messages()
    assert arauto("message", "cancel", number).out == f"Message {number} is cancelled.\n"
    again = arauto("message", "cancel", number)
    assert (again.code, again.out) == (1, "")
    assert "only a queued message can be cancelled" in again.err
    [note] = [entry for entry in _timeline(arauto, number) if entry["kind"] == "cancelled"]
    assert note["by"].endswith("(command line)")


def test_resend_prints_the_id_of_the_new_message(arauto: Arauto, ctx: Flask) -> None:
    [number] = make_messages()
    waiting = arauto("message", "resend", number)
    assert (waiting.code, waiting.out) == (1, "")
    arauto("message", "cancel", number)

    new = int(arauto("message", "resend", number).out)

    assert new != number
    assert _timeline(arauto, new)[0]["kind"] == "resent_from"


@pytest.mark.parametrize("verb", ["show", "cancel", "resend"])
def test_a_message_that_is_not_there(arauto: Arauto, verb: str) -> None:
    ended = arauto("message", verb, 4711)
    assert (ended.code, ended.out, ended.err) == (1, "", "There is no message 4711.\n")


def _timeline(arauto: Arauto, number: int) -> list[dict[str, str]]:
    timeline: list[dict[str, str]] = arauto("message", "show", number, "--json").json["timeline"]
    return timeline
