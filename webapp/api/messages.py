"""The outbox over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from webapp.api.blueprint import NUMBER
from webapp.api.endpoint import get, post
from webapp.api.schemas import (
    MessageAnswer,
    MessageBody,
    MessageDetail,
    MessagesAnswer,
    MessagesQuery,
    NumberPath,
    ResendAnswer,
    SubmissionAnswer,
)
from webapp.errors import InvalidInput
from webapp.extensions import db
from webapp.queries import messages, plain, timeline
from webapp.queries.messages import Filters
from webapp.services import events, outbox, submissions
from webapp.services.checks import check_text
from webapp.services.submissions import Submission

SCOPE = "messages:write"
LONGEST_FILTER = 500


@post("/messages", scope=SCOPE, answer=SubmissionAnswer)
def post_message(body: MessageBody) -> dict[str, Any]:
    """Put a message into the outbox."""
    submitted = submissions.submit(Submission(**{name: getattr(body, name) for name in MessageBody.model_fields}))
    return {
        "id": submitted.message.id,
        "state": submitted.message.state,
        "overridden": submitted.overridden,
    }


@get("/messages", scope="read", answer=MessagesAnswer)
def list_messages(query: MessagesQuery) -> dict[str, Any]:
    """The outbox, newest first."""
    given = {name: getattr(query, name) or "" for name in ("state", "channel", "recipient", "account", "event_type")}
    given["text"] = query.text
    wrong = [check_text(name, value, most=LONGEST_FILTER, lines=False) for name, value in given.items()]
    if any(wrong):
        raise InvalidInput([problem for problem in wrong if problem])
    filters = Filters(**given, event_id=query.event_id, since=query.since, until=query.until)
    page = messages.page(db.session(), filters, limit=query.limit, after=query.after or None)
    return {"items": [plain.message(row) for row in page.items], "next": page.next}


@get(f"/messages/{NUMBER}", scope="read", answer=MessageDetail)
def get_message(path: NumberPath) -> dict[str, Any]:
    """A message and its timeline."""
    session = db.session()
    row = messages.get(session, path.id)
    judged = events.explain(session, row.event_id) if row.event_id is not None else []
    entries = timeline.of(session, row, judged)
    return {**plain.message(row), "resent_from": row.resent_from, "timeline": plain.timeline(entries)}


@post(f"/messages/{NUMBER}/cancel", scope=SCOPE, answer=MessageAnswer, status=HTTPStatus.OK)
def cancel_message(path: NumberPath) -> dict[str, Any]:
    """Take a queued message out of the queue."""
    outbox.cancel(path.id)
    return plain.message(messages.get(db.session(), path.id))


@post(f"/messages/{NUMBER}/resend", scope=SCOPE, answer=ResendAnswer)
def resend_message(path: NumberPath) -> dict[str, Any]:
    """Send the same words again, as a new message."""
    message = outbox.resend(path.id)
    return {"id": message.id, "state": message.state, "resent_from": path.id}
