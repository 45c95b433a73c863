"""The only clock. Everything that asks for the time asks here, so that a test can move it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back; for durations and deadlines inside one machine."""
    return time.monotonic()
