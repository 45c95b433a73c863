"""What the frame of every page asks, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from tests import factories
from webapp.extensions import db
from webapp.queries import dashboard, health
from webapp.services import passwords, people, sessions, sign_in


@pytest.mark.usefixtures("any_ctx")
def test_health_and_dashboard() -> None:
    factories.make_account()
    factories.make_messages(3)
    assert health.troubles(db.session()) == []
    summary = dashboard.summary(db.session())
    assert (summary.total, summary.under_way) == (3, True)
    assert summary.waiting_since is not None
    assert [step.name for step in dashboard.steps(db.session()) if step.done] == ["account"]


@pytest.mark.usefixtures("any_ctx")
def test_a_sign_in_lives_until_it_ends() -> None:
    number = people.create("Ana\u00e7", "correct horse battery", "operator")
    assert sign_in.check("Ana\u00e7", "correct horse battery", "") == number
    key = sessions.start(number, "")
    who = sessions.find(key)
    assert who is not None
    assert [who.may(role) for role in ("viewer", "operator", "admin")] == [True, True, False]
    sessions.end(key)
    assert sessions.find(key) is None


def test_twenty_guesses_at_once_are_not_twenty_looks(any_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, stored: bool(looks.append(password)))
    gate = threading.Barrier(20)

    def guess() -> None:
        with any_app.app_context():
            gate.wait()
            with pytest.raises((sign_in.SignInRefused, sign_in.TooManyFailures)):
                sign_in.check("nobody", "guess", "10.0.0.1")

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looks) == sign_in.FAILURES_PER_NAME
