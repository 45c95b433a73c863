from __future__ import annotations

from webapp.services import upkeep


def run() -> dict[str, int]:
    """Messages that a dead process held are queued again."""
    return {"freed": upkeep.free_claims()}
