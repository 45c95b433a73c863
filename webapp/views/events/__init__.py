"""Events: what happened, who was told, and why somebody was not."""

from __future__ import annotations

from webapp.views.events.routes import blueprint

__all__ = ["blueprint"]
