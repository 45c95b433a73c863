"""States of a message and the moves between them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How far a message got. Values are the words that the API and the pages use."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


ALLOWED: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.FAILED, State.CANCELLED, State.SUPPRESSED}),
    State.SENDING: frozenset({State.QUEUED, State.SENT, State.FAILED, State.UNKNOWN, State.SUPPRESSED}),
    State.SENT: frozenset({State.DELIVERED, State.READ, State.BOUNCED}),
    State.DELIVERED: frozenset({State.READ, State.BOUNCED}),
    State.READ: frozenset(),
    State.FAILED: frozenset(),
    State.BOUNCED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.UNKNOWN: frozenset({State.SENT, State.DELIVERED, State.READ, State.BOUNCED, State.FAILED, State.QUEUED}),
}

ACTIVE = frozenset({State.QUEUED, State.SENDING})
CANCELLABLE = frozenset({State.QUEUED})


def may_move(old: State, new: State) -> bool:
    """Whether evidence for `new` changes a message that is `old`; late or repeated evidence does not."""
    return new in ALLOWED[old]


def sources_of(new: State) -> tuple[State, ...]:
    """The states from which `new` may be reached, for a guarded UPDATE."""
    return tuple(old for old, targets in ALLOWED.items() if new in targets)
