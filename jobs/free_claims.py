from __future__ import annotations

from webapp.services import upkeep


def run() -> str:
    """Messages that a dead process held are queued again."""
    return f"{upkeep.free_claims()} messages freed"
