"""The JSON of what came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.api.schemas import Strict
from webapp.queries.inbound import LIMIT, MOST

Kind = Literal[
    "bounce",
    "delivery_report",
    "read_receipt",
    "feedback_report",
    "automatic_answer",
    "reply",
    "other",
]
InboundState = Literal["received", "processed", "held", "too_large"]


class InboundQuery(Strict):
    """What a list of mails that came in shows; newest first."""

    account: str = ""
    kind: Kind | None = None
    state: InboundState | None = None
    answers: int | None = Field(default=None, ge=0, le=2**63 - 1, description="Only what answers this message.")
    text: str = Field(default="", description="Parts of words of sender and subject.")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=LIMIT, ge=1, le=MOST)
    after: str = Field(default="", description="The `next` of the page before.")


class InboundAnswer(BaseModel):
    """A mail that came in. `answers`: the message of the outbox that it answers."""

    model_config = ConfigDict(populate_by_name=True)

    id: int
    account: str | None
    kind: str
    sender: str = Field(alias="from")
    subject: str
    received_at: datetime
    message_id: str
    answers: int | None
    effect: str
    state: InboundState
    error: str


class InboundDetail(InboundAnswer):
    """A mail with everything that is known of it. `detail` depends on the effect."""

    size: int
    stored_at: datetime
    event_id: int | None
    detail: dict[str, Any]
    defects: list[str]


class InboundAnswers(BaseModel):
    """A page of mails; `next` is null on the last one."""

    items: list[InboundAnswer]
    next: str | None
