"""Inbox accounts: mailboxes that are read."""

from __future__ import annotations

from webapp.views.inbox_accounts.routes import blueprint

__all__ = ["blueprint"]
