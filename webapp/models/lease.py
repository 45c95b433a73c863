from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model


class Lease(Model):
    """Who holds a thing (a node's own life, a job, a connection slot of an account), and until when.

    `token` is the fencing token: a holder that lost its lease never gets the same one again. `until` counts by the
    lease clock (see `database.lease_now`), not by any wall clock.
    """

    name: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger, index=True)
    until: Mapped[float]
