from __future__ import annotations

from webapp.services import upkeep


def run() -> dict[str, int]:
    """Rows that are of no more use are deleted."""
    return {"removed": upkeep.forget_old()}
