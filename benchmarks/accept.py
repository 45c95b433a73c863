"""Accepting events over HTTP: matched, rendered, one message, durable. The peer is `benchmarks.plain`.

Both are served by two workers of eight threads; sixteen connections send to them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import gateway
from benchmarks.load import load, post
from benchmarks.measure import at_least, at_most, medians, percentile
from benchmarks.served import served
from benchmarks.sink import sink
from webapp.services import tokens

CONNECTIONS = 16
WORKERS = 2
POSTS = 2000
BATCH = 500
BATCHES = 10


def plain() -> dict[str, float]:
    """Requests a second of the peer."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PLAIN_DATABASE": str(Path(folder) / "plain.db")}
        with served("benchmarks.plain:app", environ, workers=WORKERS) as port:
            load(port, (post("/", b'{"title": "warm"}') for _ in range(200)), CONNECTIONS)
            requests = (post("/", json.dumps({"title": f"Event {i}"}).encode()) for i in range(POSTS))
            rate, _ = load(port, requests, CONNECTIONS)
    return {"plain": rate}


@contextmanager
def arauto(jobs: str = "off", smtp: int = 25) -> Iterator[tuple[int, str]]:
    """The port of a served Arauto whose one rule tells one contact, and the header that signs requests."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"ARAUTO_DATA_DIR": str(Path(folder) / "var"), "ARAUTO_JOBS": jobs}
        with gateway.gateway(Path(environ["ARAUTO_DATA_DIR"])):
            gateway.add_account(smtp)
            gateway.add_rule(["*"])
            token = tokens.create("bench")
        with served("wsgi:app", environ, workers=WORKERS) as port:
            header = f"Authorization: Bearer {token}\r\n"
            load(port, events(header, 200), CONNECTIONS)
            yield port, header


def event(number: int) -> dict[str, str]:
    """An event as a monitored system sends it."""
    return {"type": "password.changed", "title": f"Event {number}", "body": "Somebody changed it.", "source": "vault"}


def events(header: str, count: int) -> Iterator[bytes]:
    """Requests with one event each."""
    return (post("/api/v1/events", json.dumps(event(i)).encode(), header) for i in range(count))


def batches(header: str) -> Iterator[bytes]:
    """Requests with BATCH events each."""
    body = json.dumps({"events": [event(number) for number in range(BATCH)]}).encode()
    return (post("/api/v1/events/batch", body, header) for _ in range(BATCHES))


def quiet() -> Mapping[str, float]:
    """Events a second one by one and in batches, and the slowest answers, while nothing is sent."""
    with arauto() as (port, header):
        single, latencies = load(port, events(header, POSTS), CONNECTIONS)
        batch, _ = load(port, batches(header), 1)
    return {"single": single, "slowest": percentile(latencies, 0.99) * 1000, "batch": batch * BATCH}


def draining() -> Mapping[str, float]:
    """The same one by one while the mails go out."""
    with sink() as smtp, arauto("on", smtp) as (port, header):
        rate, latencies = load(port, events(header, POSTS), CONNECTIONS)
    return {"draining": rate, "slowest draining": percentile(latencies, 0.99) * 1000}


def main(rounds: int = 3) -> None:
    """Print each target."""
    found = medians(rounds, plain, quiet, draining)
    beside = f"{found['single']:,.0f} of {found['plain']:,.0f} a second"
    at_least("accept: events, of an endpoint that stores one row", found["single"] / found["plain"], 0.7, beside)
    at_most("accept: p99 at 16 connections, ms", found["slowest"], 60)
    at_most("accept: the same while draining, ms", found["slowest draining"], 60, f"{found['draining']:,.0f} a second")
    at_least("accept: events a second in batches", found["batch"], 4000)


if __name__ == "__main__":
    main()
