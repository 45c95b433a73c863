"""A server of the sandbox: on a loopback socket, in an event loop of its own, on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from abc import ABC, abstractmethod
from contextlib import suppress

log = logging.getLogger(__name__)
STOP_SECONDS = 3.0


class LoopServer(ABC):
    """Serves on `bound` from `start` until `stop`."""

    def __init__(self, bound: socket.socket, name: str):
        self.port: int = bound.getsockname()[1]
        self._socket = bound
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Begin nothing more, finish what is in hand, and end."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(STOP_SECONDS + 2.0)

    @abstractmethod
    async def _serve(self, ending: asyncio.Event) -> None:
        """Serve until the event is set, and finish what is in hand; what is left then is cancelled."""

    def _run(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._until_the_end())
        except Exception:
            log.exception("%s stopped", self._thread.name)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._socket.close()

    async def _until_the_end(self) -> None:
        await self._serve(self._ending)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
