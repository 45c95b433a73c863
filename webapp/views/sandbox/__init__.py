"""Sandbox mailbox: the mail that the sandbox mail server caught, as people would have got it."""

from __future__ import annotations

from webapp.views.sandbox.routes import blueprint

__all__ = ["blueprint"]
