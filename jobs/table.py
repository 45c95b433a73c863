"""Every periodic job: read this first. A job is run by one process at a time, whichever has its lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs import expire_messages, forget_old, free_claims


@dataclass(frozen=True, slots=True)
class Job:
    """`run` returns one line about what it did; `meaning` is read by administrators."""

    name: str
    run: Callable[[], str]
    interval_seconds: int
    meaning: str


def _(text: str) -> str:
    """Marks a text for the translation catalogue; it is translated where it is shown."""
    return text


JOBS: tuple[Job, ...] = (
    Job("free_claims", free_claims.run, 3, _("Puts messages of stopped processes back into the queue")),
    Job("expire_messages", expire_messages.run, 15, _("Ends messages whose time is over")),
    Job("forget_old", forget_old.run, 600, _("Removes old sign-ins, kept answers and sandbox mail")),
)
