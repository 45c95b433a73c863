"""Every periodic job: read this first. A job is run by one process at a time, whichever has its lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs import check_certificates, expire_messages, forget_old, free_claims
from webapp.errors import N_


@dataclass(frozen=True, slots=True)
class Job:
    """`run` returns one line about what it did; `meaning` is read by administrators."""

    name: str
    run: Callable[[], str]
    interval_seconds: int
    meaning: str


JOBS: tuple[Job, ...] = (
    Job("free_claims", free_claims.run, 3, N_("Puts messages of stopped processes back into the queue")),
    Job("expire_messages", expire_messages.run, 15, N_("Ends messages whose time is over")),
    Job("check_certificates", check_certificates.run, 15, N_("Looks at the certificates that are watched")),
    Job("forget_old", forget_old.run, 600, N_("Removes old sign-ins, kept answers and sandbox mail")),
)
