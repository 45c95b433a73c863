"""A secret that a page shows once, right after it was made.

On its way there, from the answer that made it to the page that shows it, the browser keeps it in its session: sealed,
so that nothing but this application reads it, and for a few minutes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime, timedelta

from flask import session

from webapp import clock
from webapp.services import vault

KEY = "once"
WAITS = timedelta(minutes=10)


def keep(place: str, secret: str) -> None:
    """Show `secret` when the page that takes `place` is next made."""
    sealed = b64encode(vault.seal(secret, f"{KEY}/{place}")).decode("ascii")
    session[KEY] = {"place": place, "sealed": sealed, "until": (clock.now() + WAITS).isoformat()}


def take(place: str) -> str:
    """What was kept for `place`, which is forgotten by that; empty when there is nothing, or it waited too long."""
    kept = session.get(KEY)
    if not kept or kept["place"] != place:
        return ""
    del session[KEY]
    if datetime.fromisoformat(kept["until"]) < clock.now():
        return ""
    return vault.unseal(b64decode(kept["sealed"]), f"{KEY}/{place}")
