from __future__ import annotations

from webapp.services import outbox


def run() -> dict[str, int]:
    """Messages past their time are failed as expired."""
    return {"expired": outbox.expire()}
