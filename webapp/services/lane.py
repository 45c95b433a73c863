"""A lane: one account's messages in this process, carried by up to as many couriers as the account allows anywhere."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.channels.base import AccountTrouble, TroubleKind
from webapp.mail.compose import Words
from webapp.services.accounts import Account
from webapp.services.claims import Claimed
from webapp.services.courier import Courier
from webapp.services.settling import Handed, Settler, Tried

if TYPE_CHECKING:
    from webapp.services.sender import Sender

log = logging.getLogger(__name__)
BATCH = 200
IDLE_SECONDS = 5.0
BUSY_SECONDS = 30.0
PATIENCE_SECONDS = 1.0
NO_SLOT_SECONDS = 0.5  # who has all connections of the account is at work on its messages


class LastResult:
    """The last result of one connection, which is committed while its next mail is offered to the server."""

    def __init__(self, lane: Lane):
        self._lane = lane
        self._handed: Handed | None = None

    def hand_in(self, tried: Tried) -> None:
        """It shall be committed; the one before is."""
        self.settled()
        self._handed = self._lane.settler.hand_in(tried)

    def settled(self) -> bool:
        """Returns once it is, or at once where there is none; False when that was given up."""
        handed, self._handed = self._handed, None
        if handed is None:
            return True
        done = self._lane.settler.wait(handed)
        if done:
            with suppress(SQLAlchemyError):  # the next one says it again
                self._lane.works()
        return done


class Lane:
    """Workers share what was claimed; the one that finds little left claims the next batch for all."""

    def __init__(self, sender: Sender, account: Account):
        self._sender = sender
        self.account = account
        self.sources: tuple[int, ...] = (
            account.id,
        )  # whose messages it carries: its own, and those it is the fallback of
        self._ready: deque[tuple[Claimed, Words]] = deque()
        self._probably_more = False
        self._more = threading.Condition()
        self._claiming = threading.Lock()
        self._couriers: dict[threading.Thread, Courier | None] = {}
        self._waiting = 0
        self._limit: int | None = None
        self._limit_until = 0.0
        self._no_slot_until = 0.0
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether any worker is at it."""
        with self._more:
            return bool(self._couriers)

    @property
    def ready(self) -> int:
        """How many messages are claimed and not begun."""
        with self._more:
            return len(self._ready)

    @property
    def settler(self) -> Settler:
        """What commits the results."""
        return self._sender.settler

    def works(self) -> None:
        """A mail went through: an account that was in trouble is so no more."""
        if self.account.failures:
            self._sender.account_works(self.account)

    def want(self, due: int) -> None:
        """There are `due` messages: wake waiting workers and start more, as far as they are needed and allowed."""
        with self._more:
            self._more.notify(due)
            if clock.monotonic() < self._no_slot_until:
                return
            missing = min(due - self._waiting, self._allowed() - len(self._couriers))
            for _ in range(max(0, missing)):
                worker = threading.Thread(target=self._work, name=f"send-{self.account.name}", daemon=True)
                self._couriers[worker] = None
                worker.start()

    def _allowed(self) -> int:
        limited = self._limit is not None and clock.monotonic() < self._limit_until
        most = self._sender.connections or self.account.max_connections
        most = min(most, self.account.max_connections)
        return min(most, self._limit or 1) if limited else most

    def _work(self) -> None:
        worker, slot = threading.current_thread(), None
        try:
            slot = self._sender.take_slot(self.account)
            if slot is not None:
                self._carry(worker)
            else:
                self._no_slot_until = clock.monotonic() + NO_SLOT_SECONDS
        except Exception:
            log.exception("a sender of %s stopped", self.account.name)
        finally:
            courier = self._couriers[worker]
            if courier is not None:
                courier.close()
            if slot is not None:
                self._sender.give_slot(slot)
            with self._more:
                del self._couriers[worker]
            if slot is not None:
                self._sender.wake()

    def _carry(self, worker: threading.Thread) -> None:
        last = LastResult(self)
        guards = self._sender.guards

        def may_send(claimed: Claimed) -> bool:
            """A server that waited long for the data may be gone: then nothing is tried, and nothing is uncertain."""
            began = clock.monotonic()
            return last.settled() and clock.monotonic() - began < PATIENCE_SECONDS and guards.may_send(claimed)

        courier = Courier(self.account, self._sender.composer, replace(guards, may_send=may_send))
        with self._more:
            self._couriers[worker] = courier
        try:
            while (next_one := self._next(last)) is not None:
                claimed, words = next_one
                started = clock.now()
                try:
                    courier.adopt(self.account)
                    tried = courier.deliver(claimed, words)
                except AccountTrouble as trouble:
                    last.settled()
                    self._trouble(claimed, courier.account, trouble)
                    return
                except Exception as error:
                    log.exception("message %d could not be sent", claimed.id)
                    tried = courier.failed(claimed, error, started)
                if tried is not None:
                    last.hand_in(tried)
                else:
                    self._sender.release([claimed])
        finally:
            last.settled()

    def _next(self, last: LastResult) -> tuple[Claimed, Words] | None:
        """The next message; None when there was none for a while, or the lane is closed."""
        end = clock.monotonic() + (0.0 if self._sender.draining else IDLE_SECONDS)
        while not self._closed:
            self._claim_ahead()
            next_one = self._pop()
            if next_one is not None or self._sender.stopping:
                return next_one
            last.settled()
            with self._claiming:
                if not self._ready:
                    self._claim()
            with self._more:
                if self._ready:
                    continue
                if self._closed or len(self._couriers) > self._allowed() or clock.monotonic() >= end:
                    return None
                self._waiting += 1
                self._more.wait(max(0.0, end - clock.monotonic()))
                self._waiting -= 1
        return None

    def _pop(self) -> tuple[Claimed, Words] | None:
        with self._more:
            if self._closed or not self._ready:
                return None
            return self._ready.popleft()

    def _claim_ahead(self) -> None:
        """While the others still have something to carry, where there is probably more."""
        if self._runs_low() and self._claiming.acquire(blocking=False):
            try:
                if self._runs_low():
                    self._claim()
            finally:
                self._claiming.release()

    def _runs_low(self) -> bool:
        return self._probably_more and len(self._ready) < len(self._couriers) and not self._sender.stopping

    def _claim(self) -> None:
        taken, words = self._sender.claim(self.account, self.sources, BATCH)
        with self._more:
            self._probably_more = len(taken) == BATCH
            self._ready.extend((claimed, words[claimed.content_id]) for claimed in taken)
            if self._waiting:
                self._more.notify(len(taken))

    def _trouble(self, claimed: Claimed, account: Account, trouble: AccountTrouble) -> None:
        """The account is at fault: what is in hand goes back as it was, and the server is left alone."""
        with self._more:
            others = sum(1 for courier in self._couriers.values() if courier is not None) - 1
            back, self._ready = [claimed, *(one for one, _ in self._ready)], deque()
        try:
            if trouble.kind is TroubleKind.BUSY and others > 0:
                self._limit, self._limit_until = others, clock.monotonic() + BUSY_SECONDS
                log.info("%s takes no more than %d connections now: %s", self.account.name, others, trouble.words)
            else:
                log.warning("%s: trouble at %s: %s", self.account.name, trouble.stage, trouble.words)
                self._sender.account_trouble(account, trouble)
        finally:
            self._sender.release(back)

    def close(self) -> list[Claimed]:
        """Start nothing more; what was claimed and not begun comes back."""
        with self._more:
            self._closed = True
            rest, self._ready = [claimed for claimed, _ in self._ready], deque()
            self._more.notify_all()
        return rest

    def join(self, until: float) -> bool:
        """Wait for the workers until `until` (monotonic); True when all ended."""
        with self._more:
            workers = list(self._couriers)
        for worker in workers:
            worker.join(max(0.0, until - clock.monotonic()))
        return not any(worker.is_alive() for worker in workers)

    def abort(self) -> None:
        """Cut every connection: who waits for an answer stops waiting."""
        with self._more:
            couriers = list(self._couriers.values())
        for courier in couriers:
            if courier is not None:
                courier.abort()
