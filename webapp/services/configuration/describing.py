"""A change in one line for people."""

from __future__ import annotations

from typing import Any

from webapp.services.entries import Change

LONGEST = 60


def describe(change: Change) -> str:
    """`smtp_accounts Relay: changed port 25 to 2525`; of a secret only that it changed."""
    head = (
        f"{change.section} {change.name}: {change.action}"
        if change.name != change.section
        else (f"{change.section}: {change.action}")
    )
    if change.action != "changed":
        return head
    fields = (
        f"{name} {_short(before)} to {_short(after)}" if name != "secret" else name
        for name, (before, after) in change.fields.items()
    )
    return f"{head} {', '.join(fields)}"


def _short(value: Any) -> str:
    if value in ("", None, ()):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(value) if isinstance(value, tuple) else " ".join(str(value).split())
    text = f"[{text}]" if isinstance(value, tuple) else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
