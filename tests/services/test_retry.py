"""What becomes of a message after an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.channels.base import Outcome, Result, Stage
from webapp.models import State
from webapp.services.retry import Verdict, judge, wait_after

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "at_most_once", "verdict"),
    [
        (Outcome.ACCEPTED, False, Verdict(State.SENT)),
        (Outcome.ACCEPTED, True, Verdict(State.SENT)),
        (Outcome.PERMANENT, False, Verdict(State.FAILED, reason="refused")),
        (Outcome.PERMANENT, True, Verdict(State.FAILED, reason="refused")),
        (Outcome.UNCERTAIN, True, Verdict(State.UNKNOWN, reason="unanswered")),
    ],
)
def test_ends(outcome: Outcome, at_most_once: bool, verdict: Verdict) -> None:
    assert judge(Result(outcome, Stage.DOT), attempts=1, at_most_once=at_most_once, now=NOW) == verdict


@pytest.mark.parametrize(
    ("outcome", "at_most_once", "maybe_repeated"),
    [(Outcome.TEMPORARY, False, False), (Outcome.TEMPORARY, True, False), (Outcome.UNCERTAIN, False, True)],
)
def test_later(outcome: Outcome, at_most_once: bool, maybe_repeated: bool) -> None:
    verdict = judge(Result(outcome, Stage.DOT), attempts=3, at_most_once=at_most_once, now=NOW)
    assert (verdict.state, verdict.maybe_repeated, verdict.reason) == (State.QUEUED, maybe_repeated, "")
    assert verdict.next_attempt_at is not None
    assert timedelta(seconds=15) <= verdict.next_attempt_at - NOW <= timedelta(seconds=25)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (1000, 3600), (10**9, 3600)]
)
def test_waits_double_up_to_an_hour(attempts: int, seconds: float) -> None:
    assert wait_after(attempts, spread=0) == timedelta(seconds=seconds)


def test_waits_are_spread() -> None:
    waits = {wait_after(1).total_seconds() for _ in range(200)}
    assert len(waits) > 100
    assert min(waits) >= 3.75
    assert max(waits) <= 6.25
