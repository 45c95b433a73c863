"""Keyset pagination: a page names the last row that it showed, so the thousandth costs what the first does."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.errors import InvalidInput

T = TypeVar("T")
BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the page after them; None at the end."""

    items: list[T]
    next: str | None


def encode(*numbers: int) -> str:
    """The cursor of a place in a list; safe in a URL, and nobody's business what it says."""
    return base64.urlsafe_b64encode(",".join(map(str, numbers)).encode()).decode().rstrip("=")


def decode(cursor: str, count: int = 1) -> tuple[int, ...]:
    """The `count` numbers of a cursor that `encode` made. Raises InvalidInput naming `after`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        parts = text.split(",")
        numbers = tuple(int(part) for part in parts if part.isdigit())
    except (binascii.Error, ValueError):
        parts, numbers = [], ()
    if len(numbers) != count or len(parts) != count or any(number > BIGGEST_ID for number in numbers):
        raise InvalidInput.at("after", "This is not a cursor of this list. Start again without it.")
    return numbers
