"""When the end of a certificate is told: at each step before it, when it came, and when it was put off. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.models.catalogue import Severity

# Days before the end, and how bad it is then.
STEPS: tuple[tuple[int, Severity], ...] = (
    (90, Severity.INFO),
    (60, Severity.INFO),
    (30, Severity.WARNING),
    (15, Severity.WARNING),
    (7, Severity.ERROR),
    (1, Severity.CRITICAL),
    (0, Severity.CRITICAL),
)
EXPIRED, RENEWED = "expired", "renewed"
DAY, HALF_A_DAY = timedelta(days=1), timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class End:
    """The certificate whose end is watched: of a chain, the one that ends first."""

    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """Something to tell. `kind` is what it is remembered by: the days of the step, or a word."""

    event_type: str
    kind: str
    severity: Severity


DOWN = Telling("connectivity.down", "down", Severity.ERROR)
UP = Telling("connectivity.up", "up", Severity.INFO)


def days_left(at: datetime, now: datetime) -> int:
    """Days until `at`, to the nearest whole one: 0 within the last twelve hours, negative after it."""
    return -((now - at + HALF_A_DAY) // DAY)


def tellings(before: End | None, end: End, told: Collection[str], now: datetime) -> list[Telling]:
    """What is to be told now of a certificate of which `told` was told before; `before` is the last one that was seen.

    A step that was passed over while nobody looked is not told any more: only the nearest one to the end is.
    """
    found = []
    if before is not None and before.sha256 != end.sha256 and before.at < end.at and RENEWED not in told:
        found.append(Telling("certificate.renewed", RENEWED, Severity.INFO))
    if end.at < now:
        if EXPIRED not in told:
            found.append(Telling("certificate.expired", EXPIRED, Severity.CRITICAL))
        return found
    left = days_left(end.at, now)
    reached = [(days, severity) for days, severity in STEPS if left <= days]
    if reached and EXPIRED not in told and not any(str(days) in told for days in _from(reached[-1][0])):
        days, severity = reached[-1]
        found.append(Telling("certificate.expiring", str(days), severity))
    return found


def next_moment(at: datetime, now: datetime) -> datetime | None:
    """When there may be something new to tell of an end; None when all was told."""
    moments = [*(at - timedelta(days=days) - HALF_A_DAY for days, _ in STEPS), at + timedelta(seconds=1)]
    return min((moment for moment in moments if moment > now), default=None)


def _from(step: int) -> list[int]:
    """The step and those that are nearer to the end."""
    return [days for days, _ in STEPS if days <= step]
