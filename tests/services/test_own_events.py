"""What happens to Arauto's own things is told: once for each fact, in each reader's language, and never in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select

from tests import factories
from tests.peers import wait_until
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.services.sender.conftest import sending
from webapp import clock
from webapp.extensions import db
from webapp.mail import show
from webapp.models import AccountHealth, Content, Event, InboxProgress, JobRun, Message
from webapp.models.catalogue import BUILT_IN
from webapp.services import (
    actor,
    configuration,
    leases,
    monitoring,
    own_words,
    passwords,
    people,
    sessions,
    sign_in,
)
from webapp.services.actor import Actor
from webapp.services.own_words import Case
from webapp.services.unit import write

PASSWORD = "correct horse battery"
ANA = Actor("user", "Ana", "10.0.0.7")
CASES = [case for case in vars(own_words).values() if isinstance(case, Case)]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def events() -> list[Event]:
    """All events, oldest first."""
    return list(db.session.scalars(select(Event).order_by(Event.id)))


def told() -> list[tuple[str, str]]:
    return [(event.type, event.title) for event in events()]


def later(monkeypatch: pytest.MonkeyPatch, length: timedelta) -> None:
    """Move the clock."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + length)


# --- credentials ---


@pytest.mark.usefixtures("any_ctx")
def test_one_event_for_each_fact_about_a_credential() -> None:
    actor.act_as(ANA)
    configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": "a"}})
    configuration.save("credentials", {"secret": {"value": "b"}}, 1)
    configuration.save("credentials", {"secret": {"value": "b"}}, 1)
    configuration.save("credentials", {"name": "smarthost"}, 1)
    configuration.save("credentials", {"username": "svc", "secret": {"value": "c"}}, 1)
    configuration.remove("credentials", 1)
    assert told() == [
        ("credential.created", "The credential relay was created"),
        ("password.changed", "The password of the credential relay was changed"),
        ("credential.changed", "The credential smarthost was changed"),
        ("credential.changed", "The credential smarthost was changed"),
        ("password.changed", "The password of the credential smarthost was changed"),
        ("credential.deleted", "The credential smarthost was deleted"),
    ]
    created = events()[0]
    assert (created.source, created.severity) == ("arauto", "info")
    assert created.attributes == {"credential": "relay", "username": "app", "by": "Ana", "address": "10.0.0.7"}
    assert created.body.startswith("By: Ana, from 10.0.0.7. User name: app.")
    assert "Changed: User name." in events()[3].body


@pytest.mark.usefixtures("ctx")
def test_a_file_tells_its_credentials_and_nothing_else_by_the_rules_before_it() -> None:
    file = """
credentials: [{name: relay, username: app, secret: {value: hunter2-canary}}]
contacts: [{name: Ana, email: ana@corp.example}]
notifications: [{name: Watch, types: ['*'], contacts: [Ana]}]
"""
    configuration.apply(file)
    assert told() == [("credential.created", "The credential relay was created")]
    assert db.session.scalars(select(Message)).all() == [], "nobody was to be told of it yet"
    configuration.apply(file.replace("hunter2", "hunter3"), dry_run=True)
    configuration.apply(file)
    assert len(told()) == 1
    assert "canary" not in str([vars(event) for event in events()])


@pytest.mark.usefixtures("ctx")
def test_whoever_takes_the_rule_away_together_with_the_credential_is_told_of() -> None:
    configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": "a"}})
    factories.make_notification(contacts=[factories.make_contact()], types=["credential.*"])
    configuration.apply("parameters: {}", prune=True)
    assert told()[-1][0] == "credential.deleted"
    [message] = db.session.scalars(select(Message)).all()
    assert message.recipient == "ana@corp.example"


# --- users ---


@pytest.mark.usefixtures("any_ctx")
def test_a_changed_password_of_a_user() -> None:
    bob = people.create("bob", PASSWORD)
    actor.act_as(Actor("command", "root", "vm"))
    people.set_password(bob, "another horse battery")
    [event] = events()
    assert (event.type, event.title) == ("password.changed", "The password of bob was changed")
    assert event.attributes == {"user": "bob", "by": "root", "address": "vm"}
    assert "By: root, on the command line of vm." in event.body


@pytest.mark.usefixtures("any_ctx")
def test_failed_sign_ins_are_told_once_a_quarter_for_a_name_and_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    people.create("bob", PASSWORD)

    def guess(name: str, address: str) -> None:
        with pytest.raises(sign_in.SignInRefused):
            sign_in.check(name, "wrong", address)

    for name, address in [("bob", "10.0.0.7"), ("bob", "10.0.0.7"), ("bob", "10.0.0.8"), ("my passphrase", "10.0.0.7")]:
        guess(name, address)
    failed = ("access.login_failed", "A sign-in as bob failed")
    assert told() == [failed, failed, ("access.login_failed", "A sign-in with a name that no user has failed")]
    assert [event.attributes["address"] for event in events()] == ["10.0.0.7", "10.0.0.8", "10.0.0.7"]
    assert "passphrase" not in str([vars(event) for event in events()])
    later(monkeypatch, timedelta(minutes=16))
    guess("bob", "10.0.0.7")
    assert len(told()) == 4


@pytest.mark.usefixtures("ctx")
def test_a_flood_of_failed_sign_ins_is_no_flood_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.services.own_events.MOST_FAILURES", 3)
    for number in range(6):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.check("admin", "wrong", f"10.0.0.{number}")
    assert len(told()) == 3


SIGN_INS = [
    (["10.0.0.7"], 0),
    (["10.0.0.7", "10.0.0.7"], 0),
    (["10.0.0.7", "10.0.0.8", "10.0.0.8", "10.0.0.7"], 1),
    (["2001:db8::1", "2001:db8::abcd:2"], 0),
    (["2001:db8::1", "2001:db8:0:1::1"], 1),
    (["", "unix:"], 1),
]


@pytest.mark.usefixtures("any_ctx")
@pytest.mark.parametrize(("addresses", "unusual"), SIGN_INS)
def test_a_sign_in_from_an_address_never_seen_for_this_user(addresses: list[str], unusual: int) -> None:
    bob, eve = people.create("bob", PASSWORD), people.create("eve", PASSWORD)
    sessions.start(eve, "10.9.9.9")
    for address in addresses:
        sessions.start(bob, address)
    assert told() == [("access.unusual", "bob signed in from a new address")] * unusual


# --- accounts and jobs ---


@pytest.fixture
def down(any_ctx: Flask) -> Iterator[int]:
    """The default account, in trouble since five minutes."""
    number = factories.make_account()
    with write() as session:
        since = clock.now() - timedelta(minutes=5)
        session.add(
            AccountHealth(account_id=number, failures=3, since=since, kind="auth", stage="auth", code=535, words="no")
        )
    return number


def change(number: int, **values: Any) -> None:
    with write() as session:
        health = session.get_one(AccountHealth, number)
        for name, value in values.items():
            setattr(health, name, value)


def test_an_account_that_is_down_is_told_once_an_outage(down: int, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.make_notification(contacts=[factories.make_contact()])
    assert [monitoring.tell_troubles() for _ in range(3)] == [1, 0, 0]
    assert told() == [("monitoring.account_down", "The SMTP account Relay cannot send")]
    [event] = events()
    assert event.attributes == {"account": "Relay", "host": "127.0.0.1", "port": 2525}
    assert "Server: 127.0.0.1, port 2525: 535 no." in event.body
    assert "Check the user name and the secret of the account's credential" in event.body
    later(monkeypatch, timedelta(days=2))
    assert monitoring.tell_troubles() == 0, "nor after the day in which a key is the same event"
    assert len(db.session.scalars(select(Message)).all()) == 1


def test_another_outage_is_told_again(down: int) -> None:
    assert monitoring.tell_troubles() == 1
    configuration.save("smtp_accounts", {"port": 2526}, down)
    assert db.session.get(AccountHealth, down) is None
    with write() as session:
        since = clock.now() - timedelta(minutes=5)
        session.add(AccountHealth(account_id=down, failures=1, since=since, kind="unreachable", words="gone"))
    assert monitoring.tell_troubles() == 1
    assert "port 2526: gone." in events()[-1].body


@pytest.mark.usefixtures("any_ctx")
def test_an_inbox_account_that_cannot_be_read_is_told_once_an_outage() -> None:
    configuration.apply("""
credentials: [{name: box, username: app, secret: {value: a}}]
inbox_accounts: [{name: Replies, host: 127.0.0.1, port: 1143, credential: box}]
""")
    number = configuration.number_of("inbox_accounts", {"name": "Replies"})

    def fails(ago: timedelta) -> None:
        with write() as session:
            row = session.get(InboxProgress, number) or InboxProgress(account_id=number)
            row.failures, row.since, row.kind, row.words = 1, clock.now() - ago, "folder", "no such folder"
            session.add(row)

    for ago, more in [(timedelta(minutes=1), 0), (timedelta(minutes=5), 1), (timedelta(minutes=5), 0)]:
        fails(ago)
        assert monitoring.tell_troubles() == more
    assert told()[-1] == ("monitoring.account_down", "The inbox account Replies cannot be read")
    assert "port 1143: no such folder." in events()[-1].body


@pytest.mark.parametrize("values", [{"failures": 0}, {"since": None}], ids=["well", "unknown"])
def test_what_is_no_trouble_is_not_told(down: int, values: dict[str, Any]) -> None:
    change(down, **values)
    assert monitoring.tell_troubles() == 0


def test_a_short_outage_is_not_told(down: int) -> None:
    change(down, since=clock.now() - timedelta(minutes=1))
    assert monitoring.tell_troubles() == 0


def test_a_disabled_account_is_not_told(down: int) -> None:
    configuration.apply("smtp_accounts: [{name: Other, sender_email: b@corp.example, host: h, default: true}]")
    configuration.save("smtp_accounts", {"enabled": False}, down)
    assert monitoring.tell_troubles() == 0


HOUR_AGO = timedelta(hours=1)
RUNS = [
    ({"error": "OSError: full", "finished": True}, False, ["It has not come to a good end since", "OSError: full."]),
    ({"finished": False}, True, ["It has been running since", "7 on vm"]),
    ({"finished": False}, False, []),
    ({"finished": True}, False, []),
]


@pytest.mark.usefixtures("any_ctx")
@pytest.mark.parametrize(("run", "held", "words"), RUNS, ids=["fails", "hangs", "its process died", "well"])
def test_a_job_that_fails_or_hangs_is_late(
    run: dict[str, Any], held: bool, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = clock.now() - HOUR_AGO
    values = {"finished_at": started if run["finished"] else None, "error": run.get("error", "")}
    with write() as session:
        session.add(JobRun(name="free_claims", started_at=started, node="7 on vm", **values))
        if held:
            leases.acquire(session.connection(), leases.of_job("free_claims"), 7)
    monitoring.tell_troubles()
    monitoring.tell_troubles()
    assert told() == [("monitoring.job_late", "The job free_claims is late")] * bool(words)
    assert all(each in events()[0].body for each in words)


# --- words ---


@pytest.mark.usefixtures("ctx")
def test_the_event_is_in_the_house_s_language_and_each_message_in_its_reader_s() -> None:
    configuration.save("parameters", {"language": "es"}, "parameters")
    readers = [factories.make_contact(locale, locale=locale) for locale in ("en", "pt-BR", "es")]
    factories.make_notification(contacts=readers)
    configuration.save("credentials", {"name": "relay", "username": "app", "secret": {"value": "a"}})
    [event] = events()
    said = {}
    for locale in ("en", "pt-BR", "es"):
        with force_locale(locale.replace("-", "_")):
            said[locale] = gettext(own_words.CREDENTIAL_CREATED.title) % {"credential": "relay"}
    assert len(set(said.values())) == 3
    assert event.title == said["es"]
    for locale, words in said.items():
        content = db.session.scalars(select(Content).join(Message).where(Message.recipient_name == locale)).one()
        assert words in content.subject
        assert words in content.text
        assert ("User name" in content.text) == (locale == "en")


@pytest.mark.usefixtures("ctx")
def test_every_case_has_a_type_of_the_catalogue_and_says_what_to_do() -> None:
    assert {case.type for case in CASES} <= set(BUILT_IN)
    assert all("\n\n" in case.body for case in CASES)


# --- the whole way ---


def test_a_fresh_instance_tells_somebody_of_a_changed_password_with_no_outside_system(ctx: Flask) -> None:
    with AiosmtpdServer() as server, sending(ctx):
        configuration.apply(f"""
smtp_accounts: [{{name: Relay, sender_email: arauto@corp.example, host: 127.0.0.1, port: {server.port}}}]
contacts: [{{name: Bia, email: bia@corp.example, locale: pt-BR, timezone: America/Sao_Paulo}}]
notifications: [{{name: Passwords, types: [password.changed], contacts: [Bia]}}]
""")
        bob = people.create("bob", PASSWORD)
        actor.act_as(ANA)
        people.set_password(bob, "another horse battery")
        wait_until(lambda: server.mails, "the mail about it")
    [mail] = server.mails
    assert mail.recipients == ("bia@corp.example",)
    read = show.show(mail.data)
    assert "A senha de bob foi alterada" in read.subject
    assert "A senha de bob foi alterada" in (read.text or "")
    assert "Ana, de 10.0.0.7" in (read.text or "")
