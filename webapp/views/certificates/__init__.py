"""Certificates: those that are watched, what was seen of them, and what was told."""

from __future__ import annotations

from webapp.views.certificates.routes import blueprint

__all__ = ["blueprint"]
