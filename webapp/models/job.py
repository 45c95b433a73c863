from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model
from webapp.models.types import UtcDateTime


class PeriodicJob(Model):
    """A job of the table in `jobs`, told by the processes that run jobs to those that only show them.

    `meaning` and `result` are texts of the translation catalogue; `result` takes the counts of a run. `wanted_at`:
    somebody wants it to run now.
    """

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    interval_seconds: Mapped[int]
    meaning: Mapped[str]
    result: Mapped[str]
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobRun(Model):
    """The last run of each periodic job, by whichever node had its lease. `counts`: what it did, by name."""

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    error: Mapped[str] = mapped_column(default="")
    node: Mapped[str] = mapped_column(default="")
