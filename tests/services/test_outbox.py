"""The outbox: messages enter the queue, are cancelled, resent, given up."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.factories import make_account, make_contact, make_messages
from tests.probes import statements
from webapp import clock
from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.database.hot import Driver
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import AccountHealth, Content, Message, SmtpAccount, State, SuppressedAddress, TimelineEntry
from webapp.services import circuit, outbox, wake
from webapp.services.actor import Actor, act_as
from webapp.services.inbox import suppression
from webapp.services.outbox import NewMessage
from webapp.services.unit import write


def get(number: int) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, number, populate_existing=True)


def set_fields(number: int, **fields: Any) -> None:
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(**fields))


def timeline(number: int) -> list[tuple[str, dict[str, Any]]]:
    db.session.rollback()
    rows = db.session.scalars(select(TimelineEntry).where(TimelineEntry.message_id == number))
    return [(entry.kind, entry.detail) for entry in rows]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the senders were woken."""
    seen: list[str] = []
    monkeypatch.setattr(wake, "wake_all", lambda: seen.append("woken"))
    return seen


# --- entering ---


def test_a_message_is_due_at_once_by_the_default_account(any_ctx: Flask, woken: list[str]) -> None:
    account = make_account()
    make_account("Other", is_default=False)
    [number] = make_messages()
    message = get(number)
    assert (message.state, message.account_id, message.attempts) == ("queued", account, 0)
    assert message.next_attempt_at == message.created_at
    assert message.expires_at - message.created_at == timedelta(days=5)
    assert woken == ["woken"]


def test_without_an_account_it_waits_for_the_first_default(any_ctx: Flask, woken: list[str]) -> None:
    [number] = make_messages()
    assert get(number).account_id is None
    account = make_account()
    with write() as session:
        outbox.adopt(session, account)
    assert get(number).account_id == account
    assert len(woken) == 2


def test_adopting_leaves_alone_what_is_not_waiting(any_ctx: Flask) -> None:
    sent, by_sms = make_messages(channel="email")[0], make_messages(channel="sms")[0]
    set_fields(sent, state="sent")
    account = make_account()
    with write() as session:
        outbox.adopt(session, account)
    assert (get(sent).account_id, get(by_sms).account_id) == (None, None)


def test_every_message_has_a_message_id_of_its_own(any_ctx: Flask) -> None:
    ids = [get(number).message_id for number in make_messages(3)]
    assert len(set(ids)) == 3
    host = re.escape(any_ctx.config["ARAUTO_MAIL_HOST"])
    assert all(re.fullmatch(rf"<[0-9a-f]{{32}}@{host}>", found) for found in ids)


def test_the_same_words_are_stored_once(any_ctx: Flask) -> None:
    make_messages(5)
    make_messages(2, words=Words("Other", "Body", "<p>Body</p>"))
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Content)) == 2


def test_it_is_sent_when_asked(any_ctx: Flask) -> None:
    later = clock.now() + timedelta(days=2)
    [number] = make_messages(send_at=later)
    assert get(number).next_attempt_at == later
    assert get(number).expires_at == later + timedelta(days=5)
    [number] = make_messages(expires_at=later)
    assert get(number).expires_at == later


def test_nothing_leaves_by_a_channel_without_a_transport(any_ctx: Flask) -> None:
    make_account()
    message = get(make_messages(channel="sms", recipient="+5511999990000")[0])
    assert (message.state, message.reason) == ("suppressed", "no_transport")
    assert (message.next_attempt_at, message.account_id) == (None, None)


def bounced(address: str) -> None:
    with write() as session:
        session.add(SuppressedAddress(address=address))


def test_nothing_is_sent_to_an_address_that_bounced_until_it_is_lifted(any_ctx: Flask) -> None:
    make_account()
    bounced("p0@corp.example")
    stopped, sent = (get(number) for number in make_messages(2))
    assert (stopped.recipient, stopped.state, stopped.reason) == ("p0@corp.example", "suppressed", "bounced_before")
    assert (stopped.next_attempt_at, sent.state) == (None, "queued")
    assert suppression.lift("p0@CORP.example")
    assert get(make_messages(1)[0]).state == "queued"


def test_a_bounce_says_nothing_of_other_channels(any_ctx: Flask) -> None:
    bounced("+5511999990000")
    assert get(make_messages(channel="sms", recipient="+5511999990000")[0]).reason == "no_transport"


def test_one_look_tells_the_addresses_of_a_whole_batch(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bounced("p7@corp.example")
    looks: list[int] = []
    real = suppression.among

    def among(driver: Driver, addresses: Collection[str]) -> set[str]:
        looks.append(len(addresses))
        return real(driver, addresses)

    monkeypatch.setattr(suppression, "among", among)
    numbers = make_messages(300)
    assert looks == [300]
    assert [number for number in numbers if get(number).state == "suppressed"] == [numbers[7]]


def test_no_messages_wake_nobody(any_ctx: Flask, woken: list[str]) -> None:
    with write() as session:
        assert outbox.enqueue(session, []) == []
    assert woken == []


def test_a_thousand_messages_take_few_statements(any_ctx: Flask) -> None:
    make_account()
    words = Words("S", "B")
    with write() as session, statements() as seen:
        made = outbox.enqueue(session, [NewMessage("email", f"p{n}@corp.example", words) for n in range(300)])
    assert [message.recipient for message in made] == [f"p{n}@corp.example" for n in range(300)]
    assert len(seen) < 12


# --- cancelling ---


def test_a_queued_message_is_cancelled(any_ctx: Flask) -> None:
    [number] = make_messages()
    act_as(Actor("user", "ana"))
    assert outbox.cancel(number).state == "cancelled"
    message = get(number)
    assert (message.state, message.reason, message.next_attempt_at) == ("cancelled", "cancelled", None)
    assert timeline(number) == [("cancelled", {"by": "ana"})]


@pytest.mark.parametrize("state", [state for state in State if state is not State.QUEUED])
def test_no_other_message_is(any_ctx: Flask, state: State) -> None:
    [number] = make_messages()
    set_fields(number, state=state.value)
    with pytest.raises(Conflict, match=f"is {state.value}: only a queued"):
        outbox.cancel(number)
    assert get(number).state == state
    assert timeline(number) == []


def test_a_message_that_left_the_queue_meanwhile_is_named_as_it_is(
    any_ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    [number] = make_messages()
    real = outbox.get

    def claimed_after_reading(session: Any, message_id: int) -> Message:
        message = real(session, message_id)
        session.connection().execute(update(Message).where(Message.id == message_id).values(state="sending"))
        return message

    monkeypatch.setattr(outbox, "get", claimed_after_reading)
    with pytest.raises(Conflict, match="is sending"):
        outbox.cancel(number)


@pytest.mark.parametrize("verb", [outbox.cancel, outbox.resend])
def test_a_message_that_never_was(any_ctx: Flask, verb: Any) -> None:
    with pytest.raises(NotFound, match="no message 99"):
        verb(99)


# --- sending again ---


def test_resending_makes_a_new_message_with_the_same_words(any_ctx: Flask, woken: list[str]) -> None:
    account = make_account()
    kept = {
        "recipient_name": "Ana",
        "contact_id": make_contact(),
        "event_type": "backup.failed",
        "notification": "All",
        "reply_to": "r@corp.example",
        "return_path": "b@corp.example",
        "confirmation_to": "c@corp.example",
        "priority": 2,
        "at_most_once": True,
    }
    [number] = make_messages(words=Words("S", "B", "<p>B</p>"), account_id=account, **kept)
    set_fields(number, state="failed", attempts=9, last_words="550 no")
    woken.clear()
    act_as(Actor("user", "ana"))
    again = get(outbox.resend(number).id)
    old = get(number)
    assert (again.resent_from, again.state, again.attempts, again.last_words) == (number, "queued", 0, "")
    assert again.message_id != old.message_id
    assert {name: getattr(again, name) for name in kept} == kept
    content = db.session.get_one(Content, again.content_id)
    assert (content.subject, content.text, content.html) == ("S", "B", "<p>B</p>")
    assert old.state == "failed"
    assert timeline(number) == [("resent", {"by": "ana", "as": again.id})]
    assert woken == ["woken"]


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_a_message_under_way_is_not_resent(any_ctx: Flask, state: str) -> None:
    [number] = make_messages()
    set_fields(number, state=state)
    with pytest.raises(Conflict, match=f"still {state}"):
        outbox.resend(number)


def test_a_resent_message_avoids_a_disabled_account(any_ctx: Flask) -> None:
    default, other = make_account(), make_account("Other", is_default=False)
    [number] = make_messages(account_id=other)
    set_fields(number, state="failed")
    with write() as session:
        session.get_one(SmtpAccount, other).enabled = False
    assert get(outbox.resend(number).id).account_id == default


# --- giving up ---


def test_messages_past_their_time_end_as_expired(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "EXPIRE_BATCH", 2)
    over = make_messages(5, expires_at=clock.now() - timedelta(seconds=1))
    [fresh] = make_messages(expires_at=clock.now() + timedelta(hours=1))
    [under_way] = make_messages(expires_at=clock.now() - timedelta(seconds=1))
    set_fields(under_way, state="sending")
    assert outbox.expire() == 5
    for number in over:
        assert (get(number).state, get(number).reason, get(number).next_attempt_at) == ("failed", "expired", None)
        assert timeline(number) == [("expired", {})]
    assert (get(fresh).state, get(under_way).state) == ("queued", "sending")
    assert outbox.expire() == 0


def test_changed_settings_are_tried_at_once(any_ctx: Flask, woken: list[str]) -> None:
    account = make_account()
    trouble = AccountTrouble(TroubleKind.AUTH, Stage.AUTH, "wrong password")
    with write() as session:
        circuit.opened(session.connection(), account, trouble, clock.now(), probing=False)
    with write() as session:
        outbox.retry_account(session, account)
    assert db.session.get(AccountHealth, account) is None
    assert woken == ["woken"]
