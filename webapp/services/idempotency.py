"""A POST that is sent again gets the answer that it got the first time, and has its effect once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import ArautoError
from webapp.models import IdempotencyRecord
from webapp.services.unit import write


class KeyReused(ArautoError):
    """The key was used for another request before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered: status and body. `replayed`: it was made by an earlier request."""

    status: int
    body: str
    replayed: bool = False


def once(token_id: int, key: str, request_hash: str, act: Callable[[], Answer]) -> Answer:
    """The answer of `act`, committed together with its effect under the token's key; the kept one for a repeat.

    Requests with one key wait for each other. When `act` raises, nothing is kept and the key is free again. Raises
    KeyReused when the key was used for a request with another hash.
    """
    with write() as session:
        if not _take(session, token_id, key, request_hash):
            return _kept(session, token_id, key, request_hash)
        answer = act()
        session.execute(
            update(IdempotencyRecord)
            .where(IdempotencyRecord.token_id == token_id, IdempotencyRecord.key == key)
            .values(status=answer.status, answer=answer.body)
        )
        return answer


def _take(session: Session, token_id: int, key: str, request_hash: str) -> bool:
    """Whether the key is ours. On PostgreSQL this waits until another request that has it is committed or gone."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    taken = session.execute(
        insert(IdempotencyRecord)
        .values(token_id=token_id, key=key, request_hash=request_hash, status=0, answer="", created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.token_id)
    )
    return taken.one_or_none() is not None


def _kept(session: Session, token_id: int, key: str, request_hash: str) -> Answer:
    record = session.execute(
        select(IdempotencyRecord.request_hash, IdempotencyRecord.status, IdempotencyRecord.answer).where(
            IdempotencyRecord.token_id == token_id, IdempotencyRecord.key == key
        )
    ).one()
    if record.request_hash != request_hash:
        words = _("This Idempotency-Key was used for another request. Choose a new key for each request.")
        raise KeyReused(words)
    return Answer(record.status, record.answer, replayed=True)
