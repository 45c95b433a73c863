"""Upkeep: one run of a job at a time, with its outcome noted; what is of no more use goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.factories import make_account, make_contact, make_messages
from tests.probes import together
from webapp import clock
from webapp.database import lease_now
from webapp.extensions import db
from webapp.models import (
    ApiToken,
    IdempotencyRecord,
    JobRun,
    Lease,
    Message,
    Rulebook,
    SandboxMail,
    SignInFailure,
    User,
    WebSession,
)
from webapp.services import claims, leases, upkeep, wake
from webapp.services.unit import write, write_results

INTERVAL = 60
MINE, OTHER = 1, 2


def run() -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, "job", populate_existing=True)


def count(table: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def lease_runs_out() -> None:
    with write() as session:
        session.execute(update(Lease).values(until=lease_now() - 1))


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = clock.now()

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(clock, "now", made)
    return made


# --- one run at a time ---


def test_a_run_is_noted(any_ctx: Flask, watch: Watch) -> None:
    assert upkeep.begin_job("job", MINE, INTERVAL)
    began = watch.at
    assert (run().started_at, run().finished_at, run().succeeded_at) == (began, None, None)
    watch.forward(seconds=3)
    upkeep.end_job("job", MINE, counts={"done": 3})
    assert (run().started_at, run().finished_at, run().succeeded_at) == (began, watch.at, watch.at)
    assert (run().counts, run().error) == ({"done": 3}, "")


def test_a_failure_keeps_the_last_success(any_ctx: Flask, watch: Watch) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    upkeep.end_job("job", MINE, counts={"done": 1})
    good = watch.at
    watch.forward(minutes=1)
    upkeep.begin_job("job", MINE, INTERVAL)
    upkeep.end_job("job", MINE, error="OSError: x" + "y" * 600)
    assert (run().succeeded_at, run().finished_at) == (good, watch.at)
    assert len(run().error) == 500


def test_two_runs_do_not_overlap(any_ctx: Flask, watch: Watch) -> None:
    assert upkeep.begin_job("job", MINE, INTERVAL)
    watch.forward(hours=1)
    assert not upkeep.begin_job("job", OTHER, INTERVAL)
    assert upkeep.begin_job("other job", OTHER, INTERVAL)


def test_a_dead_run_frees_the_job(any_ctx: Flask, watch: Watch) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    watch.forward(minutes=1)
    lease_runs_out()
    assert upkeep.begin_job("job", OTHER, INTERVAL)


def test_a_job_that_ran_just_now_elsewhere_is_not_run_again(any_ctx: Flask, watch: Watch) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    upkeep.end_job("job", MINE)
    watch.forward(seconds=29)
    assert not upkeep.begin_job("job", OTHER, INTERVAL)
    watch.forward(seconds=2)
    assert upkeep.begin_job("job", OTHER, INTERVAL)


def test_a_clock_set_back_does_not_stop_a_job(any_ctx: Flask, watch: Watch) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    upkeep.end_job("job", MINE)
    watch.forward(hours=-1)
    assert upkeep.begin_job("job", OTHER, INTERVAL)


def test_of_many_processes_one_runs_it(any_ctx: Flask) -> None:
    begun = together(any_ctx, [lambda token=token: upkeep.begin_job("job", token, INTERVAL) for token in range(1, 7)])
    assert sum(begun) == 1


def test_a_heartbeat_keeps_the_job(any_ctx: Flask) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    lease_runs_out()
    assert upkeep.keep_job("job", MINE)
    assert not upkeep.keep_job("job", OTHER)


def test_a_run_that_lost_its_lease_leaves_no_note(any_ctx: Flask, watch: Watch) -> None:
    upkeep.begin_job("job", MINE, INTERVAL)
    lease_runs_out()
    watch.forward(minutes=1)
    upkeep.begin_job("job", OTHER, INTERVAL)
    upkeep.end_job("job", MINE, counts={"done": 1})
    assert (run().finished_at, run().counts) == (None, {})


# --- the jobs ---


def test_what_dead_nodes_held_is_queued_and_the_senders_are_woken(
    any_ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, [number] = make_account(), make_messages()
    with write() as session:
        session.execute(update(Message).values(account_id=account))
    with write_results(db.engine) as connection:
        leases.acquire(connection, leases.node_name(MINE), MINE)
        claims.claim(connection, [account], MINE, clock.now(), 1)
    seen: list[str] = []
    monkeypatch.setattr(wake, "wake_all", lambda: seen.append("woken"))
    assert upkeep.free_claims() == 0
    assert seen == []
    lease_runs_out()
    assert upkeep.free_claims() == 1
    assert seen == ["woken"]
    db.session.rollback()
    assert db.session.get_one(Message, number).state == "queued"


def test_what_is_of_no_more_use_is_deleted(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SANDBOX_KEPT", 2)
    now = clock.now()
    with write() as session:
        token = ApiToken(name="t", token_hash="h", scopes=[])
        user = User(name="ana", password_hash="h")
        session.add_all([token, user])
        session.flush()
        for name, age in (("old", 8), ("new", 6)):
            session.add(
                IdempotencyRecord(
                    token_id=token.id,
                    key=name,
                    request_hash="",
                    status=202,
                    answer="",
                    created_at=now - timedelta(days=age),
                )
            )
        for name, hours in (("old", 13), ("new", 11)):
            session.add(WebSession(key_hash=name, user_id=user.id, seen_at=now - timedelta(hours=hours)))
        for name, hours in (("old", 25), ("new", 23)):
            session.add(SignInFailure(name=name, address="192.0.2.1", at=now - timedelta(hours=hours)))
        session.add_all(SandboxMail(sender="a", recipients=[], raw=b"") for _ in range(5))
    make_contact("Ana")
    make_contact("Bob")
    with write() as session:
        session.execute(update(Rulebook).values(created_at=now - timedelta(hours=2)))
    assert upkeep.forget_old() == 1 + 1 + 1 + 3 + 1
    db.session.rollback()
    assert list(db.session.scalars(select(IdempotencyRecord.key))) == ["new"]
    assert list(db.session.scalars(select(WebSession.key_hash))) == ["new"]
    assert list(db.session.scalars(select(SignInFailure.name))) == ["new"]
    assert (count(SandboxMail), count(Rulebook)) == (2, 1)
    assert upkeep.forget_old() == 0
