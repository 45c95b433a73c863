"""Signing in: who may, and how guessing is slowed down, for all processes that share the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from flask import current_app
from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import ArautoError
from webapp.extensions import db
from webapp.models import SignInFailure, User
from webapp.services import audit, first_password, own_events, passwords
from webapp.services.fields import LONGEST_NAME, normal_name
from webapp.services.unit import write

SIGN_IN_LOCK = 7_206_003
WINDOW = timedelta(minutes=15)
# A name from one address, and all names from one address (somebody tries a few passwords with many names).
FAILURES_PER_NAME = 5
FAILURES_PER_ADDRESS = 50


class SignInRefused(ArautoError):
    """The user name or the password is wrong, or the user is disabled: which of them is not said."""


class TooManyFailures(ArautoError):
    """Guessing is slowed down. `minutes` until the next try is looked at."""

    def __init__(self, minutes: int):
        self.minutes = minutes
        super().__init__(f"Too many failed sign-ins. Wait {minutes} minutes.")


def check(name: str, password: str, address: str) -> int:
    """The id of the user whom `name` and `password` belong to. Raises SignInRefused, TooManyFailures.

    A failure is noted before the password is looked at and taken back when it was right, so that many tries at once
    do not all slip through. No transaction is open while the password is checked, which takes a tenth of a second.
    """
    name = normal_name(name.replace("\0", ""))[:LONGEST_NAME]
    failure = _note_failure(name.casefold(), address)
    user = db.session.execute(select(User.id, User.enabled, User.password_hash).where(User.name == name)).one_or_none()
    db.session.rollback()
    right = passwords.matches(password, user.password_hash if user else None)
    if user is None or not (right and user.enabled):
        _note_refusal(user.id if user else None, name if user else "", address)
        raise SignInRefused("The user name or the password is wrong.")
    outdated = passwords.is_outdated(user.password_hash)
    stored = passwords.digest(password) if outdated else ""
    with write() as session:
        session.execute(delete(SignInFailure).where(_same(name.casefold(), address) | (SignInFailure.id == failure)))
        if outdated:
            session.get_one(User, user.id).password_hash = stored
    data_dir = current_app.config["ARAUTO_DATA_DIR"]
    if first_password.pending(data_dir) == password:
        first_password.forget(data_dir)
    return int(user.id)


def _note_failure(name: str, address: str) -> int:
    with write() as session:
        _take_turns(session)
        now = clock.now()
        wait = max(
            _wait(session, _same(name, address), FAILURES_PER_NAME, now),
            _wait(session, SignInFailure.address == address, FAILURES_PER_ADDRESS, now),
        )
        if wait:
            raise TooManyFailures(wait)
        failure = SignInFailure(name=name, address=address, at=now)
        session.add(failure)
        session.flush()
        return failure.id


def _note_refusal(user_id: int | None, name: str, address: str) -> None:
    """A name that no user has is not kept: people type their password into the wrong field."""
    with write() as session:
        audit.record(session, audit.Deed("refused", "users", name, user_id))
        own_events.sign_in_failed(session, name, address)


def _take_turns(session: Session) -> None:
    """On PostgreSQL tries at once would not see each other's failures (SQLite has one writer anyway)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SIGN_IN_LOCK})


def _wait(session: Session, which: ColumnElement[bool], most: int, now: datetime) -> int:
    """Minutes until fewer than `most` of these failures lie inside the window; 0 when that is so."""
    recent = select(SignInFailure.at).where(which, SignInFailure.at > now - WINDOW)
    nth_newest = session.scalar(recent.order_by(SignInFailure.at.desc()).offset(most - 1).limit(1))
    return 0 if nth_newest is None else max(1, ceil((nth_newest + WINDOW - now) / timedelta(minutes=1)))


def _same(name: str, address: str) -> ColumnElement[bool]:
    return (SignInFailure.name == name) & (SignInFailure.address == address)
