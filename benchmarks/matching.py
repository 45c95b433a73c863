"""Accepting events by a big rulebook, beside a small one. Few rules name the type of the event."""

from __future__ import annotations

import time
from collections.abc import Mapping

from benchmarks import gateway
from benchmarks.measure import at_least, medians
from benchmarks.sink import one_core
from webapp.extensions import db
from webapp.models import Contact, Notification
from webapp.services import events, rules
from webapp.services.events import NewEvent
from webapp.services.unit import write

EVENTS = 300
OTHERS = ("session.opened", "backup.failed", "command.*", "access.denied", "monitoring.disk", "credential.*")


def recorded(count: int) -> Mapping[str, float]:
    """Events a second with `count` rules; fifty times fewer name the type, and one has somebody to tell."""
    with gateway.gateway():
        gateway.add_account(25)
        gateway.add_rule(["password.changed"])
        with write() as session:
            people = [Contact(name=f"Contact {i}", email=f"p{i}@corp.example") for i in range(20)]
            session.add_all(
                Notification(
                    name=f"Rule {i}",
                    types=["password.*"] if i % 50 == 0 else [OTHERS[i % len(OTHERS)]],
                    min_severity="critical",
                    channels=["email"],
                    contacts=[people[i % len(people)]],
                )
                for i in range(1, count)
            )
            rules.publish(session)
        events.record(NewEvent("password.changed", "The first one reads the rules"))
        began = time.perf_counter()
        for number in range(EVENTS):
            events.record(NewEvent("password.changed", f"Event {number}"))
            db.session.remove()
        return {str(count): EVENTS / (time.perf_counter() - began)}


def main(rounds: int = 3) -> None:
    """Print the target."""
    with one_core():
        found = medians(rounds, lambda: recorded(10), lambda: recorded(1000))
    beside = f"{found['1000']:,.0f} of {found['10']:,.0f} events a second"
    at_least("matching: with 1,000 rules, of the rate with 10", found["1000"] / found["10"], 0.8, beside)


if __name__ == "__main__":
    main()
