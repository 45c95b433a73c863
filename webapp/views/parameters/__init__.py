"""System parameters: what is set once for the whole installation, in tabs."""

from __future__ import annotations

from webapp.views.parameters.routes import blueprint

__all__ = ["blueprint"]
