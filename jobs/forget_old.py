from __future__ import annotations

from webapp.services import upkeep


def run() -> str:
    """Rows that are of no more use are deleted."""
    return f"{upkeep.forget_old()} rows removed"
