"""The audit log: who did what to what, before and after."""

from __future__ import annotations

from webapp.views.audit.routes import blueprint

__all__ = ["blueprint"]
