"""Overview: is it working, what needs me, what do I do?"""

from __future__ import annotations

from webapp.views.overview.routes import blueprint

__all__ = ["blueprint"]
