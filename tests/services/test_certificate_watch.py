"""The certificate watch: looks at what is due, tells each step once, and lets no host stop another."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from flask import Flask
from sqlalchemy import func, select, update

from tests.channels.conftest import server_tls
from tests.factories import make_account, make_contact, make_notification
from tests.peers import free_port
from tests.peers.tls import TlsServer
from tests.probes import together
from webapp import clock
from webapp.channels.base import TroubleKind
from webapp.channels.certificate import NotSeen, Place, Sight
from webapp.channels.certificate_facts import Facts
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Certificate, CertificateNotice, Event, Message, Sighting
from webapp.services import certificate_watch, configuration
from webapp.services.certificate_watch import check_due, check_now
from webapp.services.unit import write

AUTHORITY = trustme.CA()


class Watch:
    """The clock, and what each host shows: a sight, or what keeps it from being seen."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.hosts: dict[str, Sight | Exception] = {}
        self.looks: list[str] = []

    def now(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)

    def shows(self, days: float, sha256: str = "a1", host: str = "portal") -> None:
        self.hosts[host] = Sight((facts(self.at + timedelta(days=days), sha256),))

    def fails(self, host: str = "portal") -> None:
        self.hosts[host] = NotSeen(TroubleKind.UNREACHABLE, "Connection refused")

    def look(self, place: Place) -> Sight:
        self.looks.append(place.host)
        shown = self.hosts[place.host]
        if isinstance(shown, Exception):
            raise shown
        return shown


def facts(not_after: datetime, sha256: str = "a1", subject: str = "CN=portal") -> Facts:
    begun = not_after - timedelta(days=365)
    return Facts(subject, "CN=Corp CA", ("portal", "www.portal"), "ff", sha256, begun, not_after)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(clock, "now", made.now)
    monkeypatch.setattr(certificate_watch, "look", made.look)
    return made


def add(host: str = "portal", name: str = "Portal", **fields: Any) -> int:
    configuration.save("certificates", {"name": name, "host": host, **fields})
    return configuration.number_of("certificates", {"name": name})


def told() -> list[tuple[str, str]]:
    """Type and severity of every event, the oldest first."""
    db.session.rollback()
    return [
        (row.type, row.severity) for row in db.session.execute(select(Event.type, Event.severity).order_by(Event.id))
    ]


def last() -> Event:
    db.session.rollback()
    return db.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()


def sighting(number: int = 1) -> Sighting:
    db.session.rollback()
    return db.session.get_one(Sighting, number, populate_existing=True)


# --- what is seen and told ---


def test_what_was_seen_is_kept(any_ctx: Flask, watch: Watch) -> None:
    number = add()
    watch.hosts["portal"] = Sight((facts(watch.at + timedelta(days=300)),), "self-signed certificate", False)
    assert check_due() == certificate_watch.Done(1, 0)
    found = sighting(number)
    assert (found.subject, found.issuer, found.serial, found.sha256) == ("CN=portal", "CN=Corp CA", "ff", "a1")
    assert (found.names, found.distrust, found.names_match) == (
        ["portal", "www.portal"],
        "self-signed certificate",
        False,
    )
    assert (found.checked_at, found.seen_at) == (watch.at, watch.at)
    assert (found.ends_at, found.ends_sha256) == (found.not_after, "a1")
    assert told() == []


def test_each_step_is_told_once_and_then_the_end(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=100)
    counted = []
    for _ in range(101 * 4 + 1):
        counted.append(check_due().told)
        watch.forward(hours=6)
    assert told() == [
        ("certificate.expiring", "info"),
        ("certificate.expiring", "info"),
        ("certificate.expiring", "warning"),
        ("certificate.expiring", "warning"),
        ("certificate.expiring", "error"),
        ("certificate.expiring", "critical"),
        ("certificate.expiring", "critical"),
        ("certificate.expired", "critical"),
    ]
    assert max(counted) == 1
    db.session.rollback()
    kinds = db.session.scalars(select(CertificateNotice.kind).order_by(CertificateNotice.id)).all()
    assert kinds == ["90", "60", "30", "15", "7", "1", "0", "expired"]
    days = [event.attributes["days_left"] for event in db.session.scalars(select(Event).order_by(Event.id))]
    assert days == [90, 60, 30, 15, 7, 1, 0, 0]


def test_one_first_seen_late_is_told_once(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=20)
    check_due()
    watch.forward(hours=7)
    check_due()
    assert told() == [("certificate.expiring", "warning")]


def test_steps_passed_while_nothing_ran_are_told_as_one(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=80)
    check_due()
    watch.forward(days=76)
    check_due()
    assert told() == [("certificate.expiring", "info"), ("certificate.expiring", "error")]


def test_an_event_says_all_that_is_needed(any_ctx: Flask, watch: Watch) -> None:
    add(port=8443)
    watch.shows(days=20)
    check_due()
    event = last()
    assert event.title == "The certificate Portal expires in 20 days"
    assert event.body.startswith("It is valid until Mar 21, 2026, 9:00:00 AM (UTC). Issued to: CN=portal.")
    assert event.source == "arauto"
    assert event.attributes == {
        "certificate": "Portal",
        "host": "portal",
        "port": 8443,
        "subject": "CN=portal",
        "issuer": "CN=Corp CA",
        "serial": "ff",
        "sha256": "a1",
        "not_after": "2026-03-21T09:00:00Z",
        "days_left": 20,
    }


def test_a_new_certificate_in_its_place_is_told(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=5)
    check_due()
    watch.forward(hours=6)
    watch.shows(days=365, sha256="b2")
    check_due()
    assert told()[1:] == [("certificate.renewed", "info")]
    assert last().attributes["sha256"] == "b2"
    watch.forward(hours=6)
    watch.shows(days=5, sha256="a1")
    check_due()
    watch.forward(hours=6)
    watch.shows(days=365, sha256="b2")
    check_due()
    assert len(told()) == 2  # two servers behind one name do not tell it for ever


def test_of_a_chain_the_one_that_ends_first_is_watched(any_ctx: Flask, watch: Watch) -> None:
    add()
    leaf, middle = facts(watch.at + timedelta(days=300)), facts(watch.at + timedelta(days=6), "ca", "CN=Middle CA")
    watch.hosts["portal"] = Sight((leaf, middle))
    check_due()
    assert told() == [("certificate.expiring", "error")]
    assert (last().attributes["ends_first"], last().attributes["sha256"]) == ("CN=Middle CA", "a1")
    assert (sighting().not_after, sighting().ends_at) == (leaf.not_after, middle.not_after)


def test_people_are_told(any_ctx: Flask, watch: Watch) -> None:
    make_account()
    make_notification("Certificates", [make_contact("Ana")], types=["certificate.*"])
    add()
    watch.shows(days=1)
    check_due()
    db.session.rollback()
    assert db.session.execute(select(Message.recipient, Message.state)).all() == [("ana@corp.example", "queued")]


def test_an_uploaded_certificate_is_watched_without_a_host(any_ctx: Flask, watch: Watch) -> None:
    leaf = AUTHORITY.issue_cert("portal", not_after=watch.at + timedelta(days=3))
    add(host="", pem={"value": leaf.cert_chain_pems[0].bytes().decode()})
    assert check_due() == certificate_watch.Done(1, 1)
    assert told() == [("certificate.expiring", "error")]
    assert "host" not in last().attributes
    assert watch.looks == []


# --- when ---


def test_it_is_looked_at_again_after_six_hours(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=300)
    assert [check_due().looked, check_due().looked] == [1, 0]
    watch.forward(hours=5, minutes=59)
    assert check_due().looked == 0
    watch.forward(minutes=1)
    assert check_due().looked == 1


def test_it_is_looked_at_as_soon_as_a_step_is_reached(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=30.6)
    check_due()
    watch.forward(days=0.1)
    assert check_due() == certificate_watch.Done(1, 1)
    watch.at = sighting().not_after + timedelta(seconds=1)
    assert check_due().told == 1
    assert last().type == "certificate.expired"


def test_what_was_changed_or_enabled_is_looked_at_at_once(any_ctx: Flask, watch: Watch) -> None:
    number = add(enabled=False)
    watch.shows(days=300)
    watch.shows(days=200, host="other")
    assert check_due().looked == 0
    configuration.save("certificates", {"enabled": True}, number)
    assert check_due().looked == 1
    configuration.save("certificates", {"host": "other"}, number)
    assert check_due().looked == 1
    assert told() == []  # another host is not a renewed certificate
    configuration.save("certificates", {"name": "Renamed"}, number)
    assert check_due().looked == 0


def test_a_clock_that_was_set_back_does_not_stop_the_watch(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=300)
    check_due()
    watch.forward(days=-1)
    assert check_due().looked == 1


def test_more_than_fit_are_looked_at_in_the_next_run(
    any_ctx: Flask, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_watch, "AT_ONCE", 2)
    for number in range(3):
        watch.shows(days=300, host=f"h{number}")
        add(f"h{number}", f"C{number}")
    assert [check_due().looked, check_due().looked, check_due().looked] == [2, 1, 0]
    assert sorted(watch.looks) == ["h0", "h1", "h2"]


# --- failures ---


def test_the_third_failure_is_told_once_and_the_return_too(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=300)
    check_due()
    watch.fails()
    for wait in (timedelta(hours=6), timedelta(minutes=5), timedelta(minutes=10)):
        assert told() == []
        watch.at += wait
        assert check_due().looked == 1
    assert told() == [("connectivity.down", "error")]
    assert last().body.startswith("Server: portal, port 443. Last result: Connection refused.")
    for _ in range(3):
        watch.forward(hours=1)
        assert check_due() == certificate_watch.Done(1, 0)
    assert (sighting().failures, sighting().error, sighting().sha256) == (6, "Connection refused", "a1")
    watch.shows(days=300)
    watch.forward(hours=1)
    check_due()
    assert told()[1:] == [("connectivity.up", "info")]
    assert (sighting().failures, sighting().error, sighting().failing_since) == (0, "", None)


def test_a_short_failure_is_not_told(any_ctx: Flask, watch: Watch) -> None:
    add()
    for _ in range(2):
        watch.fails()
        check_due()
        watch.forward(minutes=10)
    watch.shows(days=300)
    check_due()
    assert told() == []


def test_one_that_was_never_seen_is_told_as_down(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.fails()
    for _ in range(3):
        check_due()
        watch.forward(minutes=10)
    assert told() == [("connectivity.down", "error")]
    assert "not_after" not in last().attributes


def test_the_end_comes_also_to_a_host_that_does_not_answer(any_ctx: Flask, watch: Watch) -> None:
    add()
    watch.shows(days=8)
    check_due()
    watch.fails()
    for _ in range(9 * 24):
        watch.forward(hours=1)
        check_due()
    assert [event for event, _ in told()].count("certificate.expiring") == 4
    assert told()[-1] == ("certificate.expired", "critical")


def test_one_that_breaks_stops_no_other(any_ctx: Flask, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("bad", "good", "worse"):
        add(host, host.title())
        watch.shows(days=20, host=host)
    watch.hosts["bad"] = RuntimeError("never thought of")
    settle = certificate_watch._settle

    def broken(watched: Any, outcome: Any) -> int:
        if watched.place.host == "worse":
            raise RuntimeError("cannot be settled")
        return settle(watched, outcome)

    monkeypatch.setattr(certificate_watch, "_settle", broken)
    with pytest.raises(RuntimeError, match="cannot be settled"):
        check_due()
    assert told() == [("certificate.expiring", "warning")]
    assert sighting(1).error == "RuntimeError: never thought of"


def test_one_that_never_answers_costs_the_others_nothing(
    any_ctx: Flask, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = socket.socketpair()

    def hangs(place: Place) -> Sight:
        if place.host == "hangs":
            released[0].recv(1)
        return watch.look(place)

    monkeypatch.setattr(certificate_watch, "look", hangs)
    monkeypatch.setattr(certificate_watch, "PATIENCE_SECONDS", 0.3)
    for host in ("hangs", "portal"):
        watch.shows(days=20, host=host)
        add(host, host.title())
    assert check_due() == certificate_watch.Done(2, 1)
    assert sighting(1).error == "the name of the host was not found in time"
    for end in released:
        end.close()


# --- once, however many look ---


def test_two_nodes_that_look_at_once_tell_it_once(any_ctx: Flask, watch: Watch) -> None:
    make_account()
    make_notification("All", [make_contact("Ana")])
    add()
    watch.shows(days=20)
    together(any_ctx, [lambda: check_now(1) for _ in range(4)])
    assert told() == [("certificate.expiring", "warning")]
    assert db.session.scalar(select(func.count()).select_from(Message)) == 1


def test_what_was_changed_meanwhile_is_not_overwritten(
    any_ctx: Flask, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = add()
    watch.shows(days=20)

    def changed(place: Place) -> Sight:
        with any_ctx.app_context():
            configuration.save("certificates", {"host": "other"}, number)
        return watch.look(place)

    monkeypatch.setattr(certificate_watch, "look", changed)
    assert check_due() == certificate_watch.Done(1, 0)
    assert told() == []
    assert db.session.get(Sighting, number) is None


def test_nothing_is_half_done(any_ctx: Flask, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and event are one unit: where the event cannot be stored, nothing was seen."""
    add()
    watch.shows(days=20)

    def fails(new: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(certificate_watch.events, "record", fails)
        with pytest.raises(OSError, match="disk full"):
            check_due()
    assert db.session.get(Sighting, 1) is None
    assert check_due() == certificate_watch.Done(1, 1)


def test_a_watch_that_was_made_again_tells_again(any_ctx: Flask, watch: Watch) -> None:
    watch.shows(days=20)
    for _ in range(2):
        number = add()
        check_due()
        configuration.remove("certificates", number)
        watch.forward(minutes=1)
    assert len(told()) == 2


# --- at once ---


def test_it_can_be_looked_at_now(any_ctx: Flask, watch: Watch) -> None:
    number = add()
    watch.shows(days=300)
    check_now(number)
    check_now(number)
    assert watch.looks == ["portal"] * 2
    with pytest.raises(NotFound):
        check_now(number + 1)
    configuration.save("certificates", {"enabled": False}, number)
    with pytest.raises(Conflict, match="enable it first"):
        check_now(number)


# --- real servers ---


@pytest.fixture
def server() -> Iterator[TlsServer]:
    soon = clock.now() + timedelta(days=6)
    with TlsServer(server_tls(AUTHORITY.issue_cert("127.0.0.1", not_after=soon))) as made:
        yield made


def test_a_server_renews_its_certificate(any_ctx: Flask, server: TlsServer) -> None:
    number = add("127.0.0.1", port=server.port)
    assert check_due() == certificate_watch.Done(1, 1)
    assert told() == [("certificate.expiring", "error")]
    assert (sighting(number).names, sighting(number).names_match) == (["127.0.0.1"], True)
    server.context = server_tls(AUTHORITY.issue_cert("127.0.0.1"))
    check_now(number)
    assert told()[1:] == [("certificate.renewed", "info")]


def test_no_transaction_is_open_while_a_server_is_looked_at(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    add("127.0.0.1", port=free_port())

    def writes(place: Place) -> Sight:
        with any_ctx.app_context(), write() as session:
            session.execute(update(Certificate).values(updated_at=clock.now()))
        raise NotSeen(TroubleKind.UNREACHABLE, "it was free")

    monkeypatch.setattr(certificate_watch, "look", writes)
    check_due()
    assert sighting().error == "it was free"
