"""SMTP accounts: how mail leaves."""

from __future__ import annotations

from webapp.views.smtp_accounts.routes import blueprint

__all__ = ["blueprint"]
