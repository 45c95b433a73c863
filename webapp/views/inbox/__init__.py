"""What came in: the report and each mail, with what it did."""

from __future__ import annotations

from webapp.views.inbox.routes import blueprint

__all__ = ["blueprint"]
