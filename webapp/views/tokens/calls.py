"""How a program calls: a line for a terminal."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

# The first scope of a token that stands here makes its example: path, and the body of a POST.
EXAMPLES: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("events:write", "/api/v1/events", {"type": "monitoring.job_late", "title": "Hello from curl"}),
    ("admin", "/api/v1/events", {"type": "monitoring.job_late", "title": "Hello from curl"}),
    ("read", "/api/v1/messages", None),
    ("messages:write", "/api/v1/messages", {"channel": "email", "to": "you@example.org", "text": "Hello from curl"}),
)


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of the instance at `address`."""

    address: str

    def example(self, scopes: Collection[str], token: str) -> str:
        """A call that a token with these scopes may make; empty when there is none. A shell fills in `$TOKEN`."""
        for scope, path, body in EXAMPLES:
            if scope in scopes:
                return f'curl -s {self.address}{path} -H "Authorization: Bearer {token}"{_data(body)}'
        return ""


def _data(body: dict[str, Any] | None) -> str:
    return f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
