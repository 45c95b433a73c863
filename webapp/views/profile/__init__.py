"""The person's own page: how the pages look and speak, and their password."""

from __future__ import annotations

from webapp.views.profile.routes import blueprint

__all__ = ["blueprint"]
