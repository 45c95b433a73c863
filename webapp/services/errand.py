"""An errand: work on a message outside the sender, under a lease of its own, kept alive by a heartbeat."""

from __future__ import annotations

import logging
import threading
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.services import claims, leases
from webapp.services.claims import Claimed
from webapp.services.unit import write_results

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5.0
MARGIN_SECONDS = 2.0
PAUSE_SECONDS = 0.2


class Errand:
    """`with Errand(engine) as errand:`; what was claimed under its token goes back to the queue at the end."""

    def __init__(self, engine: Engine):
        self.token = leases.new_token()
        self._engine = engine
        self._deadline = 0.0
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="errand", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether what was claimed is certainly still ours."""
        return clock.monotonic() < self._deadline

    def __enter__(self) -> Self:
        began = clock.monotonic()
        with write_results(self._engine) as connection:
            leases.acquire(connection, leases.node_name(self.token), self.token)
        self._live_from(began)
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._heart.join()
        with write_results(self._engine) as connection:
            claims.release(connection, self.token)
            leases.release(connection, self.token)

    def take(self, prefix: str, count: int, patience: float) -> bool:
        """Take one of `count` slots (see `leases.acquire_any`), waiting up to `patience` seconds; False without one."""
        end = clock.monotonic() + patience
        while True:
            with write_results(self._engine) as connection:
                taken = leases.acquire_any(connection, prefix, count, self.token)
            if taken or clock.monotonic() > end:
                return taken is not None
            self._over.wait(PAUSE_SECONDS)

    def give(self, prefix: str) -> None:
        """Give back the first of the slots that `take` took."""
        with write_results(self._engine) as connection:
            leases.release(connection, self.token, f"{prefix}:0")

    def mark_transmitting(self, claimed: Claimed) -> bool:
        """See `claims.mark_transmitting`."""
        with write_results(self._engine) as connection:
            return claims.mark_transmitting(connection, claimed)

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            began = clock.monotonic()
            try:
                with write_results(self._engine) as connection:
                    if not leases.renew(connection, self.token):
                        return
                self._live_from(began)
            except SQLAlchemyError as error:
                log.error("the heartbeat failed: %s", getattr(error, "orig", None) or error)

    def _live_from(self, began: float) -> None:
        self._deadline = began + leases.SECONDS - MARGIN_SECONDS
