"""A server that is far away: a relay in a process of its own holds back every byte for half the round trip."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.served import free_port, running, wait_for


@contextmanager
def far_from(port: int, round_trip: float) -> Iterator[int]:
    """The port at which the server at `port` seems `round_trip` seconds away."""
    away = free_port()
    command = [sys.executable, "-m", "benchmarks.distance", str(away), str(port), str(round_trip)]
    with running(command, {}) as process:
        wait_for(away, process)
        yield away


async def _relay(away: int, port: int, delay: float) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, server_writer, delay), _carry(server_reader, writer, delay))

    async with await asyncio.start_server(meet, "127.0.0.1", away, backlog=128) as server:
        await server.serve_forever()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)


if __name__ == "__main__":
    asyncio.run(_relay(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2))
