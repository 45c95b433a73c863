"""Which periodic jobs there are, the wish that one runs now, and what the last run of each did, as counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_jobs_page"
down_revision = "0005_last_sign_in"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "periodic_job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("wanted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_periodic_job"),
    )
    op.drop_table("job_run")  # the jobs fill it again within minutes
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("succeeded_at", TIME, nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_run"),
    )
