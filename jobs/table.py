"""Every periodic job: read this first. A job is run by one process at a time, whichever has its lease."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jobs import check_certificates, expire_messages, forget_old, free_claims, tell_troubles
from webapp.errors import N_


@dataclass(frozen=True, slots=True)
class Job:
    """`run` returns what it did, as counts. People read `meaning`, and `result`, which takes the counts."""

    name: str
    run: Callable[[], Mapping[str, int]]
    interval_seconds: int
    meaning: str
    result: str


JOBS: tuple[Job, ...] = (
    Job(
        "free_claims",
        free_claims.run,
        5,
        N_("Puts messages of stopped processes back into the queue"),
        N_("Messages put back: %(freed)s"),
    ),
    Job(
        "expire_messages",
        expire_messages.run,
        15,
        N_("Ends messages whose time is over"),
        N_("Messages ended: %(expired)s"),
    ),
    Job(
        "check_certificates",
        check_certificates.run,
        15,
        N_("Looks at the certificates that are watched"),
        N_("Certificates looked at: %(looked)s; events: %(told)s"),
    ),
    Job(
        "tell_troubles",
        tell_troubles.run,
        15,
        N_("Tells of accounts that are down and of jobs that are late"),
        N_("Events: %(told)s"),
    ),
    Job(
        "forget_old",
        forget_old.run,
        600,
        N_("Removes old sign-ins, kept answers and sandbox mail"),
        N_("Rows removed: %(removed)s"),
    ),
)
