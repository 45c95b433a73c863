"""The JSON of requests and answers. Requests are strict: wrong types and unknown keys are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from webapp.queries.messages import LIMIT, MOST

MOST_EVENTS = 1000

Severity = Literal["info", "warning", "error", "critical"]
State = Literal[
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "failed",
    "bounced",
    "cancelled",
    "suppressed",
    "unknown",
]


class Strict(BaseModel):
    """A request: nothing is guessed, nothing is ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _priority(value: Any) -> str | int:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("priority", "no priority")


Priority = Annotated[
    str | int,
    PlainValidator(_priority),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["low", "normal", "high"]},
                {"type": "integer", "minimum": 0, "maximum": 9},
            ]
        }
    ),
]
Attributes = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 100,
            "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
        }
    ),
]


class Nothing(Strict):
    """The body of a request that says all in its address."""


class NumberPath(BaseModel):
    """The number of the thing in the address."""

    id: int


class EventBody(Strict):
    """Something that happened."""

    type: str
    title: str
    body: str = ""
    severity: Severity | None = None
    attributes: Attributes = Field(default_factory=dict)
    source: str = ""
    occurred_at: AwareDatetime | None = None
    dedup_key: str | None = None


class EventsBody(Strict):
    """Many events, in one commit."""

    events: list[EventBody] = Field(max_length=MOST_EVENTS)


class MessageBody(Strict):
    """A direct submission."""

    channel: str
    to: str
    subject: str = ""
    text: str
    html: str | None = None
    account: str | None = None
    reply_to: str | None = None
    return_path: str | None = None
    confirmation_to: str | None = None
    send_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    priority: Priority = "normal"


class MessagesQuery(Strict):
    """What a list of messages shows; newest first."""

    state: State | None = None
    channel: str = ""
    recipient: str = ""
    account: str = ""
    event_type: str = ""
    event_id: int | None = Field(default=None, ge=0, le=2**63 - 1)
    text: str = Field(default="", description="Words of the subject; a word may end in * to mean its beginning.")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=LIMIT, ge=1, le=MOST)
    after: str = Field(default="", description="The `next` of the page before.")


class Told(BaseModel):
    """A message in the answer to an event."""

    id: int
    channel: str
    recipient: str
    state: State


class Judgement(BaseModel):
    """Why a notification fired or did not, or why one of its contacts is not told."""

    notification: str | None
    fired: bool
    why: str
    reason: str
    contact: str | None = None
    channel: str | None = None


class EventAnswer(BaseModel):
    """An event that was recorded."""

    id: int
    messages: list[Told]
    explanation: list[Judgement]


class EventsAnswer(BaseModel):
    """Events that were recorded, in the order in which they were sent."""

    events: list[EventAnswer]


class EventDetail(EventAnswer):
    """An event, its messages, and what every notification said of it."""

    type: str
    severity: Severity
    title: str
    body: str
    attributes: Attributes
    source: str
    occurred_at: datetime
    received_at: datetime
    dedup_key: str | None


class SubmissionAnswer(BaseModel):
    """A message that was accepted; `overridden` names what the account decides alone."""

    id: int
    state: State
    overridden: list[str]


class MessageAnswer(BaseModel):
    """A message of the outbox."""

    id: int
    channel: str
    recipient: str
    account: str | None
    subject: str
    state: State
    attempts: int
    event_id: int | None
    message_id: str
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None
    last_error: str | None


class TimelineEntry(BaseModel):
    """One thing that happened to a message; `kind` tells which fields it has."""

    model_config = ConfigDict(extra="allow")

    at: datetime
    kind: str


class MessageDetail(MessageAnswer):
    """A message with everything that is known of its way."""

    resent_from: int | None
    timeline: list[TimelineEntry]


class MessagesAnswer(BaseModel):
    """A page of messages; `next` is null on the last one."""

    items: list[MessageAnswer]
    next: str | None


class ResendAnswer(BaseModel):
    """The new message."""

    id: int
    state: State
    resent_from: int


class FieldProblem(BaseModel):
    """One field that is wrong."""

    path: str
    words: str


class ProblemAnswer(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]
