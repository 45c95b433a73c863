"""Outbox: what was sent or will be, and how far each message got."""

from __future__ import annotations

from webapp.views.outbox.routes import blueprint

__all__ = ["blueprint"]
