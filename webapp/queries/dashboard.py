"""The dashboard: what went out lately, what waits, and what a new installation still lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.models import ApiToken, Contact, Event, Message, Notification, SmtpAccount, State
from webapp.models.states import ACTIVE
from webapp.queries.health import SANDBOX

LATELY = timedelta(hours=24)
REACHED = (State.SENT, State.DELIVERED, State.READ)

# In the order in which a newcomer takes them; what each asks is whether a row exists.
STEPS: tuple[tuple[str, Select[Any]], ...] = (
    ("account", select(SmtpAccount.id).where(SmtpAccount.enabled, SmtpAccount.name != SANDBOX)),
    ("contact", select(Contact.id).where(Contact.enabled)),
    ("notification", select(Notification.id).where(Notification.enabled)),
    ("token", select(ApiToken.id).where(ApiToken.enabled)),
    ("event", select(Event.id)),
    ("delivery", select(Message.id).where(Message.channel == "email", Message.state.in_(REACHED))),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """`counts`: messages of the last 24 h by their state now. `waiting_since`: when the oldest queued was made."""

    counts: dict[State, int]
    waiting_since: datetime | None

    @property
    def total(self) -> int:
        """How many messages were made."""
        return sum(self.counts.values())

    @property
    def under_way(self) -> bool:
        """Whether these numbers are about to change."""
        return not ACTIVE.isdisjoint(self.counts)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the first run, and whether it was taken."""

    name: str
    done: bool


def summary(session: Session) -> Summary:
    """How the last 24 hours went."""
    made = Message.created_at >= clock.now() - LATELY
    rows = session.execute(select(Message.state, func.count()).where(made).group_by(Message.state))
    counted = {State(state): count for state, count in rows}
    oldest = select(Message.created_at).where(Message.state == State.QUEUED).order_by(Message.id).limit(1)
    return Summary({state: counted[state] for state in State if state in counted}, session.scalar(oldest))


def steps(session: Session) -> list[Step]:
    """The first run's checklist."""
    return [Step(name, session.scalar(exists.limit(1)) is not None) for name, exists in STEPS]
