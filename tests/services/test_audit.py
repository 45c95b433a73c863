"""The audit log: who did what to what, before and after, kept for ever; secrets only as fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

from tests import factories
from webapp.extensions import db
from webapp.models import AuditEntry, SandboxMail, User
from webapp.services import (
    actor,
    audit,
    configuration,
    outbox,
    people,
    sessions,
    sign_in,
    tokens,
    vault,
)
from webapp.services.actor import Actor
from webapp.services.sandbox import mailbox
from webapp.services.sandbox.server import SandboxServer
from webapp.services.unit import write

PASSWORD = "correct horse battery"
ACCOUNT = {"name": "Relay", "sender_email": "one@corp.example", "host": "mail.corp.example"}


def entries() -> list[AuditEntry]:
    """The log, oldest first."""
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def last() -> AuditEntry:
    return entries()[-1]


def told(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.action, entry.noun, entry.name


# --- what is in an entry ---


@pytest.mark.usefixtures("any_ctx")
def test_an_entry_says_who_did_what_to_what_from_where() -> None:
    actor.act_as(Actor("user", "Ana", "10.0.0.7"))
    configuration.save("smtp_accounts", ACCOUNT)
    created = last()
    assert (created.actor_kind, created.actor, created.address) == ("user", "Ana", "10.0.0.7")
    assert told(created) == ("created", "smtp_accounts", "Relay")
    assert created.changes["sender_email"] == [None, "one@corp.example"]

    configuration.save("smtp_accounts", {"name": "Second", "sender_email": "two@corp.example"}, created.number)
    changed = last()
    assert (told(changed), changed.number) == (("changed", "smtp_accounts", "Second"), created.number)
    assert changed.changes == {
        "name": ["Relay", "Second"],
        "sender_email": ["one@corp.example", "two@corp.example"],
    }

    configuration.remove("smtp_accounts", created.number)
    assert told(last()) == ("removed", "smtp_accounts", "Second")
    assert last().changes["host"] == ["mail.corp.example", None]


@pytest.mark.usefixtures("ctx")
def test_where_nobody_acts_it_is_arauto_itself() -> None:
    configuration.save("contacts", {"name": "Ana"})
    assert (last().actor_kind, last().actor) == ("arauto", "Arauto")


@pytest.mark.usefixtures("ctx")
def test_what_was_refused_or_changed_nothing_is_not_in_it() -> None:
    configuration.apply("contacts: [{name: Ana}]")
    before = len(entries())
    configuration.apply("contacts: [{name: Ana}]")
    configuration.apply("contacts: [{name: Bea}]", dry_run=True)
    with pytest.raises(Exception, match="zone"):
        configuration.save("contacts", {"name": "Cleo", "timezone": "nowhere"})
    assert len(entries()) == before


@pytest.mark.usefixtures("ctx")
def test_no_longer_verifying_a_certificate_is_in_it() -> None:
    configuration.save("smtp_accounts", ACCOUNT)
    pin = "ab" * 32
    configuration.save("smtp_accounts", {"ignore_certificate_errors": True, "pinned_certificate": pin}, last().number)
    assert last().changes == {"ignore_certificate_errors": [False, True], "pinned_certificate": [None, pin]}


@pytest.mark.usefixtures("any_ctx")
def test_a_file_with_a_thousand_contacts_is_a_thousand_entries_by_few_statements() -> None:
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    configuration.apply("contacts:\n" + "".join(f"  - {{name: C{number}}}\n" for number in range(1000)))
    assert len(entries()) == 1000
    assert len([statement for statement in statements if statement.startswith("INSERT INTO audit_entry")]) < 10


# --- every deed ---


def cancelled() -> None:
    outbox.cancel(factories.make_messages()[0])


def resent() -> None:
    [number] = factories.make_messages()
    outbox.cancel(number)
    outbox.resend(number)


def sandbox_emptied() -> None:
    with write() as session:
        session.add(SandboxMail(sender="a", recipients=[], raw=b""))
    mailbox.empty(10)


def sandbox_removed() -> None:
    with write() as session:
        session.add(SandboxMail(sender="a", recipients=[], subject="caught", raw=b""))
    mailbox.remove(1)


def wrong_password() -> None:
    people.create("Ana", PASSWORD)
    with pytest.raises(sign_in.SignInRefused):
        sign_in.check("Ana", "wrong", "10.0.0.7")


def signed_in_and_out() -> None:
    sessions.end(sessions.start(people.create("Ana", PASSWORD), "10.0.0.7"))


def revoked() -> None:
    tokens.create("backup")
    tokens.change(1, {"enabled": False})


DEEDS: list[tuple[Callable[[], Any], list[tuple[str, str, str]]]] = [
    (lambda: people.create("Ana", PASSWORD), [("created", "users", "Ana")]),
    (wrong_password, [("created", "users", "Ana"), ("refused", "users", "Ana")]),
    (
        signed_in_and_out,
        [("created", "users", "Ana"), ("signed_in", "users", "Ana"), ("signed_out", "users", "Ana")],
    ),
    (revoked, [("created", "tokens", "backup"), ("changed", "tokens", "backup")]),
    (cancelled, [("cancelled", "messages", "p0@corp.example")]),
    (resent, [("cancelled", "messages", "p0@corp.example"), ("resent", "messages", "p0@corp.example")]),
    (sandbox_emptied, [("emptied", "sandbox", "")]),
    (sandbox_removed, [("removed", "sandbox", "caught")]),
]


@pytest.mark.usefixtures("any_ctx")
@pytest.mark.parametrize(("deed", "entered"), DEEDS, ids=["_".join(told[-1][:2]) for _, told in DEEDS])
def test_a_deed_is_in_it(deed: Callable[[], Any], entered: list[tuple[str, str, str]]) -> None:
    deed()
    assert [told(entry) for entry in entries()] == entered


@pytest.mark.usefixtures("ctx")
def test_changes_of_a_user() -> None:
    number = people.create("Ana", PASSWORD, "operator")
    assert last().changes["role"] == [None, "operator"]
    people.set_password(number, "another horse battery")
    before, after = last().changes["password"]
    assert before != after
    people.change(number, {"enabled": False})
    assert last().changes == {"enabled": [True, False]}
    people.prefer(number, theme="dark", locale="")
    assert last().changes == {"theme": ["auto", "dark"]}
    before_it = len(entries())
    people.prefer(number, theme="dark")
    people.change(number, {"enabled": False})
    assert len(entries()) == before_it


@pytest.mark.usefixtures("ctx")
def test_a_session_in_the_place_of_another_is_no_sign_in() -> None:
    sessions.start(people.create("Ana", PASSWORD), "", again=True)
    assert [entry.action for entry in entries()] == ["created"]


@pytest.mark.usefixtures("ctx")
def test_a_name_that_no_user_has_is_not_kept() -> None:
    with pytest.raises(sign_in.SignInRefused):
        sign_in.check("my secret passphrase", "x", "10.0.0.7")
    assert told(last()) == ("refused", "users", "")
    assert "passphrase" not in str(vars(last()))


def test_the_accounts_of_the_sandbox_are_made_by_arauto(ctx: Flask) -> None:
    server = SandboxServer(ctx)
    server.ensure()
    try:
        made = entries()[-3:]
    finally:
        server.stop()
    assert [told(entry) for entry in made] == [
        ("created", noun, "Sandbox") for noun in ("smtp_accounts", "credentials", "inbox_accounts")
    ]
    assert {entry.actor_kind for entry in made} == {"arauto"}
    assert [entry.changes.get("host") for entry in made] == [[None, "127.0.0.1"], None, [None, "127.0.0.1"]]
    assert made[1].changes["secret"][0] is None


# --- secrets ---

SECRET = "hunter2-canary"


@pytest.mark.usefixtures("ctx")
def test_of_a_secret_only_whether_it_changed() -> None:
    configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": SECRET}})
    number = last().number
    [nothing, first] = last().changes["secret"]
    assert nothing is None
    configuration.save("credentials", {"secret": {"value": "another"}}, number)
    assert last().changes["secret"][0] == first
    configuration.save("credentials", {"secret": {"value": SECRET}}, number)
    assert last().changes["secret"][1] == first
    assert SECRET not in str([entry.changes for entry in entries()])


@pytest.mark.usefixtures("ctx")
def test_a_fingerprint_is_short_keyed_and_bound_to_its_place(ctx: Flask) -> None:
    made = vault.fingerprint(SECRET, "here")
    assert len(made) == 8
    assert made == vault.fingerprint(SECRET, "here")
    assert made != vault.fingerprint(SECRET, "there")
    ctx.config["ARAUTO_MASTER_KEY"] = "another"
    assert made != vault.fingerprint(SECRET, "here")


@pytest.mark.usefixtures("ctx")
def test_a_secret_that_does_not_open_is_replaced_without_a_fingerprint_of_the_old_one(ctx: Flask) -> None:
    configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": SECRET}})
    ctx.config["ARAUTO_MASTER_KEY"] = "another"
    configuration.save("credentials", {"secret": {"value": SECRET}}, last().number)
    assert last().changes["secret"][0] is None


# --- kept for ever ---


FORBIDDEN = {
    "sqlite": ["INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry"],
    "postgresql": ["TRUNCATE audit_entry"],
}


@pytest.mark.usefixtures("any_ctx")
def test_the_database_refuses_to_change_it() -> None:
    tokens.create("backup")
    statements = ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry"]
    for statement in [*statements, *FORBIDDEN[db.engine.dialect.name]]:
        with pytest.raises(DBAPIError, match="append-only"), write() as session:
            session.execute(text(statement))
    assert told(last()) == ("created", "tokens", "backup")


@pytest.mark.usefixtures("any_ctx")
def test_it_outlives_what_it_tells_of() -> None:
    number = people.create("Ana", PASSWORD)
    with write() as session:
        session.delete(session.get_one(User, number))
    assert told(last()) == ("created", "users", "Ana")


@pytest.mark.usefixtures("ctx")
def test_what_is_undone_was_never_in_it() -> None:
    def undone() -> None:
        with write() as session:
            audit.record(session, audit.Deed("created", "contacts", "Ana"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert entries() == []
