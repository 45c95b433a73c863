"""When the end of a certificate is told: each step once, the nearest one only, and never again what was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.models.catalogue import Severity
from webapp.services.expiry import STEPS, End, Telling, days_left, next_moment, tellings

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAYS = [days for days, _ in STEPS]


def end(days: float, sha256: str = "a") -> End:
    return End(sha256, NOW + timedelta(days=days))


def kinds(found: list[Telling]) -> list[str]:
    return [telling.kind for telling in found]


@pytest.mark.parametrize(
    ("hours", "days"), [(24, 1), (12, 0), (13, 1), (36, 1), (37, 2), (1, 0), (0, 0), (-1, 0), (-24, -1), (480, 20)]
)
def test_days_are_counted_to_the_nearest(hours: int, days: int) -> None:
    assert days_left(NOW + timedelta(hours=hours), NOW) == days


@pytest.mark.parametrize(
    ("days", "kind", "severity"),
    [
        (90, "90", "info"),
        (61, "90", "info"),
        (60, "60", "info"),
        (30, "30", "warning"),
        (20, "30", "warning"),
        (15, "15", "warning"),
        (7, "7", "error"),
        (2, "7", "error"),
        (1, "1", "critical"),
        (0.4, "0", "critical"),
        (0, "0", "critical"),
        (-0.001, "expired", "critical"),
        (-400, "expired", "critical"),
    ],
)
def test_what_is_first_seen_is_told_once_for_where_it_stands(days: float, kind: str, severity: str) -> None:
    [found] = tellings(None, end(days), set(), NOW)
    assert (found.kind, found.severity) == (kind, severity)
    assert found.event_type == ("certificate.expired" if kind == "expired" else "certificate.expiring")
    assert tellings(end(days), end(days), {kind}, NOW) == []


@pytest.mark.parametrize("days", [91, 365, 5000])
def test_an_end_that_is_far_away_is_not_told(days: float) -> None:
    assert tellings(None, end(days), set(), NOW) == []


def test_a_clock_that_was_set_back_tells_nothing_again() -> None:
    assert tellings(end(20), end(20), {"7"}, NOW) == []
    assert tellings(end(5), end(5), {"expired"}, NOW) == []


def test_one_that_lasts_longer_in_its_place_is_told() -> None:
    [found] = tellings(end(5), end(365, "b"), set(), NOW)
    assert (found.event_type, found.severity) == ("certificate.renewed", Severity.INFO)
    assert kinds(tellings(end(5), end(20, "b"), set(), NOW)) == ["renewed", "30"]
    assert kinds(tellings(end(-5), end(-1, "b"), set(), NOW)) == ["renewed", "expired"]


def test_another_one_is_not_renewed_unless_it_lasts_longer() -> None:
    for days in (365, 100):
        assert tellings(end(365), end(days, "b"), set(), NOW) == []


def test_two_that_take_turns_are_told_as_renewed_once() -> None:
    assert tellings(end(100), end(365, "b"), {"renewed"}, NOW) == []


def test_severity_only_rises_towards_the_end() -> None:
    ranks = [severity.rank for _, severity in STEPS]
    assert ranks == sorted(ranks)
    assert DAYS == sorted(DAYS, reverse=True) == [90, 60, 30, 15, 7, 1, 0]


def watched_at(instants: list[datetime], at: datetime) -> list[str]:
    """What is told of one certificate by somebody who looks at these instants."""
    told: list[str] = []
    for instant in instants:
        told += kinds(tellings(End("a", at), End("a", at), told, instant))
    return told


LOOKS = st.lists(st.floats(-200, 30).map(lambda days: NOW + timedelta(days=days)), max_size=60)


@given(LOOKS)
def test_whenever_somebody_looks_nothing_is_told_twice_and_only_in_order(instants: list[datetime]) -> None:
    told = watched_at(instants, NOW)
    order = [*map(str, DAYS), "expired"]
    assert len(told) == len(set(told))
    assert told == sorted(told, key=order.index)
    if instants and max(instants) > NOW:
        assert "expired" in told


@given(st.floats(0.001, 400))
def test_whoever_looks_when_there_may_be_something_misses_no_step(days: float) -> None:
    at, now = NOW + timedelta(days=days), NOW
    told = kinds(tellings(None, End("a", at), [], now))
    while (moment := next_moment(at, now)) is not None:
        assert moment > now
        now = moment
        told += kinds(tellings(End("a", at), End("a", at), told, now))
    reached = [place for place, step in enumerate(DAYS) if days_left(at, NOW) <= step]
    assert told == [*map(str, DAYS[max(reached, default=0) :]), "expired"]
