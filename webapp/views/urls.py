"""Addresses that hold the whole state of a report: filter, sort, page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request


def address_with(**changes: Any) -> str:
    """This page's address with some parameters changed; None or the empty text takes one away.

    A changed filter or sort goes back to the first page: `after` and `before` stay only when they are named.
    """
    changes = {"after": None, "before": None, **changes}
    kept = kept_parameters(list(changes))
    added = [(name, str(value)) for name, value in changes.items() if value not in (None, "")]
    query = urlencode(kept + added)
    return f"{request.path}?{query}" if query else request.path


def with_filters(address: str) -> str:
    """Another address for the rows of this page, without what only a page has."""
    query = urlencode(kept_parameters(("after", "before", "columns")))
    return f"{address}?{query}" if query else address


def kept_parameters(without: Sequence[str]) -> list[tuple[str, str]]:
    """The parameters of this address that say something, but for those named; no page can hold controls."""
    given = request.args.items(multi=True)
    return [(name, value) for name, value in given if name not in without and value and (name + value).isprintable()]
