"""Signing in and out."""

from __future__ import annotations

from webapp.views.signin.routes import blueprint

__all__ = ["blueprint"]
