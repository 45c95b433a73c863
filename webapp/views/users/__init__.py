"""Users: the people who sign in, what they may do, and where they are signed in."""

from __future__ import annotations

from webapp.views.users.routes import blueprint

__all__ = ["blueprint"]
