"""A POST that is sent again gets the answer that it got the first time, and has its effect once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's says the same

from webapp import clock
from webapp.database.hot import Driver, HotStatement
from webapp.errors import ArautoError
from webapp.models import IdempotencyRecord
from webapp.services.unit import driver, write

_OURS = IdempotencyRecord.token_id == bindparam("of"), IdempotencyRecord.key == bindparam("by")
# On PostgreSQL this waits until another request that has the key is committed or gone.
_TAKE = HotStatement(
    insert(IdempotencyRecord)
    .values(status=0, answer="")
    .on_conflict_do_nothing()
    .returning(IdempotencyRecord.token_id),
    ("token_id", "key", "request_hash", "status", "answer", "created_at"),
)
_KEEP = HotStatement(update(IdempotencyRecord).where(*_OURS), ("status", "answer"))
_KEPT = HotStatement(
    select(IdempotencyRecord.request_hash, IdempotencyRecord.status, IdempotencyRecord.answer).where(*_OURS)
)


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
        known = driver(session)
        if not _TAKE.all(known, token_id=token_id, key=key, request_hash=request_hash, created_at=clock.now()):
            return _kept(known, token_id, key, request_hash)
        answer = act()
        _KEEP.run(driver(session), [{"of": token_id, "by": key, "status": answer.status, "answer": answer.body}])
        return answer


def _kept(known: Driver, token_id: int, key: str, request_hash: str) -> Answer:
    [(first_hash, status, answer)] = _KEPT.all(known, of=token_id, by=key)
    if first_hash != request_hash:
        raise KeyReused(_("This Idempotency-Key was used for another request. Choose a new key for each request."))
    return Answer(status, answer, replayed=True)
