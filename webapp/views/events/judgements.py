"""What the notifications said of an event, put together for a page: one entry for each, with its people below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from webapp.queries import reasons
from webapp.queries.reasons import Reason

MOST = 100
# Reasons about one contact of a notification that fired, not about the notification.
_ABOUT_PEOPLE = frozenset({"contact_disabled", "no_address", "told_already"})


@dataclass(slots=True)
class Judgement:
    """A notification, whether it fired, why, and who of its people was not told all the same."""

    notification: str
    fired: bool
    why: str
    people: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judgements:
    """`fired` and `refused` concern this type of event; `others` are the names of those that are for other types."""

    fired: list[Judgement]
    refused: list[Judgement]
    others: list[str]


def of(judged: Iterable[Reason]) -> Judgements:
    """The reasons of `services.events.explain`, grouped."""
    found = Judgements([], [], [])
    for reason in judged:
        if reason.code == "other_type":
            found.others.append(reason.notification)
        elif reason.code in _ABOUT_PEOPLE:
            found.fired[-1].people.append(reasons.words(reason))
        else:
            judgement = Judgement(reason.notification, reason.fired, reasons.words(reason))
            (found.fired if reason.fired else found.refused).append(judgement)
    return found
