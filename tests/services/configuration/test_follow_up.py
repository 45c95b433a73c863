"""What a change means for mail that waits."""

from __future__ import annotations

from sqlalchemy import select

from tests.factories import make_messages
from webapp import clock
from webapp.extensions import db
from webapp.models import AccountHealth, Message, SmtpAccount
from webapp.services import configuration
from webapp.services.unit import write


def number(name: str) -> int:
    return db.session.scalar(select(SmtpAccount.id).where(SmtpAccount.name == name))


def in_trouble(*names: str) -> None:
    with write() as session:
        session.add_all(AccountHealth(account_id=number(name), failures=3, retry_at=clock.now()) for name in names)


def troubled() -> set[int]:
    return set(db.session.scalars(select(AccountHealth.account_id)))


def accounts_of(messages: list[int]) -> set[int | None]:
    db.session.expire_all()
    return set(db.session.scalars(select(Message.account_id).where(Message.id.in_(messages))))


def test_mail_accepted_without_an_account_leaves_by_the_first_one(any_ctx, full):
    waiting = make_messages(3)
    assert accounts_of(waiting) == {None}
    configuration.apply(full)
    assert accounts_of(waiting) == {number("Relay")}


def test_mail_of_a_removed_account_leaves_by_the_default(any_ctx, full):
    configuration.apply(full)
    waiting = make_messages(2, account_id=number("Second"))
    configuration.apply(
        "notifications: [{name: Vault watch, account: null}]\nsmtp_accounts: [{name: Relay, fallback: null}]"
    )
    configuration.remove("smtp_accounts", number("Second"))
    assert accounts_of(waiting) == {number("Relay")}


def test_a_changed_account_is_tried_at_once(ctx, full):
    configuration.apply(full)
    in_trouble("Relay", "Second")
    configuration.apply("smtp_accounts: [{name: Second, port: 26}]")
    assert troubled() == {number("Relay")}


def test_a_changed_credential_means_its_accounts(ctx, full):
    configuration.apply(full)
    in_trouble("Relay", "Second")
    configuration.apply("credentials: [{name: relay, username: app, secret: {value: right}}]")
    assert troubled() == {number("Second")}


def test_no_change_leaves_the_circuit_alone(ctx, full):
    configuration.apply(full)
    in_trouble("Relay")
    configuration.apply(full)
    assert troubled() == {number("Relay")}
