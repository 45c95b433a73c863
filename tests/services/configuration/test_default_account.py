"""Exactly one enabled account is the default as soon as one is enabled, whoever changes what at the same time."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.factories import make_account
from webapp.extensions import db
from webapp.models import SmtpAccount
from webapp.services import configuration


def account(name: str, fields: str = "") -> str:
    return f"  - {{name: {name}, sender_email: a@corp.example, host: mail, port: 25{fields and f', {fields}'}}}\n"


def accounts(*entries: str) -> str:
    return "smtp_accounts:\n" + "".join(entries)


def defaults() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(SmtpAccount.name).where(SmtpAccount.is_default)))


def test_the_first_enabled_account_becomes_it_by_itself(ctx):
    text = accounts(account("A", "enabled: false"), account("B", "default: false"), account("C"))
    configuration.apply(text)
    assert defaults() == ["B"]
    assert configuration.apply(text) == []


def test_the_first_by_its_place_in_the_file_also_when_it_falls_back_on_another(ctx):
    configuration.apply(accounts(account("A", "fallback: B"), account("B")))
    assert defaults() == ["A"]


def test_without_an_enabled_account_there_is_none(ctx):
    configuration.apply(accounts(account("A", "enabled: false")))
    assert defaults() == []
    configuration.apply(accounts("  - {name: A, enabled: true}\n"))
    assert defaults() == ["A"]


def test_one_default_moves_it_from_the_old_account(any_ctx):
    configuration.apply(accounts(account("A"), account("B")))
    changes = configuration.apply(accounts("  - {name: B, default: true}\n"))
    assert defaults() == ["B"]
    assert {(change.name, change.fields["default"]) for change in changes} == {
        ("A", (True, False)),
        ("B", (False, True)),
    }


def test_it_moves_back_and_forth(any_ctx):
    configuration.apply(accounts(account("A"), account("B")))
    for name in ("B", "A", "B"):
        configuration.apply(accounts(f"  - {{name: {name}, default: true}}\n"))
        assert defaults() == [name]


def test_it_moves_to_a_new_account_while_the_old_one_is_disabled(any_ctx):
    configuration.apply(accounts(account("A")))
    configuration.apply(accounts("  - {name: A, enabled: false}\n", account("B", "default: true")))
    assert defaults() == ["B"]


def test_it_moves_while_the_old_one_is_removed(any_ctx):
    configuration.apply(accounts(account("A")))
    configuration.apply(accounts(account("B", "default: true")), prune=True)
    assert list(db.session.scalars(select(SmtpAccount.name))) == defaults() == ["B"]


def test_two_defaults_are_refused_at_both(ctx, refusals):
    found = refusals(accounts(account("A", "default: true"), account("B"), account("C", "default: true")))
    assert set(found) == {"smtp_accounts[0].default", "smtp_accounts[2].default"}


def test_a_wrong_value_is_told_as_such(ctx, refusals):
    assert "true or false" in refusals(accounts(account("A", "default: 'yes'")))["smtp_accounts[0].default"]


def test_to_disable_it_another_must_be_named(ctx, refusals):
    configuration.apply(accounts(account("A"), account("B"), account("C")))
    words = refusals(accounts("  - {name: A, enabled: false}\n"))["smtp_accounts[0].enabled"]
    assert words == "A is the default account. Make another one the default in the same change: B, C."
    assert defaults() == ["A"]


def test_to_remove_it_another_must_be_named(ctx, refusals):
    configuration.apply(accounts(account("A"), account("B")))
    assert "A is the default" in refusals(accounts(account("B")), prune=True)["smtp_accounts"]
    assert defaults() == ["A"]


def test_the_last_enabled_account_may_be_disabled(ctx):
    configuration.apply(accounts(account("A"), account("B", "enabled: false")))
    configuration.apply(accounts("  - {name: A, enabled: false}\n"))
    assert defaults() == []


def test_the_database_holds_it_too(any_ctx):
    make_account("A")
    with pytest.raises(IntegrityError):
        make_account("B")
    with pytest.raises(IntegrityError):
        make_account("C", is_default=False, port=0)
    with pytest.raises(IntegrityError):
        make_account("D", is_default=True, enabled=False)
    assert defaults() == ["A"]


def test_simultaneous_changes_leave_one(any_app):
    names = [f"A{number}" for number in range(6)]
    with any_app.app_context():
        configuration.apply(accounts(account("Old")))
    ready, errors = threading.Barrier(len(names)), []

    def claim(name: str) -> None:
        try:
            with any_app.app_context():
                ready.wait(10)
                configuration.apply(accounts(account(name, "default: true")))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=claim, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with any_app.app_context():
        assert errors == []
        assert len(defaults()) == 1
        assert defaults() != ["Old"]
        assert len(list(db.session.scalars(select(SmtpAccount.id)))) == 7
