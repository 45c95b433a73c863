"""Settling: the result of an attempt becomes the message's new state, in groups.

A thread commits what is handed in, at once, and whatever gathered while it was at it together: the group grows with the
load. Every connection waits for its last result to be committed before it sends another final dot, so a crash can
repeat at most one message per open connection. Meanwhile it offers its next mail to the server, which takes time and
changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, insert, literal_column, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from webapp.channels.base import Outcome, Result
from webapp.database.hot import Driver, HotConnection, HotStatement
from webapp.models import Attempt, Message, State
from webapp.services.claims import Claimed
from webapp.services.retry import judge

log = logging.getLogger(__name__)
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt that came to an end."""

    claimed: Claimed
    account_id: int
    result: Result
    started_at: datetime
    ended_at: datetime
    tls: str = ""


_OURS = (
    Message.id == bindparam("the_id", type_=Message.id.type),
    Message.claim_token == bindparam("the_token", type_=Message.claim_token.type),
    Message.state == literal_column(f"'{State.SENDING.value}'"),
)
_NOTED = ("account_id", "started_at", "duration_ms", "outcome", "stage", "code", "enhanced", "words", "tls")
_NOTE = HotStatement(
    insert(Attempt).from_select(
        ["message_id", *_NOTED],
        select(Message.id, *[bindparam(f"a_{name}", type_=getattr(Attempt, name).type) for name in _NOTED]).where(
            *_OURS
        ),
        include_defaults=False,
    )
)
_MOVED = {
    name: bindparam(f"m_{name}", type_=getattr(Message, name).type)
    for name in ("state", "reason", "attempts", "next_attempt_at", "sent_at", "last_stage", "last_code", "last_words")
}
_MOVE = HotStatement(
    update(Message)
    .where(*_OURS)
    .values(
        **_MOVED,
        maybe_repeated=or_(Message.maybe_repeated, bindparam("m_repeated", type_=Message.maybe_repeated.type)),
        claim_token=None,
        transmitting=False,
    )
)


def settle(driver: Driver, tries: Sequence[Tried]) -> int:
    """The attempt and the new state of each message that is still ours; how many were.

    A try whose claim was lost in the meantime (another node took the message over) leaves no trace.
    """
    rows = [{**_attempt(tried), **_moved(tried)} for tried in tries]
    _NOTE.run(driver, rows)
    return _MOVE.run(driver, rows)


def _attempt(tried: Tried) -> dict[str, object]:
    result = tried.result
    return {
        "the_id": tried.claimed.id,
        "the_token": tried.claimed.token,
        "a_account_id": tried.account_id,
        "a_started_at": tried.started_at,
        "a_duration_ms": max(0, round((tried.ended_at - tried.started_at).total_seconds() * 1000)),
        "a_outcome": result.outcome.value,
        "a_stage": result.stage.value,
        "a_code": result.code,
        "a_enhanced": result.enhanced,
        "a_words": result.words,
        "a_tls": tried.tls,
    }


def _moved(tried: Tried) -> dict[str, object]:
    claimed, result = tried.claimed, tried.result
    attempts = claimed.attempts + 1
    verdict = judge(result, attempts=attempts, at_most_once=claimed.at_most_once, now=tried.ended_at)
    accepted = result.outcome is Outcome.ACCEPTED
    return {
        "m_state": verdict.state.value,
        "m_reason": verdict.reason,
        "m_attempts": attempts,
        "m_next_attempt_at": verdict.next_attempt_at,
        "m_sent_at": tried.ended_at if accepted else None,
        "m_repeated": verdict.maybe_repeated,
        "m_last_stage": "" if accepted else result.stage.value,
        "m_last_code": None if accepted else result.code,
        "m_last_words": "" if accepted else result.words,
    }


class Handed:
    """A result that was handed in; `over` is locked until it was seen to."""

    __slots__ = ("done", "over", "tried")

    def __init__(self, tried: Tried):
        self.tried = tried
        self.done = False
        self.over = threading.Lock()
        self.over.acquire()


class Settler:
    """Shared by all connections of a process. `give_up` ends the waiting for a database that does not come back."""

    def __init__(self, engine: Engine, *, on_settled: Callable[[Sequence[Tried]], None] | None = None):
        self._engine = engine
        self._connection = HotConnection(engine)
        self._on_settled = on_settled
        self._changed = threading.Condition()
        self._waiting: list[Handed] = []
        self._thread: threading.Thread | None = None
        self._closing = False
        self._driver_errors = (engine.dialect.loaded_dbapi.Error,)
        self.give_up = threading.Event()
        self.error: str = ""

    def hand_in(self, tried: Tried) -> Handed:
        """Let a result be committed, whoever waits for that."""
        mine = Handed(tried)
        with self._changed:
            self._waiting.append(mine)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="settler", daemon=True)
                self._thread.start()
            self._changed.notify()
        return mine

    def wait(self, mine: Handed) -> bool:
        """Returns once the result is committed; False when it was given up (the message is then tried again later)."""
        with mine.over:
            return mine.done

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._closing):
                    self._changed.wait()
                group, self._waiting = self._waiting, []
            if not group:
                return
            try:
                self._commit(group)
            except Exception:
                log.exception("results cannot be written")
            finally:
                for handed in group:
                    handed.over.release()

    def _commit(self, group: list[Handed]) -> None:
        """A result that cannot be written is not forgotten: nothing else is sent until it is."""
        wait = 0.1
        while True:
            try:
                with self._connection.transaction() as driver:
                    settle(driver, [waiting.tried for waiting in group])
                break
            except (SQLAlchemyError, *self._driver_errors) as error:
                self.error = str(getattr(error, "orig", None) or error)
                log.error("results cannot be written, sending waits: %s", self.error)
                if self.give_up.wait(wait):
                    return
                wait = min(wait * 2, 5.0)
        self.error = ""
        for waiting in group:
            waiting.done = True
        if self._on_settled:
            self._on_settled([waiting.tried for waiting in group])

    def close(self) -> None:
        """What was handed in is committed or given up, and the connection given back; nothing is settled afterwards."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        if self._thread is None or not self._thread.is_alive():
            self._connection.close()
