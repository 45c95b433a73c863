"""A change in one line for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.services.entries import Change

LONGEST = 60
EMPTY: tuple[Any, ...] = ("", None, (), {})


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
    text = _text(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _text(value: Any) -> str:
    """A value of any shape on one line, written as in the file; of a mapping what is set."""
    if value in EMPTY:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_text(one)}' for name, one in value.items() if one not in EMPTY)}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return " ".join(str(value).split())
