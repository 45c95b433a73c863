"""Events over HTTP."""

from __future__ import annotations

from typing import Any

from webapp.api.blueprint import NUMBER
from webapp.api.endpoint import MIB, get, post
from webapp.api.schemas import EventAnswer, EventBody, EventDetail, EventsAnswer, EventsBody, NumberPath
from webapp.extensions import db
from webapp.queries import events as reports
from webapp.queries import messages, plain
from webapp.services import events
from webapp.services.events import NewEvent, Recorded

SCOPE = "events:write"


@post("/events", scope=SCOPE, answer=EventAnswer)
def post_event(body: EventBody) -> dict[str, Any]:
    """Record an event and tell who is to be told."""
    return _recorded(events.record(_new(body)))


@post("/events/batch", scope=SCOPE, answer=EventsAnswer, most=16 * MIB)
def post_events(body: EventsBody) -> dict[str, Any]:
    """Record up to 1,000 events in one commit: all or none."""
    return {"events": [_recorded(recorded) for recorded in events.record_all([_new(each) for each in body.events])]}


@get(f"/events/{NUMBER}", scope="read", answer=EventDetail)
def get_event(path: NumberPath) -> dict[str, Any]:
    """An event, its messages, and why each notification did or did not fire, by the rules as they stood then."""
    session = db.session()
    return {
        **plain.event(reports.get(session, path.id)),
        "messages": [plain.told(row) for row in messages.of_event(session, path.id)],
        "explanation": plain.explanation(events.explain(session, path.id)),
    }


def _new(body: EventBody) -> NewEvent:
    return NewEvent(**{name: getattr(body, name) for name in EventBody.model_fields})


def _recorded(recorded: Recorded) -> dict[str, Any]:
    explanation = plain.explanation(recorded.reasons)
    if recorded.duplicate:
        explanation = [_duplicate(recorded.id), *explanation]
    return {
        "id": recorded.id,
        "messages": [plain.told(message) for message in recorded.messages],
        "explanation": explanation,
    }


def _duplicate(event_id: int) -> dict[str, Any]:
    return {
        "notification": None,
        "fired": False,
        "why": f"Event {event_id} came with the same type and dedup key, so nobody is told again.",
        "reason": "duplicate",
    }
