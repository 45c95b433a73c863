"""The review of a notification: who would be told what, as they would read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.queries import messages, reasons
from webapp.queries.keyset import Turn
from webapp.services import rehearsal
from webapp.services.matching import Recipient
from webapp.services.rehearsal import Copy, Rehearsal
from webapp.views.filters import Asked

PAGE = 50
LATEST = 10


@dataclass(frozen=True, slots=True)
class Review:
    """`copies` are a page of those who would be told, from number `first` on; `shown` is the one that is opened.

    `not_told`: why somebody is not told, in words. `refused`: what the address asks for that is not there. `latest`:
    what the notification sent last.
    """

    played: Rehearsal
    copies: list[Copy]
    shown: Copy | None
    first: int
    not_told: list[str]
    refused: list[str]
    latest: list[Any]

    @property
    def total(self) -> int:
        """How many messages there would be."""
        return len(self.played.recipients)


def of(session: Session, number: int, args: Mapping[str, str]) -> Review:
    """What the address asks to see. Raises NotFound."""
    asked = Asked(args)
    played = _rehearse(session, number, asked)
    last = max(len(played.recipients) - 1, 0)
    first = min(asked.number("from") or 0, last) // PAGE * PAGE
    page = played.recipients[first : first + PAGE]
    opened = chosen(played, asked) or next(iter(page), None)
    return Review(
        played,
        [Copy(recipient, played.words(recipient)) for recipient in page],
        rehearsal.copy(session, played, opened) if opened else None,
        first,
        [reasons.words(reason) for reason in played.reasons if not reason.fired],
        list(asked.problems.values()),
        messages.turn_to(session, messages.Filters(notification=played.rule.name), Turn(limit=LATEST)).items,
    )


def _rehearse(session: Session, number: int, asked: Asked) -> Rehearsal:
    try:
        return rehearsal.rehearse(session, number, asked.text("type"))
    except InvalidInput as refused:
        asked.problems["type"] = refused.problems[0].words
        return rehearsal.rehearse(session, number)


def chosen(played: Rehearsal, asked: Asked) -> Recipient | None:
    """The recipient that `to`, a contact's number, and `channel` mean."""
    contact, channel = asked.number("to"), asked.typed("channel")
    found = (each for each in played.recipients if each.person.id == contact and channel in ("", each.channel))
    return next(found, None)
