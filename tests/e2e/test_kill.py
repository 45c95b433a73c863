"""`kill -9` at any moment loses nothing, and repeats at most one message per open connection (promises 1 and 2)."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.e2e.instance import Instance, configuration, instance
from tests.peers import wait_until
from tests.peers.smtp_script import ScriptedMail, ScriptedSmtp

EVENTS = 1000
KILLS = 5
CONNECTIONS = 4


def _titles(mails: list[ScriptedMail]) -> Counter[str]:
    """How often each case arrived; its name is in the subject."""
    found = Counter[str]()
    for mail in list(mails):
        subject = next(line for line in mail.data.split(b"\r\n") if line.startswith(b"Subject:"))
        found[subject.decode().rsplit(" ", 1)[1]] += 1
    return found


def _post(arauto: Instance, numbers: range, accepted: set[str], kill_at: dict[int, threading.Event]) -> None:
    """Post every case until it is accepted; the answer to a try that a kill cut off may have been lost."""
    for number in numbers:
        title = f"case-{number:05d}"
        while title not in accepted:
            try:
                answer = arauto.http(
                    "POST",
                    "/api/v1/events",
                    {"type": "monitoring.disk", "title": title},
                    {"Idempotency-Key": title},
                )
            except requests.RequestException:
                continue
            if answer.status_code == 202:
                accepted.add(title)
        if number in kill_at:
            kill_at[number].set()


@pytest.mark.timeout(180)
def test_thousand_events_survive_five_kills(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, instance(tmp_path / "a") as arauto:
        arauto.prepare(configuration(server.port, account=f", max_connections: {CONNECTIONS}"))
        arauto.start()
        accepted: set[str] = set()
        moments = {EVENTS * (kill + 1) // (KILLS + 1): threading.Event() for kill in range(KILLS)}
        poster = threading.Thread(target=_post, args=(arauto, range(EVENTS), accepted, moments))
        poster.start()
        for moment in moments.values():
            assert moment.wait(60)
            arauto.kill()
            arauto.start()
        poster.join(120)
        assert len(accepted) == EVENTS
        wait_until(lambda: len(_titles(server.mails)) == EVENTS, "every case to arrive", 60)
        wait_until(lambda: _states(arauto) == {"sent": EVENTS}, "every message to be sent", 30)
        copies = _titles(server.mails)
    repeated = sum(copies.values()) - EVENTS
    assert repeated <= KILLS * CONNECTIONS
    assert max(copies.values()) <= 1 + KILLS


def _states(arauto: Instance) -> dict[str, int]:
    found = Counter[str]()
    after = ""
    while True:
        page = arauto.http("GET", f"/api/v1/messages?limit=500{after}").json()
        found.update(item["state"] for item in page["items"])
        if not page["next"]:
            return dict(found)
        after = f"&after={page['next']}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["workers", "preloaded"])
def test_four_workers_send_nothing_twice(tmp_path: Path, options: tuple[str, ...]) -> None:
    with ScriptedSmtp() as server, instance(tmp_path / "a") as arauto:
        arauto.prepare(configuration(server.port))
        arauto.start_gunicorn("-w", "4", *options)
        accepted: set[str] = set()
        posters = [
            threading.Thread(target=_post, args=(arauto, range(part * 50, part * 50 + 50), accepted, {}))
            for part in range(4)
        ]
        for poster in posters:
            poster.start()
        for poster in posters:
            poster.join(60)
        wait_until(lambda: _states(arauto) == {"sent": 200}, "every message to be sent", 30)
        assert set(_titles(server.mails).values()) == {1}
        assert len(server.mails) == 200


@pytest.mark.timeout(60)
def test_sigterm_ends_it_within_its_time_with_nothing_claimed(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, instance(tmp_path / "a") as arauto:
        arauto.prepare(configuration(server.port))
        arauto.start()
        events = [{"type": "monitoring.disk", "title": f"case-{number:05d}"} for number in range(300)]
        assert arauto.http("POST", "/api/v1/events/batch", {"events": events}).status_code == 202
        server.wait_for(lambda: len(server.mails) > 20)
        assert arauto.stop() == 0
        arauto.start()
        wait_until(lambda: _states(arauto) == {"sent": 300}, "every message to be sent", 15)
        assert set(_titles(server.mails).values()) == {1}
