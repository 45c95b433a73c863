"""A database that has been in use for long: a million events, each with its message and its attempt."""

from __future__ import annotations

from sqlalchemy import text

from webapp.services.unit import write

COUNT = 1_000_000
TYPES = ("session.opened", "password.viewed", "certificate.expiring", "monitoring.disk", "access.denied", "backup.late")

# Made by the database itself, seldom values beside usual ones. `i` counts the rows from 0, ten a second.
_NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {COUNT})"
_AT = "strftime('%Y-%m-%d %H:%M:%S', '2026-01-01', (i / 10) || ' seconds') || '.000000'"
_TYPE = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(TYPES))
_STATEMENTS = (
    f"""INSERT INTO event(type, severity, title, body, attributes, source, occurred_at, received_at, rulebook_id)
        {_NUMBERS} SELECT CASE i * 7919 % 5 + (i % 5000 = 7) * 5 {_TYPE} ELSE 'backup.late' END,
        CASE WHEN i % 100000 = 0 THEN 'critical' WHEN i % 50 = 0 THEN 'error' WHEN i % 7 = 0 THEN 'warning'
        ELSE 'info' END, 'Vault ' || (i % 5000) || ' was opened', '', '{{}}',
        CASE WHEN i % 90000 = 1 THEN 'seldom' ELSE 'host-' || (i % 200) END, {_AT}, {_AT}, 1 FROM n""",
    "INSERT INTO content(id, subject, text) SELECT id, title, 'It was opened.' FROM event",
    """INSERT INTO message(event_id, event_type, notification, channel, recipient, recipient_name, account_id,
        content_id, priority, at_most_once, state, reason, attempts, expires_at, transmitting, maybe_repeated,
        message_id, created_at, sent_at, last_stage, last_words) SELECT id, type, 'All',
        CASE WHEN id % 40000 = 3 THEN 'sms' ELSE 'email' END,
        CASE WHEN id % 70000 = 9 THEN 'seldom' ELSE 'p' || (id % 3000) END || '@corp.example', 'P',
        1 + (id % 30000 = 5), id, 1, 0,
        CASE WHEN id % 60000 = 11 THEN 'unknown' WHEN id % 500 = 0 THEN 'failed' WHEN id % 90 = 0 THEN 'bounced'
        ELSE 'sent' END, '', 1, received_at, 0, 0, '<' || id || '@corp.example>', received_at, received_at, '', ''
        FROM event""",
    """INSERT INTO attempt(message_id, account_id, started_at, duration_ms, outcome, stage, code, enhanced, words, tls)
        SELECT id, account_id, created_at, 3, 'accepted', 'dot', 250, '2.0.0', 'Ok', '' FROM message""",
)


def fill() -> None:
    """Make the rows, in an empty database that has two accounts and a rulebook."""
    for statement in _STATEMENTS:
        with write() as session:
            session.execute(text(statement))
