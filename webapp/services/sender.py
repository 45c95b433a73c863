"""The sender of this process: keeps its lease alive, looks at the queue, and gives each account's lane its work."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.channels.base import AccountTrouble
from webapp.database import results_engine
from webapp.errors import DatabaseBusy
from webapp.mail.compose import Words
from webapp.services import circuit, claims, leases
from webapp.services.accounts import Account, read_accounts
from webapp.services.claims import Claimed
from webapp.services.courier import Composer, Guards
from webapp.services.lane import Lane
from webapp.services.settling import Settler, Tried
from webapp.services.unit import write_results
from webapp.services.wake import listener

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
REST_SECONDS = 0.01  # what comes meanwhile is found by one look
HEARTBEAT_SECONDS = 5.0
MARGIN_SECONDS = 2.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the connections that an account allows, on all nodes together; held by lease."""

    name: str
    token: int


class Sender:
    """`start` and `stop` for a serving process; `drain` for one pass in the foreground."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        connections: int | None = None,
        on_settled: Callable[[Sequence[Tried]], None] | None = None,
    ):
        self._url: str = config["SQLALCHEMY_DATABASE_URI"]
        self._data_dir: Path = config["ARAUTO_DATA_DIR"]
        self._master_key: str = config["ARAUTO_MASTER_KEY"]
        self._helo: str = config["ARAUTO_MAIL_HOST"]
        self.connections = connections
        self.engine = results_engine(self._url)
        self.composer = Composer(config["SECRET_KEY"])
        self.settler = Settler(self.engine, on_settled=on_settled)
        self.guards = Guards(self._may_send, self._mark_transmitting)
        self.stopping = False
        self.draining = False
        self._until: Any = None
        self._token = 0
        self._deadline = 0.0
        self._lanes: dict[int, Lane] = {}
        self._lanes_lock = threading.Lock()
        self._taken = 0
        self._unreleased: deque[Claimed] = deque()
        self._quit = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = listener(self.engine, self._data_dir)

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send, in threads of this process."""
        for work in (self._look_for_work, self._beat):
            thread = threading.Thread(target=work, name=f"sender{work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._listener.wake()

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Finish what is on the wire, release the rest. Connections still waiting after `grace` seconds are cut."""
        self.stopping = True
        self._quit.set()
        self.wake()
        end = clock.monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.1, end - clock.monotonic()))
        self._close_lanes(end)
        with suppress(SQLAlchemyError), write_results(self.engine) as connection:
            claims.release(connection, self._token)
            leases.release(connection, self._token)
        self.settler.close()
        self._listener.close()
        self.engine.dispose()

    def _close_lanes(self, end: float) -> None:
        with self._lanes_lock:
            lanes, self._lanes = list(self._lanes.values()), {}
        self.release([claimed for lane in lanes for claimed in lane.close()])
        if not all(lane.join(end - 2.0) for lane in lanes):
            for lane in lanes:
                lane.abort()
            self.settler.give_up.set()
            for lane in lanes:
                lane.join(end)

    def drain(self, progress: Callable[[int], None] | None = None) -> None:
        """One full pass over all that is due now; returns when it was all tried once."""
        self.draining, self._until = True, clock.now()
        beat = threading.Thread(target=self._beat, name="sender-beat", daemon=True)
        self._threads.append(beat)
        self._live()
        beat.start()
        before = -1
        while self._taken != before and not self._quit.is_set():
            before = self._taken
            self._look()
            while any(lane.busy for lane in list(self._lanes.values())):
                self._listener.wait(0.2)
                if progress:
                    progress(self._taken)

    # -- threads ------------------------------------------------------------------------------------------------

    def _look_for_work(self) -> None:
        while not self._quit.is_set():
            try:
                self._live()
                self._look()
            except (SQLAlchemyError, DatabaseBusy) as error:
                log.error("the queue cannot be read: %s", getattr(error, "orig", None) or error)
                self._quit.wait(LOOK_SECONDS)
            except Exception:
                log.exception("looking at the queue failed")
                self._quit.wait(LOOK_SECONDS)
            self._quit.wait(REST_SECONDS)
            self._listener.wait(LOOK_SECONDS)

    def _beat(self) -> None:
        while not self._quit.wait(HEARTBEAT_SECONDS):
            try:
                self.beat()
            except SQLAlchemyError as error:
                log.error("the heartbeat failed: %s", getattr(error, "orig", None) or error)

    def beat(self) -> None:
        """The heartbeat: everything this process holds lasts on, or proves to be lost."""
        token, began = self._token, clock.monotonic()
        if not token:
            return
        with write_results(self.engine) as connection:
            alive = leases.renew(connection, token)
        if alive:
            self._deadline = began + leases.SECONDS - MARGIN_SECONDS
        else:
            self._lost()

    def _live(self) -> None:
        """Make this node known; a new life gets a new token."""
        if self._token:
            return
        token, began = leases.new_token(), clock.monotonic()
        with write_results(self.engine) as connection:
            leases.acquire(connection, leases.node_name(token), token)
        self._token, self._deadline = token, began + leases.SECONDS - MARGIN_SECONDS

    def _lost(self) -> None:
        """The lease ran out (the process slept): others own our messages now. Whatever is under way is cut."""
        log.warning("this process was away for longer than its lease; it starts anew")
        self._token, self._deadline = 0, 0.0
        with self._lanes_lock:
            lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.close()
            lane.abort()

    # -- one look -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._unreleased:
            back, self._unreleased = self._unreleased, deque()
            self.release(back)
        now = clock.now()
        with self.engine.connect() as connection:
            accounts = read_accounts(connection, self._master_key, self._helo)
            sources = _sources(accounts, now)
            due = {
                account.id: claims.count_due(
                    connection, sources[account.id], self._cutoff(now), account.max_connections
                )
                for account in accounts.values()
                if account.enabled and not _resting(account, now)
            }
        for account in accounts.values():
            lane = self._lane(account, needed=due.get(account.id, 0) > 0)
            if lane is not None:
                lane.account, lane.sources = account, sources[account.id]
                wanted = due.get(account.id, 0) + lane.ready
                if wanted:
                    lane.want(1 if account.failures else wanted)

    def _cutoff(self, now: Any) -> Any:
        return self._until or now

    def _lane(self, account: Account, *, needed: bool) -> Lane | None:
        with self._lanes_lock:
            lane = self._lanes.get(account.id)
            if lane is None and needed and not self.stopping:
                lane = self._lanes[account.id] = Lane(self, account)
            return lane

    # -- what lanes and couriers ask ----------------------------------------------------------------------------

    def claim(self, account: Account, sources: Sequence[int], limit: int) -> tuple[list[Claimed], dict[int, Words]]:
        """The next messages of a lane, as many as its circuit and its limit per minute allow, with their words."""
        if self.stopping or not self._token or not account.enabled:
            return [], {}
        now = clock.now()
        with write_results(self.engine) as connection:
            if account.failures:
                if not circuit.may_probe(connection, account.id, now):
                    return [], {}
                limit = 1
            if account.max_per_minute is not None:
                used = claims.sent_in_last_minute(connection, account.id, sources, now)
                limit = min(limit, account.max_per_minute - used)
            taken = claims.claim(connection, sources, self._token, self._cutoff(now), limit) if limit > 0 else []
            words = claims.words_of(connection, {claimed.content_id for claimed in taken})
        self._taken += len(taken)
        return taken, words

    def release(self, back: Sequence[Claimed]) -> None:
        """Give claimed messages back to the queue as they were; what cannot be given back now is, at the next look."""
        try:
            with write_results(self.engine) as connection:
                claims.give_back(connection, back)
        except SQLAlchemyError:
            self._unreleased.extend(back)

    def take_slot(self, account: Account) -> Slot | None:
        """One of the account's connections, counted over all nodes; None when all are in use."""
        if not self._token:
            return None
        token = self._token
        with write_results(self.engine) as connection:
            name = leases.acquire_any(connection, f"smtp:{account.id}", account.max_connections, token)
        return Slot(name, token) if name else None

    def give_slot(self, slot: Slot) -> None:
        """Give a connection back."""
        with suppress(SQLAlchemyError), write_results(self.engine) as connection:
            leases.release(connection, slot.token, slot.name)

    def account_trouble(self, account: Account, trouble: AccountTrouble) -> None:
        """Open the account's circuit, unless it was changed since: then that may be mended already."""
        with write_results(self.engine) as connection:
            now_in_force = read_accounts(connection, self._master_key, self._helo).get(account.id)
            if now_in_force is not None and now_in_force.revision == account.revision:
                circuit.opened(connection, account.id, trouble, clock.now(), probing=bool(account.failures))

    def account_works(self, account: Account) -> None:
        """Close the account's circuit."""
        with write_results(self.engine) as connection:
            circuit.closed(connection, account.id)
        self.wake()

    def _may_send(self, claimed: Claimed) -> bool:
        return claimed.token == self._token and clock.monotonic() < self._deadline

    def _mark_transmitting(self, claimed: Claimed) -> bool:
        with write_results(self.engine) as connection:
            return claims.mark_transmitting(connection, claimed)


def _resting(account: Account, now: Any) -> bool:
    """Whether the circuit says to leave the server alone."""
    return bool(account.failures and account.retry_at and now < account.retry_at <= now + circuit.LONGEST)


def _sources(accounts: Mapping[int, Account], now: Any) -> dict[int, tuple[int, ...]]:
    """Whose messages each account carries: its own, and those of accounts that cannot and name it as their fallback."""
    sources = {number: [number] for number in accounts}
    for account in accounts.values():
        if account.fallback_id in sources and (not account.enabled or _resting(account, now)):
            sources[account.fallback_id].append(account.id)
    return {number: tuple(ids) for number, ids in sources.items()}
