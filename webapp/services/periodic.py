"""The periodic jobs as the pages know them: which there are, and the wish that one runs now.

Pages must not know the jobs themselves: who runs them writes their table down, and reads the wishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flask_babel import gettext as _
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.database.hot import HotStatement
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import JobRun, Lease, PeriodicJob
from webapp.services import audit, leases
from webapp.services.unit import driver, lock_configuration, write


@dataclass(frozen=True, slots=True)
class Told:
    """A job of the table, without what it does."""

    name: str
    interval_seconds: int
    meaning: str
    result: str


def tell(jobs: Sequence[Told]) -> None:
    """Write down which jobs there are, in order; what is no job any more is forgotten with its last run."""
    names = [job.name for job in jobs]
    with write() as session:
        lock_configuration(session)
        for table in (PeriodicJob, JobRun):
            session.execute(delete(table).where(table.name.not_in(names)))
        for position, job in enumerate(jobs):
            session.merge(PeriodicJob(**asdict(job), position=position))


def want(name: str) -> None:
    """Let the job run now: a process that runs jobs takes it up within a second. Raises NotFound."""
    with write() as session:
        if not wish(session, name):
            raise NotFound(_("There is no job named %(name)s.", name=name))
        audit.record(session, audit.Deed("started", "jobs", name))


def wish(session: Session, name: str) -> bool:
    """The same as part of another deed; False where nobody told of such a job yet."""
    noted = update(PeriodicJob).where(PeriodicJob.name == name).values(wanted_at=clock.now())
    return bool(session.connection().execute(noted).rowcount)


def wanted() -> list[str]:
    """The jobs that shall run now and do not run already."""
    return [name for (name,) in _WANTED.all(driver(db.session()))]


_WANTED = HotStatement(
    select(PeriodicJob.name).where(
        PeriodicJob.wanted_at.is_not(None),
        ~exists().where(Lease.name == leases.of_job(PeriodicJob.name), leases.is_live()),
    )
)
