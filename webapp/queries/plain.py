"""Rows as plain values for JSON, with the names that the API and `--json` promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from webapp.queries import messages, reasons
from webapp.queries.reasons import Reason
from webapp.queries.timeline import Entry


def moment(instant: datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC: `2026-11-23T22:56:00.123456Z`."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def message(row: Any) -> dict[str, Any]:
    """A row of `queries.messages`."""
    return {
        "id": row.id,
        "channel": row.channel,
        "recipient": row.recipient,
        "account": row.account,
        "subject": row.subject,
        "state": row.state,
        "attempts": row.attempts,
        "event_id": row.event_id,
        "message_id": row.message_id,
        "created_at": moment(row.created_at),
        "sent_at": moment(row.sent_at),
        "next_attempt_at": moment(messages.next_attempt(row)),
        "last_error": reasons.last_error(row),
    }


def inbound(row: Any) -> dict[str, Any]:
    """A row of `queries.inbound`."""
    return {
        "id": row.id,
        "account": row.account,
        "kind": row.kind,
        "from": row.sender,
        "subject": row.subject,
        "received_at": moment(row.received_at),
        "message_id": row.message_id,
        "answers": row.answers_id,
        "effect": row.effect,
        "state": row.state,
        "error": row.error,
    }


def inbound_detail(row: Any) -> dict[str, Any]:
    """The same with everything else that is known of it."""
    return {
        **inbound(row),
        "size": row.size,
        "stored_at": moment(row.stored_at),
        "event_id": row.event_id,
        "detail": row.detail,
        "defects": row.defects,
    }


def suppressed(row: Any) -> dict[str, Any]:
    """An address that nothing is sent to, and why."""
    return {
        "address": row.address,
        "since": moment(row.since),
        "status": row.status,
        "words": row.words,
        "message": row.message_id,
        "inbound": row.inbound_id,
    }


def told(row: Any) -> dict[str, Any]:
    """A message in the answer to an event: who is told."""
    return {"id": row.id, "channel": row.channel, "recipient": row.recipient, "state": row.state}


def event(row: Any) -> dict[str, Any]:
    """An event without its messages."""
    return {
        "id": row.id,
        "type": row.type,
        "severity": row.severity,
        "title": row.title,
        "body": row.body,
        "attributes": row.attributes,
        "source": row.source,
        "occurred_at": moment(row.occurred_at),
        "received_at": moment(row.received_at),
        "dedup_key": row.dedup_key,
    }


def explanation(judged: Iterable[Reason]) -> list[dict[str, Any]]:
    """What fired and what did not, each with its reason in words; about one contact where it names one."""
    return [
        {
            "notification": reason.notification,
            "fired": reason.fired,
            "why": reasons.words(reason),
            "reason": reason.code,
            **{name: reason.detail[name] for name in ("contact", "channel") if name in reason.detail},
        }
        for reason in judged
    ]


def timeline(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The entries of a timeline: `at`, `kind`, and the fields of that kind."""
    return [{"at": moment(entry.at), "kind": entry.kind, **_values(entry.detail)} for entry in entries]


def _values(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: moment(value) if isinstance(value, datetime) else value for name, value in detail.items()}
