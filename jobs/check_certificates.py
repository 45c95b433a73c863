from __future__ import annotations

from webapp.services import certificate_watch


def run() -> dict[str, int]:
    """Certificates that are due are looked at, and what there is to tell of them is told."""
    done = certificate_watch.check_due()
    return {"looked": done.looked, "told": done.told}
