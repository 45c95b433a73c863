"""What becomes of a message after an attempt. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.channels.base import Outcome, Result
from webapp.models.states import State

FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0
DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new state, when to try again (queued only), and whether a copy may already have arrived."""

    state: State
    next_attempt_at: datetime | None = None
    maybe_repeated: bool = False
    reason: str = ""


def wait_after(attempts: int, spread: float | None = None) -> timedelta:
    """How long to wait after `attempts` tries: 5 s doubling up to an hour, ± 25 % not to march in step."""
    spread = random.uniform(-0.25, 0.25) if spread is None else spread  # noqa: S311
    return timedelta(seconds=min(FIRST_WAIT * 2 ** min(attempts - 1, DOUBLINGS), LONGEST_WAIT) * (1 + spread))


def judge(result: Result, *, attempts: int, at_most_once: bool, now: datetime) -> Verdict:
    """The verdict on a message whose try number `attempts` ended with `result`."""
    match result.outcome:
        case Outcome.ACCEPTED:
            return Verdict(State.SENT)
        case Outcome.PERMANENT:
            return Verdict(State.FAILED, reason="refused")
        case Outcome.UNCERTAIN if at_most_once:
            return Verdict(State.UNKNOWN, reason="unanswered")
        case _:
            uncertain = result.outcome is Outcome.UNCERTAIN
            return Verdict(State.QUEUED, now + wait_after(attempts), maybe_repeated=uncertain)
