"""Notifications: who is told what, by which channels."""

from __future__ import annotations

from webapp.views.notifications.routes import blueprint

__all__ = ["blueprint"]
