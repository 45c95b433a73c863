"""`arauto poll` and `arauto inbound list`, `show` and `process`, against a real mailbox."""

from __future__ import annotations

import re
import sqlite3

import pytest

from tests.peers import free_port
from tests.peers.mailbox_script import ScriptedMailbox
from tests.services.inbox.conftest import mail
from webapp.cli import polling
from webapp.extensions import db
from webapp.services import configuration
from webapp.services.errand import Errand
from webapp.services.inbox import accounts, checking
from webapp.services.sandbox import accounts as sandbox

CONFIG = """
credentials: [{{name: reader, username: {user}, secret: {{value: {password}}}}}]
inbox_accounts:
  - {{name: Replies, host: 127.0.0.1, port: {port}, credential: reader, ignore_older: false}}
"""


@pytest.fixture
def box(dovecot):
    return dovecot.box()


@pytest.fixture
def configured(arauto, dovecot, box, tmp_path):
    """The command line of an installation that reads the box; `port=` for a server that is not there."""

    def make(port: int = 0):
        file = tmp_path / "config.yaml"
        file.write_text(CONFIG.format(user=box.user, password=dovecot.password, port=port or dovecot.imap))
        assert arauto("config", "apply", file).code == 0
        return arauto

    return make


def test_a_pass_reads_every_account_and_says_what_came_of_it(configured, box):
    arauto = configured()
    for number in range(3):
        box.put(mail(number))
    ended = arauto("poll", "--once")
    assert (ended.code, ended.out.strip()) == (0, "Replies: 3 read")
    again = arauto("poll", "Replies", "--once", "--json").json
    assert again["accounts"][0]["stored"] == 0


def test_the_reports(configured, box):
    arauto = configured()
    box.put(mail(1))
    arauto("poll", "--once")
    [item] = arauto("inbound", "list", "--json").json["items"]
    assert (item["subject"], item["kind"], item["state"]) == ("mail 1", "other", "processed")
    assert "mail 1" in arauto("inbound", "list").out
    assert arauto("inbound", "list", "--kind", "bounce").out == ""
    assert arauto("inbound", "show", item["id"], "--json").json["from"] == "a@corp.example"
    assert "a@corp.example" in arauto("inbound", "show", item["id"]).out
    refused = arauto("inbound", "process", item["id"])
    assert (refused.code, "processed already" in refused.err) == (1, True)
    assert arauto("inbound", "show", 99).code == 1


def test_on_a_terminal_each_mail_takes_one_line(configured, box, monkeypatch):
    arauto = configured()
    box.put(mail(1, Subject="many words " * 30, From=f"{'a' * 300}@corp.example"))
    arauto("poll", "--once")
    piped = arauto("inbound", "list").out
    assert (piped.count("many"), piped.count("a" * 20) > 1, "…" in piped) == (30, True, False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub(r"\x1b\[[\d;]*m", "", arauto("inbound", "list").out).strip().splitlines()
    assert len(shown) == 3, "the names of the columns, a line, the mail"
    assert re.search(r" other +a+… +many …", shown[2])
    assert max(map(len, shown)) <= 80


def test_an_account_that_is_not_there_is_an_error_that_names_the_others(configured):
    arauto = configured()
    for options in ([], ["--json"]):
        ended = arauto("inbound", "list", "--account", "Nope", *options)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err == "There is no inbox account 'Nope'. Known: Replies.\n"
    assert arauto("inbound", "list", "--account", "Replies").code == 0


def test_trouble_is_an_error_and_named(configured):
    ended = configured(port=free_port())("poll", "--once")
    assert ended.code == 1
    assert "Replies: No connection to 127.0.0.1" in ended.err
    told = configured(port=free_port())("poll", "--once", "--json").json
    assert told["accounts"][0]["trouble"].startswith("No connection to 127.0.0.1")


@pytest.fixture
def another(configured, dovecot):
    """The same with an account *Another*, which comes before the other one."""
    arauto = configured()
    entry = f"{{name: Another, host: 127.0.0.1, port: {dovecot.imap}, credential: reader, ignore_older: false}}"
    assert arauto("config", "apply", "-", stdin=f"inbox_accounts: [{entry}]").code == 0
    return arauto


def test_an_account_that_somebody_checks_is_named_and_the_others_are_read(another, ctx, box, monkeypatch):
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 0.1)
    box.put(mail(1))
    with Errand(db.engine) as somebody:
        assert somebody.take(accounts.lease_of(accounts.numbered(db.session(), "Another")), 1, 0.0)
        db.session.rollback()
        ended = another("poll", "--once")
        told = another("poll", "--once", "--json")
    assert (ended.code, ended.out) == (1, "Another: 0 read\nReplies: 1 read\n")
    assert ended.err == "Another: The account is being checked already. Wait for that check.\n"
    troubles = [(one["account"], one["trouble"]) for one in told.json["accounts"]]
    assert (told.code, troubles) == (1, [("Another", ended.err.removeprefix("Another: ").strip()), ("Replies", None)])


def test_an_account_that_is_removed_meanwhile_does_not_stop_the_others(another, monkeypatch):
    monkeypatch.setattr(
        polling.health, "want", lambda numbers: configuration.remove("inbox_accounts", next(iter(numbers)))
    )
    ended = another("poll", "--once")
    assert (ended.code, ended.out) == (1, "Another: 0 read\nReplies: 0 read\n")
    assert ended.err.startswith("Another: There is no inbox account ")


def test_mail_that_a_server_withholds_is_told_of(configured):
    refuse = {"FETCH 1": b"TAG NO [SERVERBUG] it is broken"}
    with ScriptedMailbox("imap", {1: mail(1)}, body=refuse) as server:
        arauto = configured(port=server.port)
        told = arauto("poll", "--once")
        assert (told.code, "0 read, 1 withheld (The server answered: " in told.out) == (0, True)
        assert arauto("poll", "--once", "--json").json["accounts"][0]["withheld"] == 1
    assert "Its server withholds mail: 1." in arauto("check").out


def test_a_pass_with_nothing_to_read_says_so(arauto, ctx):
    none = "There is no enabled inbox account to read."
    ended = arauto("poll", "--once")
    assert (ended.code, ended.out, ended.err) == (0, "", f"{none}\n")
    sandbox.see_to(free_port(), free_port())
    ended = arauto("poll", "--once")
    served = "That of the sandbox is read by the process that serves it."
    assert (ended.code, ended.out, ended.err) == (0, "", f"{none} {served}\n")
    told = arauto("poll", "--once", "--json")
    assert (told.code, told.json, told.err) == (0, {"accounts": []}, "")


def test_what_a_pass_is_must_be_said(configured):
    arauto = configured()
    assert arauto("poll").code == 2
    assert arauto("poll", "Nobody", "--once").code == 1


def test_suppressed_addresses_are_listed_and_lifted(arauto, data_dir):
    assert "No address" in arauto("inbound", "suppressed").err
    database = sqlite3.connect(next(data_dir.glob("*.db")))
    with database:
        database.execute(
            "INSERT INTO suppressed_address (address, since, status, words) VALUES (?, ?, ?, ?)",
            ("ana@corp.example", "2026-01-31 08:00:00.000000", "5.1.1", "No such \x1b[31m user"),
        )
    database.close()
    [item] = arauto("inbound", "suppressed", "--json").json["items"]
    assert (item["address"], item["status"], item["message"]) == ("ana@corp.example", "5.1.1", None)
    shown = arauto("inbound", "suppressed").out
    assert ("2026-01-31T08:00:00Z  ana@corp.example  5.1.1" in shown, "\x1b" in shown) == (True, False)
    assert arauto("inbound", "lift", "ana@CORP.example").out == "Mail is sent to ana@CORP.example again.\n"
    refused = arauto("inbound", "lift", "ana@corp.example")
    assert (refused.code, "is not suppressed" in refused.err) == (1, True)


@pytest.mark.parametrize("up", [True, False])
def test_the_self_check_tells_how_mailboxes_do(configured, up):
    arauto = configured(port=0 if up else free_port())
    assert "ok     inbox account Replies: It was not checked yet." in arauto("check").out
    arauto("poll", "--once")
    told = (
        "ok     inbox account Replies: Its last" if up else "wrong  inbox account Replies: It cannot be read: No conn"
    )
    assert told in arauto("check").out
