from __future__ import annotations

from webapp.services import monitoring


def run() -> dict[str, int]:
    """Accounts that are down and jobs that are late are told."""
    return {"told": monitoring.tell_troubles()}
