"""The outbox with a million old rows: its drain beside one with none, and every page of every list."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Mapping
from itertools import combinations
from urllib.parse import urlencode

from flask import Flask

from benchmarks import gateway, old_rows
from benchmarks.drain import arauto, drained
from benchmarks.measure import at_least, at_most, medians
from benchmarks.sink import one_core, sink
from webapp.models import SmtpAccount, User
from webapp.queries.keyset import encode
from webapp.services import sessions
from webapp.services.unit import write

MAILS = 4000
# Usual, seldom and absent values of every filter that a list offers.
OUTBOX = {
    "state": ("sent", "bounced", "unknown", "read"),
    "channel": ("email", "sms", "screen"),
    "recipient": ("p7@corp.example", "seldom@corp.example", "nobody@corp.example"),
    "account": ("Relay", "Second"),
    "type": ("session.opened", "backup.late", "password.changed"),
    "text": ("vault", "vault 77", "4999", "nothing"),
    "since": ("2026-01-01", "2026-01-02 03:00", "2026-02-01"),
    "until": ("2026-01-01 00:05", "2026-01-02", "2026-02-01"),
}
EVENTS = {
    "type": ("session.opened", "backup.late", "password.changed"),
    "severity": ("info", "error", "critical"),
    "source": ("host-7", "seldom", "nowhere"),
    "text": ("vault", "vault 77", "4999", "nothing"),
    "since": ("2026-01-01", "2026-01-02 03:00", "2026-02-01"),
    "until": ("2026-01-01 00:05", "2026-01-02", "2026-02-01"),
}


def addresses(path: str, offered: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Every filter and every pair of filters, in both orders, and pages in the middle of the list."""
    values = [(name, value) for name, several in offered.items() for value in several]
    asked: list[tuple[tuple[str, str], ...]] = [(), *((each,) for each in values)]
    asked += [pair for pair in combinations(values, 2) if pair[0][0] != pair[1][0]]
    for filters in asked:
        for sort in ("made", "-made"):
            yield f"{path}?{urlencode({**dict(filters), 'sort': sort})}"
            middle = encode(*[old_rows.COUNT // 2] * (2 if path == "/outbox" and "text" in dict(filters) else 1))
            yield f"{path}?{urlencode({**dict(filters), 'sort': sort, 'after': middle})}"


def pages(app: Flask) -> dict[str, float]:
    """Milliseconds that the server takes for each page, the better of two tries."""
    client = app.test_client()
    with write() as session:
        session.add(viewer := User(name="viewer", role="viewer", password_hash="!"))
        session.flush()
    key = sessions.start(viewer.id, "127.0.0.1")
    with client.session_transaction() as kept:
        kept.update(_user_id=key, _fresh=True)

    def one(address: str) -> float:
        began = time.perf_counter()
        answer = client.get(address)
        taken = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status}")
        return taken

    each = [*addresses("/outbox", OUTBOX), *addresses("/events", EVENTS)]
    return {address: min(one(address), one(address)) for address in each}


def main(rounds: int = 3) -> None:
    """Print each target."""
    with sink() as port, gateway.gateway() as app:
        gateway.add_account(port)
        gateway.add_rule(["*"])
        with write() as session:
            session.add(SmtpAccount(name="Second", sender_email="a@corp.example", host="127.0.0.1", port=port))
        old_rows.fill()
        slow = sorted(pages(app).items(), key=lambda item: -item[1])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def old() -> Mapping[str, float]:
            gateway.add_messages(MAILS)
            return {"old": drained(app.config, MAILS)}

        with one_core():
            found = medians(rounds, lambda: {"none": arauto(port, MAILS)}, old)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    over = sum(1 for _, taken in slow if taken > 50)
    at_most("lists: slowest page, ms", slow[0][1], 50, f"{over} of {len(slow)} above; worst {slow[0][0]}")
    beside = f"{found['old']:,.0f} of {found['none']:,.0f} mails a second"
    at_least("drain: with 1,000,000 old rows, of the rate without", found["old"] / found["none"], 0.9, beside)
    at_most("drain: megabytes that it adds", grown, 50)


if __name__ == "__main__":
    main()
