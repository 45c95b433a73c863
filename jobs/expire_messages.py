from __future__ import annotations

from webapp.services import outbox


def run() -> str:
    """Messages past their time are failed as expired."""
    return f"{outbox.expire()} messages expired"
